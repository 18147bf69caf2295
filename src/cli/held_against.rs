//! Two runs, one held against the other.

use std::io::{self, Write as _};
use std::path::Path;

use super::terminal::terminal;
use super::{ExitCode, Failure};
use crate::analyze::{Analysis, VerdictTable, changed_between, gated_series, incomparable};
use crate::report::{changes_text, paragraph};
use crate::results::Run;
use crate::store::load;

/// What of two runs is judged together.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rows {
    /// Everything that was measured.
    All,
    /// What has a gate.
    Gated,
}

/// A run and what it says.
pub(super) struct Read<'a> {
    /// Where it was read.
    pub(super) folder: &'a Path,
    pub(super) run: Run,
    pub(super) analysis: Analysis,
}

impl<'a> Read<'a> {
    /// Reads the run in a folder.
    pub(super) fn from(folder: &'a Path) -> Result<Self, Failure> {
        let run = load(folder).map_err(|error| {
            let hints = error.hints();
            Failure::new(ExitCode::Usage, error).with_hints(hints)
        })?;
        Ok(Self {
            folder,
            analysis: Analysis::of(&run),
            run,
        })
    }

    /// Holds it against an earlier run: everything, or what has a gate alone. Why times are not compared and what changed besides is told on standard error.
    pub(super) fn held_against(&self, baseline: &Self, rows: Rows) -> Result<VerdictTable, Failure> {
        let (before, now) = (&baseline.run.header, &self.run.header);
        let incomparable = incomparable(before, now);
        let series = |side: &Analysis| match rows {
            Rows::All => side.series.clone(),
            Rows::Gated => gated_series(&side.series, &now.gates),
        };
        let table = VerdictTable::between(
            &series(&baseline.analysis),
            &series(&self.analysis),
            incomparable.as_ref(),
            &now.gates,
        );
        if let Some(difference) = &incomparable {
            let sentence = format!(
                "warning: times are not compared: {} is {} in {} and {} in {}",
                difference.field,
                difference.baseline,
                baseline.folder.display(),
                difference.candidate,
                self.folder.display()
            );
            writeln!(io::stderr().lock(), "{}", paragraph(&sentence, "  ", terminal()))?;
        }
        let changes = changed_between(before, now);
        write!(io::stderr().lock(), "{}", changes_text(&changes, terminal()))?;
        Ok(table)
    }
}
