//! A folder out of which no path leads, whatever symbolic links lie in it.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::file_facts::set_mode;
use super::inside_path::PathRefusal;

/// How often a lookup is repeated that was disturbed by a rename elsewhere.
#[cfg(target_os = "linux")]
const DISTURBED_LOOKUPS: usize = 32;

/// An open folder; all paths are looked up from it and end below it.
#[derive(Debug)]
pub(super) struct Enclosure {
    root: File,
}

impl Enclosure {
    /// Opens the folder; a link at the end of `folder` itself is followed.
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::openat(CWD, folder, flags, Mode::empty())?;
        Ok(Self { root: root.into() })
    }

    /// Opens an existing file or folder; the empty path is the enclosure itself.
    ///
    /// Links are followed as far as they stay inside, which takes Linux 5.6; elsewhere none is followed.
    pub(super) fn open(&self, path: &Path, flags: OFlags) -> io::Result<File> {
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        self.look_up(path, flags | OFlags::CLOEXEC | OFlags::NOCTTY)
    }

    /// Opens an existing folder.
    pub(super) fn open_folder(&self, path: &Path) -> io::Result<File> {
        self.open(path, OFlags::RDONLY | OFlags::DIRECTORY)
    }

    #[cfg(target_os = "linux")]
    fn look_up(&self, path: &Path, flags: OFlags) -> io::Result<File> {
        use rustix::fs::ResolveFlags;
        let within = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        for _ in 0..DISTURBED_LOOKUPS {
            match rustix::fs::openat2(&self.root, path, flags, Mode::empty(), within) {
                Ok(file) => return Ok(file.into()),
                Err(Errno::AGAIN) => {}
                // Container runtimes older than the call answer EPERM for it.
                Err(Errno::NOSYS | Errno::PERM) => return self.look_up_by_name(path, flags),
                Err(error) => return Err(error.into()),
            }
        }
        Err(Errno::AGAIN.into())
    }

    #[cfg(not(target_os = "linux"))]
    fn look_up(&self, path: &Path, flags: OFlags) -> io::Result<File> {
        self.look_up_by_name(path, flags)
    }

    /// Goes down name by name and follows no link at all. `path` holds no `..`.
    fn look_up_by_name(&self, path: &Path, flags: OFlags) -> io::Result<File> {
        let folder = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut current = self.root.try_clone()?;
        let mut names = path.iter().peekable();
        while let Some(name) = names.next() {
            let flags = if names.peek().is_some() { folder } else { flags };
            let opened = rustix::fs::openat(&current, name, flags | OFlags::NOFOLLOW, Mode::empty());
            current = match opened {
                Ok(file) => file.into(),
                // A link is reported as "not a directory" where a directory was asked for.
                Err(Errno::NOTDIR) if is_link(&current, name) => return Err(Errno::LOOP.into()),
                Err(error) => return Err(error.into()),
            };
        }
        Ok(current)
    }
}

/// Whether `name` in `folder` is a symbolic link.
pub(super) fn is_link(folder: &File, name: &OsStr) -> bool {
    rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink)
}

/// Makes a new folder that only its owner may enter yet; [`open_made_folder`] opens it up. Two steps, so that
/// the first can be recorded for an undo before the second can fail.
pub(super) fn make_folder(parent: &File, name: &OsStr) -> io::Result<()> {
    Ok(rustix::fs::mkdirat(parent, name, Mode::RWXU)?)
}

/// Opens a folder that [`make_folder`] made and gives it its mode.
pub(super) fn open_made_folder(parent: &File, name: &OsStr) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = File::from(rustix::fs::openat(parent, name, flags, Mode::empty())?);
    set_mode(&folder, 0o755)?;
    Ok(folder)
}

/// Makes a new, empty file that only its owner may read yet.
pub(super) fn make_file(parent: &File, name: &OsStr) -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(parent, name, flags, Mode::RUSR | Mode::WUSR)?;
    Ok(file.into())
}

/// What a failed look-up says about the path, where the links in it are to blame.
pub(super) fn link_refusal(error: &io::Error) -> Option<PathRefusal> {
    match Errno::from_io_error(error)? {
        Errno::XDEV => Some(PathRefusal::LinkOut),
        Errno::LOOP => Some(PathRefusal::LinkUnsafe),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read as _;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn without_openat2_no_link_is_followed() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "outside").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir(at("deep")).unwrap();
        fs::write(at("deep/file"), "inside").unwrap();
        symlink("deep", at("near")).unwrap();
        symlink("deep/file", at("file")).unwrap();
        symlink(outside.path(), at("far")).unwrap();
        symlink(outside.path().join("secret"), at("secret")).unwrap();
        let enclosure = Enclosure::new(folder.path()).unwrap();

        let mut text = String::new();
        let mut file = enclosure
            .look_up_by_name(Path::new("deep/file"), OFlags::RDONLY)
            .unwrap();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "inside");
        for path in ["near/file", "file", "far/secret", "secret"] {
            let error = enclosure
                .look_up_by_name(Path::new(path), OFlags::RDONLY)
                .unwrap_err();
            assert_eq!(
                link_refusal(&error),
                Some(PathRefusal::LinkUnsafe),
                "{path}: {error}"
            );
        }
        let error = enclosure
            .look_up_by_name(Path::new("deep/file/x"), OFlags::RDONLY)
            .unwrap_err();
        assert_eq!(Errno::from_io_error(&error), Some(Errno::NOTDIR));
    }
}
