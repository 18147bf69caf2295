//! All entries of a context, sorted.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::entry::{Entry, EntryKind};
use super::order::compare_paths;
use crate::digest::Digest;
use crate::dockerignore::clean;
use crate::unit::ByteSize;

/// The entries of a context in walk order, each path once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<Entry>", try_from = "Vec<Entry>")]
pub struct Manifest {
    entries: Vec<Entry>,
}

/// The entries do not make a manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// A path is empty, absolute, or not cleaned.
    #[error(
        "`{path}` is not a path of a context, expected components separated by single slashes, without `.` and `..`"
    )]
    Path {
        /// The path as it was read.
        path: String,
    },
    /// A path is there twice.
    #[error("`{path}` is in the manifest twice, expected each path once")]
    Duplicate {
        /// The path.
        path: String,
    },
}

impl Manifest {
    /// Sorts entries into a manifest.
    ///
    /// # Errors
    ///
    /// When a path is not a clean relative one, or is there twice.
    pub fn new(mut entries: Vec<Entry>) -> Result<Self, ManifestError> {
        for Entry { path, .. } in &entries {
            if path == "."
                || path == ".."
                || path.starts_with(['/'])
                || path.starts_with("../")
                || clean(path) != *path
            {
                return Err(ManifestError::Path { path: path.clone() });
            }
        }
        entries.sort_by(|a, b| compare_paths(&a.path, &b.path));
        if let Some(pair) = entries.windows(2).find(|pair| pair[0].path == pair[1].path) {
            return Err(ManifestError::Duplicate {
                path: pair[0].path.clone(),
            });
        }
        Ok(Self { entries })
    }

    /// The entries in walk order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry at a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Entry> {
        self.position(path).map(|index| &self.entries[index])
    }

    /// The entries below a directory, at any depth; `.` is the root.
    #[must_use]
    pub fn below(&self, directory: &str) -> &[Entry] {
        if directory == "." {
            return &self.entries;
        }
        let Some(index) = self.position(directory) else {
            return &[];
        };
        let rest = &self.entries[index + 1..];
        let inside = |entry: &Entry| {
            entry
                .path
                .strip_prefix(directory)
                .is_some_and(|below| below.starts_with('/'))
        };
        &rest[..rest.partition_point(inside)]
    }

    /// Records the digest of a regular file's content. Returns whether there is a regular file, under
    /// its first name, at the path.
    pub fn set_digest(&mut self, path: &str, content: Digest) -> bool {
        match self.position(path).map(|index| &mut self.entries[index].kind) {
            Some(EntryKind::File { digest, .. }) => {
                *digest = Some(content);
                true
            }
            _ => false,
        }
    }

    /// Number of regular files, every name of a file with several counted.
    #[must_use]
    pub fn file_count(&self) -> usize {
        self.entries.iter().filter(|entry| entry.is_file()).count()
    }

    /// Bytes of regular files, a file with several names counted once.
    #[must_use]
    pub fn total_size(&self) -> ByteSize {
        self.entries.iter().map(Entry::size).sum()
    }

    /// The largest regular files, largest first, equal ones in walk order.
    #[must_use]
    pub fn heaviest(&self, count: usize) -> Vec<&Entry> {
        let mut files: Vec<_> = self
            .entries
            .iter()
            .filter(|entry| matches!(entry.kind, EntryKind::File { .. }))
            .collect();
        files.sort_by_key(|entry| Reverse(entry.size()));
        files.truncate(count);
        files
    }

    /// A digest of everything an entry holds: path, type, header fields, modification time and the
    /// digest of the content. Equal digests mean equal trees once every file was hashed; a file that
    /// was not is told apart from one that was.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest_of(true)
    }

    /// As [`Manifest::digest`] without modification times, which no builder looks at.
    #[must_use]
    pub fn content_digest(&self) -> Digest {
        self.digest_of(false)
    }

    fn digest_of(&self, with_mtime: bool) -> Digest {
        let mut hasher = Sha256::new();
        for entry in &self.entries {
            text(&mut hasher, &entry.path);
            let header = [entry.mode, entry.uid, entry.gid];
            for field in header {
                hasher.update(field.to_le_bytes());
            }
            if with_mtime {
                hasher.update(entry.mtime_ns.to_le_bytes());
            }
            for (name, value) in &entry.attributes {
                hasher.update(b"x");
                text(&mut hasher, name);
                hasher.update((value.len() as u64).to_le_bytes());
                hasher.update(value);
            }
            match &entry.kind {
                EntryKind::File { size_bytes, digest } => {
                    hasher.update(b"f");
                    hasher.update(size_bytes.0.to_le_bytes());
                    text(
                        &mut hasher,
                        &digest.map_or_else(String::new, |digest| digest.to_string()),
                    );
                }
                EntryKind::Directory => hasher.update(b"d"),
                EntryKind::Symlink { target } => {
                    hasher.update(b"l");
                    text(&mut hasher, target);
                }
                EntryKind::Hardlink { target } => {
                    hasher.update(b"h");
                    text(&mut hasher, target);
                }
                EntryKind::Socket => hasher.update(b"s"),
                EntryKind::Fifo => hasher.update(b"p"),
                EntryKind::CharDevice { major, minor } => device(&mut hasher, b"c", *major, *minor),
                EntryKind::BlockDevice { major, minor } => device(&mut hasher, b"b", *major, *minor),
            }
        }
        Digest::finish(hasher)
    }

    fn position(&self, path: &str) -> Option<usize> {
        self.entries
            .binary_search_by(|entry| compare_paths(&entry.path, path))
            .ok()
    }
}

