//! What of an image's files is in memory, and putting it out of it.
//!
//! Only files of the given folders are touched: the memory of other programs stays as it is. The walk reads the folders
//! and inodes themselves, which are then in memory; what is evicted is the files' content.

use std::collections::HashSet;
use std::ffi::c_long;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Advice, CWD, Mode, OFlags};
use rustix::io::Errno;

use crate::run::Residency;

/// The number of `cachestat(2)`, the same on every architecture since it came with Linux 6.5.
const CACHESTAT: c_long = 451;

/// File systems that keep their files in memory and nowhere else: tmpfs and ramfs, by the kernel's `magic.h`.
const IN_MEMORY: [rustix::fs::FsWord; 2] = [0x0102_1994, 0x8584_58f6];

/// The files of some folders, each once, whatever names it has.
#[derive(Debug, Default)]
struct Files {
    seen: HashSet<(u64, u64)>,
}

/// How much of the files of `folders` is in memory.
///
/// # Errors
///
/// Where a file cannot be read, or the kernel does not tell (before Linux 6.5).
pub(super) fn residency(folders: &[PathBuf]) -> io::Result<Residency> {
    let page = rustix::param::page_size() as u64;
    let mut found = Residency::default();
    Files::default().each(folders, &mut |file, size| {
        found.size.0 += size.div_ceil(page) * page;
        found.resident.0 += counts(file)?.cached * page;
        Ok(())
    })?;
    Ok(found)
}

/// Puts the files of `folders` out of memory, as far as no program has them mapped. What was not written to the disk yet
/// is written before.
///
/// # Errors
///
/// Where a file cannot be read, or not be written back.
pub(super) fn evict(folders: &[PathBuf]) -> io::Result<()> {
    let mut files = Files::default();
    for folder in folders {
        let opened = open(folder, OFlags::DIRECTORY)?;
        if IN_MEMORY.contains(&rustix::fs::fstatfs(&opened)?.f_type) {
            let text = format!(
                "{} is on a file system that is in memory itself",
                folder.display()
            );
            return Err(io::Error::new(io::ErrorKind::Unsupported, text));
        }
        // Pages that are still to be written cannot be put out.
        rustix::fs::syncfs(&opened)?;
    }
    files.each(folders, &mut |file, _| {
        rustix::fs::fadvise(file, 0, None, Advice::DontNeed)?;
        Ok(())
    })
}

impl Files {
    fn each(
        &mut self,
        folders: &[PathBuf],
        look: &mut dyn FnMut(&File, u64) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut waiting = folders.to_vec();
        while let Some(folder) = waiting.pop() {
            for entry in fs::read_dir(&folder).map_err(|error| named(&folder, &error))? {
                let entry = entry.map_err(|error| named(&folder, &error))?;
                let path = entry.path();
                let metadata = entry.metadata().map_err(|error| named(&path, &error))?;
                if metadata.is_dir() {
                    waiting.push(path);
                } else if metadata.is_file()
                    && metadata.len() > 0
                    && self.seen.insert((metadata.dev(), metadata.ino()))
                {
                    let file = open(&path, OFlags::empty()).map_err(|error| named(&path, &error))?;
                    look(&file, metadata.len()).map_err(|error| named(&path, &error))?;
                }
            }
        }
        Ok(())
    }
}

/// Opens without following a link, and without leaving a trace where that is permitted.
fn open(path: &Path, kind: OFlags) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | kind;
    let opened = match rustix::fs::openat(CWD, path, flags | OFlags::NOATIME, Mode::empty()) {
        // Only whose file it is may do that.
        Err(Errno::PERM) => rustix::fs::openat(CWD, path, flags, Mode::empty()),
        opened => opened,
    };
    Ok(File::from(opened?))
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))
}

/// `struct cachestat_range` of the kernel; a length of zero is the rest of the file.
#[repr(C)]
struct Range {
    offset: u64,
    length: u64,
}

/// `struct cachestat` of the kernel: pages of a file that are in memory, that wait to be written and that are being written
/// among them, and pages that were.
#[repr(C)]
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) cached: u64,
    pub(super) dirty: u64,
    pub(super) writeback: u64,
    evicted: u64,
    recently_evicted: u64,
}

/// What the kernel tells of a file's pages.
#[expect(unsafe_code, reason = "no library offers this call yet")]
pub(super) fn counts(file: &impl AsFd) -> io::Result<Counts> {
    let range = Range { offset: 0, length: 0 };
    let mut counts = Counts::default();
    // SAFETY: the call reads `range` and writes `counts`, which are laid out as the kernel's and live until it returns;
    // the descriptor is open as long as `file` is borrowed, and there are no flags.
    let answer = unsafe {
        libc::syscall(
            CACHESTAT,
            file.as_fd().as_raw_fd(),
            &raw const range,
            &raw mut counts,
            0,
        )
    };
    if answer == 0 {
        return Ok(counts);
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::ENOSYS) => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "the kernel does not tell what is in memory (cachestat, since Linux 6.5)",
        )),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;
    use crate::unit::ByteSize;

    #[test]
    fn what_was_read_is_in_memory_until_it_is_put_out() {
        // In the build's own folder: what lies in memory alone, as often the folder for temporary files does, stays there.
        let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let path = folder.path().join("below/file");
        fs::create_dir(folder.path().join("below")).unwrap();
        let mut file = File::create(&path).unwrap();
        file.write_all(&vec![7; 3 << 20]).unwrap();
        fs::hard_link(&path, folder.path().join("again")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link")).unwrap();
        let folders = [folder.path().to_owned()];
        let all = ByteSize(3 << 20);
        let whole = Residency {
            size: all,
            resident: all,
        };
        assert_eq!(residency(&folders).unwrap(), whole, "each file counts once");
        // Written a moment ago, it is on its way to the disk first.
        evict(&folders).unwrap();
        let gone = Residency {
            size: all,
            resident: ByteSize(0),
        };
        assert_eq!(residency(&folders).unwrap(), gone);
        // Another program says the same, of a part that was read as well.
        assert_eq!(told_by_fincore(&path), 0);
        fs::read(&path).unwrap();
        assert_eq!(residency(&folders).unwrap(), whole);
        assert_eq!(told_by_fincore(&path), all.0);
        evict(&folders).unwrap();
        let mut start = [0; 4096];
        File::open(&path).unwrap().read_exact(&mut start).unwrap();
        let part = residency(&folders).unwrap().resident;
        assert!(part.0 > 0 && part < all, "{part:?}");
        assert_eq!(told_by_fincore(&path), part.0);
    }

    /// Bytes of a file that are in memory, by a program of util-linux.
    fn told_by_fincore(path: &Path) -> u64 {
        let told = std::process::Command::new("fincore")
            .args(["--bytes", "--noheadings", "--output", "RES"])
            .arg(path)
            .output()
            .unwrap();
        String::from_utf8(told.stdout).unwrap().trim().parse().unwrap()
    }

    #[test]
    fn a_file_system_in_memory_is_named() {
        let memory = tempfile::tempdir_in("/dev/shm").unwrap();
        fs::write(memory.path().join("file"), "something").unwrap();
        let error = evict(&[memory.path().to_owned()]).unwrap_err().to_string();
        assert!(
            error.contains(memory.path().to_str().unwrap()) && error.ends_with("in memory itself"),
            "{error}"
        );
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = residency(&["/no/such/folder".into()]).unwrap_err();
        assert!(error.to_string().starts_with("`/no/such/folder`: "), "{error}");
    }
}
