//! Carrying out a plan: dull on purpose. What to do is the plan's, how it is done the ports'.

mod bases;
mod build;
mod build_sample;
mod builds;
mod bursts;
mod cache_state;
mod cleanup;
mod cold_pull;
mod companions;
mod contexts;
mod holder;
mod hooks;
mod inline_cache;
mod observed;
mod priming;
mod probing;
mod replay;
mod sidecar;
mod start_inside;
mod start_states;
mod start_told;
mod starts;
mod surroundings;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;

use companions::Companions;

pub use cache_state::cache_reference;

use super::Grants;
use super::assignment::{Assignment, Limits, Reach};
use super::attribution::Attribution;
use super::earlier::Earlier;
use super::events::{Event, Watcher};
use super::pace::Pace;
use super::plan::{Part, Plan, StartWay, Turn};
use super::ports::{
    BaseImage, Bases, Builder, Containers, EngineFault, HookFault, Hooks, Host, Images, Ledger, LedgerFault,
    NeighbourWatch, Probe, Registry, Workshop, WorkshopFault,
};
use super::prune::Pruning;
use crate::context::Manifest;
use crate::digest::Digest;
use crate::results::{Record, SampleKey, StopReason, WarningRecord};
use crate::scenario::{Nonce, ProbeTier, Scenario, Step};
use crate::unit::ByteSize;

/// Everything of a daemon that a run uses.
pub trait Daemon: Builder + Images + Containers + NeighbourWatch {}

impl<D: Builder + Images + Containers + NeighbourWatch> Daemon for D {}

/// The ports of one run.
#[derive(Debug)]
pub struct Ports<'a, D, B, W, P, L, N> {
    /// The daemon.
    pub daemon: &'a D,
    /// Where base images come from.
    pub bases: &'a B,
    /// The scratch copies.
    pub workshop: &'a mut W,
    /// Looks for readiness.
    pub probe: &'a P,
    /// Serves images that are to be pulled; absent where the daemon cannot pull from this machine.
    pub registry: Option<&'a dyn Registry>,
    /// Runs the user's commands.
    pub hooks: &'a dyn Hooks,
    /// What builds are given that nothing else may show.
    pub grants: &'a Grants,
    /// The machine that the daemon runs on, where it is this one.
    pub host: Option<&'a dyn Host>,
    /// Keeps records.
    pub ledger: &'a mut L,
    /// Is told what happens.
    pub watcher: &'a mut N,
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// Why it ended.
    pub stop: StopReason,
    /// What stopped it, where it was aborted.
    pub fault: Option<RunFault>,
    /// Samples that failed or do not count, warm-ups included.
    pub bad_samples: usize,
    /// Own resources that could not be removed.
    pub left_behind: Vec<String>,
}

