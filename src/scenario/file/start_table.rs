//! `[start]`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{CpusNumber, DurationText, FolderPath, SizeText};

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
    /// The program to run instead of the image's own entrypoint; the engine then leaves out the image's own command too.
    pub entrypoint: Option<Vec<String>>,
    /// The command to run instead of the image's own.
    pub command: Option<Vec<String>>,
    /// Environment variables of the container.
    pub env: Option<BTreeMap<String, String>>,
    /// The user, by name or number, with the group after a `:`.
    pub user: Option<String>,
    /// A network of the engine to be on, by its name.
    pub network: Option<String>,
    /// What is mounted in the container, by the path there.
    pub mounts: Option<BTreeMap<String, MountTable>>,
    /// What the container may use.
    pub limits: Option<LimitsTable>,
}

/// What is mounted at a path: exactly one of `bind` and `tmpfs`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MountTable {
    /// A folder of the scenario, which can only be read.
    pub bind: Option<FolderPath>,
    /// Memory of at most this size.
    pub tmpfs: Option<SizeText>,
}

/// What a container may use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LimitsTable {
    /// Processors.
    pub cpus: Option<CpusNumber>,
    /// Memory; it gets no swap besides.
    pub memory: Option<SizeText>,
    /// Processes and threads at once.
    #[schemars(range(min = 1))]
    pub processes: Option<u32>,
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
