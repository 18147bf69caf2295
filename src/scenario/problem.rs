//! What is wrong with a scenario, and where.

use std::ops::Range;
use std::path::PathBuf;

/// A text that was read, under the path that a person would open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The path, for messages.
    pub path: PathBuf,
    /// The content.
    pub text: String,
}

/// Bytes of a source, with the line and column where they begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The bytes; always on character boundaries of the text.
    pub span: Range<usize>,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

impl Place {
    /// The bytes `span` of `source`; a span that is not on character boundaries of the text is widened to them.
    #[must_use]
    pub fn new(source: &Source, span: Range<usize>) -> Self {
        let text = &source.text;
        let mut start = span.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = span.end.clamp(start, text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            file: source.path.clone(),
            span: start..end,
            line: number(text[..start].matches('\n').count() + 1),
            column: number(text[line_start..start].chars().count() + 1),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What was read, and what was expected, as a fragment.
    pub message: String,
    /// Where; `None` for a problem of the command line.
    pub place: Option<Place>,
    /// A few words below the offending text.
    pub label: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem of `place`.
    #[must_use]
    pub fn at(place: Place, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            place: Some(place),
            label: None,
            hint: None,
        }
    }

    /// A problem of the command line.
    #[must_use]
    pub fn of_command_line(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            place: None,
            label: None,
            hint: None,
        }
    }

    /// Sets the words below the offending text.
    pub fn label(&mut self, label: impl Into<String>) -> &mut Self {
        self.label = Some(label.into());
        self
    }

    /// Sets the hint.
    pub fn hint(&mut self, hint: impl Into<String>) -> &mut Self {
        self.hint = Some(hint.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_characters_and_never_splits_one() {
        let source = Source {
            path: "s.toml".into(),
            text: "a\nééb".to_owned(),
        };
        for (span, expected) in [
            (0..1, (0..1, 1, 1)),
            (6..7, (6..7, 2, 3)),
            (3..5, (2..6, 2, 1)),
            (90..99, (7..7, 2, 4)),
        ] {
            let place = Place::new(&source, span.clone());
            assert_eq!((place.span, place.line, place.column), expected, "{span:?}");
        }
    }
}
