//! Where in the run a sample was taken.

use serde::{Deserialize, Serialize};

/// The place of a sample in the run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SampleKey {
    /// The variant that was measured.
    pub variant: String,
    /// The round, from 1; warm-up rounds count from 1 as well.
    pub round: u32,
    /// The position among all samples of the run, from 1, in the order in which they were taken.
    pub order: u32,
    /// Whether this is a warm-up: kept, and never used in statistics.
    pub warmup: bool,
}

/// One variant's turn in a round.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TurnKey {
    /// The variant.
    pub variant: String,
    /// The round, from 1; warm-up rounds count from 1 as well.
    pub round: u32,
    /// Whether the round is a warm-up.
    pub warmup: bool,
}

impl TurnKey {
    /// The turn that a sample was taken in.
    #[must_use]
    pub fn of(key: &SampleKey) -> Self {
        Self {
            variant: key.variant.clone(),
            round: key.round,
            warmup: key.warmup,
        }
    }
}
