//! One burst: several containers of a variant's image, created before and released at one instant.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;

use super::starts::ended_early;
use super::{Execution, Halt, interruption};
use crate::causes::in_one_line;
use crate::results::{Bounded, BurstMember, BurstSample, Record, SampleKey, Status};
use crate::run::Daemon;
use crate::run::events::{Event, Watcher};
use crate::run::plan::Turn;
use crate::run::ports::{
    Addresses, Bases, ContainerRequest, Containers, EngineFault, Ledger, LookOrder, Probe, Workshop,
};
use crate::scenario::{NetworkReadiness, Readiness, StartCache, StartSettings};
use crate::unit::{ByteSize, Nanos};

/// What a burst came to.
#[derive(Default)]
struct Burst {
    members: Vec<BurstMember>,
    memory_bytes: Option<ByteSize>,
    written_bytes: Option<ByteSize>,
    log_tail: Vec<String>,
    surroundings: super::surroundings::Surroundings,
}

/// One container of a burst, and why it did not become ready.
struct Released {
    member: BurstMember,
    failure: Option<String>,
}

/// What all containers of a burst share.
#[derive(Clone, Copy)]
struct Release<'a> {
    ready: &'a NetworkReadiness,
    at: Nanos,
    deadline: Nanos,
    containers: u32,
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
    /// Starts so many containers of a variant's image at once.
    pub(super) async fn burst_turn(&mut self, turn: &Turn, containers: u32) -> Result<(), Halt> {
        let scenario = self.scenario;
        let Some(settings) = &scenario.start else {
            return Ok(());
        };
        // The check lets no other be asked for.
        let Readiness::Network(ready) = &settings.ready else {
            return Ok(());
        };
        let key = self.next_key(&turn.variant, turn.round, turn.warmup);
        let image = match self.image_to_start(&turn.variant).await? {
            Ok(image) => image,
            Err(reason) => {
                return self.keep_burst(key, containers, Status::Failed { reason }, Burst::default());
            }
        };
        if let Err(missing) = self.companions_are_there(settings).await? {
            let burst = Burst {
                log_tail: missing.log_tail,
                ..Burst::default()
            };
            return self.keep_burst(key, containers, missing.outcome, burst);
        }
        self.ports.watcher.notice(&Event::Bursting {
            variant: &turn.variant,
            containers,
            round: turn.round,
            warmup: turn.warmup,
        });
        let name = format!("seatrial-{}-{}", self.run_id.to_lowercase(), key.order);
        let request = ContainerRequest {
            name,
            run_id: self.run_id.to_owned(),
            image,
            options: self.start_options(settings),
            port: Some(ready.port()),
            network_of: None,
            health_every: None,
            takes_input: false,
        };
        // Where images were put out of memory, what this one needs may have gone with another's.
        if settings.caches != [StartCache::Warm]
            && !self.started_before.contains(&request.image)
            && let Err(reason) = self.start_before(&request, None, settings).await?
        {
            return self.keep_burst(key, containers, Status::Failed { reason }, Burst::default());
        }
        let mut ids = Vec::new();
        let mut refused = None;
        for number in 1..=containers {
            let request = ContainerRequest {
                name: format!("{}-{number}", request.name),
                ..request.clone()
            };
            match self.ports.daemon.create_container(&request).await {
                Ok(id) => ids.push(id),
                Err(fault) => {
                    refused = Some(in_one_line(&fault));
                    break;
                }
            }
        }
        let (mut outcome, mut burst) = match refused {
            Some(reason) => (Status::Failed { reason }, Burst::default()),
            None => self.released(&ids, ready, settings).await?,
        };
        if let Err(missing) = self.companions_stayed().await? {
            outcome = missing.outcome;
            burst.log_tail = missing.log_tail;
        }
        // What was measured is kept whatever the daemon does next.
        self.keep_burst(key, containers, outcome, burst)?;
        for id in &ids {
            self.ports.daemon.remove_container(id).await?;
        }
        Ok(())
    }

    /// Releases created containers at once, and looks at each until it is ready, has ended, or the time is up.
    async fn released(
        &mut self,
        ids: &[String],
        ready: &NetworkReadiness,
        settings: &StartSettings,
    ) -> Result<(Status, Burst), Halt> {
        let (daemon, probe) = (self.ports.daemon, self.ports.probe);
        let before = self.look_before().await;
        let at = probe.now();
        let release = Release {
            ready,
            at,
            deadline: at + settings.timeout,
            containers: u32::try_from(ids.len()).unwrap_or(u32::MAX),
        };
        let cancels: Vec<Arc<AtomicBool>> = ids.iter().map(|_| Arc::default()).collect();
        let all = ids.iter().zip(&cancels);
        let all = join_all(all.map(|(id, cancel)| release_one(daemon, probe, id, release, cancel)));
        let released = tokio::select! {
            released = all => released,
            () = interruption(&mut self.interrupted) => {
                for cancel in &cancels {
                    cancel.store(true, Ordering::Relaxed);
                }
                return Err(Halt::Interrupted);
            }
        };
        let failed = released.iter().position(|one| one.failure.is_some());
        let outcome = match failed.and_then(|index| Some((index, released[index].failure.as_ref()?))) {
            None => Status::Ok,
            Some((index, reason)) => Status::Failed {
                reason: format!("container {} of {}: {reason}", index + 1, ids.len()),
            },
        };
        let mut burst = Burst {
            members: released.iter().map(|one| one.member).collect(),
            ..Burst::default()
        };
        if outcome.is_ok() {
            burst.memory_bytes = self.memory_of(ids).await?;
        }
        burst.surroundings = self.look_after(before).await;
        if outcome.is_ok() {
            burst.written_bytes = self.written_by(ids).await?;
        }
        if let Some(index) = failed {
            burst.log_tail = daemon.log_tail(&ids[index]).await.unwrap_or_default();
        }
        Ok((outcome, burst))
    }

    /// The memory of all of these containers.
    async fn memory_of(&self, ids: &[String]) -> Result<Option<ByteSize>, EngineFault> {
        let Some(host) = self.ports.host else {
            return Ok(None);
        };
        let mut all = Vec::new();
        for id in ids {
            let process = self.ports.daemon.main_process(id).await?;
            all.push(process.and_then(|process| host.container(process).memory_bytes));
        }
        Ok(all.into_iter().sum())
    }

    /// What all of these containers have written to their own layers.
    async fn written_by(&self, ids: &[String]) -> Result<Option<ByteSize>, EngineFault> {
        let mut all = Vec::new();
        for id in ids {
            all.push(self.ports.daemon.written(id).await?);
        }
        Ok(all.into_iter().sum())
    }

    fn keep_burst(
        &mut self,
        key: SampleKey,
        containers: u32,
        outcome: Status,
        burst: Burst,
    ) -> Result<(), Halt> {
        let ok = outcome.is_ok();
        let sample = BurstSample {
            key,
            outcome,
            containers,
            members: burst.members,
            memory_bytes: burst.memory_bytes,
            written_bytes: burst.written_bytes,
            log_tail: burst.log_tail,
            host: burst.surroundings.host,
            neighbours: burst.surroundings.neighbours,
        };
        let sample = self.ports.grants.redactor.value(sample);
        self.ports.watcher.notice(&Event::Burst(&sample));
        self.ports.ledger.keep(&Record::Burst(Box::new(sample)))?;
        self.judge(ok)
    }
}

