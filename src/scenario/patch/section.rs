//! Where the files of a patch and their hunks begin.

use std::ops::Range;

use super::PatchError;

/// The part of a patch that is about one file.
#[derive(Clone, Debug)]
pub(super) struct Section {
    /// Its bytes, what follows the last hunk left out.
    pub(super) bytes: Range<usize>,
    /// Where its first line stands.
    pub(super) at: LineAt,
    /// Whether it begins with the `diff --git` line.
    pub(super) is_git: bool,
    /// Whether its `---` line was passed.
    has_names: bool,
    /// Where its hunks begin.
    pub(super) hunks: Vec<LineAt>,
}

/// A line of the patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LineAt {
    /// Its number, from 1.
    pub(super) line: u32,
    /// Its bytes, without what ends it.
    pub(super) span: Range<usize>,
}

impl LineAt {
    /// A mistake in this line.
    pub(super) fn error(&self, message: impl Into<String>) -> PatchError {
        PatchError {
            line: self.line,
            span: self.span.clone(),
            message: message.into(),
        }
    }
}

/// The lines that the current hunk still lacks.
#[derive(Clone, Copy, Debug, Default)]
struct Missing {
    old: u64,
    new: u64,
}

/// Splits a patch. Only the counts in its headers say where a hunk ends: a removed line `-- x` looks like the name of
/// a file.
pub(super) fn sections(text: &str) -> Result<Vec<Section>, PatchError> {
    let mut sections: Vec<Section> = Vec::new();
    let mut missing = Missing::default();
    let mut start = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let end = start + line.len();
        let at = LineAt {
            line: u32::try_from(index + 1).unwrap_or(u32::MAX),
            span: start..start + line.trim_end_matches(['\n', '\r']).len(),
        };
        start = end;
        let last = sections.last_mut();
        if let Some(section) = last
            && (missing.old > 0 || missing.new > 0 || line.starts_with('\\') && !section.hunks.is_empty())
        {
            missing = missing.without(line).ok_or_else(|| {
                let hunk = section.hunks.last().map_or(0, |hunk| hunk.line);
                at.error(format!(
                    "the line is in the hunk of line {hunk} and begins neither with a blank nor with `-` or `+`"
                ))
            })?;
            section.bytes.end = end;
            continue;
        }
        let names_follow = sections
            .last()
            .is_some_and(|section| section.is_git && !section.has_names);
        let is_git = line.starts_with("diff --git ");
        if is_git || line.starts_with("--- ") && !names_follow {
            sections.push(Section {
                bytes: at.span.start..end,
                at,
                is_git,
                has_names: !is_git,
                hunks: Vec::new(),
            });
            continue;
        }
        match sections.last_mut() {
            Some(section) if line.starts_with("@@ ") && section.has_names => {
                missing = Missing::of_header(line)
                    .ok_or_else(|| at.error("the hunk's header is not like `@@ -1,4 +1,5 @@`"))?;
                section.hunks.push(at);
                section.bytes.end = end;
            }
            _ if line.starts_with("@@ ") => {
                return Err(at.error("a hunk without the lines `---` and `+++` before it"));
            }
            Some(section) if section.hunks.is_empty() => {
                section.has_names |= line.starts_with("--- ");
                section.bytes.end = end;
            }
            _ => {}
        }
    }
    let unfinished = missing.old > 0 || missing.new > 0;
    if let Some(hunk) = sections.last().and_then(|section| section.hunks.last())
        && unfinished
    {
        let Missing { old, new } = missing;
        return Err(hunk.error(format!(
            "the hunk ends early: its header promises {old} old and {new} new lines more"
        )));
    }
    Ok(sections)
}

impl Missing {
    /// The counts of `@@ -1,4 +1,5 @@`.
    fn of_header(line: &str) -> Option<Self> {
        let (ranges, _) = line.strip_prefix("@@ -")?.split_once(" @@")?;
        let (old, new) = ranges.split_once(" +")?;
        let count = |range: &str| {
            let (first, count) = range.split_once(',').unwrap_or((range, "1"));
            first.parse::<u64>().ok()?;
            count.parse().ok()
        };
        Some(Self {
            old: count(old)?,
            new: count(new)?,
        })
    }

    /// What lacks after `line`; nothing where it cannot be in a hunk, or is one too many of its kind.
    fn without(self, line: &str) -> Option<Self> {
        let (old, new) = match line.as_bytes().first()? {
            b' ' | b'\n' | b'\r' => (1, 1),
            b'-' => (1, 0),
            b'+' => (0, 1),
            b'\\' => (0, 0),
            _ => return None,
        };
        Some(Self {
            old: self.old.checked_sub(old)?,
            new: self.new.checked_sub(new)?,
        })
    }
}
