//! One path of a context.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::unit::ByteSize;

/// One path of a build context with the header fields a builder can see.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// Path relative to the context root, components separated by `/`, without a leading slash.
    pub path: String,
    /// What stands at the path.
    pub kind: EntryKind,
    /// Permission, setuid, setgid and sticky bits: `st_mode & 0o7777`.
    pub mode: u32,
    /// Numeric owner on disk. The clients send 0.
    pub uid: u32,
    /// Numeric group on disk. The clients send 0.
    pub gid: u32,
    /// Modification time in nanoseconds since the epoch; negative before it.
    pub mtime_ns: i64,
    /// Extended attributes, as the clients send them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Vec<u8>>,
}

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EntryKind {
    /// A regular file, or the first name of a file with several.
    File {
        /// Length of the content.
        size_bytes: ByteSize,
        /// Digest of the content; absent until the file was read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digest: Option<Digest>,
    },
    /// A directory.
    Directory,
    /// A symbolic link, as it stands; whether the target exists is not looked at.
    Symlink {
        /// The text of the link.
        target: String,
    },
    /// Another name of a file that came earlier in the walk.
    Hardlink {
        /// Path of the first name.
        target: String,
    },
    /// A socket. The clients send it as an empty file.
    Socket,
    /// A named pipe.
    Fifo,
    /// A character device.
    CharDevice {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// A block device.
    BlockDevice {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
}

impl Entry {
    /// The bytes this entry adds to a context: the length of a regular file, nothing for the rest.
    #[must_use]
    pub fn size(&self) -> ByteSize {
        match self.kind {
            EntryKind::File { size_bytes, .. } => size_bytes,
            _ => ByteSize::ZERO,
        }
    }

    /// Whether a regular file stands at the path, under its first name or a further one.
    #[must_use]
    pub fn is_file(&self) -> bool {
        matches!(self.kind, EntryKind::File { .. } | EntryKind::Hardlink { .. })
    }

    /// Whether a directory stands at the path.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        self.kind == EntryKind::Directory
    }

    /// The last component of the path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path
            .rsplit_once('/')
            .map_or(self.path.as_str(), |(_, name)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_stored_with_units_in_the_names() {
        let entry = Entry {
            path: "src/a.c".to_owned(),
            kind: EntryKind::File {
                size_bytes: ByteSize(6),
                digest: Some(Digest::of("hello\n")),
            },
            mode: 0o644,
            uid: 0,
            gid: 0,
            mtime_ns: -1,
            attributes: BTreeMap::new(),
        };
        let json = serde_json::to_string(&entry).unwrap();
        assert_eq!(
            json,
            concat!(
                r#"{"path":"src/a.c","kind":{"type":"file","size_bytes":6,"#,
                r#""digest":"sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"},"#,
                r#""mode":420,"uid":0,"gid":0,"mtime_ns":-1}"#
            )
        );
        assert_eq!(serde_json::from_str::<Entry>(&json).unwrap(), entry);
        assert_eq!(entry.name(), "a.c");
    }
}
