//! Applying a patch: each of its files by the edit that does the same.

use std::path::Path;

use rustix::fs::{AtFlags, Dir};

use super::edit::Applied;
use super::edit_error::EditError;
use super::editor::{Change, Editor};
use super::inside_path::InsidePath;
use crate::scenario::{FilePatch, Patch, PatchedPath};

impl Editor<'_> {
    /// Applies the patch `text`; `file` is where it came from, for errors.
    pub(super) fn patch(&mut self, file: &Path, text: &str) -> Result<Vec<Applied>, EditError> {
        let patch = Patch::parse(text).map_err(|mistake| EditError::ParsePatch {
            file: file.to_owned(),
            mistake,
        })?;
        let parts = patch.files().iter();
        let applied = parts.map(|part| {
            self.patch_file(file, part).map_err(|error| match error {
                EditError::Hunk { .. } => error,
                other => EditError::Patch {
                    file: file.to_owned(),
                    line: part.line(),
                    source: Box::new(other),
                },
            })
        });
        applied.collect()
    }

    fn patch_file(&mut self, file: &Path, part: &FilePatch) -> Result<Applied, EditError> {
        let applied = match part.path() {
            PatchedPath::Create { path } => {
                let content = part.apply(&[]).map_err(|mismatch| EditError::Hunk {
                    file: file.to_owned(),
                    line: mismatch.line,
                    path: path.clone(),
                })?;
                self.at(path, |editor, path| editor.create(path, &content))?
            }
            PatchedPath::Delete { path } => {
                let applied = self.at(path, |editor, path| {
                    editor.change_content(path, file, part)?;
                    editor.delete(path)
                })?;
                self.drop_empty_folders(path)?;
                applied
            }
            PatchedPath::Modify { path } => {
                self.at(path, |editor, path| editor.change_content(path, file, part))?
            }
            PatchedPath::Rename { path, to } => {
                self.rename(path, to)?;
                self.drop_empty_folders(path)?;
                self.at(to, |editor, to| editor.change_content(to, file, part))?
            }
            PatchedPath::Copy { path, to } => {
                self.copy(path, to)?;
                self.at(to, |editor, to| editor.change_content(to, file, part))?
            }
        };
        if let Some(executable) = part.executable() {
            let mode = |mode| if executable { mode | 0o111 } else { mode & !0o111 };
            self.at(&applied.path, |editor, path| editor.chmod(path, mode))?;
        }
        Ok(applied)
    }

    /// Takes away the folders above `path` that hold nothing any more, as git does, which knows no empty ones.
    fn drop_empty_folders(&mut self, path: &Path) -> Result<(), EditError> {
        for folder in path
            .ancestors()
            .skip(1)
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            let opened = self.open_parent(folder)?;
            let entries = Dir::read_from(&opened).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            let entries = entries.map_err(|error| self.open_failed(error.into()))?;
            // Itself and the one above it.
            if entries.len() > 2 {
                break;
            }
            self.at(folder, Self::delete)?;
        }
        Ok(())
    }

    fn create(&mut self, path: &InsidePath, content: &[u8]) -> Result<Applied, EditError> {
        let parent = self.copy.enclosure.open_folder(path.parent());
        let is_taken = |parent| rustix::fs::statat(parent, path.name(), AtFlags::SYMLINK_NOFOLLOW).is_ok();
        if parent.is_ok_and(is_taken) {
            return Err(EditError::Taken {
                edit: self.word,
                path: self.given.clone(),
            });
        }
        self.make(path, content)
    }

    /// Changes the content of an existing file. Of one that only moves or changes its mode it is left alone, time
    /// included.
    fn change_content(
        &mut self,
        path: &InsidePath,
        file: &Path,
        part: &FilePatch,
    ) -> Result<Applied, EditError> {
        if !part.changes_content() {
            self.existing(path)?;
            return Ok(Applied {
                path: self.given.clone(),
                before: None,
                after: None,
            });
        }
        self.change(path, |editor, opened| {
            let content = editor.read(opened)?;
            let patched = part.apply(&content).map_err(|mismatch| EditError::Hunk {
                file: file.to_owned(),
                line: mismatch.line,
                path: editor.given.clone(),
            })?;
            Ok(Change::Become(patched))
        })
    }
}
