//! What a check is given.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::scenario::{ScenarioFiles, Source, Surroundings};

/// A scenario as it was found.
pub struct ScenarioInput<'input> {
    /// The name of its folder.
    pub name: &'input str,
    /// The scenario file.
    pub source: Source,
    /// The file of defaults, where there is one.
    pub defaults: Option<Source>,
    /// The other files of the folder.
    pub files: &'input dyn ScenarioFiles,
    /// What lies around it.
    pub surroundings: &'input dyn Surroundings,
}

impl ScenarioInput<'_> {
    /// The path of a file of the scenario's folder, for messages.
    pub(super) fn shown_path(&self, file: &Path) -> PathBuf {
        self.source.path.parent().unwrap_or(Path::new("")).join(file)
    }
}

impl fmt::Debug for ScenarioInput<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ScenarioInput")
            .field("name", &self.name)
            .field("source", &self.source.path)
            .finish_non_exhaustive()
    }
}
