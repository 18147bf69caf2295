//! `seatrial report`: tables, charts and the page, again from the samples of a run.

use std::io::{IsTerminal as _, Write};
use std::path::PathBuf;

use super::args::ReportArgs;
use super::{ExitCode, Failure};
use crate::analyze::Analysis;
use crate::report::{Terminal, render_all, summary_json, tables};
use crate::results::Run;
use crate::store::{load, save_samples};

/// Writes the reports of runs again.
pub(super) fn report(args: &ReportArgs, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    write_report(&args.runs, args.json, out)
}

/// Writes the report files of each run into its folder, and the verdict sentence, the tables and the paths to `out`.
pub(super) fn write_report(
    folders: &[PathBuf],
    json: bool,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    for folder in folders {
        let run: Run = load(folder).map_err(|error| {
            let hints = error.hints();
            Failure::new(ExitCode::Usage, error).with_hints(hints)
        })?;
        let analysis = Analysis::of(&run);
        let csv = save_samples(folder, &run).map_err(|error| Failure::new(ExitCode::Failed, error))?;
        let mut paths =
            render_all(&run, &analysis, folder).map_err(|error| Failure::new(ExitCode::Failed, error))?;
        paths.push(csv);
        paths.sort();
        if json {
            writeln!(out, "{}", summary_json(&run, &analysis))?;
            continue;
        }
        write!(
            out,
            "{}",
            tables(&run, &analysis, Terminal::of(std::io::stdout().is_terminal()))
        )?;
        writeln!(out)?;
        for path in paths {
            writeln!(out, "{}", path.display())?;
        }
    }
    Ok(ExitCode::Done)
}
