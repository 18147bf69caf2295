//! `seatrial check`: every mistake of a scenario at once, without touching Docker.

use std::io::Write;
use std::path::PathBuf;

use super::problems::{ProblemStyle, write_problems};
use super::scenario_folder::ScenarioFolder;
use super::{ExitCode, Failure};
use crate::scenario::{Checked, Overrides};

/// Checks every scenario, and shows all mistakes of all of them on `err`.
///
/// # Errors
///
/// Where a scenario cannot be found, or has a mistake; the mistakes were shown then.
pub(super) fn check_all(
    scenarios: &[PathBuf],
    overrides: &Overrides,
    err: &mut dyn Write,
) -> Result<Vec<Checked>, Failure> {
    let style = ProblemStyle::of_stderr();
    let mut all = Vec::new();
    let mut mistakes = 0;
    for path in scenarios {
        let checked = ScenarioFolder::at(path).check(overrides)?;
        write_problems(&checked, style, err)?;
        mistakes += checked.problems.len();
        all.push(checked);
    }
    match mistakes {
        0 => Ok(all),
        1 => Err(Failure::new(ExitCode::Usage, "there is one mistake")),
        _ => Err(Failure::new(
            ExitCode::Usage,
            format!("there are {mistakes} mistakes"),
        )),
    }
}

/// Says of each checked scenario what it would measure.
///
/// # Errors
///
/// Where `out` cannot be written.
pub(super) fn summarize(checked: &[Checked], out: &mut dyn Write) -> std::io::Result<()> {
    for scenario in checked.iter().filter_map(|checked| checked.scenario.as_ref()) {
        let starts = match &scenario.start {
            Some(start) => format!("{} starts", start.samples),
            None => "no starts".to_owned(),
        };
        writeln!(
            out,
            "{}: ok, {} variants, {} steps, {} rounds, {starts}",
            scenario.name,
            scenario.variants.len(),
            scenario.build.steps.len(),
            scenario.build.rounds,
        )?;
    }
    Ok(())
}