/// Starts one container of a burst, and looks through its published port until it is ready.
async fn release_one<D: Containers, P: Probe>(
    daemon: &D,
    probe: &P,
    id: &str,
    release: Release<'_>,
    cancel: &Arc<AtomicBool>,
) -> Released {
    let called = probe.now();
    let mut member = BurstMember {
        called_ns: called.saturating_since(release.at),
        started_ns: None,
        ready: None,
    };
    let found = async {
        daemon
            .start_container(id)
            .await
            .map_err(|fault| in_one_line(&fault))?;
        let started = probe.now();
        member.started_ns = Some(started.saturating_since(release.at));
        ready_through_port(daemon, probe, id, release, started, cancel).await
    };
    match found.await {
        Ok(ready) => Released {
            member: BurstMember {
                ready: Some(ready),
                ..member
            },
            failure: None,
        },
        Err(reason) => Released {
            member,
            failure: Some(reason),
        },
    }
}

/// The first match through the published port of a started container, or why there is none.
async fn ready_through_port<D: Containers, P: Probe>(
    daemon: &D,
    probe: &P,
    id: &str,
    release: Release<'_>,
    started: Nanos,
    cancel: &Arc<AtomicBool>,
) -> Result<Bounded, String> {
    let told = daemon.addresses(id, release.ready.port()).await;
    let addresses = told.map_err(|fault| in_one_line(&fault))?;
    let look = probe.look(LookOrder {
        addresses: Addresses {
            container: None,
            ..addresses
        },
        ready: release.ready.clone(),
        start_call: release.at,
        start_done: started,
        deadline: release.deadline,
        looks: release.containers,
        cancel: Arc::clone(cancel),
    });
    tokio::pin!(look);
    let looked = tokio::select! {
        looked = &mut look => looked,
        ended = daemon.wait_for_end(id) => {
            cancel.store(true, Ordering::Relaxed);
            look.await;
            let end = ended.map_err(|fault| in_one_line(&fault))?;
            let reason = ended_early(end).reason().unwrap_or_default().to_owned();
            return Err(reason);
        }
    };
    match (looked.client, looked.miss) {
        (Some(ready), None) => Ok(ready),
        (_, Some(miss)) => Err(miss),
        (None, None) => Err("the port was not published".to_owned()),
    }
}
