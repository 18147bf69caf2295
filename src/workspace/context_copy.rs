//! A copy of a context that can be edited and brought back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::copy_tree::{CopyError, copy_tree};
use super::edit_clock::EditClock;
use super::enclosure::Enclosure;
use super::remove_tree::remove_tree;
use super::undo::{ResetError, UndoLog};

/// The copy of a context in a [`Scratch`](super::Scratch) folder, which removes it in the end.
///
/// Edits stack until [`reset`](Self::reset) restores the original content. Nothing but
/// [`apply`](super::apply) may change the copy in between.
#[derive(Debug)]
pub struct ContextCopy {
    /// The folder of this copy in the scratch folder: the context and what goes with it.
    home: PathBuf,
    context: PathBuf,
    source: PathBuf,
    pub(super) enclosure: Enclosure,
    pub(super) undo: UndoLog,
    pub(super) clock: EditClock,
}

impl ContextCopy {
    /// Copies `source`, an absolute path without links, to the existing, empty folder `home`.
    pub(super) fn make(source: PathBuf, home: PathBuf) -> Result<Self, CopyError> {
        let context = home.join("context");
        let originals = home.join("originals");
        for folder in [&context, &originals] {
            fs::create_dir(folder).map_err(|error| CopyError::Make {
                path: folder.clone(),
                source: error,
            })?;
        }
        copy_tree(&source, &context)?;
        let open = |error| CopyError::Make {
            path: home.clone(),
            source: error,
        };
        let undo = UndoLog::new(originals).map_err(open)?;
        let enclosure = Enclosure::new(&context).map_err(open)?;
        Ok(Self {
            home,
            context,
            source,
            enclosure,
            undo,
            clock: EditClock::default(),
        })
    }

    /// The folder that holds the copied files: the build context.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.context
    }

    /// The folder that was copied, as an absolute path without links.
    #[must_use]
    pub fn source(&self) -> &Path {
        &self.source
    }

    /// The folder of this copy in the scratch folder.
    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    /// Takes back all edits: names, bytes, modes and times are those of the fresh copy again. Costs as much
    /// as the edited files hold, however large the context is.
    ///
    /// # Errors
    ///
    /// [`ResetError`] with the path that could not be restored; the copy is not to be used any more.
    pub fn reset(&mut self) -> Result<(), ResetError> {
        self.undo.undo_to(0, &mut self.enclosure)
    }

    /// Puts an exact copy of the context in its place, which may then be changed in any way: the reset brings the
    /// present one back, untouched.
    ///
    /// # Errors
    ///
    /// [`CopyError`]; undoing brings the context back.
    pub(super) fn replace_by_copy(&mut self) -> Result<(), CopyError> {
        let make = |error| CopyError::Make {
            path: self.context.clone(),
            source: error,
        };
        let aside = self.undo.set_aside(&self.context).map_err(make)?;
        fs::create_dir(&self.context).map_err(make)?;
        copy_tree(&aside, &self.context)?;
        self.enclosure = Enclosure::new(&self.context).map_err(make)?;
        Ok(())
    }

    /// Removes the copy before its scratch folder goes.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub fn remove(self) -> io::Result<()> {
        remove_tree(&self.home)
    }
}
