//! `cache` of a step as the file has it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::scenario::{BaseState, BuildCacheState, ContextState, LayerState, MountState};

/// What must be present before a build, as a step names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CacheTable {
    /// Results of earlier instructions.
    pub layers: LayerState,
    /// What cache mounts hold. Where it is absent, nothing with `layers = "empty"`, and else what the builds of this round
    /// left in them: a build that is told to use no layer empties its mounts as well.
    pub mounts: Option<MountState>,
    /// The context's files as the daemon keeps them between builds.
    pub context: ContextState,
    /// The base image.
    pub base: BaseState,
}

impl From<CacheTable> for BuildCacheState {
    fn from(table: CacheTable) -> Self {
        let CacheTable {
            layers,
            mounts,
            context,
            base,
        } = table;
        let with_layers = match layers {
            LayerState::Empty => MountState::Empty,
            LayerState::Primed | LayerState::Imported => MountState::Kept,
        };
        Self {
            layers,
            mounts: mounts.unwrap_or(with_layers),
            context,
            base,
        }
    }
}