/// Something outside of what is measured failed, so that the run could not go on.
#[derive(Debug, thiserror::Error)]
pub enum RunFault {
    /// A base image cannot be had.
    #[error("base `{name}` cannot be had")]
    PrepareBase {
        /// The base.
        name: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Readiness was to be looked for in a way that is not permitted here.
    #[error("starts cannot be looked at by `{tier}` here: {reason}")]
    LookAs {
        /// The way.
        tier: ProbeTier,
        /// Why not, in words.
        reason: String,
    },
    /// The daemon did not do what it was asked for.
    #[error(transparent)]
    AskEngine(#[from] EngineFault),
    /// A scratch copy could not be changed or read.
    #[error(transparent)]
    UseWorkshop(#[from] WorkshopFault),
    /// A command of the user's that the run needs did not end well.
    #[error(transparent)]
    RunHook(#[from] HookFault),
    /// A record could not be kept.
    #[error(transparent)]
    KeepRecord(#[from] LedgerFault),
}

/// A base in the daemon.
#[derive(Debug)]
struct PreparedBase {
    name: String,
    /// The build argument that names it.
    build_arg: String,
    reference: String,
    image: BaseImage,
    /// Whether this run put it there.
    own: bool,
}

/// Why a run goes no further.
#[derive(Debug)]
enum Halt {
    Interrupted,
    /// A sample failed or does not count, and none after it is wanted.
    BadSample,
    Fault(RunFault),
}

impl<F: Into<RunFault>> From<F> for Halt {
    fn from(fault: F) -> Self {
        Self::Fault(fault.into())
    }
}

/// Carries out a plan, or what is left of it, then removes what is its own, whatever happened.
///
/// `interrupted` turns true when the run is to end: what is under way is given up, what was measured is kept.
pub async fn execute<D, B, W, P, L, N>(
    assignment: Assignment<'_>,
    ports: Ports<'_, D, B, W, P, L, N>,
    interrupted: watch::Receiver<bool>,
) -> Outcome
where
    D: Daemon,
    B: Bases,
    W: Workshop,
    P: Probe,
    L: Ledger,
    N: Watcher,
{
    let Assignment {
        scenario,
        plan,
        run_id,
        limits,
        pruning,
        reach,
        sources,
        earlier,
    } = assignment;
    let session = match earlier.sessions() {
        0 => run_id.to_owned(),
        sessions => format!("{run_id}+{sessions}"),
    };
    let left_by_earlier = earlier.last_builds(plan);
    let is_whole = |variant: &&String| !earlier.failed().contains_key(*variant);
    let mut execution = Execution {
        scenario,
        run_id,
        session,
        limits,
        pruning,
        reach,
        owes_cleanup: false,
        ports,
        interrupted,
        order: earlier.last_order(),
        bad_samples: 0,
        bases: Vec::new(),
        tier: ProbeTier::Ip,
        records_told: false,
        layers: BTreeMap::new(),
        started_before: BTreeSet::new(),
        touched: BTreeMap::new(),
        offered: BTreeMap::new(),
        holder_image: String::new(),
        companions: Companions::default(),
        companion_addresses: BTreeMap::new(),
        own_images: BTreeSet::new(),
        left_out: BTreeSet::new(),
        unfinished: earlier.failed().clone(),
        earlier_images: Vec::new(),
        recorded_made: BTreeSet::new(),
        latest_image: BTreeMap::new(),
        evicted: left_by_earlier.keys().filter(is_whole).cloned().collect(),
        left_by_earlier,
        bases_absent: false,
        recorded: sources.values().map(|manifest| manifest.digest()).collect(),
        manifests: sources,
        records: Attribution::default(),
        shared_keys: BTreeMap::new(),
        sent: BTreeMap::new(),
    };
    let carried_out = execution.carry_out(plan, &earlier).await;
    let (stop, fault) = match carried_out {
        Ok(stop) => (stop, None),
        Err(Halt::BadSample) => (StopReason::FailFast, None),
        Err(Halt::Interrupted) => (StopReason::Interrupted, None),
        Err(Halt::Fault(fault)) => (StopReason::Aborted, Some(fault)),
    };
    let left_behind = execution.clean_up().await;
    Outcome {
        stop,
        fault,
        bad_samples: execution.bad_samples,
        left_behind,
    }
}

/// The state of a run under way.
struct Execution<'a, D, B, W, P, L, N> {
    scenario: &'a Scenario,
    run_id: &'a str,
    /// The run's id, and another text each time that the run is resumed: what a stopped session left in the daemon must
    /// not be found by the builds of this one.
    session: String,
    limits: Limits,
    pruning: Pruning,
    reach: Reach,
    /// Whether the hooks of `setup` were begun and those of `cleanup` not.
    owes_cleanup: bool,
    ports: Ports<'a, D, B, W, P, L, N>,
    interrupted: watch::Receiver<bool>,
    /// Samples taken so far.
    order: u32,
    bad_samples: usize,
    /// The bases as they were prepared.
    bases: Vec<PreparedBase>,
    /// How readiness is looked for.
    tier: ProbeTier,
    /// Whether the kernel records the begin of containers whose readiness the engine tells.
    records_told: bool,
    /// Where the files of images lie, by the image's reference.
    layers: BTreeMap<String, Vec<PathBuf>>,
    /// Images that were started before, by reference.
    started_before: BTreeSet<String>,
    /// How much of each image its last start left in memory.
    touched: BTreeMap<String, ByteSize>,
    /// The repositories that images are pulled from, by the image's own reference.
    offered: BTreeMap<String, String>,
    /// The image of containers that hold a network namespace.
    holder_image: String,
    /// What became of the companions.
    companions: Companions,
    /// Where they are reached, `ADDRESS:PORT` by their names.
    companion_addresses: BTreeMap<String, String>,
    /// References that this run put into the daemon and has not removed yet.
    own_images: BTreeSet<String>,
    /// Variants of which nothing is measured, since their base cannot be had.
    left_out: BTreeSet<String>,
    /// Variants whose last turn of builds failed, with the step that did.
    unfinished: BTreeMap<String, String>,
    /// References of earlier images of the turn that is under way, which hold what later builds of the classic builder
    /// find in the cache.
    earlier_images: Vec<String>,
    /// Images without a name that the journal holds already.
    recorded_made: BTreeSet<String>,
    /// The reference of each variant's last image.
    latest_image: BTreeMap<String, String>,
    /// Variants whose last image was removed so that another build could find the daemon without its layers.
    evicted: BTreeSet<String>,
    /// The last turn of builds of each variant, where it was in an earlier session: its scratch copy is not as that left
    /// it.
    left_by_earlier: BTreeMap<String, Turn>,
    /// Whether the bases were removed, so that a build could find the daemon without them.
    bases_absent: bool,
    /// Each variant's last recorded context.
    manifests: BTreeMap<String, Arc<Manifest>>,
    /// Contexts that the journal holds already.
    recorded: BTreeSet<Digest>,
    /// Whose records of the build cache are whose.
    records: Attribution,
    /// What the daemon keeps each variant's context under.
    shared_keys: BTreeMap<String, String>,
    /// The context that the daemon has of each variant under that key.
    sent: BTreeMap<String, Arc<Manifest>>,
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
    /// Why the run ended.
    async fn carry_out(&mut self, plan: &Plan, earlier: &Earlier) -> Result<StopReason, Halt> {
        let left = plan.without(|part| earlier.has_done(part));
        let probe = if left.starts(&StartWay::ALL) > 0 {
            self.choose_probe(earlier).await?
        } else {
            None
        };
        self.ports.watcher.notice(&Event::Planned {
            builds: left.builds(self.scenario),
            starts: left.starts(self.ways()),
            bursts: left.bursts(),
        });
        if let Some(probe) = &probe {
            self.ports.watcher.notice(&Event::ProbeChosen(probe));
            if let (true, Some(refused)) = (self.ways().is_empty(), probe.refused.last()) {
                self.warn(format!(
                    "no start is measured, since its container cannot be looked at: {}",
                    refused.reason
                ))?;
            }
        }
        self.set_up().await?;
        let began = self.ports.probe.now();
        let mut pace = Pace::new(self.limits.time_budget, self.scenario.start.is_some());
        let before = self.ports.daemon.build_records().await?;
        self.records = Attribution::before_run(&before);
        self.prepare_bases(&left).await?;
        let left = left.only(|variant| !self.left_out.contains(variant));
        let ways = self.ways();
        if left.starts(ways) + left.bursts() > 0 {
            self.look_for_companion_images().await?;
        }
        for part in &left.parts {
            if !pace.has_time_for(part, self.ports.probe.now() - began) {
                continue;
            }
            match part {
                Part::Builds(turn) => self.build_turn(turn).await?,
                Part::Start(turn, cell) if ways.contains(&cell.way) => self.start_turn(turn, *cell).await?,
                Part::Start(..) => {}
                Part::Burst(turn, containers) => self.burst_turn(turn, *containers).await?,
            }
        }
        for name in &self.scenario.keep {
            if !self.left_out.contains(name) {
                self.restore_image(name).await?;
            }
        }
        let left_out = pace.left_out();
        if left_out.is_empty() {
            return Ok(StopReason::Complete);
        }
        self.warn(format!(
            "the time budget left no room for all rounds of {}",
            left_out.join(" and ")
        ))?;
        Ok(StopReason::TimeBudget)
    }

    /// How containers are reached: what users see is measured apart from what is seen from within, since a port that
    /// is published before the container is there would flatter it. No port of another machine is reached from here.
    fn ways(&self) -> &'static [StartWay] {
        let start = self.scenario.start.as_ref();
        let through_port = start.is_none_or(|start| start.ready.is_seen_through_published_ports());
        match (self.reach, self.tier.is_inside()) {
            (Reach::Ports, inside) => StartWay::of(inside, through_port),
            (Reach::DaemonAlone, true) => &[StartWay::Inside],
            (Reach::DaemonAlone, false) => &[],
        }
    }

    /// The key of the next sample.
    fn next_key(&mut self, variant: &str, round: u32, warmup: bool) -> SampleKey {
        self.order += 1;
        SampleKey {
            variant: variant.to_owned(),
            round,
            order: self.order,
            warmup,
        }
    }

    /// Text unique to a turn of this session.
    fn nonce(&self, turn: &Turn, step: &Step) -> Nonce {
        let round = format!("{}/{}-{}", self.session, turn.warmup, turn.round);
        Nonce::of(&round, turn.round, &turn.variant, &step.name)
    }

    /// Counts a sample, and ends the run at one that is not good, where that is wanted.
    fn judge(&mut self, is_ok: bool) -> Result<(), Halt> {
        self.bad_samples += usize::from(!is_ok);
        if self.limits.fail_fast && !is_ok {
            return Err(Halt::BadSample);
        }
        Ok(())
    }

    fn warn(&mut self, message: impl AsRef<str>) -> Result<(), Halt> {
        let message = self.ports.grants.redactor.text(message.as_ref()).into_owned();
        self.ports.watcher.notice(&Event::Warned(&message));
        self.ports
            .ledger
            .keep(&Record::Warning(WarningRecord { message }))?;
        Ok(())
    }
}

/// Ends when the run is to end.
async fn interruption(interrupted: &mut watch::Receiver<bool>) {
    // A sender that is gone can no longer interrupt.
    if interrupted.wait_for(|interrupted| *interrupted).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// The repository that a run's images of a variant are stored under. References are lower-case by rule.
#[must_use]
pub fn image_repository(run_id: &str, variant: &str) -> String {
    format!("seatrial/{}/{}", run_id.to_lowercase(), variant.to_lowercase())
}
