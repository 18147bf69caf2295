//! One layer of an image, packed and on disk.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use crate::digest::Digest;

/// How layers that come without are packed: as the docker command packs what it pushes.
pub(super) const LEVEL: u32 = 6;

/// How much is read at once.
const CHUNK: usize = 128 << 10;

/// A packed layer in a file of its own, which goes with this. Of both its forms the hash so far is kept, so that what is sent
/// after it can be hashed without reading it again.
#[derive(Debug)]
pub(super) struct StoredLayer {
    path: PathBuf,
    size: u64,
    packed: Sha256,
    plain: Sha256,
}

impl StoredLayer {
    /// Packs a tar into a new file.
    pub(super) fn pack(mut tar: impl Read, path: PathBuf) -> io::Result<Self> {
        let mut plain = Sha256::new();
        let target = Hashed::create(&path)?;
        let mut packing = |target| {
            let mut encoder = GzEncoder::new(target, Compression::new(LEVEL));
            copy(&mut tar, |chunk| {
                plain.update(chunk);
                encoder.write_all(chunk)
            })?;
            encoder.finish()
        };
        match packing(target) {
            Ok(target) => Ok(Self {
                size: target.written,
                packed: target.hash,
                plain,
                path,
            }),
            Err(error) => {
                let _ = fs::remove_file(&path);
                Err(error)
            }
        }
    }

    /// Keeps what is packed already, as it is, in a new file.
    pub(super) fn keep(mut packed: impl Read, path: PathBuf) -> io::Result<Self> {
        let mut target = Hashed::create(&path)?;
        let mut plain = Sha256::new();
        let kept = copy(&mut packed, |chunk| target.write_all(chunk)).and_then(|()| {
            let mut tar = MultiGzDecoder::new(File::open(&path)?);
            copy(&mut tar, |chunk| {
                plain.update(chunk);
                Ok(())
            })
        });
        match kept {
            Ok(()) => Ok(Self {
                size: target.written,
                packed: target.hash,
                plain,
                path,
            }),
            Err(error) => {
                let _ = fs::remove_file(&path);
                Err(error)
            }
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes the file has.
    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// The hash of the file so far.
    pub(super) const fn packed_hash(&self) -> &Sha256 {
        &self.packed
    }

    /// The hash of the tar so far.
    pub(super) const fn plain_hash(&self) -> &Sha256 {
        &self.plain
    }

    /// The digest of the file.
    pub(super) fn digest(&self) -> Digest {
        Digest::finish(self.packed.clone())
    }

    /// The digest of the tar.
    pub(super) fn diff_id(&self) -> Digest {
        Digest::finish(self.plain.clone())
    }
}

impl Drop for StoredLayer {
    fn drop(&mut self) {
        // What stays goes with the folder.
        let _ = fs::remove_file(&self.path);
    }
}

/// A file that is hashed while it is written.
struct Hashed {
    file: File,
    hash: Sha256,
    written: u64,
}

impl Hashed {
    fn create(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: File::create_new(path)?,
            hash: Sha256::new(),
            written: 0,
        })
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Reads to the end, piece by piece.
fn copy(from: &mut impl Read, mut to: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        match from.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(length) => to(&chunk[..length])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::super::salt::Salt;
    use super::*;

    /// What `gzip` and `tar` make of a file: the names and sizes of what is in it.
    fn listed(path: &Path) -> String {
        let unpacked = Command::new("gzip").arg("-dc").arg(path).output().unwrap();
        assert!(unpacked.status.success(), "{unpacked:?}");
        let plain = path.with_extension("tar");
        fs::write(&plain, unpacked.stdout).unwrap();
        let listed = Command::new("tar")
            .args(["--numeric-owner", "--full-time", "-tvf"])
            .arg(&plain)
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(listed.status.success());
        String::from_utf8(listed.stdout).unwrap()
    }

    fn tree(dir: &Path, ended: bool) -> Vec<u8> {
        let source = dir.join("source");
        fs::create_dir_all(source.join("sub")).unwrap();
        fs::write(source.join("sub/one"), vec![b'1'; 70_000]).unwrap();
        fs::write(source.join("two"), "two").unwrap();
        let tar = Command::new("tar")
            .arg("-C")
            .arg(&source)
            .args(["-b1", "-cf", "-", "."])
            .output()
            .unwrap();
        assert!(tar.status.success());
        let mut tar = tar.stdout;
        if !ended {
            assert_eq!(tar[tar.len() - 1024..], [0; 1024]);
            tar.truncate(tar.len() - 1024);
        }
        tar
    }

    #[test]
    fn a_salted_layer_has_the_same_files_and_the_digests_that_were_told() {
        // A tar need not have an end.
        for ended in [true, false] {
            let dir = tempfile::tempdir().unwrap();
            let tar = tree(dir.path(), ended);
            let layer = StoredLayer::pack(tar.as_slice(), dir.path().join("layer")).unwrap();
            assert_eq!(layer.diff_id(), Digest::of(&tar));
            let before = listed(layer.path());
            assert!(before.contains("./sub/one"), "{before}");

            let salt = Salt::of("a run, sample 1");
            let salted = salt.on(&layer);
            let mut bytes = fs::read(layer.path()).unwrap();
            assert_eq!(bytes.len() as u64, layer.size());
            bytes.extend_from_slice(salt.packed());
            assert_eq!(bytes.len() as u64, salted.size);
            assert_eq!(Digest::of(&bytes), salted.digest);
            let path = dir.path().join("salted");
            fs::write(&path, bytes).unwrap();
            assert_eq!(listed(&path), before);
            let plain = fs::read(path.with_extension("tar")).unwrap();
            assert_eq!(Digest::of(&plain), salted.diff_id);
            assert!(plain.starts_with(&tar));
            assert_ne!(salted.diff_id, layer.diff_id());
        }
    }

    #[test]
    fn what_is_packed_already_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let tar = tree(dir.path(), true);
        let first = StoredLayer::pack(tar.as_slice(), dir.path().join("first")).unwrap();
        // Two members, as a salted layer has.
        let mut packed = fs::read(first.path()).unwrap();
        packed.extend_from_slice(Salt::of("before").packed());
        let kept = StoredLayer::keep(packed.as_slice(), dir.path().join("kept")).unwrap();
        assert_eq!(fs::read(kept.path()).unwrap(), packed);
        assert_eq!(kept.digest(), Digest::of(&packed));
        assert_eq!(kept.diff_id(), Salt::of("before").on(&first).diff_id);

        let broken = StoredLayer::keep(&packed[..packed.len() / 2], dir.path().join("broken"));
        assert!(broken.is_err());
        assert!(!dir.path().join("broken").exists());
    }

    #[test]
    fn the_file_goes_with_the_layer() {
        let dir = tempfile::tempdir().unwrap();
        let layer = StoredLayer::pack(&b"not a tar, which nobody asks"[..], dir.path().join("a")).unwrap();
        assert!(dir.path().join("a").exists());
        drop(layer);
        assert!(!dir.path().join("a").exists());
    }
}
