//! Here-documents: lines below an instruction that belong to it.
//!
//! A shell word `<<NAME` or `<<-NAME` in RUN, COPY or ADD (also behind ONBUILD) takes the lines up to one that
//! is `NAME`. The parser below this module knows such a word only at the start of a RUN, so they are found here
//! and hidden from it: each body line becomes a comment of the same length, so that every span stays.

use std::ops::Range;

use super::instruction::fold;
use super::stage::{unquoted, words};
use super::{DockerfileError, Keyword};

/// One here-document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// The word that ends it.
    pub name: String,
    /// Its lines, without the one that ends it.
    pub body: String,
    /// Whether variables in it are expanded: its name was not quoted.
    pub expand: bool,
    /// Whether leading tabs are taken off each line.
    pub strip_tabs: bool,
    /// The bytes of its lines in the file, the ending line included.
    pub span: Range<usize>,
}

/// A text whose here-documents were hidden.
pub(super) struct Hidden {
    /// The text with the same number of bytes and lines.
    pub(super) text: String,
    /// What was hidden, in the file's order.
    pub(super) heredocs: Vec<Heredoc>,
}

/// Finds every here-document of `text` and hides it.
pub(super) fn hide(text: &str, escape: char) -> Result<Hidden, DockerfileError> {
    let mut hidden = text.as_bytes().to_vec();
    let mut heredocs = Vec::new();
    let mut lines = Lines { text, at: 0 };
    while let Some(logical) = lines.next_logical(escape) {
        for marker in markers(&logical.joined) {
            let start = lines.at;
            let body_end = lines.skip_to_end(&marker).ok_or_else(|| {
                DockerfileError::new(
                    text,
                    logical.span.clone(),
                    format!("expected a line `{}` that ends the here-document", marker.name),
                )
            })?;
            heredocs.push(Heredoc {
                body: text[start..body_end].to_owned(),
                span: start..lines.at,
                name: marker.name,
                expand: marker.expand,
                strip_tabs: marker.strip_tabs,
            });
            hide_lines(&mut hidden[start..lines.at]);
            hide_markers(&mut hidden[logical.span.clone()]);
        }
    }
    let text = String::from_utf8(hidden).expect("invariant: only whole lines and ASCII bytes were replaced");
    Ok(Hidden { text, heredocs })
}

/// Makes each line a comment.
fn hide_lines(lines: &mut [u8]) {
    let mut first = true;
    for byte in lines {
        match *byte {
            b'\n' => first = true,
            b'\r' => {}
            _ => {
                *byte = if first { b'#' } else { b' ' };
                first = false;
            }
        }
    }
}

/// Makes `<<` an ordinary text.
fn hide_markers(line: &mut [u8]) {
    for byte in line {
        if *byte == b'<' {
            *byte = b'_';
        }
    }
}

/// A word that opens a here-document.
struct Marker {
    name: String,
    expand: bool,
    strip_tabs: bool,
}

/// The here-documents that an instruction opens, in order.
fn markers(instruction: &str) -> Vec<Marker> {
    let folded = fold(instruction);
    let mut keywords = folded.split(' ').map(Keyword::from_word);
    let keyword = match keywords.next().flatten() {
        Some(Keyword::Onbuild) => keywords.next().flatten(),
        keyword => keyword,
    };
    if !matches!(keyword, Some(Keyword::Run | Keyword::Copy | Keyword::Add)) {
        return Vec::new();
    }
    words(instruction).into_iter().filter_map(marker).collect()
}

/// Reads a word such as `<<EOF`, `3<<-"EOF"`.
fn marker(word: &str) -> Option<Marker> {
    let rest = word
        .trim_start_matches(|character: char| character.is_ascii_digit())
        .strip_prefix("<<")?;
    let (strip_tabs, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let name = unquoted(rest);
    if name.is_empty() || rest.contains('<') {
        return None;
    }
    Some(Marker {
        expand: !rest.contains(['"', '\'']),
        name,
        strip_tabs,
    })
}

/// Physical lines that make one instruction.
struct Logical {
    joined: String,
    span: Range<usize>,
}

struct Lines<'text> {
    text: &'text str,
    at: usize,
}

impl<'text> Lines<'text> {
    /// The next line without its line end.
    fn next_line(&mut self) -> Option<&'text str> {
        if self.at >= self.text.len() {
            return None;
        }
        let rest = &self.text[self.at..];
        let length = rest.find('\n').map_or(rest.len(), |newline| newline + 1);
        self.at += length;
        Some(rest[..length].trim_end_matches(['\n', '\r']))
    }

    /// The next instruction; comments and empty lines do not end it while it is being continued.
    fn next_logical(&mut self, escape: char) -> Option<Logical> {
        let mut joined = String::new();
        let mut start = self.at;
        let mut open = false;
        loop {
            let line_start = self.at;
            let Some(line) = self.next_line() else {
                return open.then_some(Logical {
                    joined,
                    span: start..self.at,
                });
            };
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            if !open {
                start = line_start;
                open = true;
            }
            let Some(continued) = line.trim_end().strip_suffix(escape) else {
                joined.push_str(line);
                return Some(Logical {
                    joined,
                    span: start..self.at,
                });
            };
            joined.push_str(continued);
        }
    }

    /// Goes behind the line that ends the here-document, and returns where that line begins.
    fn skip_to_end(&mut self, marker: &Marker) -> Option<usize> {
        loop {
            let start = self.at;
            let line = self.next_line()?;
            let line = if marker.strip_tabs {
                line.trim_start_matches('\t')
            } else {
                line
            };
            if line == marker.name {
                return Some(start);
            }
        }
    }
}
