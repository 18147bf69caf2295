//! Made-up files: bulk for a context that is the same on every machine and in no repository.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::Timespec;
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use super::enclosure::{Enclosure, link_refusal, make_file, make_folder, open_made_folder};
use super::file_facts::{FileFacts, set_mode, set_mtime};
use super::inside_path::{InsidePath, PathRefusal};
use crate::scenario::Fill;

/// A folder with more entries would be slower to list than the sources that it stands for.
const FILES_PER_FOLDER: u32 = 100;

/// The start of 2020 in UTC: every made-up file and folder carries this time, so that all copies are equal.
const FILL_TIME: Timespec = Timespec {
    tv_sec: 1_577_836_800,
    tv_nsec: 0,
};

/// Bytes made between two writes.
const CHUNK: usize = 64 * 1024;

/// Made-up files could not be added to a copy.
#[derive(Debug, thiserror::Error)]
pub enum FillError {
    /// The path is not one inside the context.
    #[error("cannot fill `{}`: {refusal}", .path.display())]
    Refuse {
        /// The path of the fill.
        path: PathBuf,
        /// What is wrong with it.
        refusal: PathRefusal,
    },
    /// No files are asked for, which could not hold the bytes.
    #[error("cannot fill `{}` with 0 files, expected at least 1", .path.display())]
    Empty {
        /// The path of the fill.
        path: PathBuf,
    },
    /// The context already has something there.
    #[error("cannot fill `{}`: it already exists in the context, expected a new folder", .path.display())]
    Exists {
        /// The path of the fill.
        path: PathBuf,
    },
    /// A file or folder could not be written.
    #[error("cannot write `{}` of a fill", .path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl FillError {
    /// The path of the fill, of a part of it, or of a folder above it.
    #[must_use]
    pub fn path(&self) -> &Path {
        let (Self::Refuse { path, .. }
        | Self::Empty { path }
        | Self::Exists { path }
        | Self::Write { path, .. }) = self;
        path
    }
}

/// Makes the files of `fill` in the folder of the enclosure: `0000/000000.bin` and so on below its path.
///
/// They share the bytes evenly; the first files take one byte more where the division leaves a remainder.
/// The times of folders that were there before stay as they are.
pub(super) fn fill_in(enclosure: &Enclosure, fill: &Fill) -> Result<(), FillError> {
    let inside = InsidePath::new(&fill.path).map_err(|refusal| FillError::Refuse {
        path: fill.path.clone(),
        refusal,
    })?;
    if fill.files == 0 {
        return Err(FillError::Empty {
            path: fill.path.clone(),
        });
    }
    let mut touched = Vec::new();
    let folder = make_fill_folder(enclosure, &inside, &mut touched)?;
    write_files(&folder, fill, inside.as_path())?;
    set_mtime(&folder, FILL_TIME).map_err(|error| write(inside.as_path(), error))?;
    for (folder, mtime) in touched.iter().rev() {
        set_mtime(folder, *mtime).map_err(|error| write(inside.parent(), error))?;
    }
    Ok(())
}

/// Makes the fill's folder and those above it that are missing; `touched` gets the folders whose entries
/// changed, with the times to set in the end.
fn make_fill_folder(
    enclosure: &Enclosure,
    path: &InsidePath,
    touched: &mut Vec<(File, Timespec)>,
) -> Result<File, FillError> {
    let mut current = enclosure
        .open_folder(Path::new(""))
        .map_err(|error| write(path.as_path(), error))?;
    let mut mtime = FileFacts::of(&current)
        .map_err(|error| write(path.as_path(), error))?
        .mtime;
    let mut reached = PathBuf::new();
    for name in path.as_path() {
        reached.push(name);
        let is_last = reached == path.as_path();
        let (next, next_mtime) = match enclosure.open_folder(&reached) {
            Ok(folder) if !is_last => {
                let facts = FileFacts::of(&folder).map_err(|error| write(&reached, error))?;
                (folder, facts.mtime)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                touched.push((
                    current.try_clone().map_err(|error| write(&reached, error))?,
                    mtime,
                ));
                let made = make_folder(&current, name).and_then(|()| open_made_folder(&current, name));
                (made.map_err(|error| found_or_write(&reached, error))?, FILL_TIME)
            }
            Ok(_) => return Err(FillError::Exists { path: reached }),
            Err(error) => {
                return Err(match link_refusal(&error) {
                    Some(refusal) => FillError::Refuse {
                        path: path.as_path().to_owned(),
                        refusal,
                    },
                    None => found_or_write(&reached, error),
                });
            }
        };
        (current, mtime) = (next, next_mtime);
    }
    Ok(current)
}

