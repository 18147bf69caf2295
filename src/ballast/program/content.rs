//! Bytes that depend on nothing but the inputs: the same inputs give the same files, another byte gives others.

use std::fs;
use std::path::{Path, PathBuf};

/// A running FNV-1a hash of 64 bits: enough to tell inputs apart, no protection against an adversary.
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Takes in `bytes` and their number, so that "ab" then "c" differs from "a" then "bc".
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().copied().chain((bytes.len() as u64).to_le_bytes()) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    pub(crate) fn value(&self) -> u64 {
        self.0
    }
}

/// One file of the inputs.
pub(crate) struct Input {
    /// The path below the input that named it; empty for an input that is a file itself.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// Reads `path`: a file, or every file below a folder in the order of the names.
pub(crate) fn read(path: &Path) -> Result<Vec<Input>, String> {
    let mut inputs = Vec::new();
    let mut waiting = vec![path.to_path_buf()];
    while let Some(next) = waiting.pop() {
        let failed = |error| format!("cannot read the input `{}`: {error}", next.display());
        if next.is_dir() {
            let mut entries: Vec<PathBuf> = fs::read_dir(&next)
                .map_err(failed)?
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<Result<_, _>>()
                .map_err(failed)?;
            entries.sort();
            waiting.extend(entries.into_iter().rev());
        } else {
            let name = next.strip_prefix(path).unwrap_or(&next);
            inputs.push(Input {
                name: name.to_string_lossy().into_owned(),
                bytes: fs::read(&next).map_err(failed)?,
            });
        }
    }
    Ok(inputs)
}

/// `length` bytes of text that follow from `seed`: hexadecimal digits, which compress about two to
/// one, as what an install unpacks does.
pub(crate) fn text(seed: u64, length: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(length + 17);
    let mut state = seed;
    while text.len() < length {
        text.extend_from_slice(format!("{:016x}\n", next(&mut state)).as_bytes());
    }
    text.truncate(length);
    text
}

/// One step of the `SplitMix64` generator (Steele, Lea and Flood, 2014).
pub(crate) fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
