//! Folders that a build may read.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;

use crate::context::{Entry, Selection};
use crate::dockerignore::IgnoreFile;

/// A folder that a build may read.
pub trait ContextTree: fmt::Debug + Send + Sync {
    /// Hands each selected entry to `found`, parents before children, in the order of a transfer, until that breaks off.
    ///
    /// # Errors
    ///
    /// Names the path that could not be read or sent.
    fn walk(
        &self,
        selection: &Selection,
        found: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), TreeFault>;

    /// Lists what the docker command sends the classic builder: what the rules keep, and always the ignore file and the
    /// Dockerfile, whose path is `dockerfile` where it lies in this folder.
    ///
    /// # Errors
    ///
    /// As [`walk`](Self::walk).
    fn walk_as_classic(&self, ignore: &IgnoreFile, dockerfile: Option<&str>)
    -> Result<Vec<Entry>, TreeFault>;

    /// Opens a file of the folder, by its path inside; never one outside of it.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    fn open(&self, path: &str) -> io::Result<File>;
}

/// A folder could not be listed.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct TreeFault {
    /// What could not be read or sent, and where.
    pub message: String,
}
