//! The ignore file that belongs to one Dockerfile.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The path of the ignore file that belongs to a Dockerfile and wins over the context's own: beside it, with
/// `.dockerignore` after its name.
#[must_use]
pub fn beside(dockerfile: &Path) -> PathBuf {
    let mut path = OsString::from(dockerfile);
    path.push(".dockerignore");
    path.into()
}
