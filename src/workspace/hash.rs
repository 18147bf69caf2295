//! Reading the files of a manifest for the digests of their contents.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use super::digest_cache::DigestCache;
use super::stamp::{Identity, Stamp};
use crate::context::{EntryKind, Manifest};
use crate::digest::Digest;
use crate::unit::ByteSize;

/// What hashing cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HashSummary {
    /// Files that were read.
    pub read_files: u64,
    /// Bytes that were read.
    pub read_bytes: ByteSize,
    /// Files whose digest was known from before.
    pub reused_files: u64,
}

/// The files of a manifest could not be hashed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// The root or a file below it could not be opened.
    #[error("cannot open `{path}`")]
    Open {
        /// The path, with the root before it.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: Errno,
    },
    /// A file could not be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file, with the root before it.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// A file is not what the manifest says, or changed while it was read.
    #[error("`{path}` changed since the tree was walked, expected a tree that nothing else works on")]
    Changed {
        /// The file, with the root before it.
        path: PathBuf,
    },
}

impl HashError {
    /// What to do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Open { cause, .. } if *cause == Errno::ACCESS => {
                vec!["name the file in the ignore file if the build does not need it".to_owned()]
            }
            Self::Changed { .. } => vec!["stop what writes there, or name it in the ignore file".to_owned()],
            _ => Vec::new(),
        }
    }
}

/// Sets the digest of every regular file of a manifest that was walked at `root`. A file that did not change
/// since `cache` saw it is not read. Afterwards the cache holds the files of this manifest only.
///
/// No link is followed, also when one was put into the place of a directory since the walk.
///
/// # Errors
///
/// When a file cannot be read, or is not as it was when the tree was walked.
pub fn hash_files(
    root: &Path,
    manifest: &mut Manifest,
    cache: &mut DigestCache,
) -> Result<HashSummary, HashError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let top = rustix::fs::open(root, flags, Mode::empty()).map_err(|cause| HashError::Open {
        path: root.to_owned(),
        cause,
    })?;
    let mut summary = HashSummary::default();
    let mut digests = Vec::new();
    for entry in manifest.entries() {
        let EntryKind::File { size_bytes, .. } = entry.kind else {
            continue;
        };
        let file = Below {
            root,
            top: &top,
            path: &entry.path,
        };
        let looked_at = Stamp::now();
        let identity = file.look()?;
        if identity.size_bytes != size_bytes || identity.mtime_ns.0 != entry.mtime_ns {
            return Err(file.changed());
        }
        let digest = if let Some(known) = cache.get(&entry.path, &identity) {
            summary.reused_files += 1;
            known
        } else {
            let digest = file.hash(&identity)?;
            summary.read_files += 1;
            summary.read_bytes = summary.read_bytes + size_bytes;
            cache.insert(&entry.path, identity, looked_at, digest);
            digest
        };
        digests.push((entry.path.clone(), digest));
    }
    let paths: HashSet<&str> = digests.iter().map(|(path, _)| path.as_str()).collect();
    cache.retain(|path| paths.contains(path));
    for (path, digest) in &digests {
        manifest.set_digest(path, *digest);
    }
    Ok(summary)
}

/// A file below an open root.
struct Below<'a> {
    root: &'a Path,
    top: &'a OwnedFd,
    path: &'a str,
}

