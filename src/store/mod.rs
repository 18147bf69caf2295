//! Runs on disk: the folder of a run, its journal, and the samples as a table.
//!
//! The journal is the truth: one JSON line per record, on disk before the next sample begins. Everything else in the
//! folder is made from it and can be made again. A journal that is being written is locked, so that nobody takes
//! the resources of a run in progress for leftovers.

mod daemon_lock;
mod errand;
mod history;
mod journal;
mod journal_lines;
mod ledger;
mod leftovers;
mod run_folder;
mod samples_csv;
mod selftest_file;

#[cfg(test)]
mod fixture;

pub use daemon_lock::{DaemonLock, HoldDaemon};
pub use errand::Errand;
pub use history::{AddNight, NightStore, ReadHistory, StoredNights};
pub use journal::{Journal, ReopenJournal, WriteJournal};
pub use journal_lines::{JournalLines, ReadJournal, TornLine, read_journal};
pub use leftovers::{FindLeftovers, Leftover, LeftoverState, Named, find_leftovers};
pub use run_folder::{CreateRunFolder, FindRun, LoadRun, RunFolder, latest_of, load};
pub use samples_csv::{SAMPLES_FILE, WriteSamples, save_samples, write_samples};
pub use selftest_file::{
    ReadSelftest, SELFTEST_FILE, SELFTEST_SCHEMA, calibrations, save_selftest, with_earlier,
};
