//! Changing files of a copy, with everything recorded that it takes to undo it.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, OFlags, Stat};
use rustix::io::Errno;

use super::context_copy::ContextCopy;
use super::edit::Applied;
use super::edit_error::{EditError, FileKind};
use super::enclosure::{is_link, link_refusal, make_file, make_folder, open_made_folder};
use super::file_facts::{FileFacts, set_mode};
use super::inside_path::{InsidePath, PathRefusal};
use super::nearest::nearest_path;
use crate::unit::ByteSize;

/// How the content of a file changes.
pub(super) enum Change {
    /// These bytes come at its end.
    Grow(Vec<u8>),
    /// It holds these bytes and no others.
    Become(Vec<u8>),
}

/// One edit on its way: the copy, and what its errors say.
pub(super) struct Editor<'a> {
    pub(super) copy: &'a mut ContextCopy,
    /// The edit's word.
    pub(super) word: &'static str,
    /// The path that it is about at present, as given.
    pub(super) given: PathBuf,
}

impl Editor<'_> {
    /// Changes the content of an existing file as `decide` says after a look at it.
    pub(super) fn change(
        &mut self,
        path: &InsidePath,
        decide: impl FnOnce(&Self, &File) -> Result<Change, EditError>,
    ) -> Result<Applied, EditError> {
        let mut file = match self.open(path, OFlags::RDWR) {
            Ok(file) => file,
            Err(error) => return Err(self.missing(path, FileKind::File, error)),
        };
        let before = FileFacts::of(&file).map_err(|source| self.open_failed(source))?;
        let change = decide(self, &file)?;
        self.copy
            .undo
            .before_change(path.as_path(), &file, before)
            .map_err(|source| EditError::Save {
                edit: self.word,
                path: self.given.clone(),
                source,
            })?;
        put(&mut file, &change)
            // Writing clears the set-user-id bit.
            .and_then(|()| set_mode(&file, before.mode))
            .map_err(|source| self.write_failed(source))?;
        self.finish(&file, Some(before))
    }

    pub(super) fn write(&mut self, path: &InsidePath, text: Vec<u8>) -> Result<Applied, EditError> {
        match self.open(path, OFlags::RDWR) {
            Ok(_) => self.change(path, |_, _| Ok(Change::Become(text))),
            Err(error) => match Errno::from_io_error(&error) {
                Some(Errno::NOENT | Errno::NOTDIR) => self.make(path, &text),
                _ => Err(self.missing(path, FileKind::File, error)),
            },
        }
    }

    pub(super) fn make(&mut self, path: &InsidePath, text: &[u8]) -> Result<Applied, EditError> {
        let parent = self.make_parents(path)?;
        self.before_entry(path.parent(), &parent)?;
        let mut file = make_file(&parent, path.name()).map_err(|source| {
            // The look-up found nothing, yet the name is taken: by a link to nothing.
            if source.kind() == io::ErrorKind::AlreadyExists {
                return self.refuse(PathRefusal::LinkDangling);
            }
            self.write_failed(source)
        })?;
        self.copy.undo.made_file(path.clone());
        file.write_all(text)
            .and_then(|()| set_mode(&file, 0o644))
            .map_err(|source| self.write_failed(source))?;
        self.finish(&file, None)
    }

    /// Opens the folder of `path`, making those that are missing.
    pub(super) fn make_parents(&mut self, path: &InsidePath) -> Result<File, EditError> {
        let mut parent = self.open_parent(Path::new(""))?;
        let mut reached = PathBuf::new();
        for name in path.parent() {
            let above = reached.clone();
            reached.push(name);
            parent = match self.copy.enclosure.open_folder(&reached) {
                Ok(folder) => folder,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.before_entry(&above, &parent)?;
                    make_folder(&parent, name).map_err(|source| {
                        if source.kind() == io::ErrorKind::AlreadyExists {
                            return self.refuse(PathRefusal::LinkDangling);
                        }
                        self.write_failed(source)
                    })?;
                    if let Ok(made) = InsidePath::new(&reached) {
                        self.copy.undo.made_folder(made);
                    }
                    open_made_folder(&parent, name).map_err(|source| self.write_failed(source))?
                }
                Err(error) if Errno::from_io_error(&error) == Some(Errno::NOTDIR) => {
                    return Err(EditError::Kind {
                        edit: self.word,
                        path: reached,
                        found: FileKind::File,
                        expected: FileKind::Folder,
                    });
                }
                Err(error) => return Err(self.lookup_failed(error)),
            };
        }
        Ok(parent)
    }

    pub(super) fn touch(&mut self, path: &InsidePath) -> Result<Applied, EditError> {
        let file = match self.open(path, OFlags::RDONLY) {
            Ok(file) => file,
            Err(error) => return Err(self.missing(path, FileKind::Folder, error)),
        };
        let before = FileFacts::of(&file).map_err(|source| self.open_failed(source))?;
        self.copy.undo.before_new_time(path.as_path(), before.mtime);
        self.finish(&file, Some(before))
    }

    pub(super) fn delete(&mut self, path: &InsidePath) -> Result<Applied, EditError> {
        let (parent, stat) = self.existing(path)?;
        let is_file = rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file();
        self.before_entry(path.parent(), &parent)?;
        self.copy
            .undo
            .move_away(path.clone(), &parent)
            .map_err(|source| EditError::Remove {
                edit: self.word,
                path: self.given.clone(),
                source,
            })?;
        Ok(Applied {
            path: self.given.clone(),
            before: u64::try_from(stat.st_size).ok().filter(|_| is_file).map(ByteSize),
            after: None,
        })
    }

    /// The folder that holds an existing file, link or folder, and what that is.
    pub(super) fn existing(&self, path: &InsidePath) -> Result<(File, Stat), EditError> {
        let parent = self.copy.enclosure.open_folder(path.parent());
        let parent = parent.map_err(|error| self.missing(path, FileKind::Folder, error))?;
        let stat = rustix::fs::statat(&parent, path.name(), AtFlags::SYMLINK_NOFOLLOW);
        let stat = stat.map_err(|error| self.missing(path, FileKind::Folder, error.into()))?;
        Ok((parent, stat))
    }

    /// Reads a path and does with it what `act` says; errors meanwhile are about that path.
    pub(super) fn at<T>(
        &mut self,
        given: &Path,
        act: impl FnOnce(&mut Self, &InsidePath) -> Result<T, EditError>,
    ) -> Result<T, EditError> {
        let before = std::mem::replace(&mut self.given, given.to_owned());
        let path = InsidePath::new(given).map_err(|refusal| self.refuse(refusal))?;
        let done = act(self, &path)?;
        self.given = before;
        Ok(done)
    }

    /// Stamps the changed file.
    fn finish(&mut self, file: &File, before: Option<FileFacts>) -> Result<Applied, EditError> {
        let stamped = self.copy.clock.stamp(file, before.map(|before| before.mtime));
        let after = stamped
            .and_then(|()| FileFacts::of(file))
            .map_err(|source| EditError::Stamp {
                edit: self.word,
                path: self.given.clone(),
                source,
            })?;
        let size = |facts: FileFacts| (!facts.is_folder).then_some(ByteSize(facts.size));
        Ok(Applied {
            path: self.given.clone(),
            before: before.and_then(size),
            after: size(after),
        })
    }

    /// Records the time of a folder one of whose entries is about to come or go.
    pub(super) fn before_entry(&mut self, path: &Path, folder: &File) -> Result<(), EditError> {
        let facts = FileFacts::of(folder).map_err(|source| self.open_failed(source))?;
        self.copy.undo.before_new_time(path, facts.mtime);
        Ok(())
    }

    fn open(&self, path: &InsidePath, flags: OFlags) -> io::Result<File> {
        // Nothing in a copy is waited for, but a hook may have put a pipe there.
        self.copy.enclosure.open(path.as_path(), flags | OFlags::NONBLOCK)
    }

    pub(super) fn open_parent(&self, path: &Path) -> Result<File, EditError> {
        self.copy
            .enclosure
            .open_folder(path)
            .map_err(|source| self.lookup_failed(source))
    }

    pub(super) fn read(&self, mut file: &File) -> Result<Vec<u8>, EditError> {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|source| EditError::Read {
            edit: self.word,
            path: self.given.clone(),
            source,
        })?;
        Ok(bytes)
    }

    /// Says why an existing file or, where `accepted` is a folder, a file or folder was not found.
    pub(super) fn missing(&self, path: &InsidePath, accepted: FileKind, error: io::Error) -> EditError {
        match Errno::from_io_error(&error) {
            Some(Errno::ISDIR) => EditError::Kind {
                edit: self.word,
                path: self.given.clone(),
                found: FileKind::Folder,
                expected: FileKind::File,
            },
            Some(Errno::NOENT) if self.is_dangling(path) => self.refuse(PathRefusal::LinkDangling),
            Some(Errno::NOENT | Errno::NOTDIR) => {
                let folders_too = accepted == FileKind::Folder;
                EditError::Find {
                    edit: self.word,
                    path: self.given.clone(),
                    expected: if folders_too { "file or folder" } else { "file" },
                    nearest: nearest_path(self.copy.path(), path.as_path(), folders_too),
                }
            }
            _ => self.lookup_failed(error),
        }
    }

    fn is_dangling(&self, path: &InsidePath) -> bool {
        let parent = self.copy.enclosure.open_folder(path.parent());
        parent.is_ok_and(|parent| is_link(&parent, path.name()))
    }

    fn lookup_failed(&self, error: io::Error) -> EditError {
        match link_refusal(&error) {
            Some(refusal) => self.refuse(refusal),
            None => self.open_failed(error),
        }
    }

    pub(super) fn refuse(&self, refusal: PathRefusal) -> EditError {
        EditError::Resolve {
            edit: self.word,
            path: self.given.clone(),
            refusal,
        }
    }

    pub(super) fn open_failed(&self, source: io::Error) -> EditError {
        EditError::Open {
            edit: self.word,
            path: self.given.clone(),
            source,
        }
    }

    pub(super) fn write_failed(&self, source: io::Error) -> EditError {
        EditError::Write {
            edit: self.word,
            path: self.given.clone(),
            source,
        }
    }
}

fn put(file: &mut File, change: &Change) -> io::Result<()> {
    match change {
        Change::Grow(bytes) => {
            file.seek(SeekFrom::End(0))?;
            file.write_all(bytes)
        }
        Change::Become(bytes) => {
            file.rewind()?;
            file.write_all(bytes)?;
            file.set_len(bytes.len() as u64)
        }
    }
}
