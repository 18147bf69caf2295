//! The content of one file in another, without moving the bytes where the file system can share them.

use std::fs::File;
use std::io;

/// Copies file contents; remembers that the file system cannot share blocks, so as not to ask again.
#[derive(Debug)]
pub(super) struct FileCloner {
    try_reflink: bool,
}

impl FileCloner {
    pub(super) const fn new() -> Self {
        Self { try_reflink: true }
    }

    /// Gives `to`, which is empty, the content of `from`, read from its current position on.
    pub(super) fn clone_content(&mut self, from: &File, to: &File) -> io::Result<()> {
        if self.try_reflink {
            match reflink(from, to) {
                Ok(()) => return Ok(()),
                // Whatever the reason is, a plain copy works or reports it better.
                Err(_) => self.try_reflink = false,
            }
        }
        let (mut reader, mut writer) = (from, to);
        io::copy(&mut reader, &mut writer).map(drop)
    }
}

#[cfg(target_os = "linux")]
fn reflink(from: &File, to: &File) -> io::Result<()> {
    Ok(rustix::fs::ioctl_ficlone(to, from)?)
}

#[cfg(not(target_os = "linux"))]
fn reflink(_from: &File, _to: &File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
