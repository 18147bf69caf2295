//! Why an edit could not be applied.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::command::CommandError;
use super::copy_tree::CopyError;
use super::inside_path::PathRefusal;
use crate::scenario::PatchError;

/// An edit was not applied; the copy is as it was before. `edit` is the edit's word in the scenario file.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The path is not one inside the context.
    #[error("{edit} `{}`: {refusal}", .path.display())]
    Resolve {
        /// The edit's word.
        edit: &'static str,
        /// The path of the edit.
        path: PathBuf,
        /// What is wrong with it.
        refusal: PathRefusal,
    },
    /// Nothing of that name is there.
    #[error("{edit} `{}`: the context has no such {expected}{}", .path.display(), Nearest(.nearest.as_deref()))]
    Find {
        /// The edit's word.
        edit: &'static str,
        /// The path of the edit.
        path: PathBuf,
        /// What the edit takes.
        expected: &'static str,
        /// The existing path that resembles it most.
        nearest: Option<PathBuf>,
    },
    /// A folder cannot hold text.
    #[error("{edit} `{}`: it is {found}, expected {expected}", .path.display())]
    Kind {
        /// The edit's word.
        edit: &'static str,
        /// The path that is of the wrong kind: that of the edit or one above it.
        path: PathBuf,
        /// What is there.
        found: FileKind,
        /// What the edit takes.
        expected: FileKind,
    },
    /// The text to replace occurs more or less often than stated.
    #[error(
        "replace `{}`: the text {find:?} occurs {found} times, expected {expected}",
        .path.display()
    )]
    Match {
        /// The path of the edit.
        path: PathBuf,
        /// What was looked for.
        find: String,
        /// How often it must occur.
        expected: u32,
        /// How often it does.
        found: usize,
    },
    /// An empty text occurs everywhere.
    #[error("replace `{}`: the text to find is empty, expected at least one character", .path.display())]
    Pattern {
        /// The path of the edit.
        path: PathBuf,
    },
    /// A new path is taken.
    #[error("{edit} `{}`: something is there already, expected a path at which nothing is", .path.display())]
    Taken {
        /// The edit's word.
        edit: &'static str,
        /// The new path.
        path: PathBuf,
    },
    /// A folder cannot become a part of itself.
    #[error("{edit} `{}`: `{}` lies inside it", .path.display(), .to.display())]
    Inside {
        /// The edit's word.
        edit: &'static str,
        /// The folder.
        path: PathBuf,
        /// The new path.
        to: PathBuf,
    },
    /// A symbolic link has no permission bits of its own.
    #[error("{edit} `{}`: it is a symbolic link, expected a file or folder", .path.display())]
    Link {
        /// The edit's word.
        edit: &'static str,
        /// The path of the edit.
        path: PathBuf,
    },
    /// The file or folder could not be copied.
    #[error("{edit} `{}`: cannot copy it", .path.display())]
    Duplicate {
        /// The edit's word.
        edit: &'static str,
        /// What was to be copied.
        path: PathBuf,
        /// Which part of it, and why not.
        source: CopyError,
    },
    /// The patch is none.
    #[error("{}:{}: {}", .file.display(), .mistake.line, .mistake.message)]
    ParsePatch {
        /// The patch file.
        file: PathBuf,
        /// What is wrong with it, and where.
        mistake: PatchError,
    },
    /// A hunk of a patch does not fit.
    #[error("{}:{line}: the hunk does not fit `{}`", .file.display(), .path.display())]
    Hunk {
        /// The patch file.
        file: PathBuf,
        /// The line of the hunk, from 1.
        line: u32,
        /// The file to patch.
        path: PathBuf,
    },
    /// A file that a patch names could not be changed.
    #[error("{}:{line}: the patch cannot be applied", .file.display())]
    Patch {
        /// The patch file.
        file: PathBuf,
        /// The line where the part about that file begins, from 1.
        line: u32,
        /// Why not.
        source: Box<EditError>,
    },
    /// A command failed.
    #[error("run `{}`", .command.trim().escape_debug())]
    Run {
        /// The command.
        command: String,
        /// How it failed.
        source: CommandError,
    },
    /// The file could not be opened for the edit.
    #[error("{edit} `{}`: cannot open it", .path.display())]
    Open {
        /// The edit's word.
        edit: &'static str,
        /// The path of the edit.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The present content could not be read.
    #[error("{edit} `{}`: cannot read it", .path.display())]
    Read {
        /// The edit's word.
        edit: &'static str,
        /// The path of the edit.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The original content could not be put aside for the reset.
    #[error("{edit} `{}`: cannot save its original content", .path.display())]
    Save {
        /// The edit's word.
        edit: &'static str,
        /// The path of the edit.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The new content or the new folder could not be written.
    #[error("{edit} `{}`: cannot write it", .path.display())]
    Write {
        /// The edit's word.
        edit: &'static str,
        /// The path of the edit.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The modification time could not be set, without which a builder may miss the change.
    #[error("{edit} `{}`: cannot set its modification time", .path.display())]
    Stamp {
        /// The edit's word.
        edit: &'static str,
        /// The path of the edit.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file or folder could not be taken out.
    #[error("{edit} `{}`: cannot remove it", .path.display())]
    Remove {
        /// The edit's word.
        edit: &'static str,
        /// The path of the edit.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What is found at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Holds bytes.
    File,
    /// Holds files.
    Folder,
}

impl fmt::Display for FileKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::File => "a file",
            Self::Folder => "a folder",
        })
    }
}

struct Nearest<'a>(Option<&'a Path>);

impl fmt::Display for Nearest<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(path) => write!(formatter, ", the nearest is `{}`", path.display()),
            None => Ok(()),
        }
    }
}
