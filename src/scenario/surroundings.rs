//! What a scenario takes from the process and the machine that it is run on.

use std::path::Path;

use super::{CommitRange, History, HistoryFault, ReadFailure};

/// What lies around the scenario's folder. Values are looked at and never kept.
pub trait Surroundings {
    /// The value of an environment variable.
    fn variable(&self, name: &str) -> Option<Vec<u8>>;

    /// The content of a file that a secret is taken from; relative to the scenario's folder, or beginning with `~/`.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    fn secret_file(&self, path: &Path) -> Result<Vec<u8>, ReadFailure>;

    /// Whether a program listens at this socket.
    fn listens(&self, socket: &Path) -> bool;

    /// Whether a path, relative to the scenario's folder, is a folder.
    fn is_folder(&self, path: &Path) -> bool;

    /// The commits of a range of a repository, which is relative to the scenario's folder; `path` is the folder in it
    /// that is the build context.
    ///
    /// # Errors
    ///
    /// Says what is not there.
    fn history(&self, repo: &Path, range: &CommitRange, path: &Path) -> Result<History, HistoryFault>;
}
