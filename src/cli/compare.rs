//! `seatrial compare`: is one better than the other, of the variants of a run or of two runs.

use std::io::Write;

use super::args::CompareArgs;
use super::held_against::{Read, Rows};
use super::terminal::terminal;
use super::{ExitCode, Failure};
use crate::analyze::VerdictTable;
use crate::report::{Than, verdict_json, verdict_text};

/// Holds a run against an earlier one, or the variants of a run against its baseline. What was found is no reason for another exit
/// code than that of success.
pub(super) fn compare(args: &CompareArgs, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let baseline = Read::from(&args.baseline)?;
    let Some(folder) = &args.candidate else {
        let header = &baseline.run.header;
        let table = VerdictTable::within(&baseline.analysis.series, &header.baseline, &header.gates);
        return tell(&table, Than::Variant, args, out);
    };
    let table = Read::from(folder)?.held_against(&baseline, Rows::All)?;
    tell(&table, Than::Run(&baseline.run.header.run_id), args, out)
}

fn tell(
    table: &VerdictTable,
    than: Than<'_>,
    args: &CompareArgs,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    if args.json {
        let json = verdict_json(table).map_err(|error| Failure::new(ExitCode::Failed, error))?;
        out.write_all(json.as_bytes())?;
    } else {
        write!(out, "{}", verdict_text(table, than, args.all, terminal()))?;
    }
    Ok(ExitCode::Done)
}
