//! One scenario measured: from its beginning, or from where it was stopped.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;

use super::base_sources::BaseSources;
use super::engine::unusable;
use super::grants::{env_args, grants};
use super::load::Loaded;
use super::report::write_report;
use super::way_to::way_to;
use super::{ExitCode, Failure};
use crate::causes::in_one_line;
use crate::console::RunWatcher;
use crate::context::{Manifest, ManifestDiff};
use crate::digest::Digest;
use crate::docker::Engine;
use crate::host::{DaemonHost, Machine};
use crate::registry::LocalRegistry;
use crate::results::{
    CalibrationRecord, ContextRecord, Environment, GateRecord, ProtocolRecord, RESULTS_SCHEMA, Record,
    ReplayRecord, ReplayedCommit, RunEnd, RunHeader, SourcesRecord, StopReason, VariantRecord, WarningRecord,
};
use crate::run::{
    Assignment, Earlier, Grants, Host, Ledger, Limits, Outcome, Plan, Ports, Probe, Pruning, Reach, Redactor,
    Registry, Workshop as _, cache_reference, execute, image_repository,
};
use crate::scenario::{BuilderKind, Overrides, RemoteCache, Scenario, ScenarioFiles as _};
use crate::store::{Journal, RunFolder, calibrations};
use crate::workspace::{ScenarioHooks, ScratchWorkshop, commit_of};

/// One scenario about to be measured.
pub(super) struct Measurement<'a> {
    pub(super) loaded: &'a Loaded,
    pub(super) scenario: &'a Scenario,
    /// What of the scenario is not measured on this daemon, in words.
    pub(super) left_out: Option<&'a str>,
    pub(super) engine: &'a Engine,
    pub(super) overrides: &'a Overrides,
    pub(super) limits: Limits,
    pub(super) pruning: Pruning,
    /// Whether the summary is printed as JSON.
    pub(super) json: bool,
}

/// A run whose journal is open, about to go on.
pub(super) struct Opened<'a> {
    pub(super) folder: &'a Path,
    pub(super) journal: Journal,
    pub(super) run_id: &'a str,
    pub(super) seed: u64,
    pub(super) environment: Environment,
    pub(super) grants: Grants,
    pub(super) workshop: ScratchWorkshop,
    pub(super) sources: BTreeMap<String, Arc<Manifest>>,
    pub(super) earlier: Earlier,
}

