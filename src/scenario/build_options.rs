//! How a variant's build is asked for, beyond its Dockerfile, its target and its plain arguments.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::unit::ByteSize;

/// The options of a variant's build. They name where secrets come from and never hold one, so that they can be shown
/// and stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BuildOptions {
    /// Build arguments whose values come from the environment, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env_args: BTreeMap<String, EnvArgument>,
    /// Folders that the Dockerfile reads as named contexts, by name; relative to the scenario's folder.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub contexts: BTreeMap<String, PathBuf>,
    /// Where the secrets of `RUN --mount=type=secret` come from, by id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, SecretSource>,
    /// The environment variables that name the sockets of the agents of `RUN --mount=type=ssh`, by id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ssh: BTreeMap<String, String>,
    /// The platform to build for, such as `linux/arm64`; `None` builds for the daemon's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The network of `RUN`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkMode>,
    /// The size of `/dev/shm` in `RUN`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shm_size: Option<ByteSize>,
    /// Names that `RUN` finds in its `/etc/hosts`, with their addresses; [`BuildOptions::HOST_GATEWAY`] stands for
    /// the daemon's host.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub add_hosts: BTreeMap<String, String>,
}

impl BuildOptions {
    /// The address that stands for the daemon's host as containers reach it.
    pub const HOST_GATEWAY: &'static str = "host-gateway";

    /// Whether nothing is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The network of `RUN` where it is not to be the daemon's own choice.
    #[must_use]
    pub fn forced_network(&self) -> Option<NetworkMode> {
        self.network.filter(|network| *network != NetworkMode::Default)
    }

    /// Whether the address of the daemon's host is needed.
    #[must_use]
    pub fn needs_gateway(&self) -> bool {
        self.add_hosts
            .values()
            .any(|address| address == Self::HOST_GATEWAY)
    }
}

/// A build argument whose value comes from the environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvArgument {
    /// The environment variable.
    pub env: String,
    /// Whether the value is kept out of everything that is stored and shown.
    pub secret: bool,
}

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretSource {
    /// An environment variable.
    Env(String),
    /// A file; relative to the scenario's folder, or beginning with `~/` for the user's own.
    File(PathBuf),
}

impl fmt::Display for SecretSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(formatter, "${name}"),
            Self::File(path) => write!(formatter, "{}", path.display()),
        }
    }
}

/// The network of `RUN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkMode {
    /// The daemon's own choice.
    Default,
    /// No network.
    None,
    /// The network of the daemon's host.
    Host,
}

impl NetworkMode {
    /// The word for it in the scenario and in the builder's interface.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::None => "none",
            Self::Host => "host",
        }
    }
}
