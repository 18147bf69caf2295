//! The folder of a run below `reports/`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::journal_lines::{ReadJournal, is_in, read_journal};
use crate::results::{Run, StopReason, UnreadableRun, WarningRecord};

/// How many runs of one scenario may begin within one second.
const MOST_SUFFIXES: u32 = 99;

/// The folder of one run, made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

/// Why the folder of a run cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum CreateRunFolder {
    /// The place of all runs cannot be made.
    #[error("cannot create the folder {} for reports", path.display())]
    CreateReports {
        /// The folder of all runs.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder of this run cannot be made.
    #[error("cannot create the folder {} for this run", path.display())]
    CreateFolder {
        /// The folder of this run.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Too many runs of this scenario began in this second.
    #[error("cannot find a free name beside {} for this run", path.display())]
    ChooseName {
        /// The first name that was taken.
        path: PathBuf,
    },
}

impl CreateRunFolder {
    /// What to do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        let source = match self {
            Self::CreateReports { source, .. } | Self::CreateFolder { source, .. } => source,
            Self::ChooseName { .. } => return vec!["begin the run again in a second".to_owned()],
        };
        vec![match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "free space on that disk, or write the reports to another one".to_owned()
            }
            _ => "name a folder for the reports that you may write to".to_owned(),
        }]
    }
}

impl RunFolder {
    /// Makes `<reports>/<utc>-<scenario>`, with a suffix where that is taken, and `reports` itself where it is
    /// missing. `started` is cut to the second.
    ///
    /// # Errors
    ///
    /// Where the place cannot be written.
    pub fn create(reports: &Path, scenario: &str, started: Timestamp) -> Result<Self, CreateRunFolder> {
        fs::create_dir_all(reports).map_err(|source| CreateRunFolder::CreateReports {
            path: reports.to_owned(),
            source,
        })?;
        let utc = started.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ");
        let name = format!("{utc}-{}", file_name_of(scenario));
        for suffix in 1..=MOST_SUFFIXES {
            let path = match suffix {
                1 => reports.join(&name),
                _ => reports.join(format!("{name}-{suffix}")),
            };
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self { path }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(CreateRunFolder::CreateFolder { path, source }),
            }
        }
        Err(CreateRunFolder::ChooseName {
            path: reports.join(name),
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A scenario's name as part of a file name: whatever is not a letter, a digit, `.`, `_` or `-` becomes `-`.
pub(super) fn file_name_of(scenario: &str) -> String {
    scenario
        .chars()
        .map(|character| match character {
            '.' | '_' | '-' => character,
            _ if character.is_alphanumeric() => character,
            _ => '-',
        })
        .collect()
}

/// Why a run cannot be read back.
#[derive(Debug, thiserror::Error)]
pub enum LoadRun {
    /// Its journal cannot be read.
    #[error("cannot load the run in {}", path.display())]
    ReadJournal {
        /// The folder of the run.
        path: PathBuf,
        /// What is wrong with the journal.
        source: ReadJournal,
    },
    /// The journal's records do not make a run.
    #[error("cannot make a run of the journal in {}", path.display())]
    AssembleRun {
        /// The folder of the run.
        path: PathBuf,
        /// What is wrong with the records.
        source: UnreadableRun,
    },
}

impl LoadRun {
    /// What to do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::ReadJournal { source, .. } => source.hints(),
            Self::AssembleRun { .. } => Vec::new(),
        }
    }
}

/// Reads the run in `dir` back, complete or not. A torn last line of its journal becomes a warning of the run.
///
/// # Errors
///
/// Where its journal cannot be read, or its records do not make a run.
pub fn load(dir: &Path) -> Result<Run, LoadRun> {
    let lines = read_journal(dir).map_err(|source| LoadRun::ReadJournal {
        path: dir.to_owned(),
        source,
    })?;
    let mut run = Run::from_records(lines.records).map_err(|source| LoadRun::AssembleRun {
        path: dir.to_owned(),
        source,
    })?;
    run.warnings.extend(lines.torn.map(|torn| WarningRecord {
        message: torn.to_string(),
    }));
    Ok(run)
}

/// The place of all runs cannot be listed.
#[derive(Debug, thiserror::Error)]
#[error("cannot list the runs in {}", path.display())]
pub struct FindRun {
    /// The folder of all runs.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// The newest complete run of a scenario in `reports`; `None` where there is none that can be read.
///
/// # Errors
///
/// Where `reports` exists and cannot be listed.
pub fn latest_of(reports: &Path, scenario: &str) -> Result<Option<Run>, FindRun> {
    let newest_first = runs(reports)?.into_iter().rev();
    let mut readable = newest_first.filter_map(|folder| load(&folder).ok());
    Ok(readable.find(|run| {
        let complete = run
            .end
            .as_ref()
            .is_some_and(|end| end.stop == StopReason::Complete);
        complete && run.header.scenario == scenario
    }))
}

/// The folders of all runs in `reports`, oldest first. Folders with other names are no runs of their own: a
/// reference run that somebody keeps has a name that says what it is.
pub(super) fn runs(reports: &Path) -> Result<Vec<PathBuf>, FindRun> {
    let error = |source| FindRun {
        path: reports.to_owned(),
        source,
    };
    let entries = match fs::read_dir(reports) {
        Ok(entries) => entries,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(error(source)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(error)?.file_name();
        if let Some(name) = name.to_str()
            && utc_of(name).is_some()
            && is_in(&reports.join(name))
        {
            names.push(name.to_owned());
        }
    }
    // Within one second and scenario the later run has the longer name.
    names.sort_by(|left, right| (utc_of(left), left.len(), left).cmp(&(utc_of(right), right.len(), right)));
    Ok(names.into_iter().map(|name| reports.join(name)).collect())
}

/// The `20261121T024403Z` that a run folder's name begins with.
fn utc_of(name: &str) -> Option<&str> {
    let (utc, _) = name.split_once('-')?;
    let shape = "ddddddddTddddddZ";
    let fits = utc.len() == shape.len()
        && utc
            .bytes()
            .zip(shape.bytes())
            .all(|(byte, expected)| match expected {
                b'd' => byte.is_ascii_digit(),
                letter => byte == letter,
            });
    fits.then_some(utc)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Record;
    use crate::store::Journal;
    use crate::store::fixture;

    fn started() -> Timestamp {
        "2026-11-21T02:44:03.987Z".parse().unwrap()
    }

    fn name(folder: &RunFolder) -> &str {
        folder.path().file_name().unwrap().to_str().unwrap()
    }

    #[test]
    fn the_name_is_the_utc_second_and_the_scenario_with_a_suffix_where_taken() {
        let dir = tempfile::tempdir().unwrap();
        let reports = dir.path().join("deep/reports");
        let create = |scenario| RunFolder::create(&reports, scenario, started()).unwrap();
        assert_eq!(name(&create("quickstart")), "20261121T024403Z-quickstart");
        assert_eq!(name(&create("quickstart")), "20261121T024403Z-quickstart-2");
        assert_eq!(name(&create("quickstart")), "20261121T024403Z-quickstart-3");
        assert_eq!(name(&create("../up and away")), "20261121T024403Z-..-up-and-away");
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named_with_a_hint() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("reports");
        fs::write(&file, "a file where a folder should be").unwrap();
        let error = RunFolder::create(&file, "quickstart", started()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("cannot create the folder {} for reports", file.display())
        );
        assert_eq!(
            error.hints(),
            ["name a folder for the reports that you may write to"]
        );

        // Even the superuser cannot make a folder there.
        let error = RunFolder::create(Path::new("/proc"), "quickstart", started()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot create the folder /proc/20261121T024403Z-quickstart for this run"
        );
    }

    #[test]
    fn a_run_is_loaded_as_it_was_written_and_a_torn_line_becomes_a_warning() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::create(dir.path()).unwrap();
        for record in fixture::records() {
            journal.append(&record).unwrap();
        }
        let run = load(dir.path()).unwrap();
        assert_eq!(run, Run::from_records(fixture::records()).unwrap());

        let mut bytes = fs::read(journal.path()).unwrap();
        bytes.truncate(bytes.len() - 20);
        fs::write(journal.path(), bytes).unwrap();
        let torn = load(dir.path()).unwrap();
        assert_eq!(torn.end, None);
        assert_eq!(torn.warnings.len(), run.warnings.len() + 1);
        assert!(torn.warnings.last().unwrap().message.contains("was cut short"));
    }

    #[test]
    fn records_without_a_header_are_no_run() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::create(dir.path()).unwrap();
        journal.append(&fixture::records()[1]).unwrap();
        let error = load(dir.path()).unwrap_err();
        assert!(matches!(error, LoadRun::AssembleRun { .. }), "{error:?}");
    }

