//! An exact copy of a folder with everything below it.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::attributes::copy_attributes;
use super::clone_file::FileCloner;
use super::enclosure::{make_file, make_folder};
use super::file_facts::{FileFacts, FileId, only_mtime, set_mode, set_mtime};
use super::fill::FillError;

/// The context could not be copied; nothing of the copy is left.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The name of the copy cannot be that of a folder.
    #[error("`{name}` cannot name a copy, expected a single file name")]
    Name {
        /// The name as given.
        name: String,
    },
    /// The folder for the copy could not be made; a name can be used once.
    #[error("cannot make the folder `{}` for a copy", .path.display())]
    Make {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The scratch folder lies in the tree to copy, which would change it and copy the copy.
    #[error(
        "the scratch folder `{}` lies inside the context `{}`, expected it elsewhere",
        .scratch.display(),
        .path.display()
    )]
    Overlap {
        /// The scratch folder.
        scratch: PathBuf,
        /// The folder to copy.
        path: PathBuf,
    },
    /// A file or folder of the context cannot be read.
    #[error("cannot read `{}` of the context", .path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The context holds something that a build context cannot.
    #[error("`{}` is {kind}, which no scratch copy holds", .path.display())]
    Special {
        /// Where it is.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// A file or folder could not be written to the copy.
    #[error("cannot copy `{}` to the scratch folder", .path.display())]
    Copy {
        /// The original.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The made-up files could not be added.
    #[error(transparent)]
    Fill(#[from] FillError),
}

/// Copies the content of the folder `source` and its attributes to the existing, empty folder `target`.
pub(super) fn copy_tree(source: &Path, target: &Path) -> Result<(), CopyError> {
    let read = |error| CopyError::Read {
        path: source.to_owned(),
        source: error,
    };
    let from = open_source(CWD, source.as_os_str(), OFlags::DIRECTORY).map_err(read)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let to = rustix::fs::openat(CWD, target, flags, Mode::empty())
        .map(File::from)
        .map_err(|error| CopyError::Copy {
            path: source.to_owned(),
            source: error.into(),
        })?;
    let mut copy = TreeCopy::new(source, &to);
    copy.folder(&from, &to, Path::new(""))
}

/// Copies the file, link or folder `name` of the folder `from` as `to_name` into the folder `to`; `source` is the path
/// of `from`, for errors.
pub(super) fn copy_entry(
    source: &Path,
    from: &File,
    name: &OsStr,
    to: &File,
    to_name: &OsStr,
) -> Result<(), CopyError> {
    let mut copy = TreeCopy::new(source, to);
    copy.top = Some((name, to_name));
    let path = Path::new(name);
    let stat = rustix::fs::statat(from, name, AtFlags::SYMLINK_NOFOLLOW);
    let stat = stat.map_err(|error| copy.read(path, error.into()))?;
    copy.entry(from, to, name, FileType::from_raw_mode(stat.st_mode), path)
}

struct TreeCopy<'a> {
    source: &'a Path,
    target: &'a File,
    cloner: FileCloner,
    /// Where a file with several names was found first.
    links: HashMap<FileId, PathBuf>,
    /// Where a single entry is copied: its name, and that of the copy.
    top: Option<(&'a OsStr, &'a OsStr)>,
    /// The folder that is the copy of a single one, which is not to be copied into itself.
    made: Option<FileId>,
}

impl<'a> TreeCopy<'a> {
    fn new(source: &'a Path, target: &'a File) -> Self {
        Self {
            source,
            target,
            cloner: FileCloner::new(),
            links: HashMap::new(),
            top: None,
            made: None,
        }
    }

    fn folder(&mut self, from: &File, to: &File, relative: &Path) -> Result<(), CopyError> {
        let facts = FileFacts::of(from).map_err(|error| self.read(relative, error))?;
        let entries = entries(from).map_err(|error| self.read(relative, error))?;
        for (name, kind) in entries {
            let path = relative.join(&name);
            self.entry(from, to, &name, kind, &path)?;
        }
        // Only now: entries could not be made in a read-only folder, and each one moves the folder's time.
        copy_attributes(from, to)
            .and_then(|()| set_mode(to, facts.mode))
            .and_then(|()| set_mtime(to, facts.mtime))
            .map_err(|error| self.copy(relative, error))
    }

    fn entry(
        &mut self,
        from: &File,
        to: &File,
        name: &OsStr,
        kind: FileType,
        path: &Path,
    ) -> Result<(), CopyError> {
        match kind {
            FileType::Directory => self.subfolder(from, to, name, path),
            FileType::RegularFile => self.file(from, to, name, path),
            FileType::Symlink => self.link(from, to, name, path),
            // A socket is the trace of a running program; the docker command sends it as an empty file.
            FileType::Socket | FileType::Fifo => self.special(to, name, kind, path),
            other => Err(CopyError::Special {
                path: self.source.join(path),
                kind: special_kind(other),
            }),
        }
    }

    /// The name of the copy of the entry at `path`.
    fn new_name<'name>(&self, path: &Path, name: &'name OsStr) -> &'name OsStr
    where
        'a: 'name,
    {
        match self.top {
            Some((top, copied)) if path == Path::new(top) => copied,
            _ => name,
        }
    }

    fn subfolder(&mut self, from: &File, to: &File, name: &OsStr, path: &Path) -> Result<(), CopyError> {
        let from = open_source(from, name, OFlags::DIRECTORY | OFlags::NOFOLLOW)
            .map_err(|error| self.read(path, error))?;
        if self.made.is_some() && FileFacts::of(&from).map(|facts| facts.id).ok() == self.made {
            return Err(self.copy(path, io::Error::other("a folder cannot be copied into itself")));
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let name = self.new_name(path, name);
        let to = make_folder(to, name)
            .and_then(|()| Ok(rustix::fs::openat(to, name, flags, Mode::empty())?))
            .map_err(|error| self.copy(path, error))?;
        let to = File::from(to);
        if self.top.is_some() && self.made.is_none() {
            self.made = FileFacts::of(&to).map(|facts| facts.id).ok();
        }
        self.folder(&from, &to, path)
    }

    fn file(&mut self, from: &File, to: &File, name: &OsStr, path: &Path) -> Result<(), CopyError> {
        // Without NONBLOCK, a pipe that took the file's place meanwhile would be waited for.
        let from = open_source(from, name, OFlags::NOFOLLOW | OFlags::NONBLOCK)
            .map_err(|error| self.read(path, error))?;
        let facts = FileFacts::of(&from).map_err(|error| self.read(path, error))?;
        let name = self.new_name(path, name);
        if self.is_linked(to, name, path, &facts)? {
            return Ok(());
        }
        make_file(to, name)
            .and_then(|to| {
                self.cloner.clone_content(&from, &to)?;
                copy_attributes(&from, &to)?;
                // After the content, because writing clears the set-user-id bit.
                set_mode(&to, facts.mode)?;
                set_mtime(&to, facts.mtime)
            })
            .map_err(|error| self.copy(path, error))
    }

    /// Makes a socket or a named pipe. Nobody listens at the copy.
    fn special(&mut self, to: &File, name: &OsStr, kind: FileType, path: &Path) -> Result<(), CopyError> {
        let metadata = fs::symlink_metadata(self.source.join(path));
        let facts = FileFacts::from(&metadata.map_err(|error| self.read(path, error))?);
        let name = self.new_name(path, name);
        if self.is_linked(to, name, path, &facts)? {
            return Ok(());
        }
        let mode = Mode::from_raw_mode(facts.mode);
        rustix::fs::mknodat(to, name, kind, Mode::RUSR | Mode::WUSR, 0)
            // Regardless of the umask.
            .and_then(|()| rustix::fs::chmodat(to, name, mode, AtFlags::empty()))
            .and_then(|()| {
                rustix::fs::utimensat(to, name, &only_mtime(facts.mtime), AtFlags::SYMLINK_NOFOLLOW)
            })
            .map_err(|error| self.copy(path, error.into()))
    }

    fn link(&mut self, from: &File, to: &File, name: &OsStr, path: &Path) -> Result<(), CopyError> {
        let metadata = fs::symlink_metadata(self.source.join(path));
        let facts = FileFacts::from(&metadata.map_err(|error| self.read(path, error))?);
        let leads_to = rustix::fs::readlinkat(from, name, Vec::new());
        let leads_to = leads_to.map_err(|error| self.read(path, error.into()))?;
        let name = self.new_name(path, name);
        if self.is_linked(to, name, path, &facts)? {
            return Ok(());
        }
        rustix::fs::symlinkat(&leads_to, to, name)
            .and_then(|()| {
                rustix::fs::utimensat(to, name, &only_mtime(facts.mtime), AtFlags::SYMLINK_NOFOLLOW)
            })
            .map_err(|error| self.copy(path, error.into()))
    }

    /// Whether the file is already in the copy under another name, and now under this one as well.
    fn is_linked(
        &mut self,
        to: &File,
        name: &OsStr,
        path: &Path,
        facts: &FileFacts,
    ) -> Result<bool, CopyError> {
        if facts.links < 2 {
            return Ok(false);
        }
        let Some(first) = self.links.get(&facts.id) else {
            self.links.insert(facts.id, path.to_owned());
            return Ok(false);
        };
        // The copy of a single entry has a name of its own.
        let first = match self.top {
            Some((top, copied)) => Path::new(copied).join(first.strip_prefix(top).unwrap_or(first)),
            None => first.clone(),
        };
        rustix::fs::linkat(self.target, &first, to, name, AtFlags::empty())
            .map(|()| true)
            .map_err(|error| self.copy(path, error.into()))
    }

    fn read(&self, path: &Path, source: io::Error) -> CopyError {
        CopyError::Read {
            path: self.original(path),
            source,
        }
    }

    fn copy(&self, path: &Path, source: io::Error) -> CopyError {
        CopyError::Copy {
            path: self.original(path),
            source,
        }
    }

    fn original(&self, path: &Path) -> PathBuf {
        if path.as_os_str().is_empty() {
            self.source.to_owned()
        } else {
            self.source.join(path)
        }
    }
}

/// Opens what is to be read without leaving an access time behind, where that is allowed.
fn open_source(folder: impl std::os::fd::AsFd, name: &OsStr, flags: OFlags) -> io::Result<File> {
    let flags = flags | OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY;
    #[cfg(target_os = "linux")]
    match rustix::fs::openat(&folder, name, flags | OFlags::NOATIME, Mode::empty()) {
        // Only the owner may.
        Err(Errno::PERM) => {}
        opened => return Ok(opened?.into()),
    }
    Ok(rustix::fs::openat(&folder, name, flags, Mode::empty())?.into())
}

/// The entries of a folder with their types, sorted by name so that the first problem is always the same.
fn entries(folder: &File) -> io::Result<Vec<(OsString, FileType)>> {
    let mut entries = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        let kind = match entry.file_type() {
            // Some file systems do not say.
            FileType::Unknown => {
                let stat = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
                FileType::from_raw_mode(stat.st_mode)
            }
            kind => kind,
        };
        entries.push((name.to_owned(), kind));
    }
    entries.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(entries)
}

const fn special_kind(kind: FileType) -> &'static str {
    match kind {
        FileType::CharacterDevice => "a character device",
        FileType::BlockDevice => "a block device",
        _ => "of an unknown kind",
    }
}
