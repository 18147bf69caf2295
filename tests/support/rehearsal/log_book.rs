//! What all fakes note, in one order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Lines that all fakes of a rehearsal write to.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogBook(Arc<Mutex<Pages>>);

#[derive(Debug, Default)]
struct Pages {
    lines: Vec<String>,
    /// Short names of opaque texts, numbered as they first appear.
    names: BTreeMap<(String, String), usize>,
}

impl LogBook {
    /// Adds a line.
    pub(crate) fn note(&self, line: impl Into<String>) {
        self.pages(|pages| pages.lines.push(line.into()));
    }

    /// A short name for an opaque text, such as `mounts-2`: the same for the same text.
    pub(crate) fn name(&self, kind: &str, text: &str) -> String {
        self.pages(|pages| {
            let key = (kind.to_owned(), text.to_owned());
            let next = pages.names.keys().filter(|(other, _)| other == kind).count() + 1;
            let number = *pages.names.entry(key).or_insert(next);
            format!("{kind}-{number}")
        })
    }

    /// Every line so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.pages(|pages| pages.lines.clone())
    }

    fn pages<T>(&self, use_them: impl FnOnce(&mut Pages) -> T) -> T {
        use_them(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
