//! Walking a directory into the entries of a context.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{CStr, CString};
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::vec::IntoIter;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};

use super::attributes::sent_attributes;
use super::stamp::{Stamp, size};
use super::walk_error::WalkError;
use crate::context::{Entry, EntryKind, Manifest};
use crate::dockerignore::{IgnoreFile, Pruning};
#[cfg(test)]
use crate::unit::ByteSize;

/// What to do with a path of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visited {
    /// Whether the path is part of the result. A directory that is not still is when something below
    /// it is.
    pub keep: bool,
    /// Whether to look into the directory; without meaning for anything else.
    pub enter: bool,
}

/// Walks the tree at `root`, asking `visit` about each path with whether it is a directory. Paths come in
/// walk order, parents first. A directory that `visit` says not to enter is not opened, symbolic links
/// are never followed.
///
/// The first kept name of a file is a file, further ones are hard links to it.
///
/// # Errors
///
/// When something cannot be read, or a name that would be kept is not UTF-8.
pub fn walk(root: &Path, visit: impl FnMut(&str, bool) -> Visited) -> Result<Manifest, WalkError> {
    let mut entries = Vec::new();
    walk_each(root, visit, |entry| {
        entries.push(entry);
        ControlFlow::Continue(())
    })?;
    Manifest::new(entries).map_err(|cause| WalkError::Manifest {
        root: root.to_owned(),
        cause,
    })
}

/// As [`walk`], handing each entry to `found` as soon as it was looked at, until that breaks off.
///
/// # Errors
///
/// As [`walk`].
pub(super) fn walk_each(
    root: &Path,
    visit: impl FnMut(&str, bool) -> Visited,
    found: impl FnMut(Entry) -> ControlFlow<()>,
) -> Result<(), WalkError> {
    let mut walker = Walker {
        root,
        visit,
        found,
        levels: Vec::new(),
        first_names: HashMap::new(),
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let top = rustix::fs::open(root, flags, Mode::empty()).map_err(|cause| WalkError::Open {
        path: root.to_owned(),
        cause,
    })?;
    walker.open_level(Found {
        directory: top,
        prefix: String::new(),
        utf8: true,
        waiting: None,
    })?;
    while let Some(level) = walker.levels.last_mut() {
        match level.names.next() {
            Some(name) => {
                if walker.step(&name)?.is_break() {
                    break;
                }
            }
            None => {
                walker.levels.pop();
            }
        }
    }
    Ok(())
}

/// Walks what an ignore file leaves of the tree at `root`.
///
/// # Errors
///
/// As [`walk`].
pub fn walk_ignoring(root: &Path, ignore: &IgnoreFile, pruning: Pruning) -> Result<Manifest, WalkError> {
    walk(root, keeping(ignore, pruning))
}

/// What an ignore file says about each path of a walk.
pub(super) fn keeping(ignore: &IgnoreFile, pruning: Pruning) -> impl FnMut(&str, bool) -> Visited {
    let mut deciding = ignore.walk(pruning);
    move |path, is_directory| {
        let visit = deciding.visit(path, is_directory);
        Visited {
            keep: !visit.decision.excluded,
            enter: visit.enter,
        }
    }
}

/// Walks the tree at `root` with what an ignore file drops, so that it can be counted. Left out is only what is dropped
/// and cannot be named, its name not being UTF-8: a build does not stumble over it either.
///
/// # Errors
///
/// As [`walk`].
pub fn walk_with_dropped(root: &Path, ignore: &IgnoreFile, pruning: Pruning) -> Result<Manifest, WalkError> {
    let mut deciding = ignore.walk(pruning);
    walk(root, |path, is_directory| {
        let visit = deciding.visit(path, is_directory);
        let is_odd = visit.decision.excluded && path.contains(char::REPLACEMENT_CHARACTER);
        Visited {
            keep: !is_odd,
            enter: !is_odd || visit.enter,
        }
    })
}

struct Walker<'a, V, F> {
    root: &'a Path,
    visit: V,
    found: F,
    levels: Vec<Level>,
    /// The first kept name of each file that has several, by device and inode.
    first_names: HashMap<(u64, u64), String>,
}

