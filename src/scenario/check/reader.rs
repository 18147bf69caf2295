//! Reading files of the scenario's folder, each once.

use std::path::Path;

use super::findings::Findings;
use super::input::ScenarioInput;
use crate::scenario::file::Cursor;
use crate::scenario::nearest::hint;
use crate::scenario::{ReadFailure, Source};

/// Reads files, and keeps them to show problems in.
#[derive(Debug)]
pub(super) struct Reader<'input> {
    pub(super) input: &'input ScenarioInput<'input>,
    pub(super) sources: Vec<Source>,
}

impl Reader<'_> {
    /// The file, where it was read.
    pub(super) fn known(&self, path: &Path) -> Option<&Source> {
        let shown = self.input.shown_path(path);
        self.sources.iter().find(|source| source.path == shown)
    }

    /// Reads a file that the scenario names at `at`.
    pub(super) fn read(
        &mut self,
        path: &Path,
        at: &Cursor<'_>,
        findings: &mut Findings<'_>,
    ) -> Option<Source> {
        if let Some(source) = self.known(path) {
            return Some(source.clone());
        }
        match self.input.files.read(path) {
            Ok(text) => Some(self.keep(path, text)),
            Err(failure) => {
                let problem = findings.at(at, format!("cannot read `{}`: {failure}", path.display()));
                if failure == ReadFailure::Missing {
                    let names = self.input.files.list(path.parent().unwrap_or(Path::new("")));
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    let name = path.file_name().unwrap_or_default().to_string_lossy();
                    problem.label("no such file");
                    problem.hint = hint(&name, "the folder holds", &names);
                }
                None
            }
        }
    }

    /// Reads a file that need not be there.
    pub(super) fn read_if_present(&mut self, path: &Path) -> Option<Source> {
        let text = self.input.files.read(path).ok()?;
        Some(self.keep(path, text))
    }

    fn keep(&mut self, path: &Path, text: String) -> Source {
        let source = Source {
            path: self.input.shown_path(path),
            text,
        };
        self.sources.push(source.clone());
        source
    }
}
