//! `seatrial report`: tables, charts and the page, again from the samples of a run.

use std::io::{self, Write};
use std::path::PathBuf;

use super::args::ReportArgs;
use super::terminal::terminal;
use super::{ExitCode, Failure};
use crate::analyze::Analysis;
use crate::report::{paragraph, render_all, summary_json, tables};
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
        let rendered = render_all(&run, &analysis, folder);
        let mut paths = rendered.map_err(|error| Failure::new(ExitCode::Failed, error))?;
        paths.push(csv);
        paths.sort();
        if json {
            let summary = summary_json(&run, &analysis);
            let summary = summary.map_err(|error| Failure::new(ExitCode::Failed, error))?;
            out.write_all(summary.as_bytes())?;
            continue;
        }
        let sentence = analysis.sentence.to_string();
        writeln!(out, "{}\n", paragraph(&sentence, "", terminal()))?;
        // Tables of a run that was given up before its first sample would hold nothing but dashes.
        if !run.builds.is_empty() || !run.starts.is_empty() {
            writeln!(out, "{}", tables(&run, &analysis, terminal()))?;
        }
        for warning in &analysis.warnings {
            let warning = format!("warning: {warning}");
            writeln!(io::stderr().lock(), "{}", paragraph(&warning, "  ", terminal()))?;
        }
        for path in paths {
            writeln!(out, "{}", path.display())?;
        }
    }
    Ok(ExitCode::Done)
}
