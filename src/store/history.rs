//! The nights of a project on disk: one file a run, written once and never changed.
//!
//! `<history>/<project>/<machine key>/<yyyy>/<mm>/<utc>-<commit>-<run id>.json`, and what was accepted in
//! `<history>/<project>/accepted/<utc>-<digest>.json`. Any number of machines may add to it, in a committed folder, a branch or a
//! bucket: no file is ever written by two of them. Everything else is made from these files.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::run_folder::file_name_of;
use crate::digest::Digest;
use crate::results::{Acceptance, NIGHT_SCHEMA, Night};

/// The folder of what was accepted.
const ACCEPTED: &str = "accepted";

/// So many characters of a commit's name are part of a file's.
const SHORT: usize = 12;

/// The longest part of a file's name that comes from elsewhere.
const LONGEST_PART: usize = 100;

/// Why a history cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum AddNight {
    /// The run says of itself when it began, and that is no instant.
    #[error("the run {run_id} began at {text:?}, expected an instant such as 2026-02-03T02:00:00Z")]
    ReadInstant {
        /// The run.
        run_id: String,
        /// What it says.
        text: String,
    },
    /// It is there already.
    #[error("{} is there already, and holds something else", path.display())]
    IsThere {
        /// The file.
        path: PathBuf,
        /// Whether it holds the same.
        same: bool,
    },
    /// The file cannot be written.
    #[error("cannot write {}", path.display())]
    WriteFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Why a history cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the history {}", path.display())]
pub struct ReadHistory {
    /// The folder or file.
    pub path: PathBuf,
    /// What the system said.
    source: io::Error,
}

/// The nights of one project.
#[derive(Clone, Debug)]
pub struct NightStore {
    folder: PathBuf,
}

/// What a history holds.
#[derive(Debug, Default)]
pub struct StoredNights {
    /// The nights, in the order of their beginnings and then of their runs' ids.
    pub nights: Vec<Night>,
    /// What was accepted, in the order in which it was.
    pub acceptances: Vec<Acceptance>,
    /// Files that were left out, each with the reason.
    pub left_out: Vec<String>,
}

/// The version alone, which every form has.
#[derive(Deserialize)]
struct Versioned {
    schema: u32,
}

impl NightStore {
    /// The nights of a project in a folder of histories. Nothing is made before the first night is added.
    #[must_use]
    pub fn of(history: &Path, project: &str) -> Self {
        Self {
            folder: history.join(part(project)),
        }
    }

    /// Adds a night, and returns its file.
    ///
    /// # Errors
    ///
    /// Where it is there already, or cannot be written; nothing is left behind then.
    pub fn add(&self, night: &Night) -> Result<PathBuf, AddNight> {
        let header = &night.header;
        let began = instant(&header.started_utc).ok_or_else(|| AddNight::ReadInstant {
            run_id: header.run_id.clone(),
            text: header.started_utc.clone(),
        })?;
        let began = began.to_zoned(TimeZone::UTC);
        let commit = header.commit.as_ref().map_or("none", |commit| &commit.sha);
        let commit: String = commit.chars().take(SHORT).collect();
        let folder = self
            .folder
            .join(part(&night.machine_key))
            .join(began.strftime("%Y").to_string())
            .join(began.strftime("%m").to_string());
        let utc = began.strftime("%Y%m%dT%H%M%SZ");
        let name = format!("{utc}-{}-{}.json", part(&commit), part(&header.run_id));
        write_once(&folder, &name, night)
    }

    /// Adds what was accepted, and returns its file.
    ///
    /// # Errors
    ///
    /// Where it cannot be written; nothing is left behind then.
    pub fn accept(&self, acceptance: &Acceptance) -> Result<PathBuf, AddNight> {
        let began = instant(&acceptance.accepted_utc).ok_or_else(|| AddNight::ReadInstant {
            run_id: acceptance.from_run.clone(),
            text: acceptance.accepted_utc.clone(),
        })?;
        let utc = began.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ");
        let digest = Digest::of(format!("{acceptance:?}"));
        let name = format!("{utc}-{}.json", digest.short());
        write_once(&self.folder.join(ACCEPTED), &name, acceptance)
    }