impl Below<'_> {
    fn on_disk(&self) -> PathBuf {
        self.root.join(self.path)
    }

    fn changed(&self) -> HashError {
        HashError::Changed { path: self.on_disk() }
    }

    fn open_error(&self, cause: Errno) -> HashError {
        match cause {
            // A link where the walk saw a file or a directory, or nothing at all.
            Errno::LOOP | Errno::NOENT | Errno::NOTDIR => self.changed(),
            cause => HashError::Open {
                path: self.on_disk(),
                cause,
            },
        }
    }

    /// Looks at the header without opening the file. A link in the place of a parent would be followed
    /// here; reading does not follow it, and a digest that is used again was read at this very inode.
    fn look(&self) -> Result<Identity, HashError> {
        rustix::fs::statat(self.top, self.path, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|cause| self.open_error(cause))
            .and_then(|stat| self.identity(&stat))
    }

    fn identity(&self, stat: &Stat) -> Result<Identity, HashError> {
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Ok(Identity::of(stat)),
            _ => Err(self.changed()),
        }
    }

    /// Opens the file without following any link on the way.
    fn open(&self) -> Result<OwnedFd, HashError> {
        // A pipe in the place of the file must not make the open wait for a writer.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        match rustix::fs::openat2(self.top, self.path, flags, Mode::empty(), resolve) {
            // Kernels before 5.6 and some sandboxes do not have the call.
            Err(Errno::NOSYS | Errno::PERM) => rustix::fs::openat(self.top, self.path, flags, Mode::empty()),
            opened => opened,
        }
        .map_err(|cause| self.open_error(cause))
    }

    fn hash(&self, expected: &Identity) -> Result<Digest, HashError> {
        let opened = self.open()?;
        let mut file = File::from(opened);
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 128 * 1024];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => hasher.update(&buffer[..count]),
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => {
                    return Err(HashError::Read {
                        path: self.on_disk(),
                        cause,
                    });
                }
            }
        }
        let after = rustix::fs::fstat(&file).map_err(|cause| self.open_error(cause))?;
        if self.identity(&after)? != *expected {
            return Err(self.changed());
        }
        Ok(Digest::finish(hasher))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::thread::sleep;
    use std::time::Duration;

    use tempfile::TempDir;

    use super::super::walk::{Visited, walk};
    use super::*;

    fn walked(root: &TempDir) -> Manifest {
        walk(root.path(), |_, _| Visited {
            keep: true,
            enter: true,
        })
        .unwrap()
    }

    fn hashed(root: &TempDir, cache: &mut DigestCache) -> (Manifest, HashSummary) {
        let mut manifest = walked(root);
        let summary = hash_files(root.path(), &mut manifest, cache).unwrap();
        (manifest, summary)
    }

    fn digest(manifest: &Manifest, path: &str) -> Option<Digest> {
        match manifest.get(path).unwrap().kind {
            EntryKind::File { digest, .. } => digest,
            _ => None,
        }
    }

    #[test]
    fn unchanged_files_are_not_read_again_and_changed_ones_are() {
        let root = TempDir::new().unwrap();
        let at = |path: &str| root.path().join(path);
        fs::create_dir(at("d")).unwrap();
        fs::write(at("d/a"), "hello\n").unwrap();
        fs::write(at("b"), "1").unwrap();
        fs::hard_link(at("b"), at("c")).unwrap();
        // So that the files are not younger than a clock tick when they are looked at.
        sleep(Duration::from_millis(60));
        let mut cache = DigestCache::default();
        let (first, summary) = hashed(&root, &mut cache);
        assert_eq!(
            summary,
            HashSummary {
                read_files: 2,
                read_bytes: ByteSize(7),
                reused_files: 0
            }
        );
        assert_eq!(digest(&first, "d/a"), Some(Digest::of("hello\n")));
        let (second, summary) = hashed(&root, &mut cache);
        assert_eq!(
            summary,
            HashSummary {
                read_files: 0,
                read_bytes: ByteSize(0),
                reused_files: 2
            }
        );
        assert_eq!(second, first);

        // Same size and modification time, as a careless tool would leave it.
        let modified = fs::metadata(at("b")).unwrap().modified().unwrap();
        fs::write(at("b"), "2").unwrap();
        File::options()
            .write(true)
            .open(at("b"))
            .unwrap()
            .set_modified(modified)
            .unwrap();
        let (third, summary) = hashed(&root, &mut cache);
        assert_eq!((summary.read_files, summary.reused_files), (1, 1));
        assert_eq!(digest(&third, "b"), Some(Digest::of("2")));
        assert_ne!(third.content_digest(), first.content_digest());
    }

    #[test]
    fn a_file_that_is_not_as_walked_is_an_error() {
        for (name, change) in [
            ("grown", (|path| fs::write(path, "longer").unwrap()) as fn(&Path)),
            ("gone", |path| fs::remove_file(path).unwrap()),
            ("a directory", |path| {
                fs::remove_file(path).unwrap();
                fs::create_dir(path).unwrap();
            }),
            ("a link", |path| {
                fs::remove_file(path).unwrap();
                std::os::unix::fs::symlink("/etc/hostname", path).unwrap();
            }),
        ] {
            let root = TempDir::new().unwrap();
            fs::write(root.path().join("a"), "1").unwrap();
            let mut manifest = walked(&root);
            change(&root.path().join("a"));
            let found = hash_files(root.path(), &mut manifest, &mut DigestCache::default());
            assert!(
                matches!(found, Err(HashError::Changed { .. })),
                "{name}: {found:?}"
            );
        }
    }

    #[test]
    fn a_directory_replaced_by_a_link_to_its_copy_is_not_read_through() {
        let root = TempDir::new().unwrap();
        let elsewhere = TempDir::new().unwrap();
        fs::create_dir(root.path().join("d")).unwrap();
        fs::write(root.path().join("d/a"), "1").unwrap();
        let mut manifest = walked(&root);
        fs::rename(root.path().join("d"), elsewhere.path().join("d")).unwrap();
        std::os::unix::fs::symlink(elsewhere.path().join("d"), root.path().join("d")).unwrap();
        let found = hash_files(root.path(), &mut manifest, &mut DigestCache::default());
        assert!(matches!(found, Err(HashError::Changed { .. })), "{found:?}");
    }
}
