//! `seatrial run`: measure scenarios and report.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use super::args::RunArgs;
use super::base_sources::BaseSources;
use super::check::say_problems;
use super::engine::{NO_STARTS_ELSEWHERE, connect, hold_against, runtime, unusable};
use super::grants::{env_args, grants};
use super::interruption::watch_signals;
use super::load::{Loaded, load};
use super::report::write_report;
use super::{ExitCode, Failure};
use crate::console::RunWatcher;
use crate::digest::Digest;
use crate::docker::Engine;
use crate::host::{DaemonHost, Machine};
use crate::probe::ProbeThread;
use crate::results::{
    Environment, RESULTS_SCHEMA, Record, RunEnd, RunHeader, StopReason, VariantRecord, WarningRecord,
};
use crate::run::{
    Grants, Host, Ledger, Outcome, Plan, Ports, Redactor, cache_reference, execute, image_repository,
};
use crate::scenario::{BuilderKind, RemoteCache, Scenario, ScenarioFiles as _};
use crate::store::{DaemonLock, HoldDaemon, Journal, RunFolder};
use crate::workspace::ScratchWorkshop;

/// Measures every scenario in turn. All of them are checked before the first build.
pub(super) fn run(args: &RunArgs, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let overrides = (&args.overrides).into();
    let mut loaded: Vec<Loaded> = args
        .scenarios
        .iter()
        .map(|path| load(path, &overrides))
        .collect::<Result<_, _>>()?;
    if say_mistakes(&loaded)? {
        return Ok(ExitCode::Usage);
    }
    let runtime = runtime()?;
    runtime.block_on(async {
        let engine = connect(&args.daemon).await?;
        for loaded in &mut loaded {
            hold_against(loaded, &engine).await?;
        }
        if say_mistakes(&loaded)? {
            return Ok(ExitCode::Usage);
        }
        let interrupted = watch_signals()?;
        let Some(_held) = hold(&engine, args, interrupted.clone()).await? else {
            return Ok(ExitCode::Interrupted);
        };
        let mut code = ExitCode::Done;
        for loaded in &loaded {
            let Some(scenario) = loaded.checked.runnable() else {
                continue;
            };
            if scenario
                .variants
                .iter()
                .any(|variant| variant.builder == BuilderKind::Classic)
            {
                engine.require_classic().await.map_err(|error| {
                    let hints = error.hints();
                    Failure::new(ExitCode::Usage, error).with_hints(hints)
                })?;
            }
            let builds_only = without_starts(scenario, &engine);
            let measured = Measurement {
                args,
                loaded,
                scenario: builds_only.as_ref().unwrap_or(scenario),
                leaves_starts_out: builds_only.is_some(),
                engine: &engine,
            };
            code = code.max(measured.run(interrupted.clone(), out).await?);
            if *interrupted.borrow() {
                break;
            }
        }
        Ok(code)
    })
}

/// Says the mistakes of every scenario that has some, and whether there were any.
fn say_mistakes(loaded: &[Loaded]) -> io::Result<bool> {
    let mut mistaken = false;
    for loaded in loaded.iter().filter(|loaded| loaded.checked.runnable().is_none()) {
        say_problems(loaded)?;
        mistaken = true;
    }
    Ok(mistaken)
}

/// Holds the daemon for this process; nothing where the wait for it was interrupted.
async fn hold(
    engine: &Engine,
    args: &RunArgs,
    mut interrupted: watch::Receiver<bool>,
) -> Result<Option<DaemonLock>, Failure> {
    const LOOK_AGAIN: Duration = Duration::from_millis(500);
    let names: Vec<_> = args
        .scenarios
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let holder = format!("process {}, {}", std::process::id(), names.join(", "));
    let mut told = false;
    loop {
        match DaemonLock::hold(&std::env::temp_dir(), engine.id(), &holder) {
            Ok(held) => return Ok(Some(held)),
            Err(held @ HoldDaemon::Held { .. }) if args.wait => {
                if !told {
                    writeln!(io::stderr().lock(), "waiting: {held}")?;
                    told = true;
                }
                tokio::select! {
                    () = tokio::time::sleep(LOOK_AGAIN) => {}
                    _ = interrupted.wait_for(|interrupted| *interrupted) => return Ok(None),
                }
            }
            Err(error) => {
                let hints = error.hints();
                return Err(Failure::new(ExitCode::NoDaemon, error).with_hints(hints));
            }
        }
    }
}

/// The scenario's builds alone, where it has starts that cannot be probed from here.
fn without_starts(scenario: &Scenario, engine: &Engine) -> Option<Scenario> {
    if scenario.start.is_none() || !engine.is_elsewhere() {
        return None;
    }
    let mut builds_only = scenario.clone();
    builds_only.start = None;
    builds_only
        .gates
        .retain(|gate| !gate.metric.starts_with("start."));
    Some(builds_only)
}

