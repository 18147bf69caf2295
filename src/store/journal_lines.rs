//! The journal of a run, read back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::results::Record;

/// The journal's name within the folder of its run.
pub(super) const FILE: &str = "journal.jsonl";

/// What a journal holds.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalLines {
    /// The records, in the order in which they were written.
    pub records: Vec<Record>,
    /// Bytes of whole lines.
    pub length: u64,
    /// What is left of a last line whose writing was cut short.
    pub torn: Option<TornLine>,
}

/// What is left of a last line whose writing was cut short, as by a power cut: a note, since everything before it
/// stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TornLine {
    /// The journal.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// How many bytes are left of it.
    pub bytes: usize,
}

impl std::fmt::Display for TornLine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { path, line, bytes } = self;
        let path = path.display();
        write!(
            formatter,
            "{path}:{line}: the last line was cut short after {bytes} bytes and is left out"
        )
    }
}

/// Why a journal cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadJournal {
    /// The file cannot be opened or read.
    #[error("cannot read the journal {}", path.display())]
    Open {
        /// The journal.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is not a record.
    #[error("{}:{line}:{column}: the line is not a record of a journal", path.display())]
    ParseLine {
        /// The journal.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, in bytes from 1.
        column: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl ReadJournal {
    /// What to do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Open { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                vec!["name the folder of a run, such as reports/<utc>-<scenario>".to_owned()]
            }
            Self::Open { .. } => Vec::new(),
            Self::ParseLine { line, .. } => vec![format!(
                "the journal was changed by something else, or written by another version; the lines before line \
                 {line} are whole"
            )],
        }
    }
}

/// Reads the journal in the folder of a run.
///
/// # Errors
///
/// Where there is none, or a line is broken that is not the cut-off end of the last one.
pub fn read_journal(dir: &Path) -> Result<JournalLines, ReadJournal> {
    let path = dir.join(FILE);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(source) => return Err(ReadJournal::Open { path, source }),
    };
    let mut lines = JournalLines {
        records: Vec::new(),
        length: 0,
        torn: None,
    };
    for (index, raw) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
        let line = index + 1;
        if !raw.ends_with(b"\n") {
            // A line is written with its end, and nobody was told that one without is on disk.
            lines.torn = Some(TornLine {
                path,
                line,
                bytes: raw.len(),
            });
            break;
        }
        match serde_json::from_slice(raw) {
            Ok(record) => lines.records.push(record),
            Err(source) => {
                // An error at the line's very end is said to be on the next line, before its first column.
                let column = if source.line() > 1 {
                    raw.len()
                } else {
                    source.column().max(1)
                };
                return Err(ReadJournal::ParseLine {
                    path,
                    line,
                    column,
                    source,
                });
            }
        }
        lines.length += raw.len() as u64;
    }
    Ok(lines)
}

/// Whether `dir` holds a journal.
pub(super) fn is_in(dir: &Path) -> bool {
    dir.join(FILE).is_file()
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;
    use crate::results::WarningRecord;
    use crate::store::Journal;

    fn warning(message: &str) -> Record {
        Record::Warning(WarningRecord {
            message: message.to_owned(),
        })
    }

    /// A folder with a journal of these bytes.
    fn folder(bytes: &[u8]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), bytes).unwrap();
        dir
    }

    #[test]
    fn a_journal_cut_at_any_byte_keeps_every_whole_line() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::create(dir.path()).unwrap();
        let records = [warning("one"), warning("two µs"), warning("three")];
        let mut ends = Vec::new();
        for record in &records {
            journal.append(record).unwrap();
            ends.push(usize::try_from(fs::metadata(journal.path()).unwrap().len()).unwrap());
        }
        let bytes = fs::read(journal.path()).unwrap();
        for cut in 0..=bytes.len() {
            let dir = folder(&bytes[..cut]);
            let lines = read_journal(dir.path()).unwrap();
            let whole = ends.iter().filter(|&&end| cut >= end).count();
            assert_eq!(lines.records, records[..whole], "cut at {cut}");
            let kept = ends[..whole].last().copied().unwrap_or(0);
            assert_eq!(lines.length, kept as u64, "cut at {cut}");
            assert_eq!(
                lines.torn.map_or(0, |torn| torn.bytes),
                cut - kept,
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn a_torn_last_line_is_named() {
        let dir = folder(b"{\"kind\":\"warning\",\"message\":\"one\"}\n{\"kind\":\"war");
        let torn = read_journal(dir.path()).unwrap().torn.unwrap();
        assert_eq!((torn.line, torn.bytes), (2, 12));
        let shown = torn.to_string();
        assert!(
            shown.ends_with("journal.jsonl:2: the last line was cut short after 12 bytes and is left out"),
            "{shown}"
        );
    }

    #[test]
    fn any_other_broken_line_is_an_error_with_its_place() {
        let good = "{\"kind\":\"warning\",\"message\":\"one\"}\n";
        for (bad, column) in [
            // What is JSON but no record has no place within its line.
            ("{\"kind\":\"warning\",\"message\":1}\n", 1),
            ("{\"kind\":\"warning\",\"message\"=\"one\"}\n", 28),
            ("{\"kind\":\"parrot\"}\n", 16),
            ("{\"kind\":\"war\n", 13),
            ("\n", 1),
            ("{\"kind\":\"warning\",\"message\":\"\u{0}\"}\n", 30),
        ] {
            let dir = folder(format!("{good}{bad}{good}").as_bytes());
            let error = read_journal(dir.path()).expect_err(bad);
            let ReadJournal::ParseLine {
                line, column: found, ..
            } = &error
            else {
                panic!("{bad}: {error:?}");
            };
            assert_eq!((*line, *found), (2, column), "{bad}");
            assert!(
                error.to_string().contains(&format!("journal.jsonl:2:{column}: ")),
                "{error}"
            );
            assert!(error.source().is_some());
        }
    }

    #[test]
    fn a_missing_journal_is_named_with_a_hint() {
        let dir = tempfile::tempdir().unwrap();
        let error = read_journal(dir.path()).unwrap_err();
        assert!(error.to_string().ends_with("journal.jsonl"), "{error}");
        assert!(error.hints()[0].contains("the folder of a run"));
    }
}
