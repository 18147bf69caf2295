//! The exact distribution of the Mann-Whitney statistic when both sides are alike.

/// The largest number of samples of both sides together for which distributions are counted exactly.
///
/// The number of ways to split a hundred samples in two is below 2^97, which leaves `u128` enough room
/// to compare counts with a fraction of their sum.
pub const EXACT_LIMIT: usize = 100;

/// How many splits of `n + m` distinct values into `n` and `m` have each value of the statistic U.
///
/// U is the number of pairs in which the value of the first side is the larger. If both sides come from
/// one distribution, every split is equally likely, and the counts are the probabilities of U but for
/// their sum. They are the coefficients of the Gaussian binomial (Mann and Whitney, "On a Test of
/// Whether one of Two Random Variables is Stochastically Larger than the Other", 1947):
/// the product over `i = 1..n` of `(1 - q^(m + i)) / (1 - q^i)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NullCounts {
    counts: Vec<u128>,
    total: u128,
}

impl NullCounts {
    /// Counts for sides of `first` and `second` samples; `None` above [`EXACT_LIMIT`] in sum.
    #[must_use]
    pub fn of(first: usize, second: usize) -> Option<Self> {
        if first.checked_add(second)? > EXACT_LIMIT {
            return None;
        }
        let pairs = first * second;
        let mut counts = vec![0_u128; pairs + 1];
        counts[0] = 1;
        for factor in 1..=first {
            // Multiplied by 1 - q^(m + i), then divided by 1 - q^i, in place. Between the two, coefficients
            // are negative; wrapping keeps them exact modulo 2^128, and after the division each is a
            // count again, far below that.
            let shift = second + factor;
            for power in (shift..=pairs).rev() {
                counts[power] = counts[power].wrapping_sub(counts[power - shift]);
            }
            for power in factor..=pairs {
                counts[power] = counts[power].wrapping_add(counts[power - factor]);
            }
        }
        let total = counts.iter().sum();
        Some(Self { counts, total })
    }

    /// The counts of U = 0, 1, ... n·m.
    #[must_use]
    pub fn counts(&self) -> &[u128] {
        &self.counts
    }

    /// The number of all splits, `n + m` over `n`.
    #[must_use]
    pub fn total(&self) -> u128 {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn counts_of_three_and_four_a_side_match_enumeration() {
        for (side, expected) in [
            (3, &[1, 1, 2, 3, 3, 3, 3, 2, 1, 1][..]),
            (4, &[1, 1, 2, 3, 5, 5, 7, 7, 8, 7, 7, 5, 5, 3, 2, 1, 1]),
        ] {
            assert_eq!(NullCounts::of(side, side).unwrap().counts(), expected, "{side}");
        }
    }

    #[test]
    fn counts_of_unequal_sides_match_a_listing_by_hand() {
        // The ten ways to place two values among three others, by how many of the others each pair exceeds.
        assert_eq!(NullCounts::of(2, 3).unwrap().counts(), [1, 1, 2, 2, 2, 1, 1]);
        assert_eq!(NullCounts::of(1, 4).unwrap().counts(), [1, 1, 1, 1, 1]);
        assert_eq!(NullCounts::of(0, 4).unwrap().counts(), [1]);
    }

    #[test]
    fn smallest_p_values_of_equal_sides_match_the_published_table() {
        for (side, p_min, tolerance) in [
            (4, 0.0286, 5e-5),
            (5, 0.00794, 5e-6),
            (6, 0.00216, 5e-6),
            (7, 5.8e-4, 5e-6),
            (8, 1.6e-4, 5e-6),
            (9, 4.1e-5, 5e-7),
            (10, 1.1e-5, 5e-7),
            (12, 7.4e-7, 5e-9),
            (15, 1.3e-8, 5e-10),
            (20, 1.5e-11, 5e-13),
        ] {
            let counts = NullCounts::of(side, side).unwrap();
            let found = 2.0 * counts.counts()[0] as f64 / counts.total() as f64;
            assert!((found - p_min).abs() <= tolerance, "{side} per side: {found}");
        }
    }

    #[test]
    fn the_largest_exact_sides_do_not_overflow_and_larger_ones_are_refused() {
        // 100 over 50, from a table of binomial coefficients.
        let largest = NullCounts::of(50, 50).unwrap();
        assert_eq!(largest.total(), 100_891_344_545_564_193_334_812_497_256);
        assert_eq!(NullCounts::of(50, 51), None);
        assert_eq!(NullCounts::of(usize::MAX, 1), None);
    }

    proptest! {
        #[test]
        fn counts_read_the_same_from_both_ends_and_for_swapped_sides(first in 1_usize..30, second in 1_usize..30) {
            let counts = NullCounts::of(first, second).unwrap();
            let mut mirrored = counts.counts().to_vec();
            mirrored.reverse();
            prop_assert_eq!(counts.counts(), &mirrored);
            prop_assert_eq!(&counts, &NullCounts::of(second, first).unwrap());
        }
    }
}
