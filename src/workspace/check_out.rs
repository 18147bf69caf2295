//! Making a copy hold the tree of a commit.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::symlinkat;

use super::context_copy::ContextCopy;
use super::edit_error::EditError;
use super::editor::{Change, Editor};
use super::git::GitError;
use super::git_objects::GitObjects;
use super::git_tree::{TreeChange, TreeEntry};
use super::inside_path::InsidePath;

/// A commit's tree could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CheckOutError {
    /// The repository could not be read.
    #[error(transparent)]
    Read(#[from] GitError),
    /// The copy could not be changed.
    #[error(transparent)]
    Change(#[from] EditError),
}

/// Brings these changes to the copy, whose files are those before them. What does not change is not written, so that it
/// keeps its time; what does gets a time that it never had in this copy. Files have mode 0644 or 0755, folders 0755,
/// whatever the umask. Content is taken as the repository holds it: no filter, no other line endings.
///
/// # Errors
///
/// [`CheckOutError`]; the copy is then as it was.
pub(super) fn check_out(
    copy: &mut ContextCopy,
    changes: &[TreeChange],
    objects: &mut GitObjects,
) -> Result<(), CheckOutError> {
    let mark = copy.undo.len();
    let mut editor = Editor {
        copy,
        word: "check out",
        given: PathBuf::new(),
    };
    let outcome = bring(&mut editor, changes, objects);
    if outcome.is_err() {
        // What cannot be taken back here stays recorded, and the next reset reports it.
        let _ = copy.undo.undo_to(mark, &mut copy.enclosure);
    }
    outcome
}

fn bring(
    editor: &mut Editor<'_>,
    changes: &[TreeChange],
    objects: &mut GitObjects,
) -> Result<(), CheckOutError> {
    // First what goes: a file may stand where a folder comes, and the other way round.
    for change in changes.iter().filter(|change| goes(change)) {
        editor.at(&change.path, Editor::delete)?;
    }
    for change in changes.iter().filter(|change| goes(change)) {
        editor.leave_no_empty_folder(&change.path)?;
    }
    for change in changes {
        let Some(after) = &change.after else { continue };
        let before = change.before.as_ref().filter(|_| !goes(change));
        match after {
            TreeEntry::File { blob, executable } => {
                editor.bring_file(&change.path, before, blob, *executable, objects)?;
            }
            TreeEntry::Link { blob } => {
                let target = objects.read(blob)?.content;
                editor.at(&change.path, |editor, path| editor.make_link(path, &target))?;
            }
            // Another commit of it is the same empty folder.
            TreeEntry::Submodule if before.is_some() => {}
            TreeEntry::Submodule => {
                // The folder of a file in it, which is never made.
                editor.at(&change.path.join("x"), Editor::make_parents)?;
            }
        }
    }
    Ok(())
}

/// Whether what was at a path has to be removed, even where something else comes there.
fn goes(change: &TreeChange) -> bool {
    use TreeEntry::{File, Submodule};
    match (&change.before, &change.after) {
        (None, _) | (Some(File { .. }), Some(File { .. })) | (Some(Submodule), Some(Submodule)) => false,
        (Some(_), _) => true,
    }
}

impl Editor<'_> {
    fn bring_file(
        &mut self,
        path: &Path,
        before: Option<&TreeEntry>,
        blob: &str,
        executable: bool,
        objects: &mut GitObjects,
    ) -> Result<(), CheckOutError> {
        let (same_content, same_mode) = match before {
            Some(TreeEntry::File {
                blob: old_blob,
                executable: old,
            }) => (old_blob == blob, *old == executable),
            _ => (false, !executable),
        };
        if !same_content {
            let content = objects.read(blob)?.content;
            self.at(path, |editor, path| match before {
                Some(_) => editor.change(path, |_, _| Ok(Change::Become(content))),
                None => editor.make(path, &content),
            })?;
        }
        if !same_mode {
            let mode = if executable { 0o755 } else { 0o644 };
            self.at(path, |editor, path| editor.chmod(path, |_| mode))?;
        }
        Ok(())
    }

    fn make_link(&mut self, path: &InsidePath, target: &[u8]) -> Result<(), EditError> {
        let parent = self.make_parents(path)?;
        self.before_entry(path.parent(), &parent)?;
        symlinkat(OsStr::from_bytes(target), &parent, path.name())
            .map_err(|error| self.write_failed(error.into()))?;
        self.copy.undo.made_file(path.clone());
        Ok(())
    }

    /// Removes the folders of a path that went, as far as nothing is left in them.
    fn leave_no_empty_folder(&mut self, path: &Path) -> Result<(), EditError> {
        let folders = path
            .ancestors()
            .skip(1)
            .filter(|folder| !folder.as_os_str().is_empty());
        for folder in folders {
            // One that is not there went with another path.
            let Ok(mut entries) = self.copy.path().join(folder).read_dir() else {
                continue;
            };
            if entries.next().is_some() {
                break;
            }
            self.at(folder, Editor::delete)?;
        }
        Ok(())
    }
}
