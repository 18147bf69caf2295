//! What a self-test came to: a table for people, and a file beside the runs.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::analyze::{Check, CheckVerdict};
use crate::results::{CalibratedMachine, Calibration, Environment, TierErrors};
use crate::store::{SELFTEST_SCHEMA, save_selftest, with_earlier};

/// What a self-test came to.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    schema: u32,
    tool_version: &'static str,
    finished_utc: String,
    /// The machine and the daemon.
    environment: Option<Environment>,
    /// What runs take over of it, and what earlier self-tests found of other ways, machines and daemons.
    calibrations: Vec<Calibration>,
    checks: Vec<Check>,
    /// Servers that could not be asked.
    unasked: Vec<String>,
}

impl Outcome {
    /// What was checked and found, on a machine with a daemon; where those are not known it stands for no later run.
    pub(super) fn of(
        checks: Vec<Check>,
        errors: &[TierErrors],
        faults: &[String],
        finished_utc: &str,
        environment: Option<Environment>,
    ) -> Self {
        let tool_version = env!("CARGO_PKG_VERSION");
        let machine = environment.as_ref().map(CalibratedMachine::of);
        let calibrations = machine.into_iter().flat_map(|machine| {
            errors.iter().map(move |errors| Calibration {
                finished_utc: finished_utc.to_owned(),
                tool_version: tool_version.to_owned(),
                machine: machine.clone(),
                errors: errors.clone(),
            })
        });
        Self {
            schema: SELFTEST_SCHEMA,
            tool_version,
            finished_utc: finished_utc.to_owned(),
            calibrations: calibrations.collect(),
            environment,
            checks,
            unasked: faults.to_vec(),
        }
    }

    /// With what earlier self-tests found that this one did not try.
    pub(super) fn with_earlier(mut self, earlier: Vec<Calibration>) -> Self {
        self.calibrations = with_earlier(self.calibrations, earlier);
        self
    }

    /// Whether the best way to look that is permitted here keeps what is claimed of it.
    pub(super) fn best_is_kept(&self) -> bool {
        let best = self.checks.iter().map(|check| check.tier).min();
        let of_best = |check: &&Check| Some(check.tier) == best;
        let mut checks = self.checks.iter().filter(of_best).peekable();
        checks.peek().is_some() && checks.all(|check| check.verdict != CheckVerdict::Missed)
    }

    /// Stores it in the folder of reports, where it stands for every later run.
    pub(super) fn keep(&self, reports: &Path) -> io::Result<()> {
        save_selftest(reports, self)
    }

    /// Prints it for people, within 80 columns.
    pub(super) fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut tier = None;
        for check in &self.checks {
            if tier != Some(check.tier) {
                tier = Some(check.tier);
                let n = self.checks.iter().filter(|other| other.tier == check.tier);
                let n = n.map(|check| check.n).max().unwrap_or_default();
                writeln!(out, "\n{}, {n} starts", check.tier)?;
            }
            let word = match check.verdict {
                CheckVerdict::Kept => "ok",
                CheckVerdict::Missed => "MISSED",
                CheckVerdict::TooFew => "too few",
            };
            writeln!(
                out,
                "  {:<43} {:>22} {:>8}  {word}",
                check.claim, check.found, check.bound
            )?;
        }
        for fault in &self.unasked {
            writeln!(out, "warning: {fault}")?;
        }
        let best = self.checks.iter().map(|check| check.tier).min();
        match best {
            None => writeln!(out, "\nno start was seen")?,
            Some(tier) if self.best_is_kept() => writeln!(
                out,
                "\nstarts are timed by `{tier}` here, and it keeps what is claimed of it"
            )?,
            Some(tier) => writeln!(
                out,
                "\nstarts are timed by `{tier}` here, and it misses what is claimed of it: a busy or \
                 throttled\nmachine does that; see `seatrial doctor`"
            )?,
        }
        Ok(())
    }
}