impl Measurement<'_> {
    /// Measures from the beginning, in a new folder in `reports`.
    pub(super) async fn begin(
        &self,
        probe: &impl Probe,
        reports: &Path,
        seed: Option<u64>,
        interrupted: watch::Receiver<bool>,
        out: &mut dyn Write,
    ) -> Result<ExitCode, Failure> {
        let started = Timestamp::now();
        let folder = RunFolder::create(reports, &self.scenario.name, started).map_err(|error| {
            let hints = error.hints();
            Failure::new(ExitCode::Failed, error).with_hints(hints)
        })?;
        let run_id = run_id(folder.path());
        let seed = seed.unwrap_or_else(|| seed_of(&run_id));
        let environment = self.environment().await?;

        let grants = grants(self.scenario, &self.loaded.folder.surroundings())?;
        let mut journal = Journal::create(folder.path()).map_err(journal_failure)?;
        let header = RunHeader {
            started_utc: started.to_string(),
            seed,
            ..self.header(folder.path(), &run_id, environment.clone(), &grants)?
        };
        journal
            .append(&Record::Run(Box::new(header)))
            .map_err(journal_failure)?;
        if let Some(left_out) = self.left_out {
            writeln!(io::stderr().lock(), "warning: {left_out}")?;
            let message = left_out.to_owned();
            journal
                .append(&Record::Warning(WarningRecord { message }))
                .map_err(journal_failure)?;
        }
        if self.scenario.start.is_some() && self.engine.is_here() {
            let found = calibration(reports, &environment);
            journal
                .append(&Record::Calibration(found))
                .map_err(journal_failure)?;
        }
        let mut workshop = self.workshop()?;
        let sources = self.sources(&mut workshop)?;
        record_sources(&mut journal, &sources).map_err(journal_failure)?;
        let opened = Opened {
            folder: folder.path(),
            journal,
            run_id: &run_id,
            seed,
            environment,
            grants,
            workshop,
            sources,
            earlier: Earlier::default(),
        };
        self.go_on(probe, opened, interrupted, out).await
    }

    /// Measures what is left of the plan, and reports.
    pub(super) async fn go_on(
        &self,
        probe: &impl Probe,
        opened: Opened<'_>,
        interrupted: watch::Receiver<bool>,
        out: &mut dyn Write,
    ) -> Result<ExitCode, Failure> {
        let Opened {
            folder,
            mut journal,
            run_id,
            seed,
            environment,
            grants,
            mut workshop,
            sources,
            earlier,
        } = opened;
        let bases = BaseSources {
            scenario_dir: self.loaded.folder.path().to_owned(),
            kept: kept_bases(),
            platform: (environment.os, environment.architecture),
        };
        let hooks = ScenarioHooks {
            folder: self.loaded.folder.path().to_owned(),
        };
        let host = self.engine.is_here().then(|| {
            let data_root = self.engine.data_root();
            DaemonHost::new(data_root.map(Path::to_owned)).with_scratch(std::env::temp_dir())
        });
        let registry = self.registry(&workshop);
        let mut watcher = RunWatcher::new();
        let outcome = execute(
            Assignment {
                scenario: self.scenario,
                plan: &Plan::of(self.scenario, seed),
                run_id,
                limits: self.limits,
                pruning: self.pruning,
                reach: if self.engine.is_elsewhere() {
                    Reach::DaemonAlone
                } else {
                    Reach::Ports
                },
                sources,
                earlier,
            },
            Ports {
                daemon: self.engine,
                bases: &bases,
                workshop: &mut workshop,
                probe,
                registry: registry.as_ref().map(|registry| registry as &dyn Registry),
                hooks: &hooks,
                grants: &grants,
                host: host.as_ref().map(|host| host as &dyn Host),
                ledger: &mut journal,
                watcher: &mut watcher,
            },
            interrupted,
        )
        .await;
        drop(watcher);
        drop(registry);
        let ended = Record::End(RunEnd {
            finished_utc: Timestamp::now().to_string(),
            stop: outcome.stop,
            left_behind: outcome.left_behind.clone(),
        });
        let kept = journal.keep(&ended);
        drop(journal);
        let reported = write_report(&[folder.to_owned()], self.json, out);
        end(
            &grants.redactor,
            outcome,
            folder,
            kept.map_err(|fault| Failure::new(ExitCode::Failed, fault)),
            reported,
        )
    }

    /// What images are pulled from; absent where the daemon's loopback address is another machine's.
    fn registry(&self, workshop: &ScratchWorkshop) -> Option<LocalRegistry> {
        let start = self.scenario.start.as_ref()?;
        // What it keeps goes with the scratch copies.
        let folder = workshop.spare_folder().filter(|_| self.engine.is_here())?;
        Some(LocalRegistry::new(&folder, start.pull))
    }

    /// The scratch copies.
    pub(super) fn workshop(&self) -> Result<ScratchWorkshop, Failure> {
        ScratchWorkshop::open(&std::env::temp_dir(), self.loaded.folder.path(), self.scenario)
            .map_err(|fault| Failure::new(ExitCode::Failed, fault))
    }

    /// Each variant's context before any edit.
    pub(super) fn sources(
        &self,
        workshop: &mut ScratchWorkshop,
    ) -> Result<BTreeMap<String, Arc<Manifest>>, Failure> {
        let variants = self.scenario.variants.iter();
        let surveyed = variants.map(|variant| {
            let survey = workshop
                .survey(&variant.name)
                .map_err(|fault| Failure::new(ExitCode::Failed, fault))?;
            Ok((variant.name.clone(), survey.manifest))
        });
        surveyed.collect()
    }

    /// What stands next to every number.
    pub(super) async fn environment(&self) -> Result<Environment, Failure> {
        let environment = self.engine.environment().await.map_err(unusable)?;
        if !self.engine.is_here() {
            return Ok(environment);
        }
        let mut builders: Vec<_> = self
            .scenario
            .variants
            .iter()
            .map(|variant| variant.builder)
            .collect();
        builders.sort_unstable();
        builders.dedup();
        let builders: Vec<_> = builders.into_iter().map(BuilderKind::as_str).collect();
        Ok(Environment {
            builder: builders.join(", "),
            ..with_machine(environment)
        })
    }

    /// The header of a run of this scenario, but for what is the single run's: its beginning and its seed.
    pub(super) fn header(
        &self,
        folder: &Path,
        run_id: &str,
        environment: Environment,
        grants: &Grants,
    ) -> Result<RunHeader, Failure> {
        let scenario = self.scenario;
        let variants = scenario.variants.iter().map(|variant| {
            let text = self.loaded.folder.read(&variant.dockerfile);
            let text = text.map_err(|error| Failure::new(ExitCode::Usage, error))?;
            Ok(VariantRecord {
                name: variant.name.clone(),
                dockerfile: variant.dockerfile.display().to_string(),
                dockerfile_digest: Digest::of(text),
                builder: variant.builder,
                image: image_repository(run_id, &variant.name),
                options: variant.options.clone(),
                env_args: env_args(variant, grants),
                cache_image: match &scenario.build.remote_cache {
                    Some(RemoteCache::Inline { repository }) => {
                        Some(cache_reference(repository, run_id, &variant.name))
                    }
                    _ => None,
                },
            })
        });
        Ok(RunHeader {
            schema: RESULTS_SCHEMA,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            run_id: run_id.to_owned(),
            started_utc: String::new(),
            scenario: scenario.name.clone(),
            title: scenario.title.clone(),
            question: scenario.question.clone(),
            scenario_digest: Digest::of(self.loaded.file().map_or("", |file| &file.text)),
            protocol: Some(self.protocol(folder)?),
            commit: commit_of(self.loaded.folder.path()),
            variants: variants.collect::<Result<_, Failure>>()?,
            baseline: scenario.baseline().name.clone(),
            steps: scenario
                .build
                .steps
                .iter()
                .map(|step| step.name.clone())
                .collect(),
            replay: replay_record(scenario),
            gates: scenario.gates.iter().map(GateRecord::from).collect(),
            rounds: scenario.build.rounds,
            starts: scenario.start.as_ref().map_or(0, |start| start.samples),
            seed: 0,
            quick: self.overrides.quick,
            environment,
        })
    }

    fn protocol(&self, folder: &Path) -> Result<ProtocolRecord, Failure> {
        let failed = |error: io::Error| Failure::new(ExitCode::Failed, error);
        let scenario = serde_json::to_vec(self.scenario).map_err(|error| failed(error.into()))?;
        Ok(ProtocolRecord {
            scenario_folder: way_to(self.loaded.folder.path(), folder).map_err(failed)?,
            overrides: self.overrides.clone(),
            digest: Digest::of(scenario),
            fields: self.scenario.protocol(),
        })
    }
}

