//! Which of the engine's builders builds.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A builder of the engine.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum BuilderKind {
    /// The builder of today's docker command.
    #[default]
    Buildkit,
    /// The builder of before, as `DOCKER_BUILDKIT=0 docker build` asks for: one instruction after the other, each an
    /// image.
    Classic,
}

impl BuilderKind {
    /// The word for it in the scenario and in the results.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Buildkit => "buildkit",
            Self::Classic => "classic",
        }
    }
}

impl fmt::Display for BuilderKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}
