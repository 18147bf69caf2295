//! What a check found.

use std::path::Path;

use crate::scenario::{EngineFacts, EngineNeed, Place, Problem, Provenance, Scenario, Source};

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
    /// What could be read, whatever else is wrong.
    pub(super) draft: Option<Scenario>,
    /// The places of the edits, by step and edit.
    pub(super) edits: Vec<Vec<Place>>,
    /// The places of the paths of the fills.
    pub(super) fills: Vec<Place>,
    /// What the scenario needs of the engine.
    pub(super) needs: Vec<EngineNeed>,
}

impl Checked {
    /// The scenario in force, where nothing is wrong with it, its edits included.
    #[must_use]
    pub fn runnable(&self) -> Option<&Scenario> {
        self.scenario.as_ref().filter(|_| self.problems.is_empty())
    }

    /// What could be read of the scenario, whatever else is wrong: enough to try its edits, never to run.
    #[must_use]
    pub fn draft(&self) -> Option<&Scenario> {
        self.draft.as_ref()
    }

    /// Where an edit of the scenario in force stands, both counted from 0.
    #[must_use]
    pub fn span_of_edit(&self, step: usize, edit: usize) -> Option<&Place> {
        self.edits.get(step)?.get(edit)
    }

    /// Where the path of a fill stands, counted from 0.
    #[must_use]
    pub fn span_of_fill(&self, fill: usize) -> Option<&Place> {
        self.fills.get(fill)
    }

    /// Whether there is anything that not every engine has.
    #[must_use]
    pub fn depends_on_engine(&self) -> bool {
        !self.needs.is_empty()
    }

    /// Holds the scenario against the engine that it is to run on; what that does not have becomes a problem.
    pub fn hold_against(&mut self, engine: &EngineFacts) {
        let unmet = self.needs.iter().filter_map(|need| need.unmet_by(engine));
        self.problems.extend(unmet);
        self.problems.sort_by_key(|problem| {
            problem
                .place
                .as_ref()
                .map(|place| (place.file.clone(), place.span.start))
        });
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
