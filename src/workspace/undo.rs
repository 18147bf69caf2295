//! Taking back what edits did, to the last nanosecond of a folder's time.

use std::fs::{self, File};
use std::io::{self, Seek as _};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags, Timespec};
use rustix::io::Errno;

use super::clone_file::FileCloner;
use super::enclosure::{Enclosure, make_file};
use super::file_facts::{FileFacts, set_mode, set_mtime};
use super::inside_path::InsidePath;
use super::remove_tree::remove_tree;

/// An edit could not be taken back; the copy is not to be used any more.
#[derive(Debug, thiserror::Error)]
#[error("cannot restore `{}` in the scratch copy", .path.display())]
pub struct ResetError {
    /// The path in the context; empty for the context itself.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// One thing that was done, with what it takes to undo it.
#[derive(Debug)]
enum Undo {
    /// A file's content and attributes are about to change; the original bytes are saved as `saved`.
    Content {
        path: PathBuf,
        saved: String,
        mode: u32,
        mtime: Timespec,
    },
    /// A time is about to change: of a file that is touched, or of a folder whose entries change.
    Mtime { path: PathBuf, mtime: Timespec },
    /// A file or folder was made.
    Made { path: InsidePath, is_folder: bool },
    /// A copy of a file, link or folder with everything below it was made.
    MadeTree { path: InsidePath },
    /// A file or folder was moved away to `saved`.
    MovedAway { path: InsidePath, saved: String },
    /// A file, link or folder got the path `to`.
    Renamed { path: InsidePath, to: InsidePath },
    /// The permission bits of a file or folder are about to change.
    Mode { path: InsidePath, mode: u32 },
    /// The whole context was set aside as the folder `saved`, for one in its place that may change in any way.
    SetAside { context: PathBuf, saved: PathBuf },
}

/// What was done to a copy, oldest first.
///
/// Undone strictly in reverse order, each path means the same file as when it was recorded, links on the
/// way included. Files are restored in place and moved back, never made anew, so hard links survive.
#[derive(Debug)]
pub(super) struct UndoLog {
    done: Vec<Undo>,
    /// The folder that holds what was saved, on the file system of the copy.
    originals: File,
    /// Its path.
    folder: PathBuf,
    next: u64,
    cloner: FileCloner,
}

impl UndoLog {
    /// Starts an empty log which saves originals to the existing, empty folder `originals`.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be opened.
    pub(super) fn new(folder: PathBuf) -> io::Result<Self> {
        Ok(Self {
            done: Vec::new(),
            originals: File::open(&folder)?,
            folder,
            next: 0,
            cloner: FileCloner::new(),
        })
    }

    /// How much is recorded; a mark to go back to.
    pub(super) const fn len(&self) -> usize {
        self.done.len()
    }

    /// To be called before the content of `file` changes. The file is left at its start.
    pub(super) fn before_change(&mut self, path: &Path, mut file: &File, facts: FileFacts) -> io::Result<()> {
        let saved = self.next_name();
        let original = make_file(&self.originals, saved.as_ref())?;
        file.rewind()?;
        if let Err(error) = self.cloner.clone_content(file, &original) {
            // The space is needed more than the half of a copy.
            let _ = rustix::fs::unlinkat(&self.originals, &saved, AtFlags::empty());
            return Err(error);
        }
        file.rewind()?;
        self.done.push(Undo::Content {
            path: path.to_owned(),
            saved,
            mode: facts.mode,
            mtime: facts.mtime,
        });
        Ok(())
    }

    /// To be called before a time changes that an edit sets, or the time of a folder whose entries change.
    pub(super) fn before_new_time(&mut self, path: &Path, mtime: Timespec) {
        self.done.push(Undo::Mtime {
            path: path.to_owned(),
            mtime,
        });
    }

    /// To be called right after a folder was made.
    pub(super) fn made_folder(&mut self, path: InsidePath) {
        self.done.push(Undo::Made {
            path,
            is_folder: true,
        });
    }

    /// To be called right after a file was made.
    pub(super) fn made_file(&mut self, path: InsidePath) {
        self.done.push(Undo::Made {
            path,
            is_folder: false,
        });
    }

    /// To be called before a copy is made at a path where nothing is.
    pub(super) fn before_tree(&mut self, path: InsidePath) {
        self.done.push(Undo::MadeTree { path });
    }

    /// To be called before permission bits change.
    pub(super) fn before_new_mode(&mut self, path: InsidePath, mode: u32) {
        self.done.push(Undo::Mode { path, mode });
    }

    /// To be called right after a file, link or folder got another path.
    pub(super) fn renamed(&mut self, path: InsidePath, to: InsidePath) {
        self.done.push(Undo::Renamed { path, to });
    }

