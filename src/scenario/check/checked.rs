//! What a check found.

use std::path::Path;

use crate::scenario::{Place, Problem, Provenance, Scenario, Source};

/// A checked scenario.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The scenario in force; `None` where there is a problem.
    pub scenario: Option<Scenario>,
    /// Where its settings come from.
    pub provenance: Provenance,
    /// Everything that is wrong, by file and place.
    pub problems: Vec<Problem>,
    /// Every text that was read, so that a problem can be shown in its line.
    pub sources: Vec<Source>,
    /// The places of the edits, by step and edit.
    pub(super) edits: Vec<Vec<Place>>,
}

impl Checked {
    /// Where an edit of the scenario in force stands, both counted from 0.
    #[must_use]
    pub fn span_of_edit(&self, step: usize, edit: usize) -> Option<&Place> {
        self.edits.get(step)?.get(edit)
    }

    /// The text of a file that a place names.
    #[must_use]
    pub fn text_of(&self, file: &Path) -> Option<&str> {
        self.sources
            .iter()
            .find(|source| source.path == file)
            .map(|source| source.text.as_str())
    }
}
