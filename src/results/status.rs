//! Whether a sample counts.

use serde::{Deserialize, Serialize};

/// Whether a sample counts, and if not, why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Status {
    /// It was measured as planned.
    Ok,
    /// What was to be measured failed: the build failed, the container exited, nothing answered.
    Failed {
        /// What failed, in words.
        reason: String,
    },
    /// It was measured, yet not under the planned conditions, so its number says something else.
    Invalid {
        /// The condition that was not met.
        reason: String,
    },
}

impl Status {
    /// Whether the sample enters statistics.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        matches!(self, Self::Ok)
    }

    /// Why the sample does not count.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Ok => None,
            Self::Failed { reason } | Self::Invalid { reason } => Some(reason),
        }
    }
}
