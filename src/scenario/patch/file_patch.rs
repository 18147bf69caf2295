//! What a patch does to one file.

use std::path::PathBuf;

use diffy::patch_set::{FileMode, FileOperation, ParseOptions, PatchSet};

use super::PatchError;
use super::section::Section;
use crate::scenario::file::RelativePath;

/// What a patch does to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePatch {
    path: PatchedPath,
    executable: Option<bool>,
    line: u32,
    /// The section of the patch.
    text: String,
    /// Where its hunks begin, in bytes of the section.
    hunks: Vec<(usize, u32)>,
}

/// The file, and what becomes of it besides its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatchedPath {
    /// The file is made.
    Create {
        /// Its path.
        path: PathBuf,
    },
    /// The file goes.
    Delete {
        /// Its path.
        path: PathBuf,
    },
    /// The file stays where it is.
    Modify {
        /// Its path.
        path: PathBuf,
    },
    /// The file gets another path.
    Rename {
        /// The path before.
        path: PathBuf,
        /// The path after.
        to: PathBuf,
    },
    /// The file stays as it is, and what changes is a copy of it.
    Copy {
        /// What is copied.
        path: PathBuf,
        /// The path of the copy.
        to: PathBuf,
    },
}

/// A hunk's old lines are nowhere in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the hunk in line {line} of the patch does not fit the file")]
pub struct HunkMismatch {
    /// The line of the patch, from 1.
    pub line: u32,
}

impl FilePatch {
    /// Reads the section of a patch that is about one file.
    pub(super) fn parse(text: &str, section: &Section) -> Result<Self, PatchError> {
        let text = &text[section.bytes.clone()];
        let hunks = section.hunks.iter();
        let hunks: Vec<_> = hunks
            .map(|hunk| (hunk.span.start - section.bytes.start, hunk.line))
            .collect();
        let (path, executable) = read(text, section.is_git).map_err(|whole| {
            // What is wrong with a hunk shows as soon as that hunk is there, what is wrong with the names before.
            let ends: Vec<_> = hunks
                .iter()
                .map(|(start, _)| *start)
                .chain([text.len()])
                .collect();
            let lines = std::iter::once(&section.at).chain(&section.hunks);
            let first = lines
                .zip(ends)
                .find_map(|(at, end)| Some((at, read(&text[..end], section.is_git).err()?)));
            first.map_or_else(|| section.at.error(whole), |(at, message)| at.error(message))
        })?;
        if hunks.is_empty() && executable.is_none() && matches!(path, PatchedPath::Modify { .. }) {
            return Err(section.at.error("nothing of the file is changed"));
        }
        Ok(Self {
            path,
            executable,
            line: section.at.line,
            text: text.to_owned(),
            hunks,
        })
    }

    /// Which file it is, and what becomes of it besides its content.
    #[must_use]
    pub fn path(&self) -> &PatchedPath {
        &self.path
    }

    /// Whether the file is to be executable from now on, where the patch says so.
    #[must_use]
    pub const fn executable(&self) -> Option<bool> {
        self.executable
    }

    /// The line of the patch where it begins, from 1.
    #[must_use]
    pub const fn line(&self) -> u32 {
        self.line
    }

    /// Whether the content changes.
    #[must_use]
    pub fn changes_content(&self) -> bool {
        !self.hunks.is_empty()
    }

    /// The content after the patch. Hunks are found by their old lines, nearest to where they should be; no line of
    /// their context may differ.
    ///
    /// # Errors
    ///
    /// [`HunkMismatch`] with the first hunk that fits nowhere, or that does not take away all of a file that goes.
    pub fn apply(&self, content: &[u8]) -> Result<Vec<u8>, HunkMismatch> {
        let applied = |end: usize| {
            let patch = diffy::Patch::from_bytes(&self.text.as_bytes()[..end]).ok()?;
            diffy::apply_bytes(content, &patch).ok()
        };
        if self.hunks.is_empty() {
            return Ok(content.to_vec());
        }
        match applied(self.text.len()) {
            Some(rest) if matches!(self.path, PatchedPath::Delete { .. }) && !rest.is_empty() => {
                Err(HunkMismatch {
                    line: self.hunks[0].1,
                })
            }
            Some(content) => Ok(content),
            None => {
                let starts = self.hunks.iter().map(|(start, _)| *start);
                let ends = starts.skip(1).chain([self.text.len()]);
                let failed = self
                    .hunks
                    .iter()
                    .zip(ends)
                    .find(|(_, end)| applied(*end).is_none());
                Err(HunkMismatch {
                    line: failed.map_or(self.line, |((_, line), _)| *line),
                })
            }
        }
    }
}

/// The names and modes of a section, its hunks being read as well.
fn read(text: &str, is_git: bool) -> Result<(PatchedPath, Option<bool>), String> {
    let options = if is_git {
        ParseOptions::gitdiff()
    } else {
        ParseOptions::unidiff()
    };
    let mut parts = PatchSet::parse(text, options);
    let part = match parts.next() {
        Some(Ok(part)) => part,
        Some(Err(error)) => {
            // It counts bytes from the start of what it was given, which is no place to name.
            let text = error.to_string();
            return Err(text.rsplit(": ").next().unwrap_or(&text).to_owned());
        }
        None => return Err("the names of the file are missing".to_owned()),
    };
    if part.patch().is_binary() {
        return Err("the file is binary, expected a text".to_owned());
    }
    let executable = match part.new_mode() {
        None => None,
        Some(FileMode::Regular) => Some(false),
        Some(FileMode::Executable) => Some(true),
        Some(FileMode::Symlink | FileMode::Gitlink) => {
            return Err("the file is a symbolic link or a submodule, expected an ordinary file".to_owned());
        }
    };
    let path = match part.operation() {
        FileOperation::Create(path) => PatchedPath::Create {
            path: inside(without(path, "b/"))?,
        },
        FileOperation::Delete(path) => PatchedPath::Delete {
            path: inside(without(path, "a/"))?,
        },
        FileOperation::Modify { original, modified } => {
            let is_of_git = original.starts_with("a/") && modified.starts_with("b/");
            let path = if is_of_git {
                without(modified, "b/")
            } else {
                modified
            };
            PatchedPath::Modify { path: inside(path)? }
        }
        FileOperation::Rename { from, to } => PatchedPath::Rename {
            path: inside(from)?,
            to: inside(to)?,
        },
        FileOperation::Copy { from, to } => PatchedPath::Copy {
            path: inside(from)?,
            to: inside(to)?,
        },
    };
    Ok((path, executable))
}

fn without<'path>(path: &'path str, prefix: &str) -> &'path str {
    path.strip_prefix(prefix).unwrap_or(path)
}

fn inside(path: &str) -> Result<PathBuf, String> {
    match RelativePath::fault(path) {
        Some(fault) => Err(format!(
            "the path {path:?} {fault}, expected one inside the context"
        )),
        None => Ok(path.into()),
    }
}
