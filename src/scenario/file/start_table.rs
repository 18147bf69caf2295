//! `[start]`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::DurationText;

/// How often and how to start each variant's image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StartTable {
    /// Measured starts per variant.
    #[schemars(range(min = 1))]
    pub samples: Option<u32>,
    /// Starts before them that are measured, stored and flagged, and never used in statistics.
    pub warmups: Option<u32>,
    /// What counts as started.
    #[schemars(required)]
    pub ready: Option<ReadyTable>,
    /// The longest that one start may take until it is ready.
    pub timeout: Option<DurationText>,
    /// Environment variables of the container.
    pub env: Option<BTreeMap<String, String>>,
    /// The command to run instead of the image's own.
    pub command: Option<Vec<String>>,
}

/// Readiness by HTTP: the first response that matches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReadyTable {
    /// The path that is asked for, beginning with `/`.
    #[schemars(required)]
    pub http: Option<String>,
    /// The port that the application listens on inside the container.
    #[schemars(required, range(min = 1))]
    pub port: Option<u16>,
    /// The accepted status codes; 200 where it is absent. A redirect is its own status and never followed.
    #[schemars(inner(range(min = 100, max = 599)))]
    pub status: Option<Vec<u16>>,
    /// Text that the body must hold.
    pub body_contains: Option<String>,
}