/// One scenario about to be measured.
struct Measurement<'a> {
    args: &'a RunArgs,
    loaded: &'a Loaded,
    scenario: &'a Scenario,
    /// Whether the scenario has starts that are not measured.
    leaves_starts_out: bool,
    engine: &'a Engine,
}

impl Measurement<'_> {
    async fn run(
        &self,
        interrupted: watch::Receiver<bool>,
        out: &mut dyn Write,
    ) -> Result<ExitCode, Failure> {
        let started = Timestamp::now();
        let folder =
            RunFolder::create(&self.args.reports, &self.scenario.name, started).map_err(|error| {
                let hints = error.hints();
                Failure::new(ExitCode::Failed, error).with_hints(hints)
            })?;
        let run_id = run_id(folder.path());
        let seed = self.args.seed.unwrap_or_else(|| seed_of(&run_id));
        let plan = Plan::of(self.scenario, seed);
        let environment = self.environment().await?;
        let platform = (environment.os.clone(), environment.architecture.clone());

        let grants = grants(self.scenario, &self.loaded.folder.surroundings())?;
        let mut journal = Journal::create(folder.path()).map_err(journal_failure)?;
        let header = self.header(&run_id, started, &plan, environment, &grants)?;
        journal
            .append(&Record::Run(Box::new(header)))
            .map_err(journal_failure)?;
        if self.leaves_starts_out {
            writeln!(io::stderr().lock(), "warning: {NO_STARTS_ELSEWHERE}")?;
            let message = NO_STARTS_ELSEWHERE.to_owned();
            journal
                .append(&Record::Warning(WarningRecord { message }))
                .map_err(journal_failure)?;
        }

        let scenario_dir = self.loaded.folder.path();
        let mut workshop = ScratchWorkshop::open(&std::env::temp_dir(), scenario_dir, self.scenario)
            .map_err(|fault| Failure::new(ExitCode::Failed, fault))?;
        let bases = BaseSources {
            scenario_dir: scenario_dir.to_owned(),
            kept: kept_bases(),
            platform,
        };
        let host = self.engine.is_here().then(|| {
            let data_root = self.engine.data_root();
            DaemonHost::new(data_root.map(Path::to_owned))
        });
        let mut watcher = RunWatcher::new();
        let outcome = execute(
            self.scenario,
            &plan,
            &run_id,
            Ports {
                daemon: self.engine,
                bases: &bases,
                workshop: &mut workshop,
                probe: &ProbeThread,
                grants: &grants,
                host: host.as_ref().map(|host| host as &dyn Host),
                ledger: &mut journal,
                watcher: &mut watcher,
            },
            interrupted,
        )
        .await;
        drop(watcher);
        let ended = Record::End(RunEnd {
            finished_utc: Timestamp::now().to_string(),
            stop: outcome.stop,
            left_behind: outcome.left_behind.clone(),
        });
        let kept = journal.keep(&ended);
        drop(journal);
        let reported = write_report(&[folder.path().to_owned()], self.args.json, out);
        end(
            &grants.redactor,
            outcome,
            folder.path(),
            kept.map_err(|fault| Failure::new(ExitCode::Failed, fault)),
            reported,
        )
    }

    async fn environment(&self) -> Result<Environment, Failure> {
        let environment = self.engine.environment().await.map_err(unusable)?;
        if !self.engine.is_here() {
            return Ok(environment);
        }
        let machine = Machine::read();
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
            cpu: machine.cpu,
            load_1m: machine.load_1m,
            ..environment
        })
    }

    fn header(
        &self,
        run_id: &str,
        started: Timestamp,
        plan: &Plan,
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
            started_utc: started.to_string(),
            scenario: scenario.name.clone(),
            title: scenario.title.clone(),
            question: scenario.question.clone(),
            scenario_digest: Digest::of(self.loaded.file().map_or("", |file| &file.text)),
            variants: variants.collect::<Result<_, Failure>>()?,
            baseline: scenario.baseline().name.clone(),
            steps: scenario
                .build
                .steps
                .iter()
                .map(|step| step.name.clone())
                .collect(),
            gates: scenario.gates.iter().map(|gate| gate.metric.clone()).collect(),
            rounds: scenario.build.rounds,
            starts: scenario.start.as_ref().map_or(0, |start| start.samples),
            seed: plan.seed,
            quick: self.args.overrides.quick,
            environment,
        })
    }
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
            writeln!(errors, "warning: could not remove {left}")?;
        }
        writeln!(errors, "  hint: `seatrial clean` tries again")?;
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

fn journal_failure(error: crate::store::WriteJournal) -> Failure {
    let hints = error.hints();
    Failure::new(ExitCode::Failed, error).with_hints(hints)
}
