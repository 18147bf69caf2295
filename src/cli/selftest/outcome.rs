//! What a self-test came to: a table for people, and a file beside the runs.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::analyze::{Check, CheckVerdict};
use crate::results::Environment;

/// The name of the file in the folder of reports.
pub(super) const FILE: &str = "selftest.json";

/// The version of that file's form.
const SCHEMA: u32 = 1;

/// What a self-test came to.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    schema: u32,
    tool_version: &'static str,
    finished_utc: String,
    /// The machine and the daemon.
    environment: Option<Environment>,
    checks: Vec<Check>,
    /// Servers that could not be asked.
    unasked: Vec<String>,
}

impl Outcome {
    pub(super) fn of(
        checks: Vec<Check>,
        faults: &[String],
        finished_utc: String,
        environment: Option<Environment>,
    ) -> Self {
        Self {
            schema: SCHEMA,
            tool_version: env!("CARGO_PKG_VERSION"),
            finished_utc,
            environment,
            checks,
            unasked: faults.to_vec(),
        }
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
        let text = serde_json::to_vec_pretty(self).map_err(io::Error::from)?;
        // Written whole or not at all: a run that begins meanwhile reads the one before.
        let mut file = tempfile::NamedTempFile::new_in(reports)?;
        file.write_all(&text)?;
        file.write_all(b"\n")?;
        file.persist(reports.join(FILE))
            .map(drop)
            .map_err(|error| error.error)
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
