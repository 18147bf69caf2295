//! The journal of a run: one JSON line per record.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::journal_lines::{FILE, ReadJournal, read_journal};
use crate::results::Record;

/// A journal that is being written.
///
/// Its file stays locked until this is dropped, which is how others see that the run is in progress.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Bytes of whole lines.
    length: u64,
    /// Set where a part of a line could not be taken back: nothing may be written behind it.
    torn: bool,
}

/// Why a journal cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteJournal {
    /// The file cannot be made.
    #[error("cannot create the journal {}", path.display())]
    Create {
        /// The journal.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The record has no JSON form.
    #[error("cannot write a record of the journal {} as JSON", path.display())]
    Serialize {
        /// The journal.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The line cannot be written, for instance because the disk is full.
    #[error("cannot write to the journal {}", path.display())]
    Append {
        /// The journal.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The line was written, but the system does not confirm that it is on disk.
    #[error("cannot flush the journal {} to disk", path.display())]
    Flush {
        /// The journal.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An earlier line was written in part and could not be taken back.
    #[error("the journal {} ends in a torn line, so that nothing can be written behind it", path.display())]
    Continue {
        /// The journal.
        path: PathBuf,
    },
}

/// Why a journal cannot be continued.
#[derive(Debug, thiserror::Error)]
pub enum ReopenJournal {
    /// The file cannot be opened or cut.
    #[error("cannot open the journal {} to continue it", path.display())]
    Open {
        /// The journal.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Its run is in progress.
    #[error("the journal {} is being written by a run in progress", path.display())]
    Lock {
        /// The journal.
        path: PathBuf,
    },
    /// What it holds cannot be read.
    #[error("cannot continue the journal {}", path.display())]
    Read {
        /// The journal.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<ReadJournal>,
    },
}

impl WriteJournal {
    /// What to do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Append { source, .. } | Self::Create { source, .. } | Self::Flush { source, .. }
                if matches!(
                    source.kind(),
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
                ) =>
            {
                vec![
                    "free space on that disk, or write the reports to another one".to_owned(),
                    "everything measured before is in the journal".to_owned(),
                ]
            }
            Self::Create { .. } => {
                vec!["name a folder for the reports that you may write to".to_owned()]
            }
            _ => Vec::new(),
        }
    }
}

impl Journal {
    /// Makes the journal in the folder of a run.
    ///
    /// # Errors
    ///
    /// Where there is one already, or the folder cannot be written.
    pub fn create(dir: &Path) -> Result<Self, WriteJournal> {
        let path = dir.join(FILE);
        let create = || {
            let file = OpenOptions::new().append(true).create_new(true).open(&path)?;
            // Some network file systems have no locks. A run there only looks unlocked to others.
            let _ = flock(&file, FlockOperation::LockExclusive);
            // The name itself has to be on disk, or a power cut takes the file with all its lines.
            File::open(dir)?.sync_all()?;
            Ok(file)
        };
        match create() {
            Ok(file) => Ok(Self {
                path,
                file,
                length: 0,
                torn: false,
            }),
            Err(source) => Err(WriteJournal::Create { path, source }),
        }
    }

    /// Opens the journal in the folder of a run to go on behind its last whole line, as to note the end of a run that
    /// was killed. What is left of a torn last line is cut off.
    ///
    /// # Errors
    ///
    /// Where there is none, somebody is writing it, or a line is broken that is not the cut-off end of the last one.
    pub fn reopen(dir: &Path) -> Result<Self, ReopenJournal> {
        let path = dir.join(FILE);
        let open = |source| ReopenJournal::Open {
            path: path.clone(),
            source,
        };
        let file = OpenOptions::new().append(true).open(&path).map_err(open)?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK) {
            return Err(ReopenJournal::Lock { path });
        }
        let length = read_journal(dir)
            .map_err(|source| ReopenJournal::Read {
                path: path.clone(),
                source: Box::new(source),
            })?
            .length;
        file.set_len(length).map_err(open)?;
        Ok(Self {
            path,
            file,
            length,
            torn: false,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes one record and returns once it is on disk.
    ///
    /// # Errors
    ///
    /// Where the line cannot be written, for instance because the disk is full, or not be flushed. Earlier lines
    /// stay readable, and unless the error is [`WriteJournal::Continue`] a later record may be tried.
    pub fn append(&mut self, record: &Record) -> Result<(), WriteJournal> {
        self.write(record, true)
    }

    /// Writes one record and leaves it to the system when it comes to disk.
    ///
    /// # Errors
    ///
    /// As for [`Journal::append`].
    pub fn append_unflushed(&mut self, record: &Record) -> Result<(), WriteJournal> {
        self.write(record, false)
    }

    fn write(&mut self, record: &Record, flush: bool) -> Result<(), WriteJournal> {
        let path = || self.path.clone();
        if self.torn {
            return Err(WriteJournal::Continue { path: path() });
        }
        let mut line =
            serde_json::to_vec(record).map_err(|source| WriteJournal::Serialize { path: path(), source })?;
        line.push(b'\n');
        let written = self
            .file
            .write_all(&line)
            .map_err(|source| WriteJournal::Append { path: path(), source })
            .and_then(|()| {
                let flushed = if flush { self.file.sync_data() } else { Ok(()) };
                flushed.map_err(|source| WriteJournal::Flush { path: path(), source })
            });
        if written.is_err() {
            self.take_back();
            return written;
        }
        self.length += line.len() as u64;
        Ok(())
    }

    /// Cuts off what a failed write left of its line, so that the next line does not continue it.
    fn take_back(&mut self) {
        self.torn = self.file.set_len(self.length).is_err();
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // Closing would do it as well, were there not the moment in which a process that is being started still
        // holds every file of this one.
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}

/// Whether somebody is writing the journal in `dir` at this moment.
pub(super) fn in_progress(dir: &Path) -> bool {
    File::open(dir.join(FILE))
        .is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::results::{Run, WarningRecord};
    use crate::store::fixture;

    fn warning(message: &str) -> Record {
        Record::Warning(WarningRecord {
            message: message.to_owned(),
        })
    }

    #[test]
    fn records_come_back_as_they_were_and_each_is_on_disk_before_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::create(dir.path()).unwrap();
        let records = fixture::records();
        for (written, record) in records.iter().enumerate() {
            journal.append(record).unwrap();
            assert_eq!(read_journal(dir.path()).unwrap().records, records[..=written]);
        }
        assert_eq!(read_journal(dir.path()).unwrap().torn, None);
        assert!(Run::from_records(records).is_ok());
    }

    #[test]
    fn a_journal_is_never_written_over() {
        let dir = tempfile::tempdir().unwrap();
        drop(Journal::create(dir.path()).unwrap());
        let error = Journal::create(dir.path()).unwrap_err();
        assert!(matches!(error, WriteJournal::Create { .. }), "{error:?}");
    }

    #[test]
    fn a_journal_is_in_progress_as_long_as_somebody_holds_it() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::create(dir.path()).unwrap();
        assert!(in_progress(dir.path()));
        drop(journal);
        assert!(!in_progress(dir.path()));
        assert!(!in_progress(&dir.path().join("nowhere")));
    }

    #[test]
    fn a_write_that_cannot_be_taken_back_ends_the_journal() {
        let mut journal = Journal {
            path: "/dev/full".into(),
            file: OpenOptions::new().append(true).open("/dev/full").unwrap(),
            length: 0,
            torn: false,
        };
        let error = journal.append(&warning("one")).unwrap_err();
        assert_eq!(error.to_string(), "cannot write to the journal /dev/full");
        assert_eq!(error.hints().len(), 2, "{error:?}");
        let error = journal.append(&warning("two")).unwrap_err();
        assert!(matches!(error, WriteJournal::Continue { .. }), "{error:?}");
    }

    /// Set for the child process of the test below: the folder that it writes its journal to.
    const CHILD: &str = "SEATRIAL_TEST_JOURNAL_DIR";

    /// A limit on the size of files stops a write in the middle of its line, as a full disk does. The limit is a
    /// property of the process, so the journal is written by a child: this same test, run again.
    #[test]
    fn a_line_that_did_not_fit_is_taken_back_and_a_shorter_one_still_fits() {
        if let Some(dir) = std::env::var_os(CHILD) {
            let mut journal = Journal::create(Path::new(&dir)).unwrap();
            journal.append(&warning("before")).unwrap();
            let error = journal.append(&warning(&"x".repeat(1 << 20))).unwrap_err();
            assert!(matches!(error, WriteJournal::Append { .. }), "{error:?}");
            assert!(!journal.torn);
            journal.append(&warning("after")).unwrap();
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let output = Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$@\"", "sh"])
            .arg(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "store::journal::tests::a_line_that_did_not_fit_is_taken_back_and_a_shorter_one_still_fits",
            ])
            .env(CHILD, dir.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
        assert_eq!(
            read_journal(dir.path()).unwrap().records,
            [warning("before"), warning("after")]
        );
    }

    #[test]
    fn a_reopened_journal_goes_on_behind_its_last_whole_line() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::create(dir.path()).unwrap();
        journal.append(&warning("one")).unwrap();
        let error = Journal::reopen(dir.path()).unwrap_err();
        assert!(matches!(error, ReopenJournal::Lock { .. }), "{error:?}");
        let path = journal.path().to_owned();
        drop(journal);
        OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(b"{\"kind\":\"war")
            .unwrap();

        Journal::reopen(dir.path())
            .unwrap()
            .append(&warning("two"))
            .unwrap();
        let lines = read_journal(dir.path()).unwrap();
        assert_eq!(
            (lines.records, lines.torn),
            (vec![warning("one"), warning("two")], None)
        );

        let error = Journal::reopen(&dir.path().join("missing")).unwrap_err();
        assert!(matches!(error, ReopenJournal::Open { .. }), "{error:?}");
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"not a record\n").unwrap();
        let error = Journal::reopen(dir.path()).unwrap_err();
        assert!(matches!(error, ReopenJournal::Read { .. }), "{error:?}");
    }
}
