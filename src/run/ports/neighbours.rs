//! What else the daemon does.

use std::collections::BTreeSet;

/// What else the daemon does, beside the run.
pub trait NeighbourWatch: Sync {
    /// The containers and builds that are not the run's and ran at any time since this was asked last, or, when it is
    /// asked for the first time, run now. Asking takes the daemon some milliseconds.
    fn neighbours(&self, run_id: &str) -> impl Future<Output = NeighboursSeen> + Send;
}

/// Ids of containers and builds that are not the run's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NeighboursSeen {
    /// Containers; absent where the daemon did not list them.
    pub containers: Option<Seen>,
    /// Builds; absent where the daemon does not list them.
    pub builds: Option<Seen>,
}

/// Ids of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Those that run now.
    pub now: BTreeSet<String>,
    /// Those that ran at any time since the look before, the ones that run now among them.
    pub since: BTreeSet<String>,
}
