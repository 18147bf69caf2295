//! `[build]` and its steps.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{DurationText, EditTable};
use crate::scenario::{BuildCacheState, BuilderKind};

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
    /// The builder of every variant that names none.
    pub builder: Option<BuilderKind>,
    /// The builds of one round, in order; edits stack. Without any: a cold build and an unchanged one.
    pub step: Option<Vec<StepTable>>,
}

/// One build of the sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StepTable {
    /// Its name, unique in the scenario; metrics are named after it.
    #[schemars(required)]
    pub name: Option<String>,
    /// What must be present before the build.
    pub cache: Option<BuildCacheState>,
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
