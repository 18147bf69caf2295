//! The private folder of a run.

use std::fs;
use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::process::geteuid;

use super::context_copy::ContextCopy;
use super::copy_tree::CopyError;
use super::fill::fill_in;
use super::remove_tree::remove_tree;
use crate::scenario::Fill;

/// What the names of all scratch folders start with, so that those of killed runs are found again.
pub const SCRATCH_PREFIX: &str = "seatrial-scratch-";

/// The private temporary folder of a run, removed with everything in it when dropped.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    is_closed: bool,
    /// Locked while the process lives, which tells the folder from one that a killed process left. Absent where the
    /// file system knows no locks: nobody takes such a folder for abandoned.
    _lock: Option<File>,
}

/// A scratch folder whose process was killed.
#[derive(Debug)]
pub struct AbandonedScratch(Scratch);

/// The scratch folder could not be made or removed.
#[derive(Debug, thiserror::Error)]
pub enum ScratchError {
    /// No folder could be made.
    #[error("cannot make a scratch folder in `{}`", .parent.display())]
    Make {
        /// The folder that was to hold it.
        parent: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder, or part of it, is still there.
    #[error("cannot remove the scratch folder `{}`", .path.display())]
    Remove {
        /// The scratch folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Scratch {
    /// Makes a folder in `parent` that only this user may enter.
    ///
    /// # Errors
    ///
    /// [`ScratchError::Make`] when `parent` is missing or may not be written.
    pub fn create(parent: &Path) -> Result<Self, ScratchError> {
        let make = || {
            let folder = tempfile::Builder::new()
                .prefix(SCRATCH_PREFIX)
                .permissions(Permissions::from_mode(0o700))
                .tempdir_in(parent)?;
            // Kept, because our own removal also copes with read-only folders.
            fs::canonicalize(folder.keep())
        };
        let path = make().map_err(|source| ScratchError::Make {
            parent: parent.to_owned(),
            source,
        })?;
        Ok(Self {
            _lock: lock(&path),
            path,
            is_closed: false,
        })
    }

    /// The scratch folders in `parent` that are this user's and that no process uses any more.
    ///
    /// # Errors
    ///
    /// Where `parent` cannot be listed.
    pub fn abandoned(parent: &Path) -> io::Result<Vec<AbandonedScratch>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(parent)? {
            let entry = entry?;
            if !entry.file_name().to_string_lossy().starts_with(SCRATCH_PREFIX) {
                continue;
            }
            // What is gone in the meantime was somebody's who still lives.
            let is_own = entry
                .metadata()
                .is_ok_and(|meta| meta.is_dir() && meta.uid() == geteuid().as_raw());
            let path = entry.path();
            if let Some(lock) = is_own.then(|| lock(&path)).flatten() {
                found.push(AbandonedScratch(Self {
                    path,
                    is_closed: true,
                    _lock: Some(lock),
                }));
            }
        }
        found.sort_by(|one, other| one.path().cmp(other.path()));
        Ok(found)
    }

    /// The folder, as an absolute path without links.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Copies the folder `source` exactly and adds the made-up files of `fill`.
    ///
    /// Kept are bytes, hard links, symbolic links as they are, permission bits and modification times in
    /// nanoseconds; not kept are owner, extended attributes and holes. Sockets are left out. `source` itself
    /// may be a link. `name` is a single file name, used once per scratch folder.
    ///
    /// # Errors
    ///
    /// [`CopyError`] names the file; what was already copied is removed again.
    pub fn copy_context(&self, source: &Path, fill: &[Fill], name: &str) -> Result<ContextCopy, CopyError> {
        let mut components = Path::new(name).components();
        if !matches!(components.next(), Some(Component::Normal(_))) || components.next().is_some() {
            return Err(CopyError::Name {
                name: name.to_owned(),
            });
        }
        let original = fs::canonicalize(source).map_err(|error| CopyError::Read {
            path: source.to_owned(),
            source: error,
        })?;
        if self.path.starts_with(&original) {
            return Err(CopyError::Overlap {
                scratch: self.path.clone(),
                path: original,
            });
        }
        let home = self.path.join(name);
        fs::create_dir(&home).map_err(|error| CopyError::Make {
            path: home.clone(),
            source: error,
        })?;
        let make = || {
            let copy = ContextCopy::make(original, home.clone())?;
            for fill in fill {
                fill_in(&copy.enclosure, fill)?;
            }
            Ok(copy)
        };
        make().inspect_err(|_| {
            // The first error is the one to report; the scratch folder removes the rest.
            let _ = remove_tree(&home);
        })
    }

    /// Removes the folder and reports what dropping it would have to keep to itself.
    ///
    /// # Errors
    ///
    /// [`ScratchError::Remove`] when something of it is still there.
    pub fn close(mut self) -> Result<(), ScratchError> {
        self.is_closed = true;
        remove_tree(&self.path).map_err(|source| ScratchError::Remove {
            path: self.path.clone(),
            source,
        })
    }
}

impl AbandonedScratch {
    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Removes the folder with everything in it.
    ///
    /// # Errors
    ///
    /// [`ScratchError::Remove`] when something of it is still there.
    pub fn remove(self) -> Result<(), ScratchError> {
        self.0.close()
    }
}

/// Locks a folder for as long as the file is open; `None` where another process holds it or it cannot be locked.
fn lock(folder: &Path) -> Option<File> {
    let file = File::open(folder).ok()?;
    flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
    Some(file)
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.is_closed {
            // A drop has nobody to report to; `clean` finds the folder, as it finds those of killed processes.
            let _ = remove_tree(&self.path);
        }
    }
}
