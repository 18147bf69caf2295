//! Saying what is rehearsed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::time::Duration;

use seatrial::run::{Assignment, Earlier, Grants, Limits, Plan, Ports, Pruning, Reach, Registry, execute};
use seatrial::scenario::{
    Base, BaseSource, BuildCacheState, BuildOptions, BuildSettings, BuilderKind, Commit, CommitRange,
    Companion, CompanionImage, ContainerOptions, ContextSettings, ContextState, Edit, Expectation, Hooks,
    HttpReadiness, LayerState, MountState, NetworkReadiness, ProbeTier, PullShape, Readiness, Replay,
    Scenario, StartCache, StartSettings, Step, Variant,
};
use seatrial::unit::Nanos;
use tokio::sync::watch;

use super::RUN_ID;
use super::fake_bases::FakeBases;
use super::fake_daemon::FakeDaemon;
use super::fake_hooks::FakeHooks;
use super::fake_ledger::FakeLedger;
use super::fake_probe::FakeProbe;
use super::fake_registry::FakeRegistry;
use super::fake_watcher::FakeWatcher;
use super::fake_workshop::FakeWorkshop;
use super::finished::Finished;
use super::log_book::LogBook;
use super::script::{BuildAct, ContainerAct, Script, Trouble};

/// How long a rehearsal may take before it counts as stuck.
const STUCK: Duration = Duration::from_secs(30);

/// A run about to be rehearsed. Without further words it is one round of one variant, without starts.
#[derive(Debug)]
pub(crate) struct Rehearsal {
    scenario: Scenario,
    seed: u64,
    limits: Limits,
    pruning: Pruning,
    earlier: Earlier,
    script: Script,
    /// Whether the daemon can pull from this machine.
    is_here: bool,
    reach: Reach,
}

impl Rehearsal {
    /// A rehearsal of these steps.
    pub(crate) fn of(steps: impl IntoIterator<Item = StepDraft>) -> Self {
        let scenario = Scenario {
            has_matrix: false,
            name: "rehearsal".to_owned(),
            title: "A rehearsal".to_owned(),
            question: None,
            tags: Vec::new(),
            keep: Vec::new(),
            context: ContextSettings {
                path: PathBuf::from("context"),
                fill: Vec::new(),
                named: BTreeMap::new(),
            },
            bases: Vec::new(),
            variants: vec![variant("plain")],
            build: BuildSettings {
                remote_cache: None,
                rounds: 1,
                warmups: 0,
                timeout: Nanos::from_secs(60),
                steps: steps.into_iter().map(|draft| draft.0).collect(),
            },
            replay: None,
            start: None,
            hooks: Hooks::default(),
            gates: Vec::new(),
        };
        Self {
            scenario,
            seed: 1,
            limits: Limits::default(),
            pruning: Pruning::default(),
            earlier: Earlier::default(),
            is_here: true,
            reach: Reach::Ports,
            script: Script::default(),
        }
    }

    pub(crate) fn variants(mut self, names: &[&str]) -> Self {
        self.scenario.variants = names.iter().map(|name| variant(name)).collect();
        self
    }

    pub(crate) fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    pub(crate) fn warmups(mut self, warmups: u32) -> Self {
        self.scenario.build.warmups = warmups;
        self
    }

    /// Takes the steps for the commits of a repository.
    pub(crate) fn replays(mut self) -> Self {
        self.scenario.replay = Some(Replay {
            repo: PathBuf::from("../repository"),
            range: CommitRange::default(),
            path: PathBuf::from("."),
            base: commit("base", ""),
        });
        self
    }

    pub(crate) fn rounds(mut self, rounds: u32) -> Self {
        self.scenario.build.rounds = rounds;
        self
    }

    /// Runs these commands around it.
    pub(crate) fn hooks(mut self, setup: &[&str], prepare: &[&str], cleanup: &[&str]) -> Self {
        let owned = |commands: &[&str]| commands.iter().map(|&command| command.to_owned()).collect();
        self.scenario.hooks = Hooks {
            setup: owned(setup),
            prepare: owned(prepare),
            cleanup: owned(cleanup),
            ..Hooks::default()
        };
        self
    }

