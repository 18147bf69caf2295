//! `seatrial selftest`: how well starts are timed on this machine, against a server that knows its own instants.

mod outcome;
mod timeline;
mod trial_scenario;
mod witness;

use std::io::Write;

use jiff::Timestamp;
use tokio::sync::watch;

use super::args::SelftestArgs;
use super::engine::{connect, runtime};
use super::holding::hold;
use super::interruption::watch_signals;
use super::load::load;
use super::measurement::{Measurement, with_machine};
use super::{ExitCode, Failure};
use crate::analyze::{checks, tier_errors};
use crate::docker::Engine;
use crate::run::{Limits, Pruning};
use crate::scenario::{Overrides, ProbeTier};
use crate::store::calibrations;
use crate::unit::Nanos;
use outcome::Outcome;
use trial_scenario::{PLAIN, VARIANTS, write_scenario};
use witness::Witness;

/// Starts servers that note their own instants, in every way that is permitted here, and holds what was seen against them.
pub(super) fn selftest(args: &SelftestArgs, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let runtime = runtime()?;
    runtime.block_on(async {
        let engine = connect(&args.daemon).await?;
        if engine.is_elsewhere() {
            let message = "the daemon is not on this machine: its containers' clock is not the one that starts are timed by";
            return Err(Failure::new(ExitCode::Usage, message));
        }
        let interrupted = watch_signals()?;
        let Some(_held) = hold(&engine, "selftest", args.wait, interrupted.clone()).await? else {
            return Ok(ExitCode::Interrupted);
        };
        let witness = Witness::default();
        let tiers: Vec<Option<ProbeTier>> = match args.probe {
            Some(by) => vec![Some(by.into())],
            // The best way sees the published port as well; only the container's own address is looked at apart.
            None => vec![None, Some(ProbeTier::Ip)],
        };
        for tier in tiers {
            let ended = Box::pin(measure(args, &engine, tier, &witness, interrupted.clone())).await?;
            // A start that failed is told by its own warning; what was seen of the others still counts.
            if ended == ExitCode::Interrupted {
                return Ok(ended);
            }
        }
        let (seen, faults) = witness.into_seen();
        let checks = checks(&seen, &PLAIN);
        let errors = tier_errors(&seen, &PLAIN, &checks);
        let environment = engine.environment().await.ok().map(with_machine);
        let finished = Timestamp::now().to_string();
        // What cannot be read of earlier ones is lost to later runs, and no reason to lose this one.
        let earlier = calibrations(&args.reports).unwrap_or_default();
        let outcome = Outcome::of(checks, &errors, &faults, &finished, environment).with_earlier(earlier);
        outcome.keep(&args.reports)?;
        if args.json {
            serde_json::to_writer_pretty(&mut *out, &outcome).map_err(std::io::Error::from)?;
            writeln!(out)?;
        } else {
            outcome.show(out)?;
        }
        Ok(if outcome.best_is_kept() {
            ExitCode::Done
        } else {
            ExitCode::Failed
        })
    })
}

/// One run of the servers. Its folder stays among the others: every sample of it can be looked at.
async fn measure(
    args: &SelftestArgs,
    engine: &Engine,
    tier: Option<ProbeTier>,
    witness: &Witness,
    interrupted: watch::Receiver<bool>,
) -> Result<ExitCode, Failure> {
    let folder = tempfile::tempdir()?;
    let scenario_folder = folder.path().join("selftest");
    write_scenario(&scenario_folder)?;
    // Those are counted that bounds are held to: of servers that wait.
    let waiting = PLAIN.iter().filter(|(_, wait)| *wait > Nanos::ZERO).count();
    let overrides = Overrides {
        starts: Some(args.n.div_ceil(u32::try_from(waiting).unwrap_or(1)).max(1)),
        probe: tier,
        ..Overrides::default()
    };
    let loaded = load(&scenario_folder, &overrides)?;
    let Some(scenario) = loaded.checked.runnable() else {
        let mistakes: Vec<_> = loaded
            .checked
            .problems
            .iter()
            .map(|problem| problem.message.as_str())
            .collect();
        return Err(Failure::new(ExitCode::Failed, mistakes.join("; ")));
    };
    debug_assert_eq!(scenario.variants.len(), VARIANTS.len());
    let measurement = Measurement {
        loaded: &loaded,
        scenario,
        left_out: None,
        engine,
        overrides: &overrides,
        limits: Limits::default(),
        pruning: Pruning::default(),
        json: false,
    };
    // What a run says in the end is of its own question, not of this one.
    let mut unheard = std::io::sink();
    let begun = measurement.begin(witness, &args.reports, None, interrupted, &mut unheard);
    // It holds all that a run does, too much for the stack of who calls this.
    Box::pin(begun).await
}
