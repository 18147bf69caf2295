//! One start of a variant's image, up to readiness.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::cold_pull::PulledImage;
use super::surroundings::{LookBefore, Surroundings};
use super::{Execution, Halt, interruption};
use crate::causes::in_one_line;
use crate::results::{
    Attempts, Bounded, ImagePages, Phase, Pull, Record, SampleKey, StartSample, StartStamps, StartState,
    Status,
};
use crate::run::Daemon;
use crate::run::events::{Event, Watcher};
use crate::run::plan::{StartCell, StartWay, Turn};
use crate::run::ports::{Bases, ContainerEnd, ContainerRequest, Ledger, LookOrder, Looked, Probe, Workshop};
use crate::scenario::{EngineReadiness, NetworkReadiness, ProbeTier, Readiness, StartCache, StartSettings};
use crate::unit::Nanos;

/// What a start came to, before its container is removed.
pub(super) struct Attempted {
    pub(super) tier: ProbeTier,
    pub(super) outcome: Status,
    pub(super) ready: Option<Bounded>,
    pub(super) client: Option<Bounded>,
    pub(super) app: Option<Bounded>,
    pub(super) answered_otherwise: Option<Nanos>,
    pub(super) stamps: Option<StartStamps>,
    pub(super) state: Option<StartState>,
    pub(super) attempts: Attempts,
    pub(super) exit_code: Option<i64>,
    pub(super) phases: Vec<Phase>,
    pub(super) pages: Option<ImagePages>,
    pub(super) pull: Option<Pull>,
    pub(super) surroundings: Surroundings,
}

/// One start that is due.
struct StartOrder {
    key: SampleKey,
    cell: StartCell,
    tier: ProbeTier,
    image: String,
    /// A look around before the pull, which is measured as well.
    before: Option<LookBefore>,
    pull: Option<Pull>,
}

impl Attempted {
    pub(super) fn of(tier: ProbeTier, outcome: Status) -> Self {
        Self {
            tier,
            outcome,
            ready: None,
            client: None,
            app: None,
            answered_otherwise: None,
            stamps: None,
            state: None,
            attempts: Attempts::default(),
            exit_code: None,
            phases: Vec::new(),
            pages: None,
            pull: None,
            surroundings: Surroundings::default(),
        }
    }

    pub(super) fn failed(tier: ProbeTier, reason: String) -> Self {
        Self::of(tier, Status::Failed { reason })
    }

