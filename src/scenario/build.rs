//! The sequence of builds that every variant goes through in every round.

use serde::Serialize;

use super::{BuildCacheState, Commit, Edit, Expectation, RemoteCache};
use crate::unit::Nanos;

/// How often and in which steps to build.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BuildSettings {
    /// Measured rounds; each takes every variant through every step once.
    pub rounds: u32,
    /// Rounds before them that are measured, stored and flagged, and never used in statistics.
    pub warmups: u32,
    /// The longest that one build may take.
    pub timeout: Nanos,
    /// The cache outside the daemon that steps export to and import from.
    pub remote_cache: Option<RemoteCache>,
    /// The builds of one round, in order; edits stack.
    pub steps: Vec<Step>,
}

/// One build of the sequence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its name, unique in the scenario; metrics are named after it.
    pub name: String,
    /// What must be present before the build.
    pub cache: BuildCacheState,
    /// Whether the build also exports what it did to the remote cache.
    pub export_cache: bool,
    /// The commit whose tree the context becomes before the build.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<Commit>,
    /// Changes of the context before the build.
    pub edits: Vec<Edit>,
    /// What the build is expected to reuse; a sample that breaks it is invalid.
    pub expect: Option<Expectation>,
}
