//! How a built image is started, and when it counts as started.

use serde::Serialize;

use super::{Companion, ContainerOptions, ProbeTier, PullShape, Readiness, StartCache};
use crate::unit::Nanos;

/// How often and how to start each variant's image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StartSettings {
    /// Measured starts per variant.
    pub samples: u32,
    /// Starts before them that are measured, stored and flagged, and never used in statistics.
    pub warmups: u32,
    /// What of an image is there before a start. Each variant is started so often in each of these.
    pub caches: Vec<StartCache>,
    /// How many containers at once are started besides, so often each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bursts: Vec<u32>,
    /// What lies between the registry and the daemon where images are pulled.
    #[serde(skip_serializing_if = "PullShape::is_none")]
    pub pull: PullShape,
    /// What counts as started.
    pub ready: Readiness,
    /// The longest that one start may take until it is ready.
    pub timeout: Nanos,
    /// How readiness is looked for, where the command line says it; else the best way that is permitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe: Option<ProbeTier>,
    /// What the container is started with besides.
    #[serde(flatten)]
    pub container: ContainerOptions,
    /// Containers that are ready before, in the file's order. Each may use those before it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub companions: Vec<Companion>,
}
