//! Looking for readiness.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::Addresses;
use crate::results::{Attempts, Bounded, ProbeTier};
use crate::scenario::HttpReadiness;
use crate::unit::Nanos;

/// Looks for readiness.
pub trait Probe: Sync {
    /// This machine's monotonic clock.
    fn now(&self) -> Nanos;

    /// Looks for readiness until it is found, the deadline has passed, or `cancel` is set. Runs on a thread of its
    /// own, so that nothing else delays it.
    fn look(&self, order: LookOrder) -> impl Future<Output = Looked> + Send;
}

/// What to look for, where, and until when. Instants are of [`Probe::now`]'s clock.
#[derive(Clone, Debug)]
pub struct LookOrder {
    /// Where the container can be reached.
    pub addresses: Addresses,
    /// What counts as started.
    pub ready: HttpReadiness,
    /// When the container was asked to start.
    pub start_call: Nanos,
    /// When to give up.
    pub deadline: Nanos,
    /// Set from outside to give up at once.
    pub cancel: Arc<AtomicBool>,
}

/// What a probe found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// How it was looked for.
    pub tier: ProbeTier,
    /// The first match on the container's own network stack.
    pub ready: Option<Bounded>,
    /// The first match through the published port.
    pub client: Option<Bounded>,
    /// What the attempts met before.
    pub attempts: Attempts,
    /// Why there is no match, in words.
    pub miss: Option<String>,
}
