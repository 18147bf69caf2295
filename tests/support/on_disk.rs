//! A scenario's folder as a check reads it.

use std::fs;
use std::path::{Path, PathBuf};

use seatrial::scenario::{CommitRange, History, HistoryFault, ReadFailure, ScenarioFiles, Surroundings};
use seatrial::workspace::git_history;

/// A scenario's folder on disk, which takes nothing from outside but a repository.
pub(crate) struct OnDisk(pub(crate) PathBuf);

impl ScenarioFiles for OnDisk {
    fn read(&self, path: &Path) -> Result<String, ReadFailure> {
        fs::read_to_string(self.0.join(path)).map_err(|_| ReadFailure::Missing)
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.0.join(path).is_dir()
    }

    fn list(&self, _folder: &Path) -> Vec<String> {
        Vec::new()
    }
}

impl Surroundings for OnDisk {
    fn variable(&self, _name: &str) -> Option<Vec<u8>> {
        None
    }

    fn secret_file(&self, _path: &Path) -> Result<Vec<u8>, ReadFailure> {
        Err(ReadFailure::Missing)
    }

    fn listens(&self, _socket: &Path) -> bool {
        false
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.0.join(path).is_dir()
    }

    fn history(&self, repo: &Path, range: &CommitRange, path: &Path) -> Result<History, HistoryFault> {
        git_history(&self.0.join(repo), repo, range, path)
    }
}
