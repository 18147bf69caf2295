//! The signed-rank sum of the differences within pairs, and how unusual it is.
//!
//! Differences are those of logarithms, which are compared as the fractions that they stand for, in integers: two are tied only
//! where they are equal. Ranks are doubled, so that the mean rank of tied differences is an integer too.

use std::cmp::Ordering;

use super::normal::two_sided_tail;

/// The signed ranks of pairs of values above 0.
///
/// Pairs without a difference are ranked and then left out (Pratt, "Remarks on Zeros and Ties in the Wilcoxon Signed Rank
/// Procedures", 1959).
#[derive(Clone, Debug)]
pub(super) struct SignedRanks {
    /// The doubled mid-rank of every difference that is not 0, ascending.
    doubled: Vec<usize>,
    /// The sum of those of pairs whose second value is the larger.
    rising_sum: usize,
}

impl SignedRanks {
    pub(super) fn of(pairs: &[(u64, u64)]) -> Self {
        let mut sorted = pairs.to_vec();
        sorted.sort_unstable_by(|one, other| by_magnitude(*one, *other));
        let mut ranks = Self {
            doubled: Vec::with_capacity(sorted.len()),
            rising_sum: 0,
        };
        let mut below = 0;
        for ties in sorted.chunk_by(|one, next| by_magnitude(*one, *next) == Ordering::Equal) {
            // Ranks count from 1: the sum of the first and the last of the group is the doubled mean.
            let doubled = 2 * below + ties.len() + 1;
            below += ties.len();
            for (first, second) in ties.iter().filter(|(first, second)| first != second) {
                ranks.doubled.push(doubled);
                if second > first {
                    ranks.rising_sum += doubled;
                }
            }
        }
        ranks
    }

    /// The two-sided p-value of "rising is as likely as falling, by any amount", by the permutation distribution given the ties:
    /// the smaller of both tails, doubled, at most 1. There must be at most [`EXACT_LIMIT`](super::EXACT_LIMIT) pairs.
    pub(super) fn p_value(&self) -> f64 {
        let most: usize = self.doubled.iter().sum();
        // As every difference may as well have had the other sign, sums lie symmetrically: the smaller tail is that towards
        // the nearer end.
        let tail = self.rising_sum.min(most - self.rising_sum);
        let mut ways = vec![0_u128; tail + 1];
        ways[0] = 1;
        for doubled in &self.doubled {
            for sum in (*doubled..=tail).rev() {
                ways[sum] += ways[sum - doubled];
            }
        }
        let at_most: u128 = ways.iter().sum();
        let all = 2_f64.powi(i32::try_from(self.doubled.len()).unwrap_or(i32::MAX));
        (2.0 * (at_most as f64 / all)).min(1.0)
    }

    /// The same by the normal approximation, corrected for ties and for continuity.
    pub(super) fn asymptotic_p_value(&self) -> f64 {
        let most: usize = self.doubled.iter().sum();
        let squares: f64 = self.doubled.iter().map(|doubled| (*doubled as f64).powi(2)).sum();
        if squares == 0.0 {
            return 1.0;
        }
        // In doubled ranks a step is 1 where a rank has halves, and 2 where none has; half a rank is the usual correction.
        let away = (self.rising_sum as f64 - most as f64 / 2.0).abs() - 1.0;
        two_sided_tail(away / (squares.sqrt() / 2.0))
    }

    /// The sum of the doubled mid-ranks of pairs whose second value is the larger.
    #[cfg(test)]
    pub(super) fn rising_sum(&self) -> usize {
        self.rising_sum
    }
}

/// Compares how far apart the values of two pairs are, as ratios of the larger to the smaller, without rounding.
fn by_magnitude(one: (u64, u64), other: (u64, u64)) -> Ordering {
    let product = |larger: (u64, u64), smaller: (u64, u64)| {
        u128::from(larger.0.max(larger.1)) * u128::from(smaller.0.min(smaller.1))
    };
    product(one, other).cmp(&product(other, one))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pairs_are_ranked_by_their_ratio_whichever_value_is_the_larger() {
        // Ratios of 1, 2, 2 and 3: the pair without a difference takes the first rank and is left out.
        let ranks = SignedRanks::of(&[(10, 30), (7, 7), (4, 2), (500, 1_000)]);
        assert_eq!(ranks.doubled, [5, 5, 8]);
        assert_eq!(ranks.rising_sum, 13);
    }

    #[test]
    fn differences_in_the_last_digit_are_no_tie() {
        let most = u64::MAX;
        assert_eq!(
            by_magnitude((most - 1, most), (most - 2, most - 1)),
            Ordering::Less
        );
        assert_eq!(by_magnitude((20, 21), (42, 40)), Ordering::Equal);
    }

    proptest! {
        /// Every choice of signs, one by one.
        #[test]
        fn tails_are_those_of_all_choices_of_signs(pairs in prop::collection::vec((1_u64..9, 1_u64..9), 1..11)) {
            let ranks = SignedRanks::of(&pairs);
            let count = ranks.doubled.len();
            let sums = (0..1_usize << count).map(|chosen| {
                let of_it = |(index, _): &(usize, &usize)| chosen >> index & 1 == 1;
                ranks.doubled.iter().enumerate().filter(of_it).map(|(_, doubled)| doubled).sum::<usize>()
            });
            let sums: Vec<usize> = sums.collect();
            let at_most = sums.iter().filter(|sum| **sum <= ranks.rising_sum).count();
            let at_least = sums.iter().filter(|sum| **sum >= ranks.rising_sum).count();
            let expected = (2.0 * at_most.min(at_least) as f64 / sums.len() as f64).min(1.0);
            prop_assert!((ranks.p_value() - expected).abs() < 1e-12);
        }
    }
}
