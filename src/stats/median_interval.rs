//! The exact confidence interval of a median from order statistics.
//!
//! The number of samples below the true median is binomial with probability one half, whatever the
//! distribution of the samples, so two order statistics bracket the median with a known probability
//! (Conover, "Practical Nonparametric Statistics", section 3.2).

use super::ratio::ALPHA;
use super::sorted::Sorted;

/// Two samples that bracket the true median.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MedianInterval {
    /// The lower bound, a sample, in the unit of the samples.
    pub low: u64,
    /// The upper bound, a sample, in the unit of the samples.
    pub high: u64,
    /// The rank k of the bounds: they are the k-th smallest and the k-th largest sample.
    pub rank: usize,
    /// The probability, 0 to 1, with which an interval made like this holds the median; at least 0.95.
    pub level: f64,
}

/// The narrowest symmetric interval with a level of at least 95 %.
///
/// `None` below six samples, where even the smallest and the largest do not reach that level.
#[must_use]
pub fn median_interval(sorted: &Sorted) -> Option<MedianInterval> {
    let values = sorted.values();
    let count = values.len();
    let chances = half_binomial(count);
    // Both sums are in floating point. No doubled binomial tail equals one twentieth (20 does not divide a
    // power of two), so rounding has no boundary case to get wrong.
    let mut rank = 0;
    let mut outside = 0.0;
    for chance in chances {
        let wider = outside + 2.0 * chance;
        if wider > ALPHA.as_f64() {
            break;
        }
        outside = wider;
        rank += 1;
    }
    (rank > 0).then(|| MedianInterval {
        low: values[rank - 1],
        high: values[count - rank],
        rank,
        level: 1.0 - outside,
    })
}

/// The probabilities of 0, 1, ... `count / 2` successes in `count` throws of a fair coin.
///
/// They are built from the middle outwards and then scaled to their sum, because 2^-count is no longer a
/// floating-point number for large counts.
fn half_binomial(count: usize) -> Vec<f64> {
    let middle = count / 2;
    let mut chances = vec![1.0; middle + 1];
    for successes in (0..middle).rev() {
        chances[successes] = chances[successes + 1] * (successes + 1) as f64 / (count - successes) as f64;
    }
    let mut total = 2.0 * chances.iter().sum::<f64>();
    if count.is_multiple_of(2) {
        // The middle of an even count stands alone; all others have a mirror image above it.
        total -= chances[middle];
    }
    for chance in &mut chances {
        *chance /= total;
    }
    chances
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stats::median;

    #[test]
    fn coin_throws_have_the_probabilities_of_pascals_triangle() {
        for (count, expected) in [
            (1, &[0.5][..]),
            (2, &[0.25, 0.5]),
            (5, &[1.0 / 32.0, 5.0 / 32.0, 10.0 / 32.0]),
            (6, &[1.0 / 64.0, 6.0 / 64.0, 15.0 / 64.0, 20.0 / 64.0]),
        ] {
            let found = half_binomial(count);
            assert_eq!(found.len(), expected.len(), "{count} throws: {found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-15, "{count} throws: {found}");
            }
        }
    }

    #[test]
    fn five_samples_have_no_interval_and_six_have_the_widest() {
        assert_eq!(median_interval(&Sorted::of(&[1, 2, 3, 4, 5]).unwrap()), None);
        let six = median_interval(&Sorted::of(&[1, 2, 3, 4, 5, 6]).unwrap()).unwrap();
        assert_eq!((six.low, six.high, six.rank), (1, 6, 1));
        assert!((six.level - 0.96875).abs() < 1e-12, "{six:?}");
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_median_at_no_less_than_the_asked_level(
            samples in prop::collection::vec(0_u64..1_000, 6..300),
        ) {
            let sorted = Sorted::of(&samples).unwrap();
            let interval = median_interval(&sorted).unwrap();
            prop_assert!(interval.low as f64 <= median(&sorted) && median(&sorted) <= interval.high as f64);
            prop_assert!(interval.level >= 0.95 && interval.level < 1.0, "{interval:?}");
        }
    }
}
