//! One instruction of a Dockerfile.

use std::ops::{Range, RangeInclusive};

use super::{Heredoc, Keyword};

/// One instruction, with the place where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Its kind.
    pub keyword: Keyword,
    /// The instruction on one line: keyword in upper case, continuation lines joined, white space folded, bodies
    /// of here-documents left out. This is how a builder shows it, but for expanded variables.
    pub text: String,
    /// Its first and last line, from 1, here-documents included.
    pub lines: RangeInclusive<u32>,
    /// Its bytes in the file.
    pub span: Range<usize>,
    /// Its here-documents, in the order of their markers.
    pub heredocs: Vec<Heredoc>,
}

impl Instruction {
    /// What follows the keyword, on one line.
    #[must_use]
    pub fn arguments(&self) -> &str {
        self.text[self.keyword.as_str().len()..].trim_start()
    }

    /// The line where it begins, from 1.
    #[must_use]
    pub fn line(&self) -> u32 {
        *self.lines.start()
    }

    /// Whether the instruction begins with `text`, after white space was folded; its keyword in any case.
    #[must_use]
    pub fn begins_with(&self, text: &str) -> bool {
        self.text.starts_with(&fold(text))
    }
}

/// Folds each run of white space into one space, and puts a leading keyword into upper case.
pub(super) fn fold(text: &str) -> String {
    let mut words = text.split_whitespace();
    let mut folded = String::with_capacity(text.len());
    if let Some(first) = words.next() {
        folded.push_str(Keyword::from_word(first).map_or(first, |keyword| keyword.as_str()));
    }
    for word in words {
        folded.push(' ');
        folded.push_str(word);
    }
    folded
}
