//! One change of the context between two builds.

use std::path::{Path, PathBuf};

use serde::Serialize;

/// A change of one file of the scratch copy. Paths are relative to the context and never leave it.
///
/// `{{nonce}}` in a text stands for the sample's [`Nonce`](super::Nonce).
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
}

impl Edit {
    /// The path that is changed.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Append { path, .. }
            | Self::Prepend { path, .. }
            | Self::Replace { path, .. }
            | Self::Write { path, .. }
            | Self::Touch { path }
            | Self::Delete { path } => path,
        }
    }

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
        }
    }

    /// Whether repeating this edit over rounds gives new bytes each time.
    ///
    /// A content-addressed cache answers a repeated edit without the nonce with a full hit, which looks
    /// like a huge speed-up and is none.
    #[must_use]
    pub fn is_unique(&self) -> bool {
        match self {
            Self::Append { text, .. } | Self::Prepend { text, .. } | Self::Write { text, .. } => {
                text.contains(super::Nonce::PLACEHOLDER)
            }
            Self::Replace { with, .. } => with.contains(super::Nonce::PLACEHOLDER),
            Self::Touch { .. } | Self::Delete { .. } => false,
        }
    }
}
