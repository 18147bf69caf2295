//! Tar headers as the docker command writes them for the classic builder.
//!
//! They are part of the builder's cache keys (tarsum of moby's `pkg/tarsum`): mode, owner, size, type and link name of
//! every entry, never its time. The owner is always root, and names of owners are empty.

use tar::{EntryType, Header};

use crate::context::{Entry, EntryKind};

/// Which bits of a mode are sent. A tree that is sent in one form finds nothing in the cache of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderForm {
    /// Permission bits alone, as clients do from 24.0 on.
    Permissions,
    /// The bits of the file's type as well, as clients did before (`fillGo18FileTypeBits` of moby's `pkg/archive`).
    WithTypeBits,
}

impl HeaderForm {
    /// The form of the docker command that an engine of this version comes with.
    #[must_use]
    pub fn of_engine(version: &str) -> Self {
        let major = version
            .split('.')
            .next()
            .and_then(|major| major.parse::<u32>().ok());
        match major {
            Some(major) if major < 24 => Self::WithTypeBits,
            _ => Self::Permissions,
        }
    }
}

/// The size of a tar's blocks.
pub(super) const BLOCK: usize = 512;

/// The longest name, and the longest link name, that a header holds itself.
const LONGEST_NAME: usize = 100;

/// Puts the header of an entry, those before it that hold its long names included. `None` for an entry of a kind that
/// has no place in a context.
pub(super) fn put_header(entry: &Entry, form: HeaderForm, mut put: impl FnMut(&[u8])) -> Option<()> {
    let (kind, type_bits, link) = match &entry.kind {
        EntryKind::File { .. } => (EntryType::Regular, 0o100_000, None),
        EntryKind::Directory => (EntryType::Directory, 0o040_000, None),
        EntryKind::Symlink { target } => (EntryType::Symlink, 0o120_000, Some(target)),
        EntryKind::Hardlink { target } => (EntryType::Link, 0o100_000, Some(target)),
        EntryKind::Socket
        | EntryKind::Fifo
        | EntryKind::CharDevice { .. }
        | EntryKind::BlockDevice { .. } => return None,
    };
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(match form {
        HeaderForm::Permissions => entry.mode & 0o7777,
        HeaderForm::WithTypeBits => entry.mode & 0o7777 | type_bits,
    });
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(entry.size().0);
    // The docker command cuts times to seconds.
    set_mtime(&mut header, entry.mtime_ns.div_euclid(1_000_000_000));
    if let Some(link) = link {
        let long = put_long_name(link.as_bytes(), EntryType::GNULongLink, &mut put);
        fill(
            &mut header.as_old_mut().linkname,
            &link.as_bytes()[..long.min(link.len())],
        );
    }
    let mut name = entry.path.clone();
    if entry.is_directory() {
        name.push('/');
    }
    let kept = put_long_name(name.as_bytes(), EntryType::GNULongName, &mut put);
    fill(
        &mut header.as_old_mut().name,
        &name.as_bytes()[..kept.min(name.len())],
    );
    header.set_cksum();
    put(header.as_bytes());
    Some(())
}

/// Puts a name that does not fit into a header as an entry of its own before it; returns how much of it the header
/// itself is to hold.
fn put_long_name(name: &[u8], kind: EntryType, put: &mut impl FnMut(&[u8])) -> usize {
    if name.len() <= LONGEST_NAME {
        return name.len();
    }
    let mut header = Header::new_gnu();
    fill(&mut header.as_old_mut().name, b"././@LongLink");
    header.set_entry_type(kind);
    header.set_mode(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    // The name ends with a NUL of its own.
    header.set_size(name.len() as u64 + 1);
    header.set_cksum();
    put(header.as_bytes());
    put(name);
    let padding = BLOCK - name.len() % BLOCK;
    put(&[0; BLOCK][..padding]);
    LONGEST_NAME
}

fn fill(field: &mut [u8], text: &[u8]) {
    field.fill(0);
    field[..text.len()].copy_from_slice(text);
}

/// Sets the time in seconds since the epoch; before it as GNU tar does, in binary.
fn set_mtime(header: &mut Header, seconds: i64) {
    if let Ok(seconds) = u64::try_from(seconds) {
        header.set_mtime(seconds);
    } else if let Some(gnu) = header.as_gnu_mut() {
        gnu.mtime.fill(0xff);
        gnu.mtime[4..].copy_from_slice(&seconds.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_before_24_send_the_type_of_a_file_in_its_mode() {
        for (version, form) in [
            ("20.10.24+dfsg1", HeaderForm::WithTypeBits),
            ("23.0.6", HeaderForm::WithTypeBits),
            ("24.0.0", HeaderForm::Permissions),
            ("28.5.2+dfsg4", HeaderForm::Permissions),
            ("dev", HeaderForm::Permissions),
        ] {
            assert_eq!(HeaderForm::of_engine(version), form, "{version}");
        }
    }
}
