//! Where records go.

use crate::results::Record;

/// Where a run's records go: on disk before the next sample begins.
pub trait Ledger: Send {
    /// Keeps a record.
    ///
    /// # Errors
    ///
    /// Where it could not be written, as on a full disk. Everything that was kept before stays readable.
    fn keep(&mut self, record: &Record) -> Result<(), LedgerFault>;

    /// Notes a record without waiting for the disk, while something is measured: it outlives this process, yet maybe
    /// not a power cut. The next record that is kept takes it to the disk.
    ///
    /// # Errors
    ///
    /// As for [`Ledger::keep`].
    fn note(&mut self, record: &Record) -> Result<(), LedgerFault>;
}

/// A record could not be kept.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct LedgerFault {
    /// What could not be written, and where.
    pub message: String,
    /// Why.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}
