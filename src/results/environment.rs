//! The machine and the daemon that a run was taken on.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::unit::ByteSize;

/// What stands next to every number: the daemon, its store and builder, and the machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// The engine's version.
    pub engine: String,
    /// The engine API's version that the daemon answers in.
    pub api: String,
    /// The builders that ran, such as `buildkit`, with commas.
    pub builder: String,
    /// Where the daemon keeps images.
    pub store: ImageStore,
    /// The storage driver, such as `overlay2`.
    pub storage_driver: String,
    /// Whether a build that stores a new layer ends on a whole second of the daemon's clock: the engine waits for it
    /// where its storage driver cannot tell the difference of two layers by itself
    /// (`NaiveDiffDriver` in moby's `daemon/graphdriver/fsdiff.go`).
    pub export_waits_for_second: bool,
    /// The kind of operating system that containers run on, such as `linux`.
    pub os: String,
    /// The daemon's operating system and kernel.
    pub kernel: String,
    /// The daemon's architecture, such as `x86_64`.
    pub architecture: String,
    /// The processor's model; absent where the daemon is not on this machine.
    pub cpu: Option<String>,
    /// Whether the machine is a virtual one; absent where that cannot be told, or the daemon is not on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_virtual: Option<bool>,
    /// Processors that the daemon sees; absent where it does not say.
    pub cpus: Option<u32>,
    /// Memory that the daemon sees; absent where it does not say.
    pub memory_bytes: Option<ByteSize>,
    /// Versions of parts, such as `containerd` and `runc`, by name.
    pub components: Vec<(String, String)>,
    /// The one-minute load average when the run began; absent where it cannot be read.
    pub load_1m: Option<f64>,
}

/// Where a daemon keeps images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageStore {
    /// The engine's own store over a storage driver; sizes are those of unpacked layers.
    Graphdriver,
    /// The containerd image store; sizes include compressed content.
    Containerd,
}

impl fmt::Display for ImageStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Graphdriver => "graphdriver",
            Self::Containerd => "containerd",
        })
    }
}
