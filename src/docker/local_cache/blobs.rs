//! The blobs of a local cache: one file each, named after its digest.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Take, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use crate::digest::Digest;
use crate::unit::ByteSize;

/// The blobs in one folder, what was read of them, and how much was written.
#[derive(Debug)]
pub(super) struct Blobs {
    folder: PathBuf,
    served: Mutex<BTreeMap<Digest, ByteSize>>,
    written_bytes: AtomicU64,
}

/// Why a blob could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(super) enum BlobError {
    /// It is not there.
    #[error("the local cache holds no `{0}`")]
    Missing(Digest),
    /// It is there already.
    #[error("the local cache holds `{0}` already")]
    Exists(Digest),
    /// A read that begins behind its end.
    #[error("cannot read `{digest}` from byte {offset} on, it has {size}")]
    PastEnd { digest: Digest, offset: u64, size: u64 },
    /// A write that leaves something out.
    #[error("cannot write at byte {offset}, expected {written}")]
    Gap { offset: u64, written: u64 },
    /// It has another size than was said.
    #[error("{written} bytes were written, expected {total}")]
    Size { written: u64, total: u64 },
    /// It is not what was said.
    #[error("`{written}` was written, expected `{expected}`")]
    Content { written: Digest, expected: Digest },
    /// What the system said.
    #[error("cannot use `{}` in the local cache: {source}", .path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl Blobs {
    /// Those in this folder, which the first write makes.
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            served: Mutex::default(),
            written_bytes: AtomicU64::new(0),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The size of a blob in bytes.
    pub(super) fn size(&self, digest: Digest) -> Result<u64, BlobError> {
        let path = self.path(digest);
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_file() => Ok(metadata.len()),
            Ok(_) => Err(BlobError::Missing(digest)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(BlobError::Missing(digest)),
            Err(source) => Err(BlobError::Io { path, source }),
        }
    }

    /// The bytes of a blob from `offset` on, at most `length`.
    pub(super) fn open(
        &self,
        digest: Digest,
        offset: u64,
        length: Option<u64>,
    ) -> Result<Take<File>, BlobError> {
        let size = self.size(digest)?;
        if offset > size {
            return Err(BlobError::PastEnd { digest, offset, size });
        }
        let path = self.path(digest);
        let open = || {
            let mut file = File::open(&path)?;
            file.seek(SeekFrom::Start(offset))?;
            Ok(file)
        };
        let file = open().map_err(|source| BlobError::Io {
            path: path.clone(),
            source,
        })?;
        Ok(file.take(length.unwrap_or(u64::MAX)))
    }

    /// Notes that these many bytes of a blob were read.
    pub(super) fn note_served(&self, digest: Digest, bytes: usize) {
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        served.entry(digest).or_default().0 += bytes as u64;
    }

    /// Bytes that were read so far, by blob.
    pub(super) fn served(&self) -> BTreeMap<Digest, ByteSize> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Bytes of the blobs that were written so far.
    pub(super) fn written(&self) -> ByteSize {
        ByteSize(self.written_bytes.load(Ordering::Relaxed))
    }

    /// Begins a write. What is written is nowhere to be seen before it is committed, and gone where it never is.
    pub(super) fn write(self: &Arc<Self>) -> Result<BlobWriter, BlobError> {
        let path = self.blobs();
        let begin = || {
            self.make_folders()?;
            NamedTempFile::with_prefix_in(INCOMING, &path)
        };
        let file = begin().map_err(|source| BlobError::Io {
            path: path.clone(),
            source,
        })?;
        Ok(BlobWriter {
            blobs: Arc::clone(self),
            file,
            hasher: Sha256::new(),
            written: 0,
        })
    }

    /// Removes all blobs but these.
    pub(super) fn keep_only(&self, kept: &BTreeSet<Digest>) -> io::Result<()> {
        let names: BTreeSet<_> = kept.iter().map(Digest::hex).collect();
        for entry in fs::read_dir(self.blobs())? {
            let entry = entry?;
            if !entry
                .file_name()
                .to_str()
                .is_some_and(|name| names.contains(name))
            {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Not the folder that the cache lies in: a build that was given up must not bring back what was removed after it.
    fn make_folders(&self) -> io::Result<()> {
        for folder in [self.folder.clone(), self.folder.join("blobs"), self.blobs()] {
            match fs::create_dir(folder) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    fn blobs(&self) -> PathBuf {
        self.folder.join("blobs").join("sha256")
    }

    /// The hex digits of a digest are never a way out of the folder.
    fn path(&self, digest: Digest) -> PathBuf {
        self.blobs().join(digest.hex())
    }
}

/// What the names of blobs begin with that are not yet whole.
const INCOMING: &str = ".incoming-";

/// One write. Dropped before it is committed it leaves nothing.
#[derive(Debug)]
pub(super) struct BlobWriter {
    blobs: Arc<Blobs>,
    file: NamedTempFile,
    hasher: Sha256,
    written: u64,
}

impl BlobWriter {
    /// Bytes that were written so far.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Writes where the write stands, which is at `offset`; at zero it begins again.
    pub(super) fn write(&mut self, offset: u64, data: &[u8]) -> Result<(), BlobError> {
        if offset == 0 && self.written > 0 {
            self.begin_again().map_err(|source| self.fault(source))?;
        }
        if offset != self.written {
            return Err(BlobError::Gap {
                offset,
                written: self.written,
            });
        }
        self.file.write_all(data).map_err(|source| self.fault(source))?;
        self.hasher.update(data);
        self.written += data.len() as u64;
        Ok(())
    }

    fn begin_again(&mut self) -> io::Result<()> {
        self.file.as_file().set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.hasher = Sha256::new();
        self.written = 0;
        Ok(())
    }

    /// Makes a blob of what was written, which has so many bytes and this digest, where that is said.
    pub(super) fn commit(self, total: Option<u64>, expected: Option<Digest>) -> Result<Digest, BlobError> {
        let written = self.written;
        if let Some(total) = total.filter(|total| *total != written) {
            return Err(BlobError::Size { written, total });
        }
        let digest = Digest::finish(self.hasher);
        if let Some(expected) = expected.filter(|expected| *expected != digest) {
            return Err(BlobError::Content {
                written: digest,
                expected,
            });
        }
        let path = self.blobs.path(digest);
        let fault = |source| BlobError::Io {
            path: path.clone(),
            source,
        };
        // The docker command's store has it on the disk as well before the daemon is told that it is there.
        self.file.as_file().sync_all().map_err(fault)?;
        match self.file.persist_noclobber(&path) {
            Ok(_) => {}
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(BlobError::Exists(digest));
            }
            Err(error) => return Err(fault(error.error)),
        }
        let folder = File::open(self.blobs.blobs()).and_then(|folder| folder.sync_all());
        folder.map_err(fault)?;
        self.blobs.written_bytes.fetch_add(written, Ordering::Relaxed);
        Ok(digest)
    }

    fn fault(&self, source: io::Error) -> BlobError {
        BlobError::Io {
            path: self.file.path().to_owned(),
            source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blobs in a folder of their own.
    fn blobs() -> (tempfile::TempDir, Arc<Blobs>) {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Arc::new(Blobs::in_folder(&folder.path().join("cache")));
        (folder, blobs)
    }

    fn put(blobs: &Arc<Blobs>, content: &[u8]) -> Digest {
        let mut writer = blobs.write().unwrap();
        writer.write(0, content).unwrap();
        writer.commit(None, None).unwrap()
    }

    /// The names of all files.
    fn files(blobs: &Blobs) -> BTreeSet<String> {
        let entries = fs::read_dir(blobs.blobs()).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn any_part_of_a_blob_is_read() {
        let (_folder, blobs) = blobs();
        let digest = put(&blobs, b"0123456789");
        assert_eq!(blobs.size(digest).unwrap(), 10);
        for (offset, length, expected) in [
            (0, None, "0123456789"),
            (0, Some(3), "012"),
            (4, Some(3), "456"),
            (4, None, "456789"),
            (8, Some(9), "89"),
            (10, None, ""),
        ] {
            let mut part = String::new();
            let mut blob = blobs.open(digest, offset, length).unwrap();
            blob.read_to_string(&mut part).unwrap();
            assert_eq!(part, expected, "{offset} {length:?}");
        }
        let behind = blobs.open(digest, 11, None).unwrap_err();
        assert!(
            matches!(
                behind,
                BlobError::PastEnd {
                    offset: 11,
                    size: 10,
                    ..
                }
            ),
            "{behind}"
        );
        let other = Digest::of(b"other");
        assert!(matches!(blobs.size(other), Err(BlobError::Missing(missing)) if missing == other));
    }

    #[test]
    fn what_is_not_what_was_said_is_refused_and_leaves_nothing() {
        let (_folder, blobs) = blobs();
        let begun = || {
            let mut writer = blobs.write().unwrap();
            writer.write(0, b"some").unwrap();
            writer.write(4, b"thing").unwrap();
            writer
        };
        let fault = begun().commit(None, Some(Digest::of(b"else"))).unwrap_err();
        assert_eq!(
            fault.to_string(),
            format!(
                "`{}` was written, expected `{}`",
                Digest::of(b"something"),
                Digest::of(b"else")
            )
        );
        let fault = begun().commit(Some(8), None).unwrap_err();
        assert_eq!(fault.to_string(), "9 bytes were written, expected 8");
        let mut writer = begun();
        for offset in [8, 10] {
            let fault = writer.write(offset, b"x").unwrap_err();
            assert!(matches!(fault, BlobError::Gap { written: 9, .. }), "{fault}");
        }
        // One that is given up is gone as well.
        assert_eq!(files(&blobs).len(), 1);
        drop(writer);
        assert_eq!(files(&blobs), BTreeSet::new());
    }

    #[test]
    fn a_write_at_the_beginning_begins_again() {
        let (_folder, blobs) = blobs();
        let mut writer = blobs.write().unwrap();
        writer.write(0, b"something that broke off").unwrap();
        writer.write(0, b"some").unwrap();
        writer.write(4, b"thing").unwrap();
        assert_eq!(writer.written(), 9);
        let expected = Digest::of(b"something");
        assert_eq!(writer.commit(Some(9), Some(expected)).unwrap(), expected);
        assert_eq!(files(&blobs), BTreeSet::from([expected.hex()]));
        let path = blobs.path(expected);
        assert_eq!(fs::read(path).unwrap(), b"something");
    }

    #[test]
    fn a_blob_that_is_there_stays_as_it_is() {
        let (_folder, blobs) = blobs();
        let digest = put(&blobs, b"");
        let again = blobs.write().unwrap().commit(Some(0), Some(digest)).unwrap_err();
        assert!(
            matches!(again, BlobError::Exists(there) if there == digest),
            "{again}"
        );
        assert_eq!(files(&blobs), BTreeSet::from([digest.hex()]));
    }

    #[test]
    fn only_what_is_named_is_kept() {
        let (_folder, blobs) = blobs();
        let kept = [put(&blobs, b"one"), put(&blobs, b"two")];
        put(&blobs, b"three");
        blobs.keep_only(&kept.into()).unwrap();
        assert_eq!(files(&blobs), kept.iter().map(Digest::hex).collect());
    }

    #[test]
    fn a_folder_that_went_with_the_run_stays_away() {
        let (folder, blobs) = blobs();
        put(&blobs, b"one");
        let path = folder.path().to_owned();
        drop(folder);
        let fault = blobs.write().unwrap_err();
        assert!(fault.to_string().contains("No such file or directory"), "{fault}");
        assert!(!path.exists());
    }

    #[test]
    fn a_link_in_the_place_of_a_blob_leads_nowhere() {
        let (folder, blobs) = blobs();
        put(&blobs, b"one");
        let outside = folder.path().join("outside");
        fs::write(&outside, "private").unwrap();
        let digest = Digest::of(b"private");
        std::os::unix::fs::symlink(&outside, blobs.path(digest)).unwrap();
        assert!(matches!(blobs.open(digest, 0, None), Err(BlobError::Missing(_))));
    }
}
