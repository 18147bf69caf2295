//! The manifest of a build context and its changes.

use serde::{Deserialize, Serialize};

/// A change from one manifest to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestDelta {}

/// stub
#[derive(Clone, Debug)]
pub struct Entry {
    pub path: String,
    pub kind: EntryKind,
    pub mode: u32,
    pub mtime_ns: i64,
}
/// stub
#[derive(Clone, Debug)]
pub enum EntryKind {
    File { size_bytes: u64 },
    Directory,
    Symlink { target: String },
    Hardlink { target: String },
}
/// stub
#[derive(Clone, Debug, Default)]
pub struct Selection {
    pub include_patterns: Vec<String>,
    pub exclude_patterns: Vec<String>,
    pub follow_paths: Vec<String>,
}

/// stub
#[derive(Clone, Debug, Default)]
pub struct Manifest {}
