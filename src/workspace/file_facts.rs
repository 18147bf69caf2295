//! What the file system says about a file, as far as a copy has to keep it.

use std::fs::{File, Metadata, Permissions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use rustix::fs::{Timespec, Timestamps, UTIME_OMIT};

/// Which file this is, whatever name it goes by: the same for all hard links to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct FileId {
    device: u64,
    inode: u64,
}

/// The attributes of a file that a copy keeps and an undo restores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileFacts {
    /// Which file this is.
    pub(super) id: FileId,
    /// Whether it is a folder.
    pub(super) is_folder: bool,
    /// Permission bits, with set-user-id, set-group-id and sticky.
    pub(super) mode: u32,
    /// When its content last changed.
    pub(super) mtime: Timespec,
    /// Its length in bytes.
    pub(super) size: u64,
    /// How many names it has.
    pub(super) links: u64,
}

impl FileFacts {
    /// Asks for the facts of an open file or folder.
    pub(super) fn of(file: &File) -> io::Result<Self> {
        Ok(Self::from(&file.metadata()?))
    }
}

impl From<&Metadata> for FileFacts {
    fn from(metadata: &Metadata) -> Self {
        Self {
            id: FileId {
                device: metadata.dev(),
                inode: metadata.ino(),
            },
            is_folder: metadata.is_dir(),
            mode: metadata.mode() & 0o7777,
            mtime: Timespec {
                tv_sec: metadata.mtime(),
                tv_nsec: metadata.mtime_nsec(),
            },
            size: metadata.len(),
            links: metadata.nlink(),
        }
    }
}

/// The pair of times that sets the modification time and leaves the access time alone.
pub(super) const fn only_mtime(mtime: Timespec) -> Timestamps {
    Timestamps {
        last_access: Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_OMIT,
        },
        last_modification: mtime,
    }
}

/// Sets the modification time of an open file or folder.
pub(super) fn set_mtime(file: impl AsFd, mtime: Timespec) -> io::Result<()> {
    Ok(rustix::fs::futimens(file, &only_mtime(mtime))?)
}

/// Sets the permission bits of an open file or folder, regardless of the umask.
pub(super) fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(mode))
}
