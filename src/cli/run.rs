//! `seatrial run`: measure scenarios and report.

use std::io::{self, Write};

use super::args::RunArgs;
use super::check::say_problems;
use super::elsewhere::as_measured;
use super::engine::{connect, hold_against, runtime};
use super::holding::hold;
use super::interruption::watch_signals;
use super::load::{Loaded, load};
use super::measurement::Measurement;
use super::{ExitCode, Failure};
use crate::docker::Engine;
use crate::probe::ProbeThread;
use crate::scenario::{BuilderKind, Overrides, Scenario, Variant};

/// Measures every scenario in turn. All of them are checked before the first build.
pub(super) fn run(args: &RunArgs, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let overrides = Overrides::from(&args.overrides);
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
        let engine = connect(&args.measuring.daemon).await?;
        for loaded in &mut loaded {
            hold_against(loaded, &engine).await?;
        }
        if say_mistakes(&loaded)? {
            return Ok(ExitCode::Usage);
        }
        let interrupted = watch_signals()?;
        let names: Vec<_> = args
            .scenarios
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let Some(_held) = hold(
            &engine,
            &names.join(", "),
            args.measuring.wait,
            interrupted.clone(),
        )
        .await?
        else {
            return Ok(ExitCode::Interrupted);
        };
        let probe = ProbeThread::default();
        let mut code = ExitCode::Done;
        for loaded in &loaded {
            let Some(scenario) = loaded.checked.runnable() else {
                continue;
            };
            require_builders(scenario, &engine).await?;
            let (scenario, left_out) = as_measured(scenario, &engine);
            let measured = Measurement {
                loaded,
                scenario: &scenario,
                left_out: left_out.as_deref(),
                engine: &engine,
                overrides: &overrides,
                limits: (&args.measuring.limits).into(),
                pruning: (&args.measuring.pruning).into(),
                json: args.measuring.json,
            };
            let ended = measured.begin(&probe, &args.reports, args.seed, interrupted.clone(), out);
            // It holds all that a run does, too much for the stack of who calls this.
            code = code.max(Box::pin(ended).await?);
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

/// Makes sure that the engine has the builders that a scenario asks for.
pub(super) async fn require_builders(scenario: &Scenario, engine: &Engine) -> Result<(), Failure> {
    let is_classic = |variant: &Variant| variant.builder == BuilderKind::Classic;
    if scenario.variants.iter().any(is_classic) {
        engine.require_classic().await.map_err(|error| {
            let hints = error.hints();
            Failure::new(ExitCode::Usage, error).with_hints(hints)
        })?;
    }
    Ok(())
}
