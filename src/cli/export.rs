//! `seatrial export`: a run in the forms that other programs read.

use std::io::Write;

use super::args::{ExportArgs, ExportFormat};
use super::held_against::Read;
use super::{ExitCode, Failure};
use crate::report::export::{bencher, github_benchmark, openmetrics};
use crate::store::write_samples;

/// Writes a run to `out` in the form that is asked for.
pub(super) fn export(args: &ExportArgs, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let read = Read::from(&args.run)?;
    let scenario = &read.run.header.scenario;
    let failed = |error| Failure::new(ExitCode::Failed, error);
    let text = match args.format {
        ExportFormat::Csv => {
            write_samples(&read.run, out).map_err(|error| Failure::new(ExitCode::Failed, error))?;
            return Ok(ExitCode::Done);
        }
        ExportFormat::Openmetrics => openmetrics(scenario, &read.analysis),
        ExportFormat::Bencher => bencher(scenario, &read.analysis).map_err(failed)?,
        ExportFormat::GithubBenchmark => github_benchmark(scenario, &read.analysis).map_err(failed)?,
    };
    out.write_all(text.as_bytes())?;
    Ok(ExitCode::Done)
}
