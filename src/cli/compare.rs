//! `seatrial compare`: is one better than the other, of the variants of a run or of two runs.

use std::io::{self, Write};
use std::path::Path;

use super::args::CompareArgs;
use super::terminal::terminal;
use super::{ExitCode, Failure};
use crate::analyze::{Analysis, VerdictTable, changed_between, incomparable};
use crate::report::{Than, changes_text, paragraph, verdict_json, verdict_text};
use crate::results::Run;
use crate::store::load;

/// Holds a run against an earlier one, or the variants of a run against its baseline. What was found is no reason for another exit
/// code than that of success.
pub(super) fn compare(args: &CompareArgs, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let baseline = read(&args.baseline)?;
    let before = Analysis::of(&baseline);
    let Some(folder) = &args.candidate else {
        let table = VerdictTable::within(&before.series, &baseline.header.baseline);
        return tell(&table, Than::Variant, args, out);
    };
    let candidate = read(folder)?;
    let after = Analysis::of(&candidate);
    let incomparable = incomparable(&baseline.header, &candidate.header);
    let table = VerdictTable::between(&before.series, &after.series, incomparable.as_ref());
    let changes = changed_between(&baseline.header, &candidate.header);
    if let Some(difference) = &incomparable {
        let sentence = format!(
            "warning: times are not compared: {} is {} in {} and {} in {}",
            difference.field,
            difference.baseline,
            args.baseline.display(),
            difference.candidate,
            folder.display()
        );
        writeln!(io::stderr().lock(), "{}", paragraph(&sentence, "  ", terminal()))?;
    }
    write!(io::stderr().lock(), "{}", changes_text(&changes, terminal()))?;
    tell(&table, Than::Run(&baseline.header.run_id), args, out)
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

fn read(folder: &Path) -> Result<Run, Failure> {
    load(folder).map_err(|error| {
        let hints = error.hints();
        Failure::new(ExitCode::Usage, error).with_hints(hints)
    })
}
