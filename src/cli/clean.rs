//! `seatrial clean`: what killed runs left in the daemon, found by what their journals name, and in the temporary
//! folder, found by its name and by a lock that nobody holds.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;

use super::args::CleanArgs;
use super::engine::{connect, runtime};
use super::measurement::kept_bases;
use super::sweep::{Sweep, settle};
use super::{ExitCode, Failure};
use crate::causes::in_one_line;
use crate::results::{Record, RunEnd, StopReason};
use crate::store::{Errand, Journal, Leftover, LeftoverState, Named, find_leftovers};
use crate::workspace::{AbandonedScratch, Scratch};

/// Removes leftovers; prints one line for each thing.
pub(super) fn clean(args: &CleanArgs, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let leftovers = find_leftovers(&args.reports).map_err(|error| Failure::new(ExitCode::Failed, error))?;
    let mut code = ExitCode::Done;
    let (errands, removed) = remove_scratch(args.dry_run, out)?;
    if !removed {
        code = ExitCode::Failed;
    }
    let runtime = runtime()?;
    let engine = runtime.block_on(connect(&args.daemon))?;
    let killed: Vec<_> = leftovers.iter().filter_map(killed).collect();
    let killed = killed
        .into_iter()
        .chain(errands.iter().map(|(_, errand)| &errand.named));
    runtime.block_on(settle(&engine, &killed.collect::<Vec<_>>()));
    for leftover in leftovers {
        let folder = leftover.folder.display();
        let (named, end) = match leftover.state {
            LeftoverState::InProgress => {
                writeln!(out, "{folder}: still running, left alone")?;
                continue;
            }
            LeftoverState::Unreadable(error) => {
                writeln!(io::stderr().lock(), "warning: {folder}: {}", in_one_line(&error))?;
                continue;
            }
            LeftoverState::Killed(named) => (named, None),
            LeftoverState::LeftBehind { named, end } => (named, Some(end)),
        };
        let sweep = Sweep {
            engine: &engine,
            dry_run: args.dry_run,
            pruning: (&args.pruning).into(),
        };
        let swept = runtime.block_on(sweep.run(&named, out))?;
        if swept.faults.is_empty() && !args.dry_run {
            close_journal(&leftover.folder, end, swept.spared)?;
        }
        for fault in &swept.faults {
            let text = in_one_line(fault);
            writeln!(io::stderr().lock(), "warning: {folder}: {text}")?;
            code = ExitCode::Failed;
        }
    }
    for (scratch, errand) in errands {
        let path = scratch.path().display().to_string();
        if errand.daemon_id != engine.id() {
            writeln!(out, "left {path}: its images are on another daemon")?;
            continue;
        }
        let sweep = Sweep {
            engine: &engine,
            dry_run: args.dry_run,
            pruning: (&args.pruning).into(),
        };
        let swept = runtime.block_on(sweep.run(&errand.named, out))?;
        for fault in &swept.faults {
            let text = in_one_line(fault);
            writeln!(io::stderr().lock(), "warning: {path}: {text}")?;
            code = ExitCode::Failed;
        }
        if swept.is_done() && !remove_one_scratch(scratch, args.dry_run, out)? {
            code = ExitCode::Failed;
        }
    }
    if args.bases {
        remove_kept_bases(args.dry_run, out)?;
    }
    Ok(code)
}

/// What a run that was killed may have left.
fn killed(leftover: &Leftover) -> Option<&Named> {
    match &leftover.state {
        LeftoverState::Killed(named) => Some(named),
        _ => None,
    }
}

/// Writes into a run's journal what is left of it, so that what is gone is looked for no more. `end` is how it ended; one
/// that was killed did not.
fn close_journal(folder: &Path, end: Option<RunEnd>, spared: Option<String>) -> Result<(), Failure> {
    let left_behind = Vec::from_iter(spared);
    if end.as_ref().is_some_and(|end| end.left_behind == left_behind) {
        return Ok(());
    }
    let end = end.unwrap_or_else(|| RunEnd {
        finished_utc: Timestamp::now().to_string(),
        stop: StopReason::Aborted,
        left_behind: Vec::new(),
    });
    let mut journal = Journal::reopen(folder).map_err(|error| Failure::new(ExitCode::Failed, error))?;
    journal
        .append(&Record::End(RunEnd { left_behind, ..end }))
        .map_err(|error| Failure::new(ExitCode::Failed, error))
}

/// Removes the scratch copies of killed runs. Gives the folders that name something in a daemon, which is to be removed
/// first, and whether all others could be removed.
pub(super) fn remove_scratch(
    dry_run: bool,
    out: &mut dyn Write,
) -> Result<(Vec<(AbandonedScratch, Errand)>, bool), Failure> {
    let abandoned =
        Scratch::abandoned(&std::env::temp_dir()).map_err(|error| Failure::new(ExitCode::Failed, error))?;
    let (mut errands, mut all) = (Vec::new(), true);
    for scratch in abandoned {
        match Errand::load(scratch.path()) {
            Ok(Some(errand)) => errands.push((scratch, errand)),
            // Nothing in a daemon is known by a journal that cannot be read.
            Ok(None) | Err(_) => all &= remove_one_scratch(scratch, dry_run, out)?,
        }
    }
    Ok((errands, all))
}

/// Removes a scratch folder; whether that could be done.
fn remove_one_scratch(scratch: AbandonedScratch, dry_run: bool, out: &mut dyn Write) -> io::Result<bool> {
    let path = scratch.path().display().to_string();
    if dry_run {
        writeln!(out, "would remove {path}")?;
        return Ok(true);
    }
    match scratch.remove() {
        Ok(()) => writeln!(out, "removed {path}")?,
        Err(error) => {
            let text = in_one_line(&error);
            writeln!(io::stderr().lock(), "warning: {text}")?;
            return Ok(false);
        }
    }
    Ok(true)
}

/// Removes root file systems of imported bases from the user's cache folder.
fn remove_kept_bases(dry_run: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let folder = kept_bases();
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Failure::new(ExitCode::Failed, error)),
    };
    for entry in entries {
        let path = entry?.path();
        let verb = if dry_run { "would remove" } else { "removed" };
        if !dry_run {
            fs::remove_file(&path)?;
        }
        writeln!(out, "{verb} {}", path.display())?;
    }
    Ok(())
}