    pub(super) fn invalid(tier: ProbeTier, reason: String) -> Self {
        Self::of(tier, Status::Invalid { reason })
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
    /// Starts a variant's image once. The way of `cell` is one that [`choose_probe`](Self::choose_probe) left to be gone.
    pub(super) async fn start_turn(&mut self, turn: &Turn, cell: StartCell) -> Result<(), Halt> {
        let scenario = self.scenario;
        let Some(settings) = &scenario.start else {
            return Ok(());
        };
        let StartCell { way, cache } = cell;
        let tier = match (way, &settings.ready) {
            (StartWay::Inside, _) | (StartWay::Published, Readiness::Engine(_)) => self.tier,
            (StartWay::Published, Readiness::Network(_)) => ProbeTier::Published,
        };
        let key = self.next_key(&turn.variant, turn.round, turn.warmup);
        let image = match self.image_to_start(&turn.variant).await? {
            Ok(image) => image,
            Err(reason) => {
                return self.keep_start(key, cache, Attempted::failed(tier, reason), Vec::new());
            }
        };
        if let Err(missing) = self.companions_are_there(settings).await? {
            let attempted = Attempted::of(tier, missing.outcome);
            return self.keep_start(key, cache, attempted, missing.log_tail);
        }
        self.ports.watcher.notice(&Event::Starting {
            variant: &turn.variant,
            round: turn.round,
            warmup: turn.warmup,
        });
        let mut order = StartOrder {
            key,
            cell,
            tier,
            image,
            before: None,
            pull: None,
        };
        if cache != StartCache::ColdPull {
            return self.start_image(order, settings).await;
        }
        order.before = Some(self.look_before().await);
        let number = order.key.order;
        let pulled = self
            .pull_cold(&turn.variant, &order.image, number, settings.pull)
            .await?;
        match pulled {
            Ok(PulledImage { reference, pull }) => {
                order.image.clone_from(&reference);
                order.pull = Some(pull);
                self.start_image(order, settings).await?;
                self.drop_pulled(&reference).await
            }
            Err(outcome) => self.keep_start(order.key, cache, Attempted::of(tier, outcome), Vec::new()),
        }
    }

    /// The image that the last step of a variant's builds left, built again where it was removed meanwhile. Where there is
    /// none, says why.
    pub(super) async fn image_to_start(&mut self, variant: &str) -> Result<Result<String, String>, Halt> {
        if let Some(failed) = self.unfinished.get(variant) {
            return Ok(Err(format!(
                "there is no image of the last step: step `{failed}` failed"
            )));
        }
        self.restore_image(variant).await?;
        let image = self.latest_image.get(variant).cloned();
        Ok(image.ok_or_else(|| "no image was built".to_owned()))
    }

    /// Starts an image in a container of its own.
    async fn start_image(&mut self, order: StartOrder, settings: &StartSettings) -> Result<(), Halt> {
        let StartOrder {
            key,
            cell: StartCell { way, cache },
            tier,
            image,
            before,
            pull,
        } = order;
        let name = format!("seatrial-{}-{}", self.run_id.to_lowercase(), key.order);
        let holder = match way {
            StartWay::Published => None,
            StartWay::Inside => {
                // What holds the network is there before anything is timed. Its image may have gone with a base that a
                // step wanted absent; where it cannot be had any more the daemon says so.
                let _ = self.prepare_holder().await?;
                Some(self.hold_network(format!("{name}-network"), settings).await?)
            }
        };
        let request = ContainerRequest {
            name,
            run_id: self.run_id.to_owned(),
            image,
            options: self.start_options(settings),
            port: settings.ready.port(),
            network_of: holder.as_ref().map(|holder| holder.id.clone()),
            health_every: match &settings.ready {
                Readiness::Engine(EngineReadiness::Health { every }) => *every,
                _ => None,
            },
            takes_input: false,
        };
        let create_call = self.ports.probe.now();
        let created = self.ports.daemon.create_container(&request).await;
        let create_done = self.ports.probe.now();
        let mut phases = vec![Phase {
            name: "create".to_owned(),
            started_ns: Nanos::ZERO,
            duration_ns: create_done - create_call,
        }];
        match created {
            Ok(id) => {
                let reached = self
                    .reach_pages(cache, &request, &id, holder.as_ref(), settings)
                    .await?;
                // Only now: a start before, or putting an image out of memory, is no part of what is measured.
                let before = match before {
                    Some(before) => before,
                    None => self.look_before().await,
                };
                let mut attempted = match reached {
                    Ok(pages) => {
                        let attempted = self
                            .started(&id, holder.as_ref(), settings, create_call, &mut phases)
                            .await?;
                        Attempted { pages, ..attempted }
                    }
                    Err(reason) => Attempted::invalid(tier, format!("the image is not {cache}: {reason}")),
                };
                attempted.phases = phases;
                attempted.pull = pull;
                attempted.surroundings = self.look_after(before).await;
                if let (true, Some(pages)) = (attempted.outcome.is_ok(), &mut attempted.pages) {
                    pages.ready_bytes = self.note_warmth(&id, &request.image).await?;
                }
                // Last: the engine walks the layer for it.
                if let (true, Some(state)) = (attempted.outcome.is_ok(), &mut attempted.state) {
                    state.written_bytes = self.ports.daemon.written(&id).await?;
                }
                let mut log_tail = if attempted.outcome.is_ok() {
                    Vec::new()
                } else {
                    self.ports.daemon.log_tail(&id).await.unwrap_or_default()
                };
                // One that went meanwhile is why, whatever the start came to.
                if let Err(missing) = self.companions_stayed().await? {
                    attempted.outcome = missing.outcome;
                    log_tail = missing.log_tail;
                }
                // What was measured is kept whatever the daemon does next.
                self.keep_start(key, cache, attempted, log_tail)?;
                self.ports.daemon.remove_container(&id).await?;
            }
            Err(fault) => {
                let attempted = Attempted {
                    phases,
                    pull,
                    ..Attempted::failed(tier, in_one_line(&fault))
                };
                self.keep_start(key, cache, attempted, Vec::new())?;
            }
        }
        if let Some(holder) = holder {
            self.ports.daemon.remove_container(&holder.id).await?;
        }
        Ok(())
    }

    /// Starts the container and looks for readiness until it is found, the container has ended, or the time is up.
    pub(super) async fn start_and_look(
        &mut self,
        id: &str,
        ready: &NetworkReadiness,
        timeout: Nanos,
        create_call: Nanos,
        phases: &mut Vec<Phase>,
    ) -> Result<Attempted, Halt> {
        let (daemon, probe) = (self.ports.daemon, self.ports.probe);
        let start_call = probe.now();
        if let Err(fault) = daemon.start_container(id).await {
            return Ok(Attempted::failed(ProbeTier::Published, in_one_line(&fault)));
        }
        let start_done = probe.now();
        phases.push(Phase {
            name: "start".to_owned(),
            started_ns: start_call - create_call,
            duration_ns: start_done - start_call,
        });
        let mut addresses = daemon.addresses(id, ready.port()).await?;
        let through_port = ready.is_seen_through_published_ports();
        let was_published = addresses.published.is_some();
        if !through_port {
            addresses.published = None;
        } else if self.tier != ProbeTier::Ip {
            // The container's own address is looked at in another start, or not at all.
            addresses.container = None;
        }
        let cancel = Arc::new(AtomicBool::new(false));
        let order = LookOrder {
            addresses,
            ready: ready.clone(),
            start_call,
            start_done,
            deadline: start_call + timeout,
            looks: 1,
            cancel: cancel.clone(),
        };
        let (looked, ended) = self.watched(id, probe.look(order), &cancel).await?;
        let outcome = verdict(&looked, ended, was_published || !through_port);
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
            ready: looked.ready,
            client: looked.client,
            attempts: looked.attempts,
            exit_code: ended.map(|end| end.exit_code),
            ..Attempted::of(looked.tier, outcome)
        })
    }

    /// Waits until a look is over, the container has ended, or the run is to end; the latter two end the look.
    pub(super) async fn watched<T>(
        &mut self,
        id: &str,
        look: impl Future<Output = T>,
        cancel: &AtomicBool,
    ) -> Result<(T, Option<ContainerEnd>), Halt> {
        let mut look = pin!(look);
        let mut end = pin!(self.ports.daemon.wait_for_end(id));
        tokio::select! {
            looked = &mut look => Ok((looked, None)),
            ended = &mut end => {
                cancel.store(true, Ordering::Relaxed);
                Ok((look.await, Some(ended?)))
            }
            () = interruption(&mut self.interrupted) => {
                cancel.store(true, Ordering::Relaxed);
                look.await;
                Err(Halt::Interrupted)
            }
        }
    }

    fn keep_start(
        &mut self,
        key: SampleKey,
        cache: StartCache,
        attempted: Attempted,
        log_tail: Vec<String>,
    ) -> Result<(), Halt> {
        let ok = attempted.outcome.is_ok();
        let sample = StartSample {
            key,
            tier: attempted.tier,
            cache,
            pages: attempted.pages.filter(|_| ok),
            // It came to its end, whatever the start did.
            pull: attempted.pull,
            // A failure is never a number.
            client: attempted.client.filter(|_| ok),
            ready: attempted.ready.filter(|_| ok),
            app: attempted.app.filter(|_| ok),
            answered_otherwise_ns: attempted.answered_otherwise.filter(|_| ok),
            stamps: attempted.stamps.filter(|_| ok),
            state: attempted.state.filter(|_| ok),
            phases: attempted.phases,
            attempts: attempted.attempts,
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
fn verdict(looked: &Looked, ended: Option<ContainerEnd>, is_published: bool) -> Status {
    if let Some(end) = ended {
        return ended_early(end);
    }
    match &looked.miss {
        // The application started, yet the number that users see cannot be had.
        Some(miss) if looked.ready.is_some() => Status::Invalid { reason: miss.clone() },
        Some(miss) => Status::Failed { reason: miss.clone() },
        None if !is_published => Status::Invalid {
            reason: "the port was not published".to_owned(),
        },
        None => Status::Ok,
    }
}

/// A container that ended before it was ready.
pub(super) fn ended_early(end: ContainerEnd) -> Status {
    let how = if end.out_of_memory {
        ", killed for want of memory"
    } else {
        ""
    };
    let reason = format!(
        "the container ended before it was ready, with exit code {}{how}",
        end.exit_code
    );
    Status::Failed { reason }
}
