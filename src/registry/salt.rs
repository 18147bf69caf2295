//! What makes a layer one that nobody has seen before, and leaves its files as they are.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use super::StoredLayer;
use crate::digest::Digest;

/// The size of a block of a tar.
const BLOCK: usize = 512;

/// What follows a layer's tar: one pax *global* header that holds a comment, and the end of an archive.
///
/// Whoever unpacks the layer is done at the end of the tar before it; and where a tar has no such end, a global header
/// with a comment changes nothing. As gzip members can follow each other, the packed layer is sent as it is, with one more
/// member behind it. All that was hashed before stays hashed, so that another salt costs nothing, however large the layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Salt {
    plain: Vec<u8>,
    packed: Vec<u8>,
}

/// A layer with its salt: new to every daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Salted {
    /// The digest of the packed layer.
    pub(super) digest: Digest,
    /// The digest of its tar.
    pub(super) diff_id: Digest,
    /// How many bytes it has, packed.
    pub(super) size: u64,
}

impl Salt {
    /// Makes a salt of a text: of the same text the same.
    pub(super) fn of(text: &str) -> Self {
        let plain = global_header(text);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        // Writing to memory does not fail.
        let packed = encoder.write_all(&plain).and_then(|()| encoder.finish());
        Self {
            plain,
            packed: packed.unwrap_or_default(),
        }
    }

    /// What is sent after a packed layer.
    pub(super) fn packed(&self) -> &[u8] {
        &self.packed
    }

    /// What a layer becomes with it.
    pub(super) fn on(&self, layer: &StoredLayer) -> Salted {
        let with = |hash: &Sha256, tail: &[u8]| {
            let mut hash = hash.clone();
            hash.update(tail);
            Digest::finish(hash)
        };
        Salted {
            digest: with(layer.packed_hash(), &self.packed),
            diff_id: with(layer.plain_hash(), &self.plain),
            size: layer.size() + self.packed.len() as u64,
        }
    }
}

/// A pax global header with a comment, and two empty blocks, which end a tar.
fn global_header(comment: &str) -> Vec<u8> {
    let record = pax_record("comment", comment);
    let mut header = tar::Header::new_ustar();
    // The name is as other programs call it.
    let name = b"pax_global_header";
    header.as_mut_bytes()[..name.len()].copy_from_slice(name);
    header.set_entry_type(tar::EntryType::XGlobalHeader);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(record.len() as u64);
    header.set_cksum();
    let mut tar = header.as_bytes().to_vec();
    tar.extend_from_slice(&record);
    tar.resize(tar.len().next_multiple_of(BLOCK) + 2 * BLOCK, 0);
    tar
}

/// A record of a pax header: its own length in decimal digits, which count themselves, then key and value.
fn pax_record(key: &str, value: &str) -> Vec<u8> {
    let rest = format!(" {key}={value}\n");
    let mut length = rest.len();
    while length != rest.len() + length.to_string().len() {
        length = rest.len() + length.to_string().len();
    }
    format!("{length}{rest}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_counts_its_own_length() {
        for (value, record) in [
            ("x", "13 comment=x\n".to_owned()),
            // One digit more makes the record one longer.
            (&"y".repeat(87), format!("99 comment={}\n", "y".repeat(87))),
            (&"y".repeat(88), format!("101 comment={}\n", "y".repeat(88))),
        ] {
            assert_eq!(String::from_utf8(pax_record("comment", value)).unwrap(), record);
            assert_eq!(record.len().to_string(), record.split(' ').next().unwrap());
        }
    }

    #[test]
    fn a_salt_is_a_tar_of_nothing_and_another_one_for_another_text() {
        let salt = Salt::of("run 7");
        assert_eq!(salt.plain.len() % BLOCK, 0);
        let entries = tar::Archive::new(salt.plain.as_slice())
            .entries()
            .unwrap()
            .count();
        // That library tells global headers as entries; they are no files.
        assert_eq!(entries, 1);
        assert_eq!(salt, Salt::of("run 7"));
        assert_ne!(salt.plain, Salt::of("run 8").plain);
        assert!(salt.packed.len() < 200, "{}", salt.packed.len());
    }
}
