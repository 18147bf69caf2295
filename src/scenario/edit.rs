//! One change of the context between two builds.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::FileMode;
use crate::unit::Nanos;

/// A change of the scratch copy. Paths are relative to the context and never leave it.
///
/// `{{nonce}}` in a text, a patch and a command stands for the sample's [`Nonce`](super::Nonce).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Edit {
    /// Adds text at the end of an existing file.
    Append {
        /// The file.
        path: PathBuf,
        /// What is added.
        text: String,
    },
    /// Adds text at the start of an existing file.
    Prepend {
        /// The file.
        path: PathBuf,
        /// What is added.
        text: String,
    },
    /// Replaces every occurrence of a text, which must occur exactly `times` times.
    Replace {
        /// The file.
        path: PathBuf,
        /// What is looked for, byte for byte.
        find: String,
        /// What takes its place.
        with: String,
        /// How often it must occur.
        times: u32,
    },
    /// Makes the file hold exactly this text; makes it and its folders where they are missing.
    Write {
        /// The file.
        path: PathBuf,
        /// Its new content.
        text: String,
    },
    /// Gives an existing file or folder a new modification time and leaves its bytes alone.
    Touch {
        /// The file or folder.
        path: PathBuf,
    },
    /// Removes an existing file, or a folder with everything below it.
    Delete {
        /// The file or folder.
        path: PathBuf,
    },
    /// Gives an existing file, link or folder another path, at which nothing may be. Its time stays.
    Rename {
        /// The path before.
        path: PathBuf,
        /// The path after; its folders are made where they are missing.
        to: PathBuf,
    },
    /// Copies an existing file, link, or folder with everything below it, modes and times included.
    Copy {
        /// What is copied.
        path: PathBuf,
        /// The path of the copy, at which nothing may be; its folders are made where they are missing.
        to: PathBuf,
    },
    /// Sets the permission bits of an existing file or folder, and leaves its time alone.
    Chmod {
        /// The file or folder.
        path: PathBuf,
        /// Its new mode.
        mode: FileMode,
    },
    /// Applies a unified diff of any number of files.
    Patch {
        /// The patch file, relative to the scenario's folder.
        file: PathBuf,
        /// What it holds.
        text: String,
    },
    /// Runs a command in the context.
    Run {
        /// What `/bin/sh -c` is given.
        command: String,
        /// How long it may take.
        timeout: Nanos,
    },
}

impl Edit {
    /// The word that names this kind of edit in the scenario file.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Append { .. } => "append",
            Self::Prepend { .. } => "prepend",
            Self::Replace { .. } => "replace",
            Self::Write { .. } => "write",
            Self::Touch { .. } => "touch",
            Self::Delete { .. } => "delete",
            Self::Rename { .. } => "rename",
            Self::Copy { .. } => "copy",
            Self::Chmod { .. } => "chmod",
            Self::Patch { .. } => "patch",
            Self::Run { .. } => "run",
        }
    }

    /// The text that the edit brings in, where it brings one: what can carry the nonce.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Append { text, .. }
            | Self::Prepend { text, .. }
            | Self::Write { text, .. }
            | Self::Patch { text, .. } => Some(text),
            Self::Replace { with, .. } => Some(with),
            Self::Run { command, .. } => Some(command),
            Self::Touch { .. }
            | Self::Delete { .. }
            | Self::Rename { .. }
            | Self::Copy { .. }
            | Self::Chmod { .. } => None,
        }
    }

    /// Whether repeating this edit over rounds gives new bytes each time.
    ///
    /// A content-addressed cache answers a repeated edit without the nonce with a full hit, which looks
    /// like a huge speed-up and is none. A command can take the nonce from its environment.
    #[must_use]
    pub fn is_unique(&self) -> bool {
        let in_environment =
            |text: &str| matches!(self, Self::Run { .. }) && text.contains(super::Nonce::VARIABLE);
        self.text()
            .is_some_and(|text| text.contains(super::Nonce::PLACEHOLDER) || in_environment(text))
    }
}

impl fmt::Display for Edit {
    /// The edit in a few words on one line, its texts left out: `rename a to b`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        match self {
            Self::Append { path, .. }
            | Self::Prepend { path, .. }
            | Self::Replace { path, .. }
            | Self::Write { path, .. }
            | Self::Touch { path }
            | Self::Delete { path }
            | Self::Patch { file: path, .. } => write!(formatter, "{kind} {}", path.display()),
            Self::Rename { path, to } | Self::Copy { path, to } => {
                write!(formatter, "{kind} {} to {}", path.display(), to.display())
            }
            Self::Chmod { path, mode } => write!(formatter, "{kind} {} to {mode}", path.display()),
            Self::Run { command, .. } => write!(formatter, "{kind} `{}`", command.trim().escape_debug()),
        }
    }
}
