//! A download cache as package installers keep one: an entry for every line that was worked on before.

use std::fs;
use std::path::{Path, PathBuf};

use crate::content::{Fingerprint, Input};

/// A folder with one empty file for every line known.
pub(crate) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// Opens the folder, making it where it is absent.
    pub(crate) fn open(folder: &Path) -> Result<Self, String> {
        fs::create_dir_all(folder)
            .map_err(|error| format!("cannot make the cache folder `{}`: {error}", folder.display()))?;
        Ok(Self {
            folder: folder.to_path_buf(),
        })
    }

    pub(crate) fn holds(&self, line: &str) -> bool {
        self.entry(line).exists()
    }

    pub(crate) fn keep(&self, line: &str) -> Result<(), String> {
        let entry = self.entry(line);
        fs::write(&entry, [])
            .map_err(|error| format!("cannot write the cache entry `{}`: {error}", entry.display()))
    }

    fn entry(&self, line: &str) -> PathBuf {
        let mut fingerprint = Fingerprint::new();
        fingerprint.add(line.as_bytes());
        self.folder.join(format!("{:016x}", fingerprint.value()))
    }
}

/// The lines of the inputs that cost something: not the empty ones and not those that begin with `#`.
pub(crate) fn lines(inputs: &[Input]) -> Vec<String> {
    let mut lines = Vec::new();
    for input in inputs {
        let text = String::from_utf8_lossy(&input.bytes);
        let costly = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.extend(costly.map(str::to_owned));
    }
    lines
}
