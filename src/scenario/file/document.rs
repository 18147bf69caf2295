//! The whole of a scenario file, and of a file of defaults.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    BaseTable, BuildTable, ContextTable, DurationText, GateTable, HooksTable, MatrixTable, ReplayTable,
    SizeText, StartTable, VariantTable,
};
use crate::scenario::{BuilderKind, NetworkMode};

/// A scenario of seatrial: a context, variants of a Dockerfile, a sequence of builds, and how to start the image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ScenarioDocument {
    /// The version of this format.
    #[schemars(required, range(min = 1, max = 1))]
    pub schema: Option<u32>,
    /// One line for people: what is compared.
    #[schemars(required)]
    pub title: Option<String>,
    /// The question that a run answers.
    pub question: Option<String>,
    /// Words to select scenarios by.
    pub tags: Option<Vec<String>>,
    /// Names of variants and bases whose images stay in the daemon after a run.
    pub keep: Option<Vec<String>>,
    /// Where the build context comes from; required unless a replay brings it.
    pub context: Option<ContextTable>,
    /// Base images by name; a Dockerfile names one by a build argument: the name in upper case, with `_` for `-`.
    pub base: Option<BTreeMap<String, BaseTable>>,
    /// What is compared; at least one.
    #[schemars(required)]
    pub variant: Option<Vec<VariantTable>>,
    /// Axes that are crossed with the variants.
    pub matrix: Option<MatrixTable>,
    /// A repository whose commits are the steps, in place of `[[build.step]]`.
    pub replay: Option<ReplayTable>,
    /// How often and in which steps to build.
    pub build: Option<BuildTable>,
    /// How to start the built images; without it, only builds are measured.
    pub start: Option<StartTable>,
    /// Commands around the run and its builds.
    pub hooks: Option<HooksTable>,
    /// Metrics that decide, by key.
    pub gate: Option<BTreeMap<String, GateTable>>,
}

/// A file `seatrial.toml` of defaults for the scenarios below its folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DefaultsDocument {
    /// The defaults.
    pub defaults: Option<DefaultsTable>,
}

/// Defaults of scenarios.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DefaultsTable {
    /// Defaults of `[build]`.
    pub build: Option<BuildDefaults>,
    /// Defaults of each `[[variant]]`.
    pub variant: Option<VariantDefaults>,
    /// Defaults of `[start]`.
    pub start: Option<StartDefaults>,
}

/// Defaults of `[build]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BuildDefaults {
    /// Measured rounds.
    #[schemars(range(min = 1))]
    pub rounds: Option<u32>,
    /// Rounds before them that are not used in statistics.
    pub warmups: Option<u32>,
    /// The longest that one build may take.
    pub timeout: Option<DurationText>,
    /// The builder of every variant that names none.
    pub builder: Option<BuilderKind>,
}

/// Defaults of each `[[variant]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct VariantDefaults {
    /// The platform to build for.
    pub platform: Option<String>,
    /// The network of `RUN`.
    pub network: Option<NetworkMode>,
    /// The size of `/dev/shm` in `RUN`.
    pub shm_size: Option<SizeText>,
}

/// Defaults of `[start]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StartDefaults {
    /// Measured starts per variant.
    #[schemars(range(min = 1))]
    pub samples: Option<u32>,
    /// Starts before them that are not used in statistics.
    pub warmups: Option<u32>,
    /// The longest that one start may take until it is ready.
    pub timeout: Option<DurationText>,
}
