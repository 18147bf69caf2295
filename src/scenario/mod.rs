//! A scenario as it is in force: what to build, in which steps, from which cache state, and how to start it.
//!
//! These are the resolved types, after the command line, the file, `[defaults]` and the built-in values
//! were laid over each other. Paths are relative to the scenario's folder.

mod base;
mod build;
mod build_options;
mod builder_kind;
mod cache_state;
mod check;
mod companion;
mod companion_address;
mod container_options;
mod edit;
mod engine_need;
mod expectation;
pub mod file;
mod file_mode;
mod files;
mod gate;
mod hooks;
mod metric;
mod name;
mod nearest;
mod nonce;
mod overrides;
mod patch;
mod probe_tier;
mod problem;
mod protocol;
mod provenance;
mod pull_shape;
mod readiness;
mod remote_cache;
mod replay;
mod resolved_toml;
mod start;
mod start_cache;
mod surroundings;
mod variant;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

pub use base::{Base, BaseSource};
pub use build::{BuildSettings, Step};
pub use build_options::{BuildOptions, EnvArgument, NetworkMode, SecretSource};
pub use builder_kind::BuilderKind;
pub use cache_state::{BaseState, BuildCacheState, ContextState, LayerState, MountState};
pub use check::{Checked, ScenarioInput, check};
pub use companion::{Companion, CompanionImage};
pub use container_options::{ContainerLimits, ContainerMount, ContainerOptions};
pub use edit::Edit;
pub use engine_need::{EngineFacts, EngineNeed};
pub use expectation::Expectation;
pub use file_mode::{FileMode, ParseFileModeError};
pub use files::{ReadFailure, ScenarioFiles};
pub use gate::{Allowance, Gate};
pub use hooks::{HookKind, Hooks};
pub use metric::{Metric, MetricUnit};
pub use nonce::Nonce;
pub use overrides::{BaseChoice, Overrides};
pub use patch::{FilePatch, HunkMismatch, Patch, PatchError, PatchedPath};
pub use probe_tier::ProbeTier;
pub use problem::{Place, Problem, Source};
pub use provenance::{Origin, Provenance};
pub use pull_shape::{PullProfile, PullShape};
pub use readiness::{
    DEFAULT_METHOD, EngineReadiness, HttpReadiness, LogReadiness, LogStream, NetworkReadiness, Readiness,
    StatusClass, StatusPattern,
};
pub use remote_cache::{CacheMode, RemoteCache};
pub use replay::{Commit, CommitRange, History, HistoryFault, Replay};
pub use resolved_toml::resolved_toml;
pub use start::StartSettings;
pub use start_cache::StartCache;
pub use surroundings::Surroundings;
pub use variant::Variant;

use crate::unit::ByteSize;

/// The version of the scenario file's format that this program reads.
pub const SCENARIO_SCHEMA: u32 = 1;

/// One scenario, validated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scenario {
    /// The name of the scenario's folder, used in run folders and image names.
    pub name: String,
    /// One line for people: what is compared.
    pub title: String,
    /// The question that the run answers.
    pub question: Option<String>,
    /// Words to select scenarios by.
    pub tags: Vec<String>,
    /// Names of variants and bases whose images stay in the daemon after the run.
    pub keep: Vec<String>,
    /// Where the build context comes from.
    pub context: ContextSettings,
    /// Images that Dockerfiles name in their FROM through a build argument.
    pub bases: Vec<Base>,
    /// What is compared, in the file's order; at least one. Those that a matrix made are among them.
    pub variants: Vec<Variant>,
    /// Whether a matrix made the variants.
    pub has_matrix: bool,
    /// The repository whose commits are the steps; `None` where the file has them.
    pub replay: Option<Replay>,
    /// The sequence of builds.
    pub build: BuildSettings,
    /// How a built image is started and when it counts as started; `None` measures builds only.
    pub start: Option<StartSettings>,
    /// Commands of the user's around all this.
    pub hooks: Hooks,
    /// Metrics that decide, in the file's order; the first one leads the verdict sentence.
    pub gates: Vec<Gate>,
}

impl Scenario {
    /// The variant that the others are compared with: the one marked `baseline`, else the first.
    ///
    /// # Panics
    ///
    /// Never for a validated scenario, which has at least one variant.
    #[must_use]
    pub fn baseline(&self) -> &Variant {
        self.variants
            .iter()
            .find(|variant| variant.baseline)
            .unwrap_or(&self.variants[0])
    }
}

/// Where the build context comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ContextSettings {
    /// The folder that is copied; never edited in place. Empty where a replay brings the context.
    pub path: PathBuf,
    /// Files made up in the copy, for bulk that is not worth committing.
    pub fill: Vec<Fill>,
    /// Folders that every variant's Dockerfile reads as named contexts, by name.
    pub named: BTreeMap<String, PathBuf>,
}

/// Deterministic bulk: `files` files below `path` which share `bytes` evenly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fill {
    /// The folder inside the context that receives the files.
    pub path: PathBuf,
    /// How many files.
    pub files: u32,
    /// How many bytes they hold together.
    pub bytes: ByteSize,
    /// Decides the bytes: the same seed gives the same files on every machine.
    pub seed: u64,
}
