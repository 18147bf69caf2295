//! The process and the machine that a scenario is run on.

use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::read_file::read_file;
use crate::scenario::{CommitRange, History, HistoryFault, ReadFailure, Surroundings};
use crate::workspace::git_history;

/// What lies around a scenario's folder.
#[derive(Clone, Debug)]
pub(super) struct ProcessSurroundings {
    /// The scenario's folder.
    pub(super) folder: PathBuf,
}

impl ProcessSurroundings {
    /// A path of a secret's file: below the user's own folder, or relative to the scenario's.
    fn resolve(&self, path: &Path) -> PathBuf {
        let home = std::env::var_os("HOME").map(PathBuf::from);
        match (path.strip_prefix("~"), home) {
            (Ok(below), Some(home)) => home.join(below),
            _ => self.folder.join(path),
        }
    }
}

impl Surroundings for ProcessSurroundings {
    fn variable(&self, name: &str) -> Option<Vec<u8>> {
        std::env::var_os(name).map(OsStringExt::into_vec)
    }

    fn secret_file(&self, path: &Path) -> Result<Vec<u8>, ReadFailure> {
        read_file(&self.resolve(path))
    }

    fn listens(&self, socket: &Path) -> bool {
        UnixStream::connect(socket).is_ok()
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.folder.join(path).is_dir()
    }

    fn history(&self, repo: &Path, range: &CommitRange, path: &Path) -> Result<History, HistoryFault> {
        git_history(&self.folder.join(repo), repo, range, path)
    }
}
