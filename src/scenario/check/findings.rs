//! Collecting problems of one file.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::scenario::file::Cursor;
use crate::scenario::{Place, Problem, Source};

/// The problems found so far.
#[derive(Debug)]
pub(super) struct Findings<'source> {
    pub(super) source: &'source Source,
    pub(super) problems: Vec<Problem>,
}

impl Findings<'_> {
    /// Notes a problem of a value.
    pub(super) fn at(&mut self, cursor: &Cursor<'_>, message: impl Into<String>) -> &mut Problem {
        self.at_span(cursor.span(), message)
    }

    /// Notes a problem of a key.
    pub(super) fn at_key(&mut self, cursor: &Cursor<'_>, message: impl Into<String>) -> &mut Problem {
        self.at_span(cursor.key_span(), message)
    }

    /// Notes a problem of the command line.
    pub(super) fn of_command_line(&mut self, message: impl Into<String>) -> &mut Problem {
        self.add(Problem::of_command_line(message))
    }

    /// Notes a problem of another file.
    pub(super) fn add(&mut self, problem: Problem) -> &mut Problem {
        self.problems.push(problem);
        self.problems
            .last_mut()
            .expect("invariant: a problem was just added")
    }

    /// Notes each name that came before.
    pub(super) fn note_repeated<'name>(
        &mut self,
        what: &str,
        names: impl IntoIterator<Item = (&'name str, Cursor<'name>)>,
    ) {
        let mut first: BTreeMap<&str, u32> = BTreeMap::new();
        for (name, cursor) in names {
            let line = Place::new(self.source, cursor.span()).line;
            match first.get(name) {
                Some(line) => {
                    let message = format!("two {what}s are named `{name}`");
                    self.at(&cursor, message)
                        .label(format!("the first one stands in line {line}"));
                }
                None => {
                    first.insert(name, line);
                }
            }
        }
    }

    fn at_span(&mut self, span: Range<usize>, message: impl Into<String>) -> &mut Problem {
        let place = Place::new(self.source, span);
        self.add(Problem::at(place, message))
    }
}