/// Feeds a text with its length before it, so that no two sequences of texts look the same.
fn text(hasher: &mut Sha256, text: &str) {
    hasher.update((text.len() as u64).to_le_bytes());
    hasher.update(text);
}

fn device(hasher: &mut Sha256, kind: &[u8], major: u32, minor: u32) {
    hasher.update(kind);
    hasher.update(major.to_le_bytes());
    hasher.update(minor.to_le_bytes());
}

impl TryFrom<Vec<Entry>> for Manifest {
    type Error = ManifestError;

    fn try_from(entries: Vec<Entry>) -> Result<Self, ManifestError> {
        Self::new(entries)
    }
}

impl From<Manifest> for Vec<Entry> {
    fn from(manifest: Manifest) -> Self {
        manifest.entries
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use super::*;

    pub(in crate::context) fn entry(path: &str, kind: EntryKind) -> Entry {
        let mode = if kind == EntryKind::Directory {
            0o755
        } else {
            0o644
        };
        Entry {
            path: path.to_owned(),
            kind,
            mode,
            uid: 0,
            gid: 0,
            mtime_ns: 0,
            attributes: BTreeMap::new(),
        }
    }

    pub(in crate::context) fn file(path: &str, content: &str) -> Entry {
        let size_bytes = ByteSize(content.len() as u64);
        entry(
            path,
            EntryKind::File {
                size_bytes,
                digest: Some(Digest::of(content)),
            },
        )
    }

    pub(in crate::context) fn directory(path: &str) -> Entry {
        entry(path, EntryKind::Directory)
    }

    pub(in crate::context) fn symlink(path: &str, target: &str) -> Entry {
        entry(
            path,
            EntryKind::Symlink {
                target: target.to_owned(),
            },
        )
    }

    pub(in crate::context) fn hardlink(path: &str, target: &str) -> Entry {
        entry(
            path,
            EntryKind::Hardlink {
                target: target.to_owned(),
            },
        )
    }

    pub(in crate::context) fn manifest(entries: &[Entry]) -> Manifest {
        Manifest::new(entries.to_vec()).unwrap()
    }

    #[test]
    fn sorts_counts_and_finds() {
        let manifest = manifest(&[
            file("b", "22"),
            file("a-b", "333"),
            hardlink("c", "b"),
            file("a/x/y", "1"),
            directory("a/x"),
            directory("a"),
            symlink("s", "nowhere"),
        ]);
        let paths: Vec<_> = manifest
            .entries()
            .iter()
            .map(|entry| entry.path.as_str())
            .collect();
        assert_eq!(paths, ["a", "a/x", "a/x/y", "a-b", "b", "c", "s"]);
        assert_eq!(manifest.file_count(), 4);
        assert_eq!(manifest.total_size(), ByteSize(6));
        let heaviest: Vec<_> = manifest
            .heaviest(2)
            .iter()
            .map(|entry| entry.path.as_str())
            .collect();
        assert_eq!(heaviest, ["a-b", "b"]);
        assert_eq!(manifest.get("a/x/y").map(Entry::size), Some(ByteSize(1)));
        assert_eq!(manifest.get("a/y"), None);
        assert_eq!(manifest.below("a").len(), 2);
        assert_eq!(manifest.below(".").len(), 7);
        assert_eq!(manifest.below("nowhere").len(), 0);
    }

    #[test]
    fn refuses_paths_that_are_not_of_a_context() {
        for path in ["", ".", "..", "/a", "a/", "a//b", "./a", "a/../b", "../a"] {
            let found = Manifest::new(vec![directory(path)]);
            assert_eq!(
                found,
                Err(ManifestError::Path {
                    path: path.to_owned()
                }),
                "{path:?}"
            );
        }
        let found = Manifest::new(vec![directory("a"), directory("b"), file("a", "")]);
        assert_eq!(found, Err(ManifestError::Duplicate { path: "a".to_owned() }));
    }

    #[test]
    fn the_digest_sees_every_field() {
        let base = file("a", "1");
        let whole = manifest(std::slice::from_ref(&base));
        for (name, edit) in [
            ("path", (|entry| entry.path = "b".to_owned()) as fn(&mut Entry)),
            ("mode", |entry| entry.mode = 0o600),
            ("uid", |entry| entry.uid = 1),
            ("gid", |entry| entry.gid = 1),
            ("mtime", |entry| entry.mtime_ns = 1),
            ("attributes", |entry| {
                entry.attributes.insert("user.a".to_owned(), b"1".to_vec());
            }),
            ("content", |entry| *entry = file("a", "2")),
            ("not hashed", |entry| {
                entry.kind = EntryKind::File {
                    size_bytes: ByteSize(1),
                    digest: None,
                };
            }),
            ("type", |entry| entry.kind = EntryKind::Directory),
            ("link", |entry| {
                entry.kind = EntryKind::Symlink {
                    target: "x".to_owned(),
                }
            }),
        ] {
            let mut edited = base.clone();
            edit(&mut edited);
            let edited = manifest(&[edited]);
            assert_ne!(edited.digest(), whole.digest(), "{name}");
            assert_eq!(
                edited.content_digest() == whole.content_digest(),
                name == "mtime",
                "{name}"
            );
        }
    }

    #[test]
    fn is_read_back_and_checked() {
        let manifest = manifest(&[directory("a"), file("a/b", "1")]);
        let json = serde_json::to_string(&manifest).unwrap();
        assert_eq!(serde_json::from_str::<Manifest>(&json).unwrap(), manifest);
        let twice = json.replace("a/b", "a");
        assert!(
            serde_json::from_str::<Manifest>(&twice)
                .unwrap_err()
                .to_string()
                .contains("twice")
        );
    }
}
