//! The journal as the ledger of a run.

use super::journal::{Journal, WriteJournal};
use crate::results::Record;
use crate::run::{Ledger, LedgerFault};

impl Ledger for Journal {
    fn keep(&mut self, record: &Record) -> Result<(), LedgerFault> {
        self.append(record).map_err(LedgerFault::from)
    }

    fn note(&mut self, record: &Record) -> Result<(), LedgerFault> {
        self.append_unflushed(record).map_err(LedgerFault::from)
    }
}

impl From<WriteJournal> for LedgerFault {
    fn from(error: WriteJournal) -> Self {
        let message = error.to_string();
        // The port's fault stands for ours: what comes below it is the cause, not the same sentence again.
        let source = match error {
            WriteJournal::Create { source, .. }
            | WriteJournal::Append { source, .. }
            | WriteJournal::Flush { source, .. } => Some(source.into()),
            WriteJournal::Serialize { source, .. } => Some(source.into()),
            WriteJournal::Continue { .. } => None,
        };
        Self { message, source }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn a_fault_names_the_journal_once_and_then_the_cause() {
        let dir = tempfile::tempdir().unwrap();
        drop(Journal::create(dir.path()).unwrap());
        let fault = LedgerFault::from(Journal::create(dir.path()).unwrap_err());
        let journal = dir.path().join("journal.jsonl");
        assert_eq!(
            fault.to_string(),
            format!("cannot create the journal {}", journal.display())
        );
        let cause = fault.source().unwrap();
        assert!(cause.is::<std::io::Error>(), "{cause}");
    }
}
