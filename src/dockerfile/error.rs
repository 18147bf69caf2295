//! What makes a text no Dockerfile.

use std::ops::Range;

use thiserror::Error;

/// A Dockerfile that does not parse.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message} at line {line}, column {column}")]
pub struct DockerfileError {
    /// What was read, or what was expected, as a fragment.
    pub message: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// The offending bytes of the text.
    pub span: Range<usize>,
    /// The nearest valid word, where one is near.
    pub hint: Option<String>,
}

impl DockerfileError {
    /// The error of the bytes `span` of `text`; line and column follow from it.
    pub(super) fn new(text: &str, span: Range<usize>, message: String) -> Self {
        let start = floor(text, span.start);
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            message,
            line: number(before.matches('\n').count() + 1),
            column: number(text[line_start..start].chars().count() + 1),
            span: start..floor(text, span.end).max(start),
            hint: None,
        }
    }
}

/// The nearest character boundary at or below `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
