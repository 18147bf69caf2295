//! A path that names something within a folder.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// A relative path of ordinary names only: not empty, no `.`, no `..`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InsidePath(PathBuf);

/// Why a path is not taken as one inside the context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathRefusal {
    /// Nothing was given.
    #[error("the path is empty, expected one relative to the context")]
    Empty,
    /// It is the context's own folder.
    #[error("the path is the context itself, expected something inside it")]
    Itself,
    /// It starts at the root of the file system.
    #[error("the path is absolute, expected one relative to the context")]
    Absolute,
    /// It goes up.
    #[error("the path contains `..`, expected one that stays in the context")]
    Parent,
    /// A symbolic link on the way, or at its end, leads elsewhere.
    #[error("a symbolic link in the path leads out of the context")]
    LinkOut,
    /// The link at its end leads to something that is not there.
    #[error("the symbolic link leads to nothing")]
    LinkDangling,
    /// A symbolic link goes in circles, is one of the kernel's own, or this kernel (older than Linux 5.6)
    /// has no way to follow links within a folder only.
    #[error("a symbolic link in the path cannot be followed within the context")]
    LinkUnsafe,
}

impl InsidePath {
    /// Checks the text of a path; symbolic links are another matter.
    pub(super) fn new(path: &Path) -> Result<Self, PathRefusal> {
        if path.as_os_str().is_empty() {
            return Err(PathRefusal::Empty);
        }
        let mut inside = PathBuf::new();
        for component in path.components() {
            match component {
                Component::Normal(name) => inside.push(name),
                Component::CurDir => {}
                Component::ParentDir => return Err(PathRefusal::Parent),
                Component::RootDir | Component::Prefix(_) => return Err(PathRefusal::Absolute),
            }
        }
        if inside.as_os_str().is_empty() {
            return Err(PathRefusal::Itself);
        }
        Ok(Self(inside))
    }

    /// The path.
    pub(super) fn as_path(&self) -> &Path {
        &self.0
    }

    /// The folder that holds it; empty for the context itself.
    pub(super) fn parent(&self) -> &Path {
        self.0.parent().unwrap_or(Path::new(""))
    }

    /// Its last name.
    pub(super) fn name(&self) -> &OsStr {
        self.0.file_name().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_ordinary_names_and_nothing_else() {
        for (path, expected) in [
            ("a/b.txt", Ok("a/b.txt")),
            ("./a//b/", Ok("a/b")),
            ("...", Ok("...")),
            ("", Err(PathRefusal::Empty)),
            (".", Err(PathRefusal::Itself)),
            ("./", Err(PathRefusal::Itself)),
            ("/", Err(PathRefusal::Absolute)),
            ("/etc/passwd", Err(PathRefusal::Absolute)),
            ("..", Err(PathRefusal::Parent)),
            ("a/../b", Err(PathRefusal::Parent)),
            ("a/..", Err(PathRefusal::Parent)),
        ] {
            let taken = InsidePath::new(Path::new(path));
            let taken = taken.as_ref().map(|inside| inside.as_path().to_str().unwrap());
            assert_eq!(taken, expected.as_ref().map(|text| *text), "{path:?}");
        }
    }
}
