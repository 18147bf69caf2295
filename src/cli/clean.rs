//! `seatrial clean`: what killed runs left in the daemon, found by what their journals name, and in the temporary
//! folder, found by its name and by a lock that nobody holds.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;

use super::args::CleanArgs;
use super::engine::{connect, runtime};
use super::run::kept_bases;
use super::{ExitCode, Failure};
use crate::docker::Engine;
use crate::results::{Record, RunEnd, StopReason};
use crate::run::{Attribution, Builder as _, Containers as _, EngineFault, Images as _, prune_own_records};
use crate::store::{Journal, LeftoverState, Named, find_leftovers};
use crate::workspace::Scratch;

/// Removes leftovers; prints one line for each thing.
pub(super) fn clean(args: &CleanArgs, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let leftovers = find_leftovers(&args.reports).map_err(|error| Failure::new(ExitCode::Failed, error))?;
    let mut code = ExitCode::Done;
    if !remove_scratch(args.dry_run, out)? {
        code = ExitCode::Failed;
    }
    let runtime = runtime()?;
    let engine = runtime.block_on(connect(&args.daemon))?;
    for leftover in leftovers {
        let folder = leftover.folder.display();
        match leftover.state {
            LeftoverState::InProgress => writeln!(out, "{folder}: still running, left alone")?,
            LeftoverState::Unreadable(error) => {
                writeln!(
                    io::stderr().lock(),
                    "warning: {folder}: {}",
                    super::failure::in_one_line(&error)
                )?;
            }
            LeftoverState::Killed(named) | LeftoverState::LeftBehind { named, .. } => {
                let sweep = Sweep {
                    engine: &engine,
                    dry_run: args.dry_run,
                };
                let faults = runtime.block_on(sweep.run(&named, out))?;
                if faults.is_empty() && !args.dry_run {
                    close_journal(&leftover.folder)?;
                }
                for fault in &faults {
                    let text = super::failure::in_one_line(fault);
                    writeln!(io::stderr().lock(), "warning: {folder}: {text}")?;
                    code = ExitCode::Failed;
                }
            }
        }
    }
    if args.bases {
        remove_kept_bases(args.dry_run, out)?;
    }
    Ok(code)
}

/// Ends the journal of a run that was killed, so that its leftovers are looked for no more.
fn close_journal(folder: &Path) -> Result<(), Failure> {
    let mut journal = Journal::reopen(folder).map_err(|error| Failure::new(ExitCode::Failed, error))?;
    let end = RunEnd {
        finished_utc: Timestamp::now().to_string(),
        stop: StopReason::Aborted,
        left_behind: Vec::new(),
    };
    journal
        .append(&Record::End(end))
        .map_err(|error| Failure::new(ExitCode::Failed, error))
}

/// The removal of one run's leftovers.
struct Sweep<'a> {
    engine: &'a Engine,
    dry_run: bool,
}

impl Sweep<'_> {
    /// Removes what is there; returns what could not be removed.
    async fn run(&self, named: &Named, out: &mut dyn Write) -> io::Result<Vec<EngineFault>> {
        let mut faults = Vec::new();
        match self.engine.containers_of_run(&named.run_id).await {
            Err(fault) => faults.push(fault),
            Ok(ids) => {
                for id in ids {
                    self.say("container", &id, out)?;
                    if !self.dry_run {
                        faults.extend(self.engine.remove_container(&id).await.err());
                    }
                }
            }
        }
        for name in &named.references {
            let tagged = match self.engine.image_references(name).await {
                Ok(tagged) => tagged,
                Err(fault) => {
                    faults.push(fault);
                    continue;
                }
            };
            for reference in tagged {
                self.say("image", &reference, out)?;
                if !self.dry_run {
                    faults.extend(self.engine.remove_image(&reference).await.err());
                }
            }
        }
        if !named.made_images.is_empty() && !self.dry_run {
            // Bases are the oldest: they are without a name by now, where something was made of them.
            let ids = named
                .image_ids
                .iter()
                .map(|id| id.trim_start_matches("sha256:").to_owned());
            let ids: Vec<_> = ids.chain(named.made_images.iter().cloned()).collect();
            faults.extend(self.engine.remove_made_images(&ids).await.err());
        }
        faults.extend(self.build_records(named, out).await?);
        Ok(faults)
    }

    /// Removes records of the build cache that were the run's for certain, and says how many are left because they may
    /// be somebody else's.
    async fn build_records(&self, named: &Named, out: &mut dyn Write) -> io::Result<Vec<EngineFault>> {
        if named.build_records.is_empty() {
            return Ok(Vec::new());
        }
        let attribution = Attribution::of_journal(&named.build_records);
        let records = match self.engine.settled_build_records().await {
            Ok(records) => records,
            Err(fault) => return Ok(vec![fault]),
        };
        for record in attribution.own(&records) {
            self.say("record of the build cache", &record.id, out)?;
        }
        let doubtful = attribution.doubtful(&records).count();
        if doubtful > 0 {
            writeln!(
                out,
                "left {doubtful} records of the build cache that appeared beside those of {}: they may be \
                 somebody else's",
                named.run_id
            )?;
        }
        if self.dry_run {
            return Ok(Vec::new());
        }
        let pruned = prune_own_records(self.engine, &attribution, records).await;
        Ok(Vec::from_iter(pruned.err()))
    }

    fn say(&self, kind: &str, name: &str, out: &mut dyn Write) -> io::Result<()> {
        let verb = if self.dry_run { "would remove" } else { "removed" };
        writeln!(out, "{verb} {kind} {name}")
    }
}

/// Removes the scratch copies of killed runs; whether all of them could be removed.
fn remove_scratch(dry_run: bool, out: &mut dyn Write) -> Result<bool, Failure> {
    let abandoned =
        Scratch::abandoned(&std::env::temp_dir()).map_err(|error| Failure::new(ExitCode::Failed, error))?;
    let mut all = true;
    for scratch in abandoned {
        let path = scratch.path().display().to_string();
        if dry_run {
            writeln!(out, "would remove {path}")?;
            continue;
        }
        match scratch.remove() {
            Ok(()) => writeln!(out, "removed {path}")?,
            Err(error) => {
                let text = super::failure::in_one_line(&error);
                writeln!(io::stderr().lock(), "warning: {text}")?;
                all = false;
            }
        }
    }
    Ok(all)
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
