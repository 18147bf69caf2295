//! Where a build of the classic builder stands.

use serde::{Deserialize, Serialize};

use crate::unit::DaemonInstant;

/// Where a build of the classic builder stands, as it tells itself: written before it is asked for, with each of its
/// instructions, and when it has ended. Of a run that was killed it tells what the last build may have made that nobody
/// heard of any more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassicStand {
    /// The image which the next instruction starts from, by its id as the builder shortens it; empty where it starts
    /// from nothing, absent where no instruction can be at work.
    pub parent: Option<String>,
    /// The container of the instruction at work, by its id as the builder shortens it.
    pub container: Option<String>,
    /// When the build was asked for; absent where none is at work, or the daemon did not tell its time.
    pub asked_daemon_ns: Option<DaemonInstant>,
    /// When it is over at the latest.
    pub over_daemon_ns: Option<DaemonInstant>,
}
