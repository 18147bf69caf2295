//! A cache outside the daemon, as CI keeps it between runners.

use serde::Serialize;

/// Where builds put what they did, for a builder that holds nothing to begin with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum RemoteCache {
    /// In the image itself, which is pushed: the layers of the last stage alone.
    Inline {
        /// The repository that the image is pushed to.
        repository: String,
    },
    /// An image of its own in a registry.
    Registry {
        /// The repository that it is pushed to.
        repository: String,
        /// What it holds.
        mode: CacheMode,
    },
    /// A folder of this machine, which lasts as long as the run.
    Local {
        /// What it holds.
        mode: CacheMode,
    },
}

/// What a cache holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CacheMode {
    /// The layers of the image alone.
    Min,
    /// Those of every stage that was built.
    #[default]
    Max,
}

impl RemoteCache {
    /// The name that Docker's own options give it.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Inline { .. } => "inline",
            Self::Registry { .. } => "registry",
            Self::Local { .. } => "local",
        }
    }

    /// What it holds.
    #[must_use]
    pub fn mode(&self) -> CacheMode {
        match self {
            Self::Inline { .. } => CacheMode::Min,
            Self::Registry { mode, .. } | Self::Local { mode } => *mode,
        }
    }

    /// The repository that it is pushed to, where it is.
    #[must_use]
    pub fn repository(&self) -> Option<&str> {
        match self {
            Self::Inline { repository } | Self::Registry { repository, .. } => Some(repository),
            Self::Local { .. } => None,
        }
    }
}

impl CacheMode {
    /// Its name in scenarios and in Docker's own options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Min => "min",
            Self::Max => "max",
        }
    }
}