    /// Sets the folder `context`, which is the whole copy, aside; nothing is in its place then. It stays in the folder
    /// that holds it, because a folder that may not be written cannot be moved to another one. Says where it is now.
    pub(super) fn set_aside(&mut self, context: &Path) -> io::Result<PathBuf> {
        let name = format!("aside-{}", self.next_name());
        let saved = context.with_file_name(name);
        fs::rename(context, &saved)?;
        self.done.push(Undo::SetAside {
            context: context.to_owned(),
            saved: saved.clone(),
        });
        Ok(saved)
    }

    /// Takes a file, link or folder out of the copy, whose folder is open as `parent`.
    pub(super) fn move_away(&mut self, path: InsidePath, parent: &File) -> io::Result<()> {
        let saved = self.next_name();
        rustix::fs::renameat(parent, path.name(), &self.originals, &saved)?;
        self.done.push(Undo::MovedAway { path, saved });
        Ok(())
    }

    /// Undoes everything that was recorded after `mark`, the newest first.
    ///
    /// What could not be undone, and all that is older, stays recorded.
    pub(super) fn undo_to(&mut self, mark: usize, enclosure: &mut Enclosure) -> Result<(), ResetError> {
        while self.done.len() > mark {
            let Some(step) = self.done.pop() else { break };
            if let Err(source) = self.undo(&step, enclosure) {
                let path = step.path().to_owned();
                self.done.push(step);
                return Err(ResetError { path, source });
            }
        }
        Ok(())
    }

    fn undo(&mut self, step: &Undo, enclosure: &mut Enclosure) -> io::Result<()> {
        match step {
            Undo::Content {
                path,
                saved,
                mode,
                mtime,
            } => {
                let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let original = rustix::fs::openat(&self.originals, saved, flags, Mode::empty())?;
                let file = enclosure.open(path, OFlags::RDWR)?;
                file.set_len(0)?;
                self.cloner.clone_content(&original.into(), &file)?;
                set_mode(&file, *mode)?;
                set_mtime(&file, *mtime)?;
                rustix::fs::unlinkat(&self.originals, saved, AtFlags::empty())?;
                Ok(())
            }
            Undo::Mtime { path, mtime } => set_mtime(enclosure.open(path, OFlags::RDONLY)?, *mtime),
            Undo::Made { path, is_folder } => {
                let parent = enclosure.open_folder(path.parent())?;
                let flags = if *is_folder {
                    AtFlags::REMOVEDIR
                } else {
                    AtFlags::empty()
                };
                rustix::fs::unlinkat(parent, path.name(), flags)?;
                Ok(())
            }
            Undo::MadeTree { path } => {
                let parent = enclosure.open_folder(path.parent())?;
                let doomed = self.next_name();
                match rustix::fs::renameat(&parent, path.name(), &self.originals, &doomed) {
                    // It had not come to that.
                    Err(Errno::NOENT) => Ok(()),
                    moved => {
                        moved?;
                        remove_entry(&self.folder.join(doomed))
                    }
                }
            }
            Undo::Renamed { path, to } => {
                let parent = enclosure.open_folder(path.parent())?;
                let to_parent = enclosure.open_folder(to.parent())?;
                rustix::fs::renameat(to_parent, to.name(), parent, path.name())?;
                Ok(())
            }
            Undo::Mode { path, mode } => {
                let parent = enclosure.open_folder(path.parent())?;
                let mode = Mode::from_raw_mode(*mode);
                rustix::fs::chmodat(parent, path.name(), mode, AtFlags::empty())?;
                Ok(())
            }
            Undo::SetAside { context, saved } => {
                remove_tree(context)?;
                fs::rename(saved, context)?;
                *enclosure = Enclosure::new(context)?;
                Ok(())
            }
            Undo::MovedAway { path, saved } => {
                let parent = enclosure.open_folder(path.parent())?;
                rustix::fs::renameat(&self.originals, saved, parent, path.name())?;
                Ok(())
            }
        }
    }

    fn next_name(&mut self) -> String {
        self.next += 1;
        self.next.to_string()
    }
}

impl Undo {
    fn path(&self) -> &Path {
        match self {
            Self::Content { path, .. } | Self::Mtime { path, .. } => path,
            Self::Made { path, .. }
            | Self::MadeTree { path }
            | Self::MovedAway { path, .. }
            | Self::Renamed { path, .. }
            | Self::Mode { path, .. } => path.as_path(),
            Self::SetAside { .. } => Path::new(""),
        }
    }
}

/// Removes a file, a link, or a folder with everything below it.
fn remove_entry(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() {
        remove_tree(path)
    } else {
        fs::remove_file(path)
    }
}
