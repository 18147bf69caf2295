//! `[[start.companion]]`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{DurationText, LimitsTable, MountTable, ReadyTable};

/// A container that is started and ready before the first start, untimed: exactly one of `image` and `base`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CompanionTable {
    /// Its name: `{{companion.NAME}}` in `env`, `command`, `entrypoint` and `ready.exec` stands for its address and port.
    #[schemars(required)]
    pub name: Option<String>,
    /// The reference of an image that the engine has.
    pub image: Option<String>,
    /// The name of a base of the scenario.
    pub base: Option<String>,
    /// What counts as ready; not `exit`.
    #[schemars(required)]
    pub ready: Option<ReadyTable>,
    /// The port that others reach it at; that of `ready` where it is absent.
    #[schemars(range(min = 1))]
    pub port: Option<u16>,
    /// The longest that it may take until it is ready; as long as a start may where it is absent.
    pub timeout: Option<DurationText>,
    /// The program to run instead of the image's own entrypoint; the engine then leaves out the image's own command too.
    pub entrypoint: Option<Vec<String>>,
    /// The command to run instead of the image's own.
    pub command: Option<Vec<String>>,
    /// Environment variables of the container.
    pub env: Option<BTreeMap<String, String>>,
    /// The user, by name or number, with the group after a `:`.
    pub user: Option<String>,
    /// What is mounted in the container, by the path there.
    pub mounts: Option<BTreeMap<String, MountTable>>,
    /// What the container may use.
    pub limits: Option<LimitsTable>,
}