    /// Reads everything. What is of a newer form, or none at all, is left out and told; of a run that is there twice, the first file
    /// by name counts.
    ///
    /// # Errors
    ///
    /// Where a folder or file cannot be read. A history that is not there is empty.
    pub fn read(&self) -> Result<StoredNights, ReadHistory> {
        let mut stored = StoredNights::default();
        let mut files = Vec::new();
        list(&self.folder, &mut files)?;
        files.sort();
        let accepted = self.folder.join(ACCEPTED);
        for path in files {
            let text = fs::read(&path).map_err(|source| ReadHistory {
                path: path.clone(),
                source,
            })?;
            let read = if path.starts_with(&accepted) {
                parse(&text).map(|acceptance| stored.acceptances.push(acceptance))
            } else {
                parse(&text).and_then(|night: Night| {
                    let twin = |other: &Night| other.header.run_id == night.header.run_id;
                    if instant(&night.header.started_utc).is_none() {
                        return Err(format!("it began at {:?}", night.header.started_utc));
                    }
                    if stored.nights.iter().any(twin) {
                        return Err(format!("the run {} is there twice", night.header.run_id));
                    }
                    stored.nights.push(night);
                    Ok(())
                })
            };
            if let Err(reason) = read {
                stored.left_out.push(format!("{}: {reason}", path.display()));
            }
        }
        stored
            .nights
            .sort_by_cached_key(|night| (instant(&night.header.started_utc), night.header.run_id.clone()));
        stored
            .acceptances
            .sort_by(|one, other| one.accepted_utc.cmp(&other.accepted_utc));
        Ok(stored)
    }
}

/// A part of a path, from a text of whoever.
fn part(text: &str) -> String {
    let name: String = file_name_of(text).chars().take(LONGEST_PART).collect();
    // Such a name is a folder that is there already, or hidden.
    match name.trim_start_matches('.') {
        "" => "unnamed".to_owned(),
        name => name.to_owned(),
    }
}

fn instant(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

fn parse<T: for<'de> Deserialize<'de>>(text: &[u8]) -> Result<T, String> {
    let Versioned { schema } = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if schema != NIGHT_SCHEMA {
        return Err(format!("it has schema {schema}, expected {NIGHT_SCHEMA}"));
    }
    serde_json::from_slice(text).map_err(|error| error.to_string())
}

/// Every `.json` file below a folder, where it is there.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), ReadHistory> {
    let failed = |source| ReadHistory {
        path: folder.to_owned(),
        source,
    };
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            list(&path, files)?;
        } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    Ok(())
}

