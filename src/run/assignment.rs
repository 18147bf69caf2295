//! What a run is to do, and when it is to end before that.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::earlier::Earlier;
use super::plan::Plan;
use super::prune::Pruning;
use crate::context::Manifest;
use crate::scenario::Scenario;
use crate::unit::Nanos;

/// What a run is to do.
#[derive(Debug)]
pub struct Assignment<'a> {
    /// What is measured.
    pub scenario: &'a Scenario,
    /// The order of everything.
    pub plan: &'a Plan,
    /// The run's id.
    pub run_id: &'a str,
    /// When it is to end early.
    pub limits: Limits,
    /// What is done where removing own build records costs others their cache.
    pub pruning: Pruning,
    /// What of the daemon's machine is reached from this one.
    pub reach: Reach,
    /// Each variant's context before any edit, where the journal holds it already.
    pub sources: BTreeMap<String, Arc<Manifest>>,
    /// What was done before the run was stopped; nothing for a new run.
    pub earlier: Earlier,
}

/// What of the daemon's machine is reached from this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The ports that are published there too.
    Ports,
    /// The daemon alone: it is on another machine, whose programs alone find its ports.
    DaemonAlone,
}

/// When a run is to end before its plan is complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// How long it may take, as far as the first round of everything allows.
    pub time_budget: Option<Nanos>,
    /// Whether it ends at the first sample that failed or does not count.
    pub fail_fast: bool,
}
