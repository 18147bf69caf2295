//! `seatrial resume`: go on where a stopped run ended.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::args::ResumeArgs;
use super::check::say_problems;
use super::clean::remove_scratch;
use super::elsewhere::as_measured;
use super::engine::{connect, hold_against, runtime};
use super::grants::grants;
use super::holding::hold;
use super::interruption::watch_signals;
use super::load::load;
use super::measurement::{Measurement, Opened, journal_failure};
use super::run::require_builders;
use super::sweep::{Sweep, settle};
use super::{ExitCode, Failure};
use crate::causes::in_one_line;
use crate::context::{Manifest, ManifestDiff};
use crate::probe::ProbeThread;
use crate::results::{Environment, ProtocolRecord, Record, ResumedRecord, Run, RunHeader, StopReason};
use crate::run::Earlier;
use crate::store::{Journal, Named, load as load_run};

/// Goes on with a run, with the same plan in the same order.
pub(super) fn resume(args: &ResumeArgs, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let run = load_run(&args.run).map_err(|error| {
        let hints = error.hints();
        Failure::new(ExitCode::Usage, error).with_hints(hints)
    })?;
    let protocol = unfinished(&args.run, &run)?;
    let folder = args.run.join(&protocol.scenario_folder);
    let mut loaded = load(&folder, &protocol.overrides)?;
    let runtime = runtime()?;
    runtime.block_on(async {
        if loaded.checked.runnable().is_some() {
            let engine = connect(&args.measuring.daemon).await?;
            hold_against(&mut loaded, &engine).await?;
            if let Some(scenario) = loaded.checked.runnable() {
                require_builders(scenario, &engine).await?;
                let (scenario, left_out) = as_measured(scenario, &engine);
                let measured = Measurement {
                    loaded: &loaded,
                    scenario: &scenario,
                    left_out: left_out.as_deref(),
                    engine: &engine,
                    overrides: &protocol.overrides,
                    limits: (&args.measuring.limits).into(),
                    pruning: (&args.measuring.pruning).into(),
                    json: args.measuring.json,
                };
                return Box::pin(go_on(args, &run, &measured, out)).await;
            }
        }
        say_problems(&loaded)?;
        Ok(ExitCode::Usage)
    })
}

/// What the run goes on with, where there is anything left to do.
fn unfinished<'run>(folder: &Path, run: &'run Run) -> Result<&'run ProtocolRecord, Failure> {
    let refused = |why: &str, hint: &str| {
        let text = format!("cannot resume the run in {}: {why}", folder.display());
        Failure::new(ExitCode::Usage, text).with_hints([hint.to_owned()])
    };
    if run
        .end
        .as_ref()
        .is_some_and(|end| end.stop == StopReason::Complete)
    {
        return Err(refused(
            "its plan is complete",
            "`seatrial report` writes its tables and charts again",
        ));
    }
    let Some(protocol) = run.header.protocol.as_ref().filter(|_| run.sources.is_some()) else {
        return Err(refused(
            "its journal does not say what it would go on with",
            "it was stopped before anything was measured, or written by an older version: run the scenario again",
        ));
    };
    let version = env!("CARGO_PKG_VERSION");
    if run.header.tool_version != version {
        return Err(refused(
            &format!(
                "seatrial {} began it, and this is {version}",
                run.header.tool_version
            ),
            "samples of one run are taken by one version",
        ));
    }
    Ok(protocol)
}

