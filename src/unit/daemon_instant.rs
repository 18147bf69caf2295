//! An instant of a daemon's clock.

use serde::{Deserialize, Serialize};

/// An instant of the daemon's own clock, in nanoseconds since the Unix epoch. Compared with other instants of the same
/// daemon alone: its clock need not agree with this machine's. Stored as a bare integer in fields that end in
/// `_daemon_ns`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DaemonInstant(pub i64);

impl DaemonInstant {
    /// The instant that is given as seconds since the epoch and nanoseconds; `None` beyond the year 2262.
    #[must_use]
    pub fn at(seconds: i64, nanoseconds: i32) -> Option<Self> {
        seconds
            .checked_mul(1_000_000_000)?
            .checked_add(i64::from(nanoseconds))
            .map(Self)
    }
}

/// From the first to the last instant of something that the daemon did, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaemonSpan {
    /// When it began.
    pub began: DaemonInstant,
    /// When it ended.
    pub ended: DaemonInstant,
}

impl DaemonSpan {
    /// The span over both.
    #[must_use]
    pub fn over(self, other: Self) -> Self {
        Self {
            began: self.began.min(other.began),
            ended: self.ended.max(other.ended),
        }
    }

    /// Whether the instant lies within.
    #[must_use]
    pub fn covers(self, instant: DaemonInstant) -> bool {
        (self.began..=self.ended).contains(&instant)
    }
}
