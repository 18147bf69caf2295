//! Why two sets of samples cannot be compared.

use std::fmt;

use thiserror::Error;

/// One of the two sides of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The side that is the reference, called A in formulas.
    Baseline,
    /// The side that is measured against it, called B in formulas.
    Candidate,
}

impl fmt::Display for Side {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Baseline => "baseline",
            Self::Candidate => "candidate",
        })
    }
}

/// Samples that a comparison cannot take.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StatsError {
    /// One side has no samples.
    #[error("the {side} has no samples, expected at least one on each side")]
    NoSamples {
        /// The side without samples.
        side: Side,
    },
    /// A ratio with a zero on one side has no logarithm.
    #[error("sample {} of the {side} is 0, expected a value above 0, which a ratio needs", .index + 1)]
    ZeroSample {
        /// The side that holds the zero.
        side: Side,
        /// The position of the first zero, counted from 0.
        index: usize,
    },
    /// All pairs of samples are held in memory at once, so their number is bounded.
    #[error("{baseline} samples against {candidate} are too many pairs, expected at most {limit}")]
    TooManyPairs {
        /// The number of samples of the baseline.
        baseline: usize,
        /// The number of samples of the candidate.
        candidate: usize,
        /// The largest number of pairs that is compared.
        limit: usize,
    },
}
