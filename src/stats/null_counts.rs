//! The exact distributions of rank statistics when nothing but chance is at work.

/// The largest number of samples of both sides together for which distributions are counted exactly.
///
/// The number of ways to split a hundred samples in two is below 2^97, which leaves `u128` enough room
/// to compare counts with a fraction of their sum.
pub const EXACT_LIMIT: usize = 100;

/// The number of arrangements above which counts leave no room to be compared with a fraction of their sum.
const MOST_ARRANGEMENTS: u128 = 1 << 112;

/// How many arrangements of distinct values have each value of a statistic that counts pairs. Where every arrangement is
/// equally likely, the counts are the probabilities of the statistic but for their sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NullCounts {
    counts: Vec<u128>,
    total: u128,
}

impl NullCounts {
    /// How many splits of distinct values into sides of `first` and `second` have each value of the statistic U of Mann and
    /// Whitney; `None` above [`EXACT_LIMIT`] in sum.
    ///
    /// U is the number of pairs in which the value of the first side is the larger. If both sides come from one distribution,
    /// every split is equally likely. With `n` and `m` for the sides the counts are the coefficients of the Gaussian binomial
    /// (Mann and Whitney, "On a Test of Whether one of Two Random Variables is Stochastically Larger than the Other", 1947):
    /// the product over `i = 1..n` of `(1 - q^(m + i)) / (1 - q^i)`.
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

    /// How many arrangements of distinct values in `groups`, within which order does not matter, have each number of pairs that
    /// are out of order: from an earlier group, and the larger. `None` where there are too many to count, from about thirty
    /// groups of one on.
    ///
    /// With groups of one these are the counts behind Kendall's tau. A group adds to those before it as many such pairs as a
    /// split of all of them into these and that one has, independently of how those before it are arranged (Jonckheere, "A
    /// Distribution-Free k-Sample Test Against Ordered Alternatives", 1954), so that the counts are those of each multiplied
    /// as polynomials.
    #[must_use]
    pub fn of_orders(groups: &[usize]) -> Option<Self> {
        let mut all = Self::of(0, 0)?;
        let mut before = 0;
        for group in groups {
            let added = Self::of(before, *group)?;
            let total = all.total.checked_mul(added.total)?;
            if total >= MOST_ARRANGEMENTS {
                return None;
            }
            let mut counts = vec![0_u128; all.counts.len() + added.counts.len() - 1];
            for (so_far, times) in all.counts.iter().enumerate() {
                for (more, count) in added.counts.iter().enumerate() {
                    counts[so_far + more] += times * count;
                }
            }
            all = Self { counts, total };
            before += group;
        }
        Some(all)
    }

    /// How many of all choices of signs for `count` distinct differences have each sum of the ranks of the positive ones: the
    /// subsets of 1 to `count`, by their sum. `None` above [`EXACT_LIMIT`].
    ///
    /// Wilcoxon, "Individual Comparisons by Ranking Methods" (1945).
    #[must_use]
    pub fn of_signs(count: usize) -> Option<Self> {
        if count > EXACT_LIMIT {
            return None;
        }
        let mut counts = vec![0_u128; count * (count + 1) / 2 + 1];
        counts[0] = 1;
        for rank in 1..=count {
            for sum in (rank..counts.len()).rev() {
                counts[sum] += counts[sum - rank];
            }
        }
        Some(Self {
            counts,
            total: 1 << count,
        })
    }

    /// The counts of 0, 1, ... up to the most that there is.
    #[must_use]
    pub fn counts(&self) -> &[u128] {
        &self.counts
    }

    /// The number of all arrangements.
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
    fn signs_of_four_and_five_differences_match_a_listing_by_hand() {
        for (count, expected) in [
            (4, &[1, 1, 1, 2, 2, 2, 2, 2, 1, 1, 1][..]),
            (5, &[1, 1, 1, 2, 2, 3, 3, 3, 3, 3, 3, 2, 2, 1, 1, 1]),
            (0, &[1]),
        ] {
            let found = NullCounts::of_signs(count).unwrap();
            assert_eq!(found.counts(), expected, "{count}");
            assert_eq!(found.counts().iter().sum::<u128>(), found.total());
        }
        assert_eq!(
            NullCounts::of_signs(100).unwrap().counts().iter().sum::<u128>(),
            1 << 100
        );
        assert_eq!(NullCounts::of_signs(101), None);
    }

    #[test]
    fn orders_of_three_and_four_values_match_a_listing_by_hand() {
        // Mahonian numbers: how many of the 6 and 24 orders have each number of pairs out of order.
        assert_eq!(NullCounts::of_orders(&[1; 3]).unwrap().counts(), [1, 2, 2, 1]);
        assert_eq!(
            NullCounts::of_orders(&[1; 4]).unwrap().counts(),
            [1, 3, 5, 6, 5, 3, 1]
        );
        // Of a and b together and then c and d: in all 3 · 4 = 12 arrangements.
        assert_eq!(
            NullCounts::of_orders(&[2, 1, 1]).unwrap().counts(),
            [1, 2, 3, 3, 2, 1]
        );
        assert_eq!(NullCounts::of_orders(&[2, 3]), NullCounts::of(2, 3));
        assert_eq!(NullCounts::of_orders(&[]).unwrap().total(), 1);
    }

    #[test]
    fn the_most_orders_that_are_counted_do_not_overflow_and_more_are_refused() {
        let most = NullCounts::of_orders(&[1; 30]).unwrap();
        assert_eq!(most.total(), (1..=30).product::<u128>());
        assert_eq!(most.counts().iter().sum::<u128>(), most.total());
        assert_eq!(NullCounts::of_orders(&[1; 31]), None);
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