fn write_files(folder: &File, fill: &Fill, path: &Path) -> Result<(), FillError> {
    let (share, remainder) = (
        fill.bytes.0 / u64::from(fill.files),
        fill.bytes.0 % u64::from(fill.files),
    );
    for first in (0..fill.files).step_by(FILES_PER_FOLDER as usize) {
        let folder_name = format!("{:04}", first / FILES_PER_FOLDER);
        let folder_path = path.join(&folder_name);
        let subfolder = make_folder(folder, folder_name.as_ref())
            .and_then(|()| open_made_folder(folder, folder_name.as_ref()))
            .map_err(|error| write(&folder_path, error))?;
        for index in first..fill.files.min(first.saturating_add(FILES_PER_FOLDER)) {
            let name = format!("{index:06}.bin");
            let size = share + u64::from(u64::from(index) < remainder);
            let file_path = folder_path.join(&name);
            let bytes = FillBytes::new(fill.seed, &file_path);
            make_file(&subfolder, name.as_ref())
                .and_then(|mut file| {
                    bytes.write_to(&mut file, size)?;
                    set_mode(&file, 0o644)?;
                    set_mtime(&file, FILL_TIME)
                })
                .map_err(|error| write(&file_path, error))?;
        }
        set_mtime(&subfolder, FILL_TIME).map_err(|error| write(&folder_path, error))?;
    }
    Ok(())
}

fn write(path: &Path, source: io::Error) -> FillError {
    FillError::Write {
        path: path.to_owned(),
        source,
    }
}

fn found_or_write(path: &Path, source: io::Error) -> FillError {
    match Errno::from_io_error(&source) {
        Some(Errno::EXIST | Errno::NOTDIR) => FillError::Exists {
            path: path.to_owned(),
        },
        _ => write(path, source),
    }
}

/// The endless bytes of one made-up file: `SplitMix64` (Steele, Lea and Flood, "Fast splittable pseudorandom
/// number generators", 2014), little-endian, started from the first eight bytes (little-endian) of the
/// SHA-256 of the seed (eight bytes, little-endian) and the path in the context.
///
/// Several times as fast as hashing, and nothing compresses it.
struct FillBytes {
    state: u64,
}

impl FillBytes {
    fn new(seed: u64, path: &Path) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(seed.to_le_bytes());
        hasher.update(path.as_os_str().as_bytes());
        let mut state = [0; 8];
        state.copy_from_slice(&hasher.finalize()[..8]);
        Self {
            state: u64::from_le_bytes(state),
        }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn write_to(mut self, file: &mut impl Write, size: u64) -> io::Result<()> {
        let mut left = size;
        let mut chunk = Vec::with_capacity(CHUNK);
        while left > 0 {
            chunk.clear();
            let wanted = usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
            while chunk.len() < wanted {
                chunk.extend_from_slice(&self.next().to_le_bytes());
            }
            file.write_all(&chunk[..wanted])?;
            left -= wanted as u64;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, symlink};

    use super::*;
    use crate::digest::Digest;
    use crate::unit::ByteSize;

    fn fill(path: &str, files: u32, bytes: u64, seed: u64) -> Fill {
        Fill {
            path: path.into(),
            files,
            bytes: ByteSize(bytes),
            seed,
        }
    }

    fn filled(fill: &Fill) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fill_in(&Enclosure::new(folder.path()).unwrap(), fill).unwrap();
        folder
    }

