//! What of an image is there before a start.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What of an image is there before a start. Starts of different states are never compared.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum StartCache {
    /// What a start needs of the image is in memory, since it was started before.
    #[default]
    Warm,
    /// The image is on the disk and nothing of its files is in memory.
    ColdPages,
    /// An existing container is started again, with what it wrote.
    Restart,
    /// Nothing of the image is known to the engine: it is pulled from a registry before.
    ColdPull,
}

impl StartCache {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Warm, Self::ColdPages, Self::Restart, Self::ColdPull];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warm => "warm",
            Self::ColdPages => "cold-pages",
            Self::Restart => "restart",
            Self::ColdPull => "cold-pull",
        }
    }

    /// Whether it is the one that is meant where none is named.
    #[must_use]
    pub const fn is_usual(&self) -> bool {
        matches!(self, Self::Warm)
    }

    /// What is added to the key of a metric of starts: nothing where it is the usual one.
    #[must_use]
    pub fn suffix(self) -> String {
        if self.is_usual() {
            String::new()
        } else {
            format!(".{self}")
        }
    }
}

impl fmt::Display for StartCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}
