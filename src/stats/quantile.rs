//! Quantiles by linear interpolation between order statistics, type 7 of Hyndman and Fan,
//! "Sample Quantiles in Statistical Packages", The American Statistician 50 (1996).

use super::fraction::Fraction;
use super::sorted::Sorted;

/// The quantile of type 7, in the unit of the samples: with `h = (n - 1) * fraction`, the value at
/// `h` on the line through the neighbouring order statistics, which are counted from 0.
#[must_use]
pub fn quantile(sorted: &Sorted, fraction: Fraction) -> f64 {
    let values = sorted.values();
    let position = fraction.position(values.len() - 1);
    let lower = values[position.index];
    // At the last value there is no upper neighbour, and nothing beyond either.
    let upper = values.get(position.index + 1).copied().unwrap_or(lower);
    // The distance is taken in integers, so that close large values keep their difference.
    lower as f64 + position.beyond * (upper - lower) as f64
}

/// The median, in the unit of the samples: the middle sample, or half-way between the two middle ones.
#[must_use]
pub fn median(sorted: &Sorted) -> f64 {
    quantile(sorted, Fraction::HALF)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantiles_of_type_7_match_hand_computed_ones() {
        for (samples, fraction, expected) in [
            (&[7][..], Fraction::QUARTER, 7.0),
            (&[1, 2], Fraction::HALF, 1.5),
            (&[10, 20, 30, 40], Fraction::QUARTER, 17.5),
            (&[10, 20, 30, 40], Fraction::THREE_QUARTERS, 32.5),
            (&[10, 20, 30, 40, 50], Fraction::QUARTER, 20.0),
            (&[40, 10, 30, 20], Fraction::HALF, 25.0),
            (&[0, 0, 100], Fraction::new(9, 10).unwrap(), 80.0),
            (&[3, 4, 9], Fraction::new(0, 1).unwrap(), 3.0),
            (&[3, 4, 9], Fraction::new(1, 1).unwrap(), 9.0),
        ] {
            let found = quantile(&Sorted::of(samples).unwrap(), fraction);
            assert!(
                (found - expected).abs() < 1e-12,
                "{samples:?} at {fraction:?}: {found}"
            );
        }
    }

    proptest! {
        #[test]
        fn quantiles_rise_with_their_fraction_and_stay_within_the_samples(
            samples in prop::collection::vec(0_u64..1_000_000_000_000, 1..40),
            numerators in prop::array::uniform2(0_u16..=1000),
        ) {
            let sorted = Sorted::of(&samples).unwrap();
            let low = Fraction::new(numerators[0].min(numerators[1]), 1000).unwrap();
            let high = Fraction::new(numerators[0].max(numerators[1]), 1000).unwrap();
            prop_assert!(sorted.min() as f64 <= quantile(&sorted, low));
            prop_assert!(quantile(&sorted, low) <= quantile(&sorted, high));
            prop_assert!(quantile(&sorted, high) <= sorted.max() as f64);
        }
    }
}