/// Writes a file that must not be there yet: complete under a name of its own first, which then gets the name that is meant, as a
/// link, since that fails where the name is taken.
fn write_once(folder: &Path, name: &str, value: &impl Serialize) -> Result<PathBuf, AddNight> {
    let path = folder.join(name);
    let failed = |source| AddNight::WriteFile {
        path: path.clone(),
        source,
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let mut file = tempfile::Builder::new()
        .prefix(".adding-")
        // A temporary file is its owner's alone; a history is for whoever may read the folder.
        .permissions(fs::Permissions::from_mode(0o644))
        .tempfile_in(folder)
        .map_err(failed)?;
    let mut text = serde_json::to_vec(value).map_err(|error| failed(error.into()))?;
    text.push(b'\n');
    file.write_all(&text).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    match file.persist_noclobber(&path) {
        Ok(_) => Ok(path),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            let same = fs::read(&path).is_ok_and(|there| there == text);
            Err(AddNight::IsThere { path, same })
        }
        Err(error) => Err(failed(error.error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::{Analysis, night_of};
    use crate::store::fixture;

    fn night(run_id: &str, began: &str) -> Night {
        let run = crate::results::Run::from_records(fixture::records()).unwrap();
        let mut night = night_of(&run, &Analysis::of(&run));
        night.header.run_id = run_id.to_owned();
        night.header.started_utc = began.to_owned();
        night
    }

    #[test]
    fn nights_come_back_in_order_whoever_added_them_and_are_never_written_over() {
        let parent = tempfile::tempdir().unwrap();
        let store = NightStore::of(parent.path(), "project/one");
        assert!(store.read().unwrap().nights.is_empty());
        let second = night("second", "2026-02-04T02:00:00Z");
        let mut first = night("first", "2026-02-03T02:00:00Z");
        first.machine_key = "another".to_owned();
        let path = store.add(&second).unwrap();
        store.add(&first).unwrap();
        assert_eq!(
            path.strip_prefix(parent.path()).unwrap().to_str().unwrap(),
            format!(
                "project-one/{}/2026/02/20260204T020000Z-none-second.json",
                second.machine_key
            )
        );
        let before = fs::read(&path).unwrap();
        assert!(matches!(
            store.add(&second),
            Err(AddNight::IsThere { same: true, .. })
        ));
        let mut other = second.clone();
        other.series.clear();
        assert!(matches!(
            store.add(&other),
            Err(AddNight::IsThere { same: false, .. })
        ));
        assert_eq!(fs::read(&path).unwrap(), before);
        let stored = store.read().unwrap();
        assert_eq!(stored.nights, [first, second]);
        assert_eq!(stored.left_out, [""; 0]);
    }

    #[test]
    fn what_is_damaged_newer_or_there_twice_is_left_out_by_name() {
        let parent = tempfile::tempdir().unwrap();
        let store = NightStore::of(parent.path(), "p");
        let path = store.add(&night("one", "2026-02-03T02:00:00Z")).unwrap();
        let folder = path.parent().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        fs::write(folder.join("z-copy.json"), &text).unwrap();
        fs::write(folder.join("torn.json"), &text[..text.len() / 2]).unwrap();
        fs::write(
            folder.join("newer.json"),
            text.replacen("\"schema\":1", "\"schema\":2", 1),
        )
        .unwrap();
        fs::write(folder.join("read me.txt"), "nothing").unwrap();
        let stored = store.read().unwrap();
        assert_eq!(stored.nights.len(), 1);
        let told = stored.left_out.join("\n");
        assert_eq!(stored.left_out.len(), 3, "{told}");
        for expected in ["schema 2, expected 1", "EOF", "there twice"] {
            assert!(told.contains(expected), "{told}");
        }
    }

    #[test]
    fn names_of_whoever_stay_within_the_folder() {
        let parent = tempfile::tempdir().unwrap();
        let history = parent.path().join("history");
        let mut hostile = night(
            &format!("../../<script>\n,{}", "x".repeat(10_000)),
            "2026-02-03T02:00:00Z",
        );
        hostile.machine_key = "..".to_owned();
        let path = NightStore::of(&history, "../..").add(&hostile).unwrap();
        assert!(
            path.canonicalize()
                .unwrap()
                .starts_with(history.canonicalize().unwrap())
        );
        assert_eq!(
            NightStore::of(&history, "../..").read().unwrap().nights,
            [hostile]
        );
        let absurd = night("one", "yesterday");
        assert!(matches!(
            NightStore::of(&history, "p").add(&absurd),
            Err(AddNight::ReadInstant { .. })
        ));
    }

    #[test]
    fn what_was_accepted_comes_back() {
        let parent = tempfile::tempdir().unwrap();
        let store = NightStore::of(parent.path(), "p");
        let acceptance = |reason: &str, day: u8| Acceptance {
            schema: NIGHT_SCHEMA,
            scenario: "quickstart".to_owned(),
            variant: None,
            metric: Some("image.size".to_owned()),
            from_run: "one".to_owned(),
            reason: reason.to_owned(),
            author: "somebody".to_owned(),
            accepted_utc: format!("2026-02-{day:02}T08:00:00Z"),
        };
        store.accept(&acceptance("later", 5)).unwrap();
        store.accept(&acceptance("sooner", 4)).unwrap();
        let reasons: Vec<_> = store.read().unwrap().acceptances;
        assert_eq!(reasons, [acceptance("sooner", 4), acceptance("later", 5)]);
    }
}