    /// Lets a hook fail whenever it runs.
    pub(crate) fn hook_fails(mut self, command: &str) -> Self {
        self.script.failing_hooks.insert(command.to_owned());
        self
    }

    /// Ends it early.
    pub(crate) fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Goes on with what an earlier rehearsal of the same left.
    pub(crate) fn after(mut self, stopped: &Finished) -> Self {
        let steps = self.scenario.build.steps.iter();
        let run = stopped.as_run(steps.map(|step| step.name.clone()).collect());
        self.earlier = Earlier::of(&run);
        self
    }

    /// Starts each variant's image so often, without warm-ups.
    pub(crate) fn starts(mut self, samples: u32) -> Self {
        self.scenario.start = Some(StartSettings {
            samples,
            warmups: 0,
            caches: vec![StartCache::Warm],
            bursts: Vec::new(),
            pull: PullShape::default(),
            ready: Readiness::Network(NetworkReadiness::Http(HttpReadiness::of("/", 8000))),
            timeout: Nanos::from_secs(7),
            probe: Some(ProbeTier::Ip),
            container: ContainerOptions::default(),
            companions: Vec::new(),
        });
        self
    }

    /// Starts a companion of an image before, which answers on port 9000, and whose address the application and those after
    /// it are told; after [`Rehearsal::starts`].
    pub(crate) fn companion(mut self, name: &str, image: CompanionImage) -> Self {
        if let Some(start) = &mut self.scenario.start {
            start.companions.push(Companion {
                name: name.to_owned(),
                image,
                ready: Readiness::Network(NetworkReadiness::Http(HttpReadiness::of("/", 9000))),
                port: Some(9000),
                timeout: Nanos::from_secs(3),
                container: start.container.clone(),
            });
            let address = format!("http://{{{{companion.{name}}}}}/");
            start.container.env.insert(name.to_uppercase(), address);
        }
        self
    }

    /// What the only companion is ready by in place of an answer, without a port, so that nobody is told its address; after
    /// [`Rehearsal::companion`].
    pub(crate) fn companion_ready(mut self, ready: Readiness) -> Self {
        let start = self.scenario.start.as_mut().expect("a start");
        let last = start.companions.last_mut().expect("a companion");
        (last.ready, last.port) = (ready, None);
        start.container.env.clear();
        self
    }

    /// Starts so many at once besides; after [`Rehearsal::starts`].
    pub(crate) fn bursts(mut self, bursts: &[u32]) -> Self {
        if let Some(start) = &mut self.scenario.start {
            start.bursts = bursts.to_vec();
        }
        self
    }

    /// Starts in other states; after [`Rehearsal::starts`].
    pub(crate) fn start_caches(mut self, caches: &[StartCache]) -> Self {
        if let Some(start) = &mut self.scenario.start {
            start.caches = caches.to_vec();
        }
        self
    }

    /// On a daemon that is on another machine.
    pub(crate) fn elsewhere(mut self) -> Self {
        self.is_here = false;
        self
    }

    /// On a daemon whose containers are reached by nobody but itself, where the scenario does not say how readiness is to
    /// be looked for; after [`Rehearsal::starts`].
    pub(crate) fn daemon_alone(mut self) -> Self {
        self.reach = Reach::DaemonAlone;
        self.scenario.start.as_mut().expect("a start").probe = None;
        self
    }

    /// Warm-ups of starts; after [`Rehearsal::starts`].
    pub(crate) fn start_warmups(mut self, warmups: u32) -> Self {
        if let Some(start) = &mut self.scenario.start {
            start.warmups = warmups;
        }
        self
    }

    pub(crate) fn base(mut self, name: &str, source: BaseSource) -> Self {
        self.scenario.bases.push(Base {
            name: name.to_owned(),
            source,
            optional: false,
        });
        self
    }

