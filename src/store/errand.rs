//! Builds that are no run's, and what they may have left in a daemon.

use std::path::Path;

use super::journal_lines::{ReadJournal, is_in, read_journal};
use super::leftovers::Named;
use crate::results::Record;

/// Builds that a killed program made outside of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    /// The id of the daemon that they were made on.
    pub daemon_id: String,
    /// What they may have left there.
    pub named: Named,
}

impl Errand {
    /// Those whose journal is in a folder; `None` where there is none.
    ///
    /// # Errors
    ///
    /// Where the journal cannot be read.
    pub fn load(folder: &Path) -> Result<Option<Self>, ReadJournal> {
        if !is_in(folder) {
            return Ok(None);
        }
        let mut records = read_journal(folder)?.records.into_iter();
        let Some(Record::Errand(errand)) = records.next() else {
            return Ok(None);
        };
        let mut named = Named {
            // No container has it for its run.
            run_id: errand.repository.clone(),
            ..Named::default()
        };
        named.references.insert(errand.repository);
        named.build_records = records
            .filter_map(|record| match record {
                Record::BuildRecords(seen) => Some(seen),
                _ => None,
            })
            .collect();
        Ok(Some(Self {
            daemon_id: errand.daemon_id,
            named,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::ErrandRecord;
    use crate::store::{Journal, fixture};

    #[test]
    fn an_errand_is_read_back_and_a_run_or_an_empty_folder_is_none() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Errand::load(folder.path()).unwrap(), None);
        let mut journal = Journal::create(folder.path()).unwrap();
        assert_eq!(Errand::load(folder.path()).unwrap(), None);
        let errand = ErrandRecord {
            daemon_id: "ID:1".to_owned(),
            repository: "seatrial/doctor-7".to_owned(),
        };
        journal.append(&Record::Errand(errand)).unwrap();
        journal
            .append(&Record::BuildRecords(fixture::build_records()))
            .unwrap();
        let read = Errand::load(folder.path()).unwrap().unwrap();
        assert_eq!(read.daemon_id, "ID:1");
        assert_eq!(
            read.named.references.iter().collect::<Vec<_>>(),
            ["seatrial/doctor-7"]
        );
        assert_eq!(read.named.build_records, [fixture::build_records()]);

        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::create(folder.path()).unwrap();
        journal.append(&fixture::records()[0]).unwrap();
        assert_eq!(Errand::load(folder.path()).unwrap(), None);
    }
}
