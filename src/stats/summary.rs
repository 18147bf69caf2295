//! What one side's samples look like.

use super::fraction::Fraction;
use super::mad::mad;
use super::median_interval::{MedianInterval, median_interval};
use super::quantile::{median, quantile};
use super::sorted::Sorted;

/// A summary of samples in one unit; every value is in that unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// The number of samples, at least 1.
    pub n: usize,
    /// The median.
    pub median: f64,
    /// The interval of the median; `None` below six samples.
    pub interval: Option<MedianInterval>,
    /// The lower quartile, type 7.
    pub q1: f64,
    /// The upper quartile, type 7.
    pub q3: f64,
    /// The median absolute deviation, not scaled.
    pub mad: f64,
    /// The smallest sample.
    pub min: u64,
    /// The largest sample.
    pub max: u64,
}

impl Summary {
    /// Summarises `samples`, which may hold zeros; `None` where there are none.
    #[must_use]
    pub fn of(samples: &[u64]) -> Option<Self> {
        let sorted = Sorted::of(samples)?;
        Some(Self {
            n: samples.len(),
            median: median(&sorted),
            interval: median_interval(&sorted),
            q1: quantile(&sorted, Fraction::QUARTER),
            q3: quantile(&sorted, Fraction::THREE_QUARTERS),
            mad: mad(&sorted),
            min: sorted.min(),
            max: sorted.max(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-6
    }

    #[test]
    fn ten_builds_are_summarised_as_published() {
        // Seconds, in tenths.
        let baseline = Summary::of(&[412, 398, 405, 439, 401, 409, 395, 417, 403, 424]).unwrap();
        assert!(near(baseline.median, 407.0), "{baseline:?}");
        assert!(
            near(baseline.q1, 401.5) && near(baseline.q3, 415.75),
            "{baseline:?}"
        );
        assert!(near(baseline.mad, 7.5), "{baseline:?}");
        assert_eq!((baseline.n, baseline.min, baseline.max), (10, 395, 439));
        let interval = baseline.interval.unwrap();
        assert_eq!((interval.low, interval.high, interval.rank), (398, 424, 2));
        assert!(near(interval.level, 0.978_516), "{interval:?}");
    }

    #[test]
    fn medians_and_their_intervals_match_the_published_ones() {
        for (samples, median, low, high) in [
            (
                [451, 440, 463, 435, 448, 459, 472, 444, 455, 431],
                449.5,
                435,
                463,
            ),
            (
                [410, 402, 421, 399, 415, 407, 404, 432, 419, 397],
                408.5,
                399,
                421,
            ),
        ] {
            let found = Summary::of(&samples).unwrap();
            assert!(near(found.median, median), "{found:?}");
            let interval = found.interval.unwrap();
            assert_eq!((interval.low, interval.high), (low, high), "{found:?}");
        }
    }

    #[test]
    fn no_samples_have_no_summary_and_one_has_no_interval() {
        assert_eq!(Summary::of(&[]), None);
        let one = Summary::of(&[0]).unwrap();
        assert_eq!((one.n, one.interval, one.min, one.max), (1, None, 0, 0));
    }

    proptest! {
        #[test]
        fn a_summary_is_in_order(samples in prop::collection::vec(0_u64..1_000_000_000_000, 1..60)) {
            let found = Summary::of(&samples).unwrap();
            prop_assert!((found.min as f64) <= found.q1, "{:?}", found);
            prop_assert!(found.q1 <= found.median && found.median <= found.q3, "{:?}", found);
            prop_assert!(found.q3 <= found.max as f64, "{:?}", found);
            prop_assert!(found.mad >= 0.0 && found.mad <= (found.max - found.min) as f64, "{:?}", found);
        }

        #[test]
        fn the_order_of_samples_is_without_effect(
            (samples, shuffled) in prop::collection::vec(0_u64..1_000, 1..40).prop_flat_map(|samples| {
                (Just(samples.clone()), Just(samples).prop_shuffle())
            }),
        ) {
            prop_assert_eq!(Summary::of(&samples), Summary::of(&shuffled));
        }
    }
}