    /// A variant that chooses a base of its own, which the run can do without.
    pub(crate) fn variant_on_optional_base(mut self, variant: &str, source: BaseSource) -> Self {
        let name = format!("{variant}-base");
        self.scenario.bases.push(Base {
            name: name.clone(),
            source,
            optional: true,
        });
        let chosen = self
            .scenario
            .variants
            .iter_mut()
            .find(|each| each.name == variant);
        chosen.expect("a variant of that name").base = Some(name);
        self
    }

    /// Leaves the images of this variant or base behind.
    pub(crate) fn keep(mut self, name: &str) -> Self {
        self.scenario.keep.push(name.to_owned());
        self
    }

    /// Images that the daemon holds before.
    pub(crate) fn held_before(mut self, image: &str) -> Self {
        self.script.images_before.insert(image.to_owned());
        self
    }

    /// A record of the build cache that is there before.
    pub(crate) fn record_before(mut self, id: &str) -> Self {
        self.script.records_before.push(id.to_owned());
        self
    }

    /// What the build of this number does; a build that is not measured counts too.
    pub(crate) fn build(mut self, number: u32, act: BuildAct) -> Self {
        self.script.builds.insert(number, act);
        self
    }

    pub(crate) fn container(mut self, number: u32, act: ContainerAct) -> Self {
        self.script.containers.insert(number, act);
        self
    }

    /// Lets the look of this number find nothing in time.
    pub(crate) fn look_misses(mut self, number: u32) -> Self {
        self.script.missing_looks.insert(number);
        self
    }

    /// Lets the disk be full from this record on.
    pub(crate) fn disk_full_from(mut self, record: usize) -> Self {
        self.script.full_from = Some(record);
        self
    }

    /// Lets an image stay whatever is tried.
    pub(crate) fn image_stays(mut self, image: &str) -> Self {
        self.script.stuck_images.insert(image.to_owned());
        self
    }

    /// Lets the look of this number at the records of the build cache fail. The first is before the run, and there is
    /// one before and one after each build.
    pub(crate) fn listing_fails(mut self, number: u32) -> Self {
        self.script.failing_listings.insert(number);
        self
    }

    /// Lets a record of somebody else appear before the look of this number at the build cache.
    pub(crate) fn stranger_before_listing(mut self, number: u32, id: &str) -> Self {
        self.script.strangers.insert(number, id.to_owned());
        self
    }

    /// Lets a container of somebody else run between this look around, counted from 1, and the one before.
    pub(crate) fn neighbour_before_look(mut self, number: u32, id: &'static str) -> Self {
        self.script.neighbours.insert(number, id);
        self
    }

    /// Lets a build of somebody else run between this look around, counted from 1, and the one before; the daemon tells
    /// of builds then.
    pub(crate) fn other_build_before_look(mut self, number: u32, id: &'static str) -> Self {
        self.script.other_builds.insert(number, id);
        self
    }

    pub(crate) fn trouble(mut self, trouble: Trouble) -> Self {
        self.script.troubles.insert(trouble);
        self
    }

    /// Removes own records whatever that costs others.
    pub(crate) fn prune_anyway(mut self) -> Self {
        self.pruning = Pruning::Anyway;
        self
    }