/// An environment with what this machine says of itself, as the one that its daemon runs on.
pub(super) fn with_machine(environment: Environment) -> Environment {
    let machine = Machine::read();
    Environment {
        cpu: machine.cpu,
        is_virtual: machine.is_virtual,
        load_1m: machine.load_1m,
        ..environment
    }
}

/// How exactly starts are timed here, by what self-tests left in the folder of all runs. Whatever is wrong with that is told
/// and keeps nobody from measuring.
fn calibration(reports: &Path, environment: &Environment) -> CalibrationRecord {
    match calibrations(reports) {
        Ok(stored) => CalibrationRecord::fitting(&stored, environment),
        Err(error) => CalibrationRecord::missing(in_one_line(&error)),
    }
}

/// The commits that are the steps.
fn replay_record(scenario: &Scenario) -> Option<ReplayRecord> {
    let replay = scenario.replay.as_ref()?;
    let commits = scenario.build.steps.iter().filter_map(|step| {
        Some(ReplayedCommit {
            step: step.name.clone(),
            commit: step.commit.clone()?,
        })
    });
    Some(ReplayRecord {
        range: replay.range.to_string(),
        path: replay.path.display().to_string(),
        base: replay.base.clone(),
        commits: commits.collect(),
    })
}

/// Puts each variant's context before any edit into a new journal, each manifest once.
fn record_sources(
    journal: &mut Journal,
    sources: &BTreeMap<String, Arc<Manifest>>,
) -> Result<(), crate::store::WriteJournal> {
    let manifests: BTreeMap<_, _> = sources
        .values()
        .map(|manifest| (manifest.digest(), manifest))
        .collect();
    for (digest, manifest) in manifests {
        journal.append(&Record::Context(ContextRecord {
            manifest: digest,
            base: None,
            delta: ManifestDiff::between(&Manifest::default(), manifest),
        }))?;
    }
    let of_variant = |(name, manifest): (&String, &Arc<Manifest>)| (name.clone(), manifest.digest());
    journal.append(&Record::Sources(SourcesRecord {
        manifests: sources.iter().map(of_variant).collect(),
    }))
}

