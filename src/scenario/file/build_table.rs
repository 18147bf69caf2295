//! `[build]` and its steps.

use schemars::JsonSchema;
use serde::Deserialize;

use super::CacheTable;
use super::{DurationText, EditTable};
use crate::scenario::{BuilderKind, CacheMode};

/// How often and in which steps to build.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BuildTable {
    /// Measured rounds; each takes every variant through every step once.
    #[schemars(range(min = 1))]
    pub rounds: Option<u32>,
    /// Rounds before them that are measured, stored and flagged, and never used in statistics.
    pub warmups: Option<u32>,
    /// The longest that one build may take.
    pub timeout: Option<DurationText>,
    /// A cache outside the daemon, as CI keeps it between runners: steps export to it and import from it.
    pub remote_cache: Option<RemoteCacheTable>,
    /// The builder of every variant that names none.
    pub builder: Option<BuilderKind>,
    /// The builds of one round, in order; edits stack. Without any: a cold build and an unchanged one.
    pub step: Option<Vec<StepTable>>,
}

/// A cache outside the daemon.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RemoteCacheTable {
    /// `inline` in the image itself, which is pushed; `registry` as an image of its own; `local` in a folder of this
    /// machine, which is the run's own and goes with it.
    #[serde(rename = "type")]
    #[schemars(required)]
    pub kind: Option<RemoteCacheType>,
    /// The repository that it is pushed to, such as `registry.example:5000/team/cache`; each run and variant takes a
    /// tag of its own. A local cache has none.
    pub repository: Option<String>,
    /// `max` holds the layers of every stage that was built, `min` those of the image alone.
    pub mode: Option<CacheMode>,
}

/// Where a remote cache lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RemoteCacheType {
    /// In the image itself, which is pushed: the layers of the last stage alone.
    Inline,
    /// An image of its own in a registry.
    Registry,
    /// A folder of this machine, which lasts as long as the run.
    Local,
}

/// One build of the sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StepTable {
    /// Its name, unique in the scenario; metrics are named after it.
    #[schemars(required)]
    pub name: Option<String>,
    /// What must be present before the build.
    pub cache: Option<CacheTable>,
    /// Whether the build also exports what it did to the remote cache; its time includes that.
    pub export_cache: Option<bool>,
    /// Changes of the context before the build.
    pub edit: Option<Vec<EditTable>>,
    /// What the build is expected to reuse; a sample that breaks it is invalid.
    pub expect: Option<ExpectValue>,
}

/// What a build is expected to reuse.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExpectValue {
    /// Every instruction comes from the cache.
    Cached,
    /// Each of these instructions runs. A text matches an instruction that begins with it; an empty list is met by
    /// any instruction that runs.
    Rebuilt(Vec<String>),
}