    /// Carries it out.
    pub(crate) fn carry_out(self) -> Finished {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            tokio::time::timeout(STUCK, self.executed())
                .await
                .expect("a run that ends")
        })
    }

    async fn executed(self) -> Finished {
        let log = LogBook::default();
        let (sender, receiver) = watch::channel(false);
        let daemon = FakeDaemon::new(log.clone(), self.script.clone(), sender);
        let bases = FakeBases { log: log.clone() };
        let mut workshop = FakeWorkshop {
            log: log.clone(),
            texts: BTreeMap::new(),
            script: self.script.clone(),
            nonces: Vec::new(),
        };
        let probe = FakeProbe {
            log: log.clone(),
            script: self.script.clone(),
            clock: AtomicU64::new(0),
            looks: AtomicU32::new(0),
            patience: Mutex::default(),
        };
        let registry = FakeRegistry {
            log: log.clone(),
            script: self.script.clone(),
        };
        let hooks = FakeHooks {
            log: log.clone(),
            script: self.script.clone(),
        };
        let mut ledger = FakeLedger {
            log: log.clone(),
            records: Vec::new(),
            full_from: self.script.full_from,
        };
        let mut watcher = FakeWatcher { log: log.clone() };
        let plan = Plan::of(&self.scenario, self.seed);
        let grants = Grants::default();
        let ports = Ports {
            daemon: &daemon,
            bases: &bases,
            workshop: &mut workshop,
            probe: &probe,
            registry: self.is_here.then_some(&registry as &dyn Registry),
            hooks: &hooks,
            grants: &grants,
            host: None,
            ledger: &mut ledger,
            watcher: &mut watcher,
        };
        let assignment = Assignment {
            reach: self.reach,
            pruning: self.pruning,
            scenario: &self.scenario,
            plan: &plan,
            run_id: RUN_ID,
            limits: self.limits,
            sources: BTreeMap::new(),
            earlier: self.earlier.clone(),
        };
        let outcome = execute(assignment, ports, receiver).await;
        let held = daemon.held().clone();
        Finished {
            lines: log.lines(),
            outcome,
            records: ledger.records,
            nonces: workshop.nonces,
            patience: probe.patience.into_inner().unwrap_or_default(),
            images: held.images,
            build_records: held.records,
            containers: held.containers.into_keys().collect(),
        }
    }
}

/// A step about to be rehearsed.
#[derive(Debug)]
pub(crate) struct StepDraft(Step);

/// A step that may reuse everything and changes nothing.
pub(crate) fn step(name: &str) -> StepDraft {
    StepDraft(Step {
        name: name.to_owned(),
        cache: BuildCacheState::default(),
        export_cache: false,
        commit: None,
        edits: Vec::new(),
        expect: None,
    })
}

impl StepDraft {
    /// Makes the copy hold the tree of a commit.
    pub(crate) fn of_commit(mut self, hash: &str, tree: &str) -> Self {
        self.0.commit = Some(commit(hash, tree));
        self
    }

    /// Without layers, and with empty cache mounts, as a file has it that does not say more.
    pub(crate) fn no_layers(mut self) -> Self {
        self.0.cache.layers = LayerState::Empty;
        self.0.cache.mounts = MountState::Empty;
        self
    }

    pub(crate) fn kept_mounts(mut self) -> Self {
        self.0.cache.mounts = MountState::Kept;
        self
    }

    pub(crate) fn imported(mut self) -> Self {
        self.0.cache.layers = LayerState::Imported;
        self
    }

    pub(crate) fn no_mounts(mut self) -> Self {
        self.0.cache.mounts = MountState::Empty;
        self
    }

    pub(crate) fn no_context(mut self) -> Self {
        self.0.cache.context = ContextState::Absent;
        self
    }

    pub(crate) fn expects(mut self, expectation: Expectation) -> Self {
        self.0.expect = Some(expectation);
        self
    }

    /// Adds a nonce at the end of this file.
    pub(crate) fn append_to(mut self, path: &str) -> Self {
        self.0.edits.push(Edit::Append {
            path: PathBuf::from(path),
            text: "{{nonce}}".to_owned(),
        });
        self
    }
}

fn commit(hash: &str, tree: &str) -> Commit {
    Commit {
        hash: hash.to_owned(),
        tree: tree.to_owned(),
        subject: "Change it".to_owned(),
        authored_unix_s: 1,
    }
}

fn variant(name: &str) -> Variant {
    Variant {
        name: name.to_owned(),
        dockerfile: PathBuf::from("Dockerfile"),
        ignore: None,
        args: BTreeMap::new(),
        base: None,
        target: None,
        builder: BuilderKind::Buildkit,
        options: BuildOptions::default(),
        baseline: false,
    }
}
