//! One start of a variant's image, up to readiness.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::surroundings::Surroundings;
use super::{Execution, Halt, interruption};
use crate::causes::in_one_line;
use crate::results::{Attempts, Phase, ProbeTier, Record, SampleKey, StartSample, Status};
use crate::run::Daemon;
use crate::run::events::{Event, Watcher};
use crate::run::plan::Turn;
use crate::run::ports::{
    Addresses, Bases, ContainerEnd, ContainerRequest, Ledger, LookOrder, Looked, Probe, Workshop,
};
use crate::scenario::StartSettings;
use crate::unit::Nanos;

/// What a start came to, before its container is removed.
struct Attempted {
    outcome: Status,
    looked: Option<Looked>,
    phases: Vec<Phase>,
    exit_code: Option<i64>,
    surroundings: Surroundings,
}

impl Attempted {
    fn failed(reason: String, phases: Vec<Phase>) -> Self {
        Self {
            outcome: Status::Failed { reason },
            looked: None,
            phases,
            exit_code: None,
            surroundings: Surroundings::default(),
        }
    }
}

impl<D, B, W, P, L, N> Execution<'_, D, B, W, P, L, N>
where
    D: Daemon,
    B: Bases,
    W: Workshop,
    P: Probe,
    L: Ledger,
    N: Watcher,
{
    pub(super) async fn start_turn(&mut self, turn: &Turn) -> Result<(), Halt> {
        let scenario = self.scenario;
        let Some(settings) = &scenario.start else {
            return Ok(());
        };
        let key = self.next_key(&turn.variant, turn.round, turn.warmup);
        if let Some(failed) = self.unfinished.get(&turn.variant) {
            let reason = format!("there is no image of the last step: step `{failed}` failed");
            return self.keep_start(key, Attempted::failed(reason, Vec::new()), Vec::new());
        }
        self.restore_image(&turn.variant).await?;
        let Some(image) = self.latest_image.get(&turn.variant).cloned() else {
            let reason = "no image was built".to_owned();
            return self.keep_start(key, Attempted::failed(reason, Vec::new()), Vec::new());
        };
        self.ports.watcher.notice(&Event::Starting {
            variant: &turn.variant,
            round: turn.round,
            warmup: turn.warmup,
        });
        let request = ContainerRequest {
            name: format!("seatrial-{}-{}", self.run_id.to_lowercase(), key.order),
            run_id: self.run_id.to_owned(),
            image,
            options: self.ports.workshop.placed(&settings.container),
            port: settings.ready.port,
        };
        let before = self.look_before().await;
        let create_call = self.ports.probe.now();
        let created = self.ports.daemon.create_container(&request).await;
        let create_done = self.ports.probe.now();
        let mut phases = vec![Phase {
            name: "create".to_owned(),
            started_ns: Nanos::ZERO,
            duration_ns: create_done - create_call,
        }];
        let id = match created {
            Ok(id) => id,
            Err(fault) => {
                let attempted = Attempted::failed(in_one_line(&fault), phases);
                return self.keep_start(key, attempted, Vec::new());
            }
        };
        let mut attempted = self
            .start_and_look(&id, settings, create_call, &mut phases)
            .await?;
        attempted.phases = phases;
        attempted.surroundings = self.look_after(before).await;
        let log_tail = if attempted.outcome.is_ok() {
            Vec::new()
        } else {
            self.ports.daemon.log_tail(&id).await.unwrap_or_default()
        };
        // What was measured is kept whatever the daemon does next.
        self.keep_start(key, attempted, log_tail)?;
        self.ports.daemon.remove_container(&id).await?;
        Ok(())
    }

    /// Starts the container and looks for readiness until it is found, the container has ended, or the time is up.
    async fn start_and_look(
        &mut self,
        id: &str,
        settings: &StartSettings,
        create_call: Nanos,
        phases: &mut Vec<Phase>,
    ) -> Result<Attempted, Halt> {
        let (daemon, probe) = (self.ports.daemon, self.ports.probe);
        let start_call = probe.now();
        if let Err(fault) = daemon.start_container(id).await {
            return Ok(Attempted::failed(in_one_line(&fault), Vec::new()));
        }
        let start_done = probe.now();
        phases.push(Phase {
            name: "start".to_owned(),
            started_ns: start_call - create_call,
            duration_ns: start_done - start_call,
        });
        let addresses = daemon.addresses(id, settings.ready.port).await?;
        let end = daemon.wait_for_end(id);
        tokio::pin!(end);
        let cancel = Arc::new(AtomicBool::new(false));
        let order = LookOrder {
            addresses,
            ready: settings.ready.clone(),
            start_call,
            deadline: start_call + settings.timeout,
            cancel: cancel.clone(),
        };
        let look = probe.look(order);
        tokio::pin!(look);
        let (looked, ended) = tokio::select! {
            looked = &mut look => (looked, None),
            ended = &mut end => {
                cancel.store(true, Ordering::Relaxed);
                (look.await, Some(ended?))
            }
            () = interruption(&mut self.interrupted) => {
                cancel.store(true, Ordering::Relaxed);
                look.await;
                return Err(Halt::Interrupted);
            }
        };
        let outcome = verdict(&looked, ended, addresses);
        if outcome.is_ok()
            && let Some(ready) = looked.client.or(looked.ready)
        {
            phases.push(Phase {
                name: "ready".to_owned(),
                started_ns: start_done - create_call,
                duration_ns: (start_call + ready.value_ns).saturating_since(start_done),
            });
        }
        Ok(Attempted {
            outcome,
            looked: Some(looked),
            phases: Vec::new(),
            exit_code: ended.map(|end| end.exit_code),
            surroundings: Surroundings::default(),
        })
    }

    fn keep_start(
        &mut self,
        key: SampleKey,
        attempted: Attempted,
        log_tail: Vec<String>,
    ) -> Result<(), Halt> {
        let ok = attempted.outcome.is_ok();
        let looked = attempted.looked;
        let sample = StartSample {
            key,
            tier: looked.as_ref().map_or(ProbeTier::Published, |looked| looked.tier),
            // A failure is never a number.
            client: looked.as_ref().and_then(|looked| looked.client).filter(|_| ok),
            ready: looked.as_ref().and_then(|looked| looked.ready).filter(|_| ok),
            phases: attempted.phases,
            attempts: looked.map_or_else(Attempts::default, |looked| looked.attempts),
            exit_code: attempted.exit_code,
            outcome: attempted.outcome,
            log_tail,
            host: attempted.surroundings.host,
            neighbours: attempted.surroundings.neighbours,
        };
        let sample = self.ports.grants.redactor.value(sample);
        self.ports.watcher.notice(&Event::Started(&sample));
        self.ports.ledger.keep(&Record::Start(Box::new(sample)))?;
        self.judge(ok)
    }
}

/// Whether a start counts.
fn verdict(looked: &Looked, ended: Option<ContainerEnd>, addresses: Addresses) -> Status {
    if let Some(end) = ended {
        let how = if end.out_of_memory {
            ", killed for want of memory"
        } else {
            ""
        };
        let reason = format!(
            "the container ended before it was ready, with exit code {}{how}",
            end.exit_code
        );
        return Status::Failed { reason };
    }
    match &looked.miss {
        // The application started, yet the number that users see cannot be had.
        Some(miss) if looked.ready.is_some() => Status::Invalid { reason: miss.clone() },
        Some(miss) => Status::Failed { reason: miss.clone() },
        None if addresses.published.is_none() => Status::Invalid {
            reason: "the port was not published".to_owned(),
        },
        None => Status::Ok,
    }
}
