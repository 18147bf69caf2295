//! What the check of a scenario needs to read besides the scenario file.

use std::path::Path;

/// Files of a scenario's folder. Paths are relative to it.
pub trait ScenarioFiles {
    /// Reads a text file.
    ///
    /// # Errors
    ///
    /// Where there is no such file, or it is no text.
    fn read(&self, path: &Path) -> Result<String, ReadFailure>;

    /// Whether `path` is a folder.
    fn is_folder(&self, path: &Path) -> bool;

    /// The names in a folder, sorted; none where it cannot be listed. They serve hints only.
    fn list(&self, folder: &Path) -> Vec<String>;
}

/// Why a file could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadFailure {
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// The path names a folder.
    #[error("it is a folder")]
    Folder,
    /// The bytes are not UTF-8.
    #[error("it is not a text in UTF-8")]
    NotText,
    /// The system said something else.
    #[error("{0}")]
    Other(String),
}
