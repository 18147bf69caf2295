//! Reading a file that the user names.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use crate::scenario::ReadFailure;

/// The bytes of a file. A pipe is not waited for, and a device that never ends is not read.
///
/// # Errors
///
/// Where there is none, or something else than a regular file.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, ReadFailure> {
    let other = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => ReadFailure::Missing,
        io::ErrorKind::IsADirectory => ReadFailure::Folder,
        _ => ReadFailure::Other(error.to_string()),
    };
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| other(error.into()))?;
    let mut file = File::from(file);
    let metadata = file.metadata().map_err(other)?;
    if !metadata.is_file() && !metadata.is_dir() {
        return Err(ReadFailure::Other("it is no regular file".to_owned()));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(other)?;
    Ok(bytes)
}
