//! Why a tree could not be walked.

use std::path::PathBuf;

use rustix::io::Errno;

use crate::context::ManifestError;

/// A tree could not be walked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WalkError {
    /// The root or a directory below it could not be opened.
    #[error("cannot open the directory `{path}`")]
    Open {
        /// The directory, with the root before it.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: Errno,
    },
    /// A directory could not be listed.
    #[error("cannot list the directory `{path}`")]
    List {
        /// The directory, with the root before it.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: Errno,
    },
    /// A path could not be looked at, or went away while it was.
    #[error("cannot look at `{path}`")]
    Look {
        /// The path, with the root before it.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: Errno,
    },
    /// A name that would be kept, or the target of a link, is not UTF-8.
    #[error("`{path}` is not UTF-8 in its name or in where it links to, which no build can be sent")]
    NotUtf8 {
        /// The path relative to the root, what is not UTF-8 replaced.
        path: String,
    },
    /// The paths make no manifest.
    #[error("the paths of `{root}` make no context")]
    Manifest {
        /// The root.
        root: PathBuf,
        /// What is wrong with them.
        #[source]
        cause: ManifestError,
    },
}

impl WalkError {
    /// What to do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Open { cause, .. } | Self::List { cause, .. } if *cause == Errno::ACCESS => {
                "name the directory in the ignore file if the build does not need it"
            }
            Self::NotUtf8 { .. } => "rename it, or name it in the ignore file with `?` for each odd byte",
            _ => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}
