//! Edits that leave every byte as it is: rename, copy, chmod.

use std::fs::File;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode};
use rustix::io::Errno;

use super::copy_tree::copy_entry;
use super::edit::Applied;
use super::edit_error::EditError;
use super::editor::Editor;
use super::inside_path::InsidePath;
use crate::unit::ByteSize;

impl Editor<'_> {
    /// Gives what is at `path` the path `to`.
    pub(super) fn rename(&mut self, path: &Path, to: &Path) -> Result<Applied, EditError> {
        self.at(path, |editor, path| {
            let (parent, stat) = editor.existing(path)?;
            let (to_parent, to) = editor.free_place(path, to)?;
            editor.before_entry(path.parent(), &parent)?;
            editor.before_entry(to.parent(), &to_parent)?;
            rustix::fs::renameat(&parent, path.name(), &to_parent, to.name())
                .map_err(|error| editor.write_failed(error.into()))?;
            editor.copy.undo.renamed(path.clone(), to.clone());
            let size = file_size(&stat);
            Ok(Applied {
                path: to.as_path().to_owned(),
                before: size,
                after: size,
            })
        })
    }

    /// Makes an exact copy of what is at `path`.
    pub(super) fn copy(&mut self, path: &Path, to: &Path) -> Result<Applied, EditError> {
        self.at(path, |editor, path| {
            let (parent, stat) = editor.existing(path)?;
            let (to_parent, to) = editor.free_place(path, to)?;
            editor.before_entry(to.parent(), &to_parent)?;
            editor.copy.undo.before_tree(to.clone());
            let folder = editor.copy.path().join(path.parent());
            copy_entry(&folder, &parent, path.name(), &to_parent, to.name()).map_err(|source| {
                EditError::Duplicate {
                    edit: editor.word,
                    path: editor.given.clone(),
                    source,
                }
            })?;
            Ok(Applied {
                path: to.as_path().to_owned(),
                before: None,
                after: file_size(&stat),
            })
        })
    }

    /// Sets the permission bits to what `decide` makes of the present ones.
    pub(super) fn chmod(
        &mut self,
        path: &InsidePath,
        decide: impl FnOnce(u32) -> u32,
    ) -> Result<Applied, EditError> {
        let (parent, stat) = self.existing(path)?;
        if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink {
            return Err(EditError::Link {
                edit: self.word,
                path: self.given.clone(),
            });
        }
        let before = stat.st_mode & 0o7777;
        self.copy.undo.before_new_mode(path.clone(), before);
        let mode = Mode::from_raw_mode(decide(before));
        rustix::fs::chmodat(&parent, path.name(), mode, AtFlags::empty())
            .map_err(|error| self.write_failed(error.into()))?;
        let size = file_size(&stat);
        Ok(Applied {
            path: self.given.clone(),
            before: size,
            after: size,
        })
    }

    /// The folder of a new path for what is at `path`, made where it is missing.
    fn free_place(&mut self, path: &InsidePath, to: &Path) -> Result<(File, InsidePath), EditError> {
        let given = self.given.clone();
        self.at(to, |editor, to| {
            if to.as_path().starts_with(path.as_path()) && to != path {
                return Err(EditError::Inside {
                    edit: editor.word,
                    path: given,
                    to: to.as_path().to_owned(),
                });
            }
            let parent = editor.make_parents(to)?;
            match rustix::fs::statat(&parent, to.name(), AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) => Ok((parent, to.clone())),
                Ok(_) => Err(EditError::Taken {
                    edit: editor.word,
                    path: editor.given.clone(),
                }),
                Err(error) => Err(editor.write_failed(error.into())),
            }
        })
    }
}

/// The size of a regular file.
fn file_size(stat: &rustix::fs::Stat) -> Option<ByteSize> {
    let is_file = FileType::from_raw_mode(stat.st_mode).is_file();
    u64::try_from(stat.st_size).ok().filter(|_| is_file).map(ByteSize)
}
