//! What a container is started with besides its image.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use crate::unit::{ByteSize, Cpus};

/// What a container is started with besides its image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ContainerOptions {
    /// The program to run instead of the image's own entrypoint; the engine then leaves out the image's own command too.
    pub entrypoint: Option<Vec<String>>,
    /// The command to run instead of the image's own.
    pub command: Option<Vec<String>>,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// The user, by name or number, with the group after a `:`; `None` takes the image's own.
    pub user: Option<String>,
    /// The network of the engine that it is on; `None` takes the engine's own choice.
    pub network: Option<String>,
    /// What is mounted in it, by the path in the container.
    pub mounts: BTreeMap<String, ContainerMount>,
    /// What it may use.
    pub limits: ContainerLimits,
}

/// What is mounted at a path of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ContainerMount {
    /// A folder, relative to the scenario's folder. It can only be read, so that no start changes what the next
    /// one finds.
    Bind(PathBuf),
    /// Memory of at most this size; it goes with the container.
    Tmpfs(ByteSize),
}

/// What a container may use; what is `None` is not limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ContainerLimits {
    /// Processor time.
    pub cpus: Option<Cpus>,
    /// Memory. It gets no swap besides.
    pub memory: Option<ByteSize>,
    /// Processes and threads at once.
    pub processes: Option<u32>,
}

impl ContainerLimits {
    /// Whether nothing is limited.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