/// An open directory on the way to the current path.
struct Level {
    directory: OwnedFd,
    /// The path of the directory with a slash behind it; empty for the root.
    prefix: String,
    names: IntoIter<CString>,
    /// Whether the path is as it stands on disk, nothing in it replaced.
    utf8: bool,
    /// The directory itself, as long as it was not handed on and was not kept for its own sake.
    waiting: Option<Entry>,
}

/// A directory that was opened and not listed yet; the fields are those of [`Level`].
struct Found {
    directory: OwnedFd,
    prefix: String,
    utf8: bool,
    waiting: Option<Entry>,
}

impl<V: FnMut(&str, bool) -> Visited, F: FnMut(Entry) -> ControlFlow<()>> Walker<'_, V, F> {
    fn open_level(&mut self, level: Found) -> Result<(), WalkError> {
        let Found {
            directory,
            prefix,
            utf8,
            waiting,
        } = level;
        let list = || {
            let mut names = Vec::new();
            for entry in Dir::read_from(&directory)? {
                let entry = entry?;
                if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
                    names.push(entry.file_name().to_owned());
                }
            }
            Ok(names)
        };
        let mut names = list().map_err(|cause| WalkError::List {
            path: self.root.join(&prefix),
            cause,
        })?;
        names.sort_unstable();
        self.levels.push(Level {
            directory,
            prefix,
            names: names.into_iter(),
            utf8,
            waiting,
        });
        Ok(())
    }

    fn step(&mut self, name: &CStr) -> Result<ControlFlow<()>, WalkError> {
        let level = self
            .levels
            .last()
            .expect("invariant: a name comes from an open directory");
        let path = format!("{}{}", level.prefix, name.to_string_lossy());
        let on_disk = self.root.join(&path);
        let stat =
            rustix::fs::statat(&level.directory, name, AtFlags::SYMLINK_NOFOLLOW).map_err(|cause| {
                WalkError::Look {
                    path: on_disk.clone(),
                    cause,
                }
            })?;
        let is_directory = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
        let visited = (self.visit)(&path, is_directory);
        let enter = is_directory && visited.enter;
        if !visited.keep && !enter {
            return Ok(ControlFlow::Continue(()));
        }
        let utf8 = level.utf8 && name.to_str().is_ok();
        if visited.keep && !utf8 {
            return Err(WalkError::NotUtf8 { path });
        }
        let kind = self.kind(name, &path, &stat)?;
        // What is not UTF-8 is not kept, and cannot be looked up by this path.
        let attributes = if utf8 {
            sent_attributes(&on_disk).map_err(|cause| WalkError::Look {
                path: on_disk.clone(),
                cause,
            })?
        } else {
            Some(BTreeMap::new())
        };
        let Some(attributes) = attributes else {
            return Err(WalkError::NotUtf8 { path });
        };
        let prefix = format!("{path}/");
        let mut waiting = Some(Entry {
            path,
            kind,
            mode: stat.st_mode & 0o7777,
            uid: stat.st_uid,
            gid: stat.st_gid,
            mtime_ns: Stamp::modified(&stat).0,
            attributes,
        });
        if visited.keep {
            let above = self.levels.iter_mut().filter_map(|level| level.waiting.take());
            for entry in above.chain(waiting.take()) {
                if (self.found)(entry).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        if !enter {
            return Ok(ControlFlow::Continue(()));
        }
        let level = self
            .levels
            .last()
            .expect("invariant: nothing was taken off since");
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let directory = rustix::fs::openat(&level.directory, name, flags, Mode::empty())
            .map_err(|cause| WalkError::Open { path: on_disk, cause })?;
        self.open_level(Found {
            directory,
            prefix,
            utf8,
            waiting,
        })?;
        Ok(ControlFlow::Continue(()))
    }

    /// What stands at a path.
    fn kind(&mut self, name: &CStr, path: &str, stat: &Stat) -> Result<EntryKind, WalkError> {
        let (major, minor) = (rustix::fs::major(stat.st_rdev), rustix::fs::minor(stat.st_rdev));
        Ok(match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => EntryKind::Directory,
            FileType::Symlink => {
                let level = self
                    .levels
                    .last()
                    .expect("invariant: a name comes from an open directory");
                let target = rustix::fs::readlinkat(&level.directory, name, Vec::new()).map_err(|cause| {
                    WalkError::Look {
                        path: self.root.join(path),
                        cause,
                    }
                })?;
                let target = target.into_string().map_err(|_| WalkError::NotUtf8 {
                    path: path.to_owned(),
                })?;
                EntryKind::Symlink { target }
            }
            FileType::Fifo => EntryKind::Fifo,
            FileType::CharacterDevice => EntryKind::CharDevice { major, minor },
            FileType::BlockDevice => EntryKind::BlockDevice { major, minor },
            FileType::Socket | FileType::Unknown => EntryKind::Socket,
            FileType::RegularFile => {
                let inode = (stat.st_dev, stat.st_ino);
                if let Some(target) = self.first_names.get(&inode) {
                    return Ok(EntryKind::Hardlink {
                        target: target.clone(),
                    });
                }
                if stat.st_nlink > 1 {
                    self.first_names.insert(inode, path.to_owned());
                }
                EntryKind::File {
                    size_bytes: size(stat),
                    digest: None,
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    use tempfile::TempDir;

    use rustix::io::Errno;

    use super::*;

    fn tree(files: &[&str]) -> TempDir {
        let root = TempDir::new().unwrap();
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        root
    }

    fn everything(_: &str, _: bool) -> Visited {
        Visited {
            keep: true,
            enter: true,
        }
    }

    fn paths(walked: &Manifest) -> Vec<&str> {
        walked.entries().iter().map(|entry| entry.path.as_str()).collect()
    }

    #[test]
    fn what_goes_or_changes_its_kind_while_the_tree_is_walked_is_named() {
        type Happening = fn(&Path);
        let remove_file: Happening = |root| fs::remove_file(root.join("d/x")).unwrap();
        let remove_folder: Happening = |root| fs::remove_dir_all(root.join("d")).unwrap();
        let become_a_file: Happening = |root| {
            fs::remove_dir_all(root.join("d")).unwrap();
            fs::write(root.join("d"), "").unwrap();
        };
        let become_a_link: Happening = |root| {
            fs::remove_dir_all(root.join("d")).unwrap();
            symlink("/", root.join("d")).unwrap();
        };
        // What happens when the walk comes to which path, and what is said.
        let cases = [
            ("d/a", remove_file, "cannot look at", Errno::NOENT),
            ("a", remove_folder, "cannot look at", Errno::NOENT),
            ("d", remove_folder, "cannot look at", Errno::NOENT),
            ("d", become_a_file, "cannot open the directory", Errno::NOTDIR),
            ("d", become_a_link, "cannot open the directory", Errno::NOTDIR),
        ];
        for (moment, happens, told, cause) in cases {
            let root = tree(&["a", "d/a", "d/x", "z"]);
            let fault = walk(root.path(), |path, is_directory| {
                if path == moment {
                    happens(root.path());
                }
                everything(path, is_directory)
            })
            .unwrap_err();
            let (WalkError::Look { path, cause: found } | WalkError::Open { path, cause: found }) = &fault
            else {
                panic!("{fault}");
            };
            let gone = if moment == "d/a" { "d/x" } else { "d" };
            assert_eq!((path, *found), (&root.path().join(gone), cause), "{moment}");
            assert!(fault.to_string().starts_with(told), "{fault}");
        }
    }

    #[test]
    fn every_kind_of_path_is_an_entry_with_its_header() {
        let root = tree(&["a/x", "a-b", "z"]);
        let at = |path: &str| root.path().join(path);
        fs::hard_link(at("a/x"), at("b")).unwrap();
        symlink("/nowhere", at("l")).unwrap();
        fs::set_permissions(at("z"), fs::Permissions::from_mode(0o4711)).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, at("p"), FileType::Fifo, Mode::RUSR, 0).unwrap();
        let _listener = UnixListener::bind(at("s")).unwrap();
        fs::File::options()
            .write(true)
            .open(at("z"))
            .unwrap()
            .set_modified(std::time::UNIX_EPOCH + std::time::Duration::new(7, 9))
            .unwrap();
        let walked = walk(root.path(), everything).unwrap();
        assert_eq!(paths(&walked), ["a", "a/x", "a-b", "b", "l", "p", "s", "z"]);
        let kind = |path: &str| walked.get(path).unwrap().kind.clone();
        assert_eq!(kind("a"), EntryKind::Directory);
        assert_eq!(
            kind("a/x"),
            EntryKind::File {
                size_bytes: ByteSize(3),
                digest: None
            }
        );
        assert_eq!(
            kind("b"),
            EntryKind::Hardlink {
                target: "a/x".to_owned()
            }
        );
        assert_eq!(
            kind("l"),
            EntryKind::Symlink {
                target: "/nowhere".to_owned()
            }
        );
        assert_eq!((kind("p"), kind("s")), (EntryKind::Fifo, EntryKind::Socket));
        let z = walked.get("z").unwrap();
        assert_eq!((z.mode, z.mtime_ns), (0o4711, 7_000_000_009));
    }

    #[test]
    fn what_is_ignored_is_not_entered_and_what_is_brought_back_keeps_its_directories() {
        let root = tree(&["keep/a", "drop/sub/b", "drop/sub/back", "drop/never/c"]);
        let ignore = IgnoreFile::parse(b"drop\n!drop/sub/back\n").unwrap();
        let mut asked = Vec::new();
        let mut deciding = ignore.walk(Pruning::StreamedContext);
        let walked = walk(root.path(), |path, is_directory| {
            asked.push(path.to_owned());
            let visit = deciding.visit(path, is_directory);
            Visited {
                keep: !visit.decision.excluded,
                enter: visit.enter,
            }
        })
        .unwrap();
        assert_eq!(
            paths(&walked),
            ["drop", "drop/sub", "drop/sub/back", "keep", "keep/a"]
        );
        assert!(!asked.contains(&"drop/never/c".to_owned()), "{asked:?}");
        assert_eq!(
            walk_ignoring(root.path(), &ignore, Pruning::StreamedContext).unwrap(),
            walked
        );
    }

    #[test]
    fn a_hard_link_whose_first_name_is_ignored_is_the_file() {
        let root = tree(&["a"]);
        fs::hard_link(root.path().join("a"), root.path().join("b")).unwrap();
        let ignore = IgnoreFile::parse(b"a").unwrap();
        let walked = walk_ignoring(root.path(), &ignore, Pruning::StreamedContext).unwrap();
        assert_eq!(
            walked.get("b").unwrap().kind,
            EntryKind::File {
                size_bytes: ByteSize(1),
                digest: None
            }
        );
    }

    #[test]
    fn a_link_to_a_directory_is_not_followed() {
        let root = tree(&["a/x"]);
        symlink(".", root.path().join("a/up")).unwrap();
        symlink("/", root.path().join("top")).unwrap();
        let walked = walk(root.path(), everything).unwrap();
        assert_eq!(paths(&walked), ["a", "a/up", "a/x", "top"]);
    }

    #[test]
    fn a_name_that_is_not_utf8_is_an_error_unless_it_is_ignored() {
        let root = tree(&["a"]);
        let odd = root.path().join(OsStr::from_bytes(b"caf\xe9"));
        fs::create_dir(&odd).unwrap();
        fs::write(odd.join("x"), "").unwrap();
        let refused = |ignore: &[u8]| {
            let ignore = IgnoreFile::parse(ignore).unwrap();
            match walk_ignoring(root.path(), &ignore, Pruning::StreamedContext) {
                Err(WalkError::NotUtf8 { path }) => Some(path),
                other => {
                    assert_eq!(paths(&other.unwrap()), ["a"]);
                    None
                }
            }
        };
        assert_eq!(refused(b"").as_deref(), Some("caf\u{fffd}"));
        assert_eq!(refused(b"caf?\n!**/x").as_deref(), Some("caf\u{fffd}/x"));
        assert_eq!(refused(b"caf?").as_deref(), None);
        let ignore = IgnoreFile::parse(b"caf?").unwrap();
        let counted = walk_with_dropped(root.path(), &ignore, Pruning::StreamedContext).unwrap();
        assert_eq!(paths(&counted), ["a"]);
        let ignore = IgnoreFile::parse(b"a").unwrap();
        let counted = walk_with_dropped(root.path(), &ignore, Pruning::StreamedContext);
        assert!(matches!(counted, Err(WalkError::NotUtf8 { .. })), "{counted:?}");
    }

    #[test]
    fn a_root_that_is_no_directory_is_named() {
        let root = tree(&["a"]);
        for name in ["a", "missing"] {
            let path = root.path().join(name);
            let error = walk(&path, everything).unwrap_err();
            assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        }
    }
}
