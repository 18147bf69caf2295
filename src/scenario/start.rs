//! How a built image is started, and when it counts as started.

use serde::Serialize;

use super::ContainerOptions;
use crate::unit::Nanos;

/// How often and how to start each variant's image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StartSettings {
    /// Measured starts per variant.
    pub samples: u32,
    /// Starts before them that are measured, stored and flagged, and never used in statistics.
    pub warmups: u32,
    /// What counts as started.
    pub ready: HttpReadiness,
    /// The longest that one start may take until it is ready.
    pub timeout: Nanos,
    /// What the container is started with besides.
    #[serde(flatten)]
    pub container: ContainerOptions,
}

/// Readiness by HTTP: the first response that matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HttpReadiness {
    /// The path that is asked for, beginning with `/`.
    pub path: String,
    /// The port that the application listens on inside the container.
    pub port: u16,
    /// The accepted status codes; a redirect is its own status and never followed.
    pub status: Vec<u16>,
    /// Text that the body must hold.
    pub body_contains: Option<String>,
}
