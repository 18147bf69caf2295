//! How readiness was looked for in a run, and why not otherwise.

use serde::{Deserialize, Serialize};

use crate::scenario::ProbeTier;

/// How readiness was looked for in a run, and why not otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeRecord {
    /// How `start.ready` is measured; `start.client` is always that of the published port.
    pub tier: ProbeTier,
    /// Whether the command line asked for it.
    pub forced: bool,
    /// Better ones that are not permitted here, best first.
    pub refused: Vec<ProbeRefusal>,
}

/// A way to look that is not permitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeRefusal {
    /// The way.
    pub tier: ProbeTier,
    /// Why, in words.
    pub reason: String,
}