async fn go_on(
    args: &ResumeArgs,
    run: &Run,
    measured: &Measurement<'_>,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let header = &run.header;
    let interrupted = watch_signals()?;
    let what = format!("run {}", header.run_id);
    let Some(_held) = hold(measured.engine, &what, args.measuring.wait, interrupted.clone()).await? else {
        return Ok(ExitCode::Interrupted);
    };
    // From here on nobody else can resume it, or take what it left for that of a killed run.
    let mut journal = Journal::reopen(&args.run).map_err(|error| Failure::new(ExitCode::Failed, error))?;
    let environment = measured.environment().await?;
    let grants = grants(measured.scenario, &measured.loaded.folder.surroundings())?;
    let now = measured.header(&args.run, &header.run_id, environment.clone(), &grants)?;
    let mut workshop = measured.workshop()?;
    let sources = measured.sources(&mut workshop)?;
    let mut changed = changes(header, &now);
    for (variant, manifest) in &sources {
        changed.extend(changed_file(run, variant, manifest));
    }
    if !changed.is_empty() {
        let text = format!(
            "cannot resume the run in {}: {}",
            args.run.display(),
            changed.join("; ")
        );
        let hint =
            "a run's samples are of one scenario on one daemon: bring it back as it was, or begin a new run";
        return Err(Failure::new(ExitCode::Usage, text).with_hints([hint.to_owned()]));
    }
    sweep(run, measured, &environment).await?;
    let earlier = Earlier::of(run);
    journal
        .append(&Record::Resumed(ResumedRecord {
            resumed_utc: Timestamp::now().to_string(),
            begun_again: earlier.given_up(),
        }))
        .map_err(journal_failure)?;
    let opened = Opened {
        folder: &args.run,
        journal,
        run_id: &header.run_id,
        seed: header.seed,
        environment,
        grants,
        workshop,
        sources,
        earlier,
    };
    measured
        .go_on(&ProbeThread::default(), opened, interrupted, out)
        .await
}

/// Removes what the stopped session left: the builds to come must not find it.
async fn sweep(run: &Run, measured: &Measurement<'_>, environment: &Environment) -> Result<(), Failure> {
    let sweep = Sweep {
        engine: measured.engine,
        dry_run: false,
        pruning: measured.pruning,
    };
    // What is removed is told as progress is, not as data.
    let mut told = std::io::stderr();
    remove_scratch(false, &mut told)?;
    let named = Named::of(run);
    settle(measured.engine, &[&named]).await;
    let swept = sweep.run(&named, &mut told).await?;
    match swept.faults.into_iter().next() {
        None => Ok(()),
        Some(fault) => {
            let text = format!(
                "what the stopped run left in the daemon ({}) cannot be removed: {}",
                environment.engine,
                in_one_line(&fault)
            );
            Err(Failure::new(ExitCode::Failed, text))
        }
    }
}

/// What is not as the run began with it, in words.
fn changes(before: &RunHeader, now: &RunHeader) -> Vec<String> {
    let mut changed = Vec::new();
    let digest = |header: &RunHeader| header.protocol.as_ref().map(|protocol| protocol.digest);
    if before.scenario_digest != now.scenario_digest || digest(before) != digest(now) {
        changed.push("the scenario was changed".to_owned());
    }
    for (before, now) in before.variants.iter().zip(&now.variants) {
        if before.dockerfile_digest != now.dockerfile_digest {
            changed.push(format!("`{}` was changed", before.dockerfile));
        } else if before != now {
            changed.push(format!("the settings of variant `{}` were changed", before.name));
        }
    }
    let (one, other) = (&before.environment, &now.environment);
    for (what, one, other) in [
        ("engine", &one.engine, &other.engine),
        ("storage driver", &one.storage_driver, &other.storage_driver),
        ("kernel", &one.kernel, &other.kernel),
        ("architecture", &one.architecture, &other.architecture),
    ] {
        if one != other {
            changed.push(format!("it began on {what} `{one}`, and this is `{other}`"));
        }
    }
    if one.store != other.store {
        changed.push(format!(
            "it began on a daemon with {} as its image store, and this one has {}",
            one.store, other.store
        ));
    }
    changed
}

/// A file of a variant's context that is not as the run began with it, in words. Times are no difference: the copies
/// that builds get have their own.
fn changed_file(run: &Run, variant: &str, now: &Arc<Manifest>) -> Option<String> {
    let digest = run.sources.as_ref()?.manifests.get(variant)?;
    let record = run.contexts.iter().find(|context| context.manifest == *digest)?;
    let before = Manifest::default().apply(&record.delta).ok()?;
    if before.content_digest() == now.content_digest() {
        return None;
    }
    let difference = ManifestDiff::between(&before, now);
    let paths: Vec<PathBuf> = difference
        .changes
        .iter()
        .map(|change| change.path().into())
        .collect();
    let first = paths.first()?.display();
    Some(match paths.len() {
        1 => format!("`{first}` in the context of `{variant}` was changed"),
        more => format!(
            "`{first}` and {} more in the context of `{variant}` were changed",
            more - 1
        ),
    })
}