    #[test]
    fn the_same_seed_gives_the_same_files_on_every_machine() {
        let folder = filled(&fill("vendor/bulk", 103, 1040, 7));
        let mut hasher = Sha256::new();
        for index in 0..103 {
            let path = format!("vendor/bulk/{:04}/{index:06}.bin", index / 100);
            let file = folder.path().join(&path);
            let metadata = fs::metadata(&file).unwrap();
            // 1040 bytes in 103 files: ten each, and one more for the first ten.
            assert_eq!(metadata.len(), if index < 10 { 11 } else { 10 }, "{path}");
            assert_eq!(metadata.mtime(), 1_577_836_800, "{path}");
            hasher.update(path.as_bytes());
            hasher.update([0]);
            hasher.update(fs::read(file).unwrap());
        }
        // Made by a few lines of Python from the description of `FillBytes`.
        let expected = "dba26b6f2233c573b2dc81e6f488913a3b76ea8bbad073e81e51afda10eb6813";
        assert_eq!(Digest::finish(hasher).hex(), expected);
        assert_eq!(
            fs::read_dir(folder.path().join("vendor/bulk")).unwrap().count(),
            2
        );
        assert_eq!(
            fs::read_dir(folder.path().join("vendor/bulk/0001"))
                .unwrap()
                .count(),
            3
        );
        for path in ["vendor", "vendor/bulk", "vendor/bulk/0000", "vendor/bulk/0001"] {
            let metadata = fs::metadata(folder.path().join(path)).unwrap();
            assert_eq!(metadata.mtime(), 1_577_836_800, "{path}");
            assert_eq!(metadata.mode() & 0o7777, 0o755, "{path}");
        }
    }

    #[test]
    fn a_file_larger_than_a_chunk_goes_on_where_the_chunk_ended() {
        let folder = filled(&fill("big", 1, 200_001, 9));
        let bytes = fs::read(folder.path().join("big/0000/000000.bin")).unwrap();
        // Made by the same lines of Python.
        let expected = "985e3266fa727cd5e70f8687f27e6017dd0f03bb642fb2ad413c216bf2af4c79";
        assert_eq!(Digest::of(bytes).hex(), expected);
    }

    #[test]
    fn the_generator_gives_the_published_numbers() {
        let mut bytes = FillBytes { state: 1_234_567 };
        let expected = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
        ];
        assert_eq!([bytes.next(), bytes.next(), bytes.next()], expected);
    }

    #[test]
    fn refuses_what_is_there_and_what_lies_outside() {
        let outside = tempfile::tempdir().unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("taken")).unwrap();
        fs::write(folder.path().join("file"), "mine").unwrap();
        symlink(outside.path(), folder.path().join("out")).unwrap();
        symlink("nowhere", folder.path().join("dangling")).unwrap();
        let enclosure = Enclosure::new(folder.path()).unwrap();
        for (path, files, message) in [
            (
                "taken",
                1,
                "cannot fill `taken`: it already exists in the context, expected a new folder",
            ),
            (
                "file",
                1,
                "cannot fill `file`: it already exists in the context, expected a new folder",
            ),
            (
                "file/below",
                1,
                "cannot fill `file`: it already exists in the context, expected a new folder",
            ),
            (
                "dangling",
                1,
                "cannot fill `dangling`: it already exists in the context, expected a new folder",
            ),
            (
                "out/bulk",
                1,
                "cannot fill `out/bulk`: a symbolic link in the path leads out of the context",
            ),
            (
                "../bulk",
                1,
                "cannot fill `../bulk`: the path contains `..`, expected one that stays in the context",
            ),
            ("new", 0, "cannot fill `new` with 0 files, expected at least 1"),
        ] {
            let error = fill_in(&enclosure, &fill(path, files, 10, 1)).unwrap_err();
            assert_eq!(error.to_string(), message, "{path}");
        }
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
        assert_eq!(fs::read_to_string(folder.path().join("file")).unwrap(), "mine");
    }
}
