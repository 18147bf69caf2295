//! Whose records of the build cache are whose.

use serde::{Deserialize, Serialize};

use crate::unit::{DaemonInstant, DaemonSpan};

/// What a look at the daemon's build cache told that was not known before. Later lines of the journal overrule earlier
/// ones: a record that was ours for certain becomes doubtful where somebody else turns out to have built meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildRecordsSeen {
    /// Ids of records that are the run's for certain.
    pub own: Vec<String>,
    /// Ids of records that may be the run's or somebody else's, which are never removed.
    pub doubtful: Vec<String>,
    /// When the newest record of the daemon was made. What is newer appeared after the run had looked last.
    pub newest_daemon_ns: Option<DaemonInstant>,
    /// When the daemon worked on the run's last build, in nanoseconds of its clock, where nobody else is known to have
    /// built meanwhile. What was made then is the run's, also where the daemon lists it late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_build_daemon_ns: Option<DaemonSpan>,
}
