//! What is present before a build: a state, not an adjective such as cold or warm.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The cache state before a build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BuildCacheState {
    /// Results of earlier instructions.
    pub layers: LayerState,
    /// What cache mounts hold.
    pub mounts: MountState,
    /// The context's files as the daemon keeps them between builds.
    pub context: ContextState,
    /// The base image.
    pub base: BaseState,
}

/// Results of earlier instructions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LayerState {
    /// None may be used: every instruction runs.
    Empty,
    /// Those of the build before, as on a developer's machine.
    #[default]
    Primed,
    /// None in the daemon; those of the remote cache may be used, as on a fresh CI runner.
    Imported,
}

/// What cache mounts hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MountState {
    /// Nothing.
    Empty,
    /// What the builds of this round left in them.
    #[default]
    Kept,
}

/// The context's files as the daemon keeps them between builds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ContextState {
    /// The daemon has them: only what changed is sent.
    #[default]
    Kept,
    /// The daemon has none of them: everything is sent.
    Absent,
}

/// The base image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BaseState {
    /// In the daemon's store.
    #[default]
    Present,
    /// Not there: the build gets it from its registry, as on a fresh CI runner.
    Absent,
}
