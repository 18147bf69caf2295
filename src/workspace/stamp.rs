//! What a file's header says about when and how it changed.

use rustix::fs::Stat;
use serde::{Deserialize, Serialize};

use crate::unit::ByteSize;

/// A point in time on the wall clock, in nanoseconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Stamp(pub(super) i64);

impl Stamp {
    /// When the content was last changed, as the file says.
    pub(super) fn modified(stat: &Stat) -> Self {
        Self::from_parts(stat.st_mtime, i64::try_from(stat.st_mtime_nsec).unwrap_or(0))
    }

    /// When the inode was last changed, which a program cannot set.
    pub(super) fn changed(stat: &Stat) -> Self {
        Self::from_parts(stat.st_ctime, i64::try_from(stat.st_ctime_nsec).unwrap_or(0))
    }

    /// The wall clock now.
    pub(super) fn now() -> Self {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
        Self::from_parts(now.tv_sec, now.tv_nsec)
    }

    fn from_parts(secs: i64, nanos: i64) -> Self {
        Self(secs.saturating_mul(1_000_000_000).saturating_add(nanos))
    }
}

/// The length of a file.
pub(super) fn size(stat: &Stat) -> ByteSize {
    ByteSize(u64::try_from(stat.st_size).unwrap_or(0))
}

/// What must be unchanged for a content to be unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    /// Device the file is on.
    pub(super) device: u64,
    /// Inode of the file.
    pub(super) inode: u64,
    /// Length of the content.
    pub(super) size_bytes: ByteSize,
    /// Change time of the inode.
    pub(super) ctime_ns: Stamp,
    /// Modification time.
    pub(super) mtime_ns: Stamp,
}

impl Identity {
    pub(super) fn of(stat: &Stat) -> Self {
        Self {
            device: stat.st_dev,
            inode: stat.st_ino,
            size_bytes: size(stat),
            ctime_ns: Stamp::changed(stat),
            mtime_ns: Stamp::modified(stat),
        }
    }
}