    #[test]
    fn the_newest_complete_run_of_a_scenario_is_found_among_what_else_lies_there() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(
            latest_of(&dir.path().join("missing"), "quickstart").unwrap(),
            None
        );
        assert_eq!(latest_of(dir.path(), "quickstart").unwrap(), None);
        let write = |folder: &str, scenario: &str, complete: bool| {
            fs::create_dir(dir.path().join(folder)).unwrap();
            let mut journal = Journal::create(&dir.path().join(folder)).unwrap();
            for mut record in fixture::records() {
                if let Record::Run(header) = &mut record {
                    scenario.clone_into(&mut header.scenario);
                    folder.clone_into(&mut header.run_id);
                }
                if complete || !matches!(record, Record::End(_)) {
                    journal.append(&record).unwrap();
                }
            }
        };
        write("20261121T024403Z-quickstart-9", "quickstart", true);
        write("20261121T024403Z-quickstart-10", "quickstart", true);
        write("20261122T000000Z-quickstart", "quickstart", false);
        write("20261123T000000Z-zebra", "zebra", true);
        write("reference", "quickstart", true);
        fs::create_dir(dir.path().join("20270101T000000Z-without-a-journal")).unwrap();
        let found = latest_of(dir.path(), "quickstart").unwrap().unwrap();
        assert_eq!(found.header.run_id, "20261121T024403Z-quickstart-10");
    }
}
