//! The image made of the ballast program: a root file system with the program and hardly anything else.

use std::{fmt, io};

use tar::{Builder, EntryType, Header};

use super::{Architecture, BallastUnavailable, PROGRAM, WHY_ABSENT};
use crate::digest::Digest;

/// Where the program lies in the image.
const PROGRAM_PATH: &str = "ballast";

/// Enough for a container that runs as another user than root.
const PASSWD: &[u8] = b"root:x:0:0:root:/:/ballast\nnobody:x:65534:65534:nobody:/:/ballast\n";

/// The root file system of the ballast image, as a tar to be imported.
///
/// The same program gives the same bytes, so that the image is imported once and found again by the
/// name that follows from them.
#[derive(Clone, PartialEq, Eq)]
pub struct BallastImage {
    architecture: Architecture,
    rootfs: Vec<u8>,
    digest: Digest,
}

impl BallastImage {
    /// The image of the built-in program.
    ///
    /// # Errors
    ///
    /// [`BallastUnavailable::Embed`] where this executable was built without the program.
    pub fn embedded() -> Result<Self, BallastUnavailable> {
        let program = PROGRAM.ok_or_else(|| BallastUnavailable::Embed {
            reason: WHY_ABSENT.to_owned(),
        })?;
        Ok(Self::of(program, Architecture::compiled_for()))
    }

    /// The image of the built-in program for a daemon that runs containers of `os` on `architecture`,
    /// as its version says them (`linux`, `amd64`; `x86_64` is understood as well).
    ///
    /// # Errors
    ///
    /// [`BallastUnavailable`] where there is no program, or where that daemon could not run it.
    pub fn for_daemon(os: &str, architecture: &str) -> Result<Self, BallastUnavailable> {
        let image = Self::embedded()?;
        let daemon = Architecture::named(architecture);
        if os != "linux" || daemon != image.architecture {
            return Err(BallastUnavailable::Run {
                ours: image.architecture,
                os: os.to_owned(),
                daemon,
            });
        }
        Ok(image)
    }

    fn of(program: &[u8], architecture: Architecture) -> Self {
        let rootfs =
            rootfs(program).expect("invariant: a tar of short paths is written to memory without error");
        Self {
            architecture,
            digest: Digest::of(&rootfs),
            rootfs,
        }
    }

    /// The architecture of the program in it.
    #[must_use]
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// The root file system as an uncompressed tar.
    #[must_use]
    pub fn rootfs(&self) -> &[u8] {
        &self.rootfs
    }

    /// The digest of that tar.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The name it is imported under: `seatrial/ballast:` and the first twelve digits of the digest.
    #[must_use]
    pub fn reference(&self) -> String {
        format!("seatrial/ballast:{}", self.digest.short())
    }
}

impl fmt::Debug for BallastImage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A megabyte of program is no help to who reads this.
        formatter
            .debug_struct("BallastImage")
            .field("architecture", &self.architecture)
            .field("rootfs_bytes", &self.rootfs.len())
            .field("digest", &self.digest)
            .finish()
    }
}

fn rootfs(program: &[u8]) -> io::Result<Vec<u8>> {
    let mut tar = Builder::new(Vec::new());
    append(&mut tar, EntryType::Regular, PROGRAM_PATH, 0o755, program)?;
    append(&mut tar, EntryType::Directory, "etc/", 0o755, &[])?;
    append(&mut tar, EntryType::Regular, "etc/passwd", 0o644, PASSWD)?;
    append(&mut tar, EntryType::Directory, "tmp/", 0o1777, &[])?;
    tar.into_inner()
}

fn append(
    tar: &mut Builder<Vec<u8>>,
    kind: EntryType,
    path: &str,
    mode: u32,
    content: &[u8],
) -> io::Result<()> {
    // All that varies from machine to machine, owner and time, is zero.
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(content.len() as u64);
    tar.append_data(&mut header, path, content)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::io::Read as _;

    use super::*;

    fn image_of(program: &[u8]) -> BallastImage {
        BallastImage::of(program, Architecture::named("amd64"))
    }

    #[test]
    fn holds_the_program_a_user_table_and_a_place_for_temporary_files() {
        let image = image_of(b"program");
        let mut archive = tar::Archive::new(image.rootfs());
        let mut listing = String::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut content = String::new();
            entry.read_to_string(&mut content).unwrap();
            let header = entry.header();
            writeln!(
                listing,
                "{} {:?} {:o} {}:{} mtime {} {content:?}",
                entry.path().unwrap().display(),
                header.entry_type(),
                header.mode().unwrap(),
                header.uid().unwrap(),
                header.gid().unwrap(),
                header.mtime().unwrap(),
            )
            .unwrap();
        }
        assert_eq!(
            listing,
            "ballast Regular 755 0:0 mtime 0 \"program\"\n\
             etc/ Directory 755 0:0 mtime 0 \"\"\n\
             etc/passwd Regular 644 0:0 mtime 0 \
             \"root:x:0:0:root:/:/ballast\\nnobody:x:65534:65534:nobody:/:/ballast\\n\"\n\
             tmp/ Directory 1777 0:0 mtime 0 \"\"\n"
        );
    }

    #[test]
    fn the_same_program_gives_the_same_bytes_and_another_program_another_name() {
        assert_eq!(image_of(b"one"), image_of(b"one"));
        assert_ne!(image_of(b"one").reference(), image_of(b"two").reference());
    }

    #[test]
    fn is_named_after_the_digest_of_its_tar() {
        let image = image_of(b"program");
        let digits = Digest::of(image.rootfs()).hex();
        assert_eq!(image.reference(), format!("seatrial/ballast:{}", &digits[..12]));
    }

    #[test]
    fn the_built_in_program_is_an_executable_of_this_architecture() {
        let image = BallastImage::embedded().unwrap();
        let program = PROGRAM.unwrap();
        // The ELF identification, then at byte 18 the machine: 62 for amd64, 183 for arm64.
        assert_eq!(&program[..4], b"\x7fELF");
        let machine = u16::from_le_bytes([program[18], program[19]]);
        match image.architecture().as_str() {
            "amd64" => assert_eq!(machine, 62),
            "arm64" => assert_eq!(machine, 183),
            _ => {}
        }
    }

    #[test]
    fn a_daemon_that_cannot_run_the_program_is_refused_by_name() {
        let own = Architecture::compiled_for();
        assert!(BallastImage::for_daemon("linux", own.as_str()).is_ok());

        let error = BallastImage::for_daemon("linux", "mips").unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("the built-in test cargo is a program for linux/{own}, but the daemon runs linux/mips")
        );
        assert_eq!(
            error.hints()[0],
            "build seatrial for mips, as on the daemon's own machine"
        );

        let error = BallastImage::for_daemon("windows", own.as_str()).unwrap_err();
        assert_eq!(error.hints()[0], "switch the daemon to Linux containers");
    }
}
