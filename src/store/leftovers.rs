//! Runs that ended without cleaning up, and what they may have left in the daemon.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::journal;
use super::run_folder::{FindRun, LoadRun, load, runs};
use crate::results::{BuildRecordsSeen, ClassicStand, Run, RunEnd};

/// The runs of a folder cannot be listed.
pub type FindLeftovers = FindRun;

/// A run that may have left something behind.
#[derive(Debug)]
pub struct Leftover {
    /// Its folder.
    pub folder: PathBuf,
    /// What is known about it.
    pub state: LeftoverState,
}

/// What is known about a run that may have left something behind.
#[derive(Debug)]
pub enum LeftoverState {
    /// It was killed: its journal has no end.
    Killed(Named),
    /// It ended, and said itself what it could not remove.
    LeftBehind {
        /// What its journal names.
        named: Named,
        /// How it ended, with what it left.
        end: RunEnd,
    },
    /// Somebody is writing its journal at this moment: nothing of it may be removed.
    InProgress,
    /// Its journal cannot be read, so nothing is known that could be removed.
    Unreadable(LoadRun),
}

/// The run's own resources, as its journal names them. Whether they exist is for the daemon to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// The run's id, which its containers, networks and volumes carry as a label.
    pub run_id: String,
    /// References of images that the run built or pulled, and of bases that it put into the daemon.
    pub references: BTreeSet<String>,
    /// Ids of images that the run built, and of bases that it put into the daemon.
    pub image_ids: BTreeSet<String>,
    /// Whose records of the build cache are whose, as far as the run came to say it.
    pub build_records: Vec<BuildRecordsSeen>,
    /// Short ids of images without a name that builds made, oldest first.
    pub made_images: Vec<String>,
    /// Where the last build of the classic builder stood when it was heard of last.
    pub classic_stand: Option<ClassicStand>,
}

impl Named {
    /// What a run's journal names.
    #[must_use]
    pub fn of(run: &Run) -> Self {
        let own_bases = || run.bases.iter().filter(|base| base.own);
        let variants = run.header.variants.iter();
        let built = run.builds.iter().filter_map(|build| build.image.as_ref());
        Self {
            run_id: run.header.run_id.clone(),
            references: variants
                .flat_map(|variant| [Some(variant.image.clone()), variant.cache_image.clone()])
                .flatten()
                .chain(own_bases().map(|base| base.reference.clone()))
                .chain(run.importing.iter().cloned())
                .chain(run.pulling.iter().cloned())
                .collect(),
            image_ids: built
                .map(|image| image.id.clone())
                .chain(own_bases().map(|base| base.id.clone()))
                .collect(),
            build_records: run.build_records.clone(),
            made_images: run.made_images.clone(),
            classic_stand: run.classic_stand.clone(),
        }
    }
}

/// Finds runs in `reports` that have no end, or ended with something left behind; oldest first.
///
/// # Errors
///
/// Where `reports` exists and cannot be listed. A run that cannot be read is listed as such.
pub fn find_leftovers(reports: &Path) -> Result<Vec<Leftover>, FindLeftovers> {
    let found = runs(reports)?.into_iter().filter_map(|folder| {
        let state = state_of(&folder)?;
        Some(Leftover { folder, state })
    });
    Ok(found.collect())
}

/// What the run in `folder` may have left; `None` where it cleaned up.
fn state_of(folder: &Path) -> Option<LeftoverState> {
    if journal::in_progress(folder) {
        return Some(LeftoverState::InProgress);
    }
    let run = match load(folder) {
        Ok(run) => run,
        Err(error) => return Some(LeftoverState::Unreadable(error)),
    };
    let named = Named::of(&run);
    match run.end {
        None => Some(LeftoverState::Killed(named)),
        Some(end) if end.left_behind.is_empty() => None,
        Some(end) => Some(LeftoverState::LeftBehind { named, end }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Record;
    use crate::store::Journal;
    use crate::store::fixture;

    fn write(reports: &Path, name: &str, records: &[Record]) -> Journal {
        std::fs::create_dir_all(reports.join(name)).unwrap();
        let mut journal = Journal::create(&reports.join(name)).unwrap();
        for record in records {
            journal.append(record).unwrap();
        }
        journal
    }

    #[test]
    fn killed_runs_are_found_with_what_they_name_and_others_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let records = fixture::records();
        let killed: Vec<Record> = records
            .iter()
            .filter(|record| !matches!(record, Record::End(_)))
            .cloned()
            .collect();
        drop(write(dir.path(), "20260101T000000Z-killed", &killed));
        drop(write(dir.path(), "20260102T000000Z-complete", &records));
        let running = write(dir.path(), "20260103T000000Z-running", &killed);
        drop(write(dir.path(), "20260104T000000Z-empty", &[]));
        let mut sorry = records.clone();
        if let Some(Record::End(end)) = sorry.last_mut() {
            end.left_behind.push("network seatrial-x".to_owned());
        }
        drop(write(dir.path(), "20260105T000000Z-sorry", &sorry));

        let found = find_leftovers(dir.path()).unwrap();
        let named = Named {
            run_id: "20261121T024403Z-quickstart-4f2a".to_owned(),
            references: [
                "seatrial/4f2a/naive",
                "seatrial/4f2a/ordered",
                "seatrial/4f2a/base-cargo",
                "seatrial/base/half-imported",
                "127.0.0.1:5/seatrial/4f2a/naive/c0ffee",
            ]
            .map(str::to_owned)
            .into(),
            image_ids: ["sha256:base", "sha256:naive"].map(str::to_owned).into(),
            build_records: vec![fixture::build_records()],
            made_images: vec!["111111111111".to_owned(), "222222222222".to_owned()],
            classic_stand: Some(fixture::classic_stand()),
        };
        let states: Vec<&LeftoverState> = found.iter().map(|leftover| &leftover.state).collect();
        let [
            LeftoverState::Killed(from_killed),
            LeftoverState::InProgress,
            LeftoverState::Unreadable(_),
            LeftoverState::LeftBehind {
                named: from_sorry,
                end,
            },
        ] = states.as_slice()
        else {
            panic!("{states:?}");
        };
        assert_eq!((from_killed, from_sorry), (&named, &named));
        assert_eq!(end.left_behind.as_slice(), ["network seatrial-x"]);
        assert!(found[0].folder.ends_with("20260101T000000Z-killed"));
        drop(running);
    }
}