/// What the program exits with: the first thing that went wrong is told, the rest is in the report.
fn end(
    redactor: &Redactor,
    outcome: Outcome,
    folder: &Path,
    kept: Result<(), Failure>,
    reported: Result<ExitCode, Failure>,
) -> Result<ExitCode, Failure> {
    if !outcome.left_behind.is_empty() {
        let mut errors = io::stderr().lock();
        for left in &outcome.left_behind {
            writeln!(errors, "warning: left behind: {left}")?;
        }
        writeln!(
            errors,
            "  hint: `seatrial clean` tries again; `--prune-anyway` removes what was spared"
        )?;
    }
    if let Some(fault) = outcome.fault {
        let hint = format!("what was measured before is in {}", folder.display());
        // What a base's command or the daemon said may hold anything.
        let fault = redactor.error(Box::new(fault));
        return Err(Failure::new(ExitCode::Failed, fault).with_hints([hint]));
    }
    kept?;
    reported?;
    if outcome.stop == StopReason::Interrupted {
        return Ok(ExitCode::Interrupted);
    }
    Ok(if outcome.bad_samples > 0 {
        ExitCode::Failed
    } else {
        ExitCode::Done
    })
}

/// The run's id: its folder's name, and four digits that make it unique among machines that share a daemon.
fn run_id(folder: &Path) -> String {
    let name = folder
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let process = std::process::id();
    let unique = Digest::of(format!(
        "{} {process} {}",
        folder.display(),
        Timestamp::now().as_nanosecond()
    ));
    format!("{name}-{}", &unique.hex()[..4])
}

/// A seed for a run that was given none, small enough to be typed again.
fn seed_of(run_id: &str) -> u64 {
    u64::from_str_radix(&Digest::of(run_id).hex()[..6], 16).unwrap_or_default()
}

/// Where root file systems of imported bases are kept between runs: the user's cache folder.
pub(super) fn kept_bases() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    cache
        .or_else(home)
        .unwrap_or_else(std::env::temp_dir)
        .join("seatrial/bases")
}

/// A journal that cannot be written, with what may help.
pub(super) fn journal_failure(error: crate::store::WriteJournal) -> Failure {
    let hints = error.hints();
    Failure::new(ExitCode::Failed, error).with_hints(hints)
}
