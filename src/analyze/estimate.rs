//! What a series of samples comes to.

use super::metric::MetricKind;
use crate::stats::Summary;

/// What a series of samples comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Estimate {
    /// There is no valid sample.
    Missing,
    /// A value that varies between repeats.
    Timed(Summary),
    /// A value that was the same in every repeat.
    Exact {
        /// The value, in the metric's unit.
        value: u64,
        /// How many samples had it.
        n: usize,
    },
    /// A value that should have been the same in every repeat, and was not.
    Unstable {
        /// The smallest value.
        low: u64,
        /// The largest value.
        high: u64,
        /// How many samples there are.
        n: usize,
    },
}

impl Estimate {
    /// Summarises valid samples as the kind of their metric asks.
    #[must_use]
    pub fn of(kind: MetricKind, values: &[u64]) -> Self {
        let Some(summary) = Summary::of(values) else {
            return Self::Missing;
        };
        match kind {
            MetricKind::Timed => Self::Timed(summary),
            MetricKind::Exact if summary.min == summary.max => Self::Exact {
                value: summary.min,
                n: summary.n,
            },
            MetricKind::Exact => Self::Unstable {
                low: summary.min,
                high: summary.max,
                n: summary.n,
            },
        }
    }

    /// The number of valid samples.
    #[must_use]
    pub const fn n(&self) -> usize {
        match self {
            Self::Missing => 0,
            Self::Timed(summary) => summary.n,
            Self::Exact { n, .. } | Self::Unstable { n, .. } => *n,
        }
    }

    /// The summary of a timed metric.
    #[must_use]
    pub const fn timed(&self) -> Option<&Summary> {
        match self {
            Self::Timed(summary) => Some(summary),
            _ => None,
        }
    }

    /// The value of an exact metric, where all repeats agree.
    #[must_use]
    pub const fn exact(&self) -> Option<u64> {
        match self {
            Self::Exact { value, .. } => Some(*value),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_repeats_that_differ_are_unstable_and_never_a_mean() {
        assert_eq!(
            Estimate::of(MetricKind::Exact, &[18, 18, 18]),
            Estimate::Exact { value: 18, n: 3 }
        );
        assert_eq!(
            Estimate::of(MetricKind::Exact, &[18, 20, 18]),
            Estimate::Unstable {
                low: 18,
                high: 20,
                n: 3
            }
        );
        assert_eq!(Estimate::of(MetricKind::Exact, &[]), Estimate::Missing);
    }

    #[test]
    fn timed_repeats_are_summarised() {
        let estimate = Estimate::of(MetricKind::Timed, &[10, 30, 20]);
        assert!((estimate.timed().unwrap().median - 20.0).abs() < 1e-9);
        assert_eq!(estimate.n(), 3);
        assert_eq!(estimate.exact(), None);
    }
}
