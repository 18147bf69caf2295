//! `[[variant]]`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{ArgumentValue, FolderPath, RelativePath, SecretTable, SizeText, SshValue};
use crate::scenario::{BuilderKind, NetworkMode};

/// One way to build the image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct VariantTable {
    /// Its name, unique in the scenario; part of image references.
    #[schemars(required)]
    pub name: Option<String>,
    /// The Dockerfile.
    #[schemars(required)]
    pub dockerfile: Option<RelativePath>,
    /// The ignore file that goes with it; without it, the context's own `.dockerignore` holds.
    pub ignore: Option<RelativePath>,
    /// Build arguments.
    pub args: Option<BTreeMap<String, ArgumentValue>>,
    /// The name of a base that is passed as the build argument `BASE`.
    pub base: Option<String>,
    /// The stage to build; the last where it is absent.
    pub target: Option<String>,
    /// Which of the engine's builders builds it; that of `[build]` where it is absent.
    pub builder: Option<BuilderKind>,
    /// Folders that the Dockerfile reads as named contexts, by name; relative to the scenario's folder.
    pub contexts: Option<BTreeMap<String, FolderPath>>,
    /// Where the secrets of `RUN --mount=type=secret` come from, by id.
    pub secrets: Option<BTreeMap<String, SecretTable>>,
    /// The ssh agents that `RUN --mount=type=ssh` reaches.
    pub ssh: Option<SshValue>,
    /// The platform to build for; that of the daemon where it is absent.
    pub platform: Option<String>,
    /// The network of `RUN`.
    pub network: Option<NetworkMode>,
    /// The size of `/dev/shm` in `RUN`.
    pub shm_size: Option<SizeText>,
    /// Names for the `/etc/hosts` of `RUN`, with their addresses; `host-gateway` stands for the daemon's host.
    pub add_hosts: Option<BTreeMap<String, String>>,
    /// Whether the others are compared with this one; the first variant where none says so.
    pub baseline: Option<bool>,
}
