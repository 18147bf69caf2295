//! The rank sum of one side among the pooled samples, and how unusual it is.
//!
//! Ranks are doubled, so that the mean rank of tied samples is an integer too.

use super::normal::two_sided_tail;
use super::null_counts::NullCounts;

/// The ranks of the pooled samples of both sides.
#[derive(Clone, Debug)]
pub(super) struct PooledRanks {
    /// The doubled mid-rank of every pooled sample, ascending.
    doubled: Vec<usize>,
    /// The sum of the doubled mid-ranks of the baseline.
    baseline_sum: usize,
    /// The number of samples of the baseline.
    baseline: usize,
    /// The sum of `t^3 - t` over all groups of `t` equal samples.
    tie_term: f64,
}

/// How many of all equally likely splits have a rank sum of the baseline as small, or as large, as the
/// observed one. The observed split is in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tails {
    pub(super) at_most: u128,
    pub(super) at_least: u128,
    pub(super) total: u128,
}

impl Tails {
    /// The two-sided p-value: the smaller tail, doubled, at most 1.
    pub(super) fn p_value(self) -> f64 {
        let smaller = self.at_most.min(self.at_least);
        (2.0 * (smaller as f64 / self.total as f64)).min(1.0)
    }
}

/// The two-sided p-value of "both sides are alike": exact given the ties up to [`EXACT_LIMIT`](super::EXACT_LIMIT) samples, by the
/// normal approximation beyond.
pub(super) fn rank_sum_p_value(baseline: &[u64], candidate: &[u64]) -> f64 {
    let ranks = PooledRanks::of(baseline, candidate);
    NullCounts::of(baseline.len(), candidate.len()).map_or_else(
        || ranks.asymptotic_p_value(),
        |counts| ranks.tails(counts.total()).p_value(),
    )
}

impl PooledRanks {
    /// Ranks the raw integers of both sides together; equal ones share the mean of their ranks.
    pub(super) fn of(baseline: &[u64], candidate: &[u64]) -> Self {
        let mut pooled: Vec<(u64, bool)> = baseline
            .iter()
            .map(|value| (*value, true))
            .chain(candidate.iter().map(|value| (*value, false)))
            .collect();
        pooled.sort_unstable();
        let mut ranks = Self {
            doubled: Vec::with_capacity(pooled.len()),
            baseline_sum: 0,
            baseline: baseline.len(),
            tie_term: 0.0,
        };
        for ties in pooled.chunk_by(|one, next| one.0 == next.0) {
            // Ranks count from 1, so the first of the group has the rank `below + 1` and the last
            // `below + ties`: their sum is the doubled mean.
            let below = ranks.doubled.len();
            let doubled = 2 * below + ties.len() + 1;
            ranks.doubled.extend(ties.iter().map(|_| doubled));
            ranks.baseline_sum += doubled * ties.iter().filter(|(_, is_baseline)| *is_baseline).count();
            let size = ties.len() as f64;
            ranks.tie_term += size * size * size - size;
        }
        ranks
    }

    /// The sum of the doubled mid-ranks of the baseline.
    #[cfg(test)]
    pub(super) fn baseline_sum(&self) -> usize {
        self.baseline_sum
    }

    /// Counts the splits in both tails by the permutation distribution of the rank sum given the ties.
    ///
    /// `total` is the number of all splits; it must fit `u128`, as it does up to
    /// [`EXACT_LIMIT`](super::EXACT_LIMIT) samples.
    pub(super) fn tails(&self, total: u128) -> Tails {
        let pooled = self.doubled.len();
        let candidate = pooled - self.baseline;
        // Counting takes time in proportion to the samples drawn and to the sum they must not exceed. So
        // the smaller side is drawn, and where its sum is above the mean, ranks are counted from the other
        // end. Either choice exchanges the meaning of the two tails.
        let draws_baseline = self.baseline <= candidate;
        let (drawn, sum) = if draws_baseline {
            (self.baseline, self.baseline_sum)
        } else {
            (candidate, pooled * (pooled + 1) - self.baseline_sum)
        };
        let from_above = sum > drawn * (pooled + 1);
        let sum = if from_above {
            2 * drawn * (pooled + 1) - sum
        } else {
            sum
        };
        let weights = self.doubled.iter().map(|doubled| {
            if from_above {
                2 * (pooled + 1) - doubled
            } else {
                *doubled
            }
        });
        let ways = ways_to_draw(drawn, sum, weights);
        let at_most: u128 = ways.iter().sum();
        let at_least = total - at_most + ways[sum];
        if draws_baseline == from_above {
            Tails {
                at_most: at_least,
                at_least: at_most,
                total,
            }
        } else {
            Tails {
                at_most,
                at_least,
                total,
            }
        }
    }

    /// The two-sided p-value by the normal approximation, corrected for ties and for continuity.
    ///
    /// Lehmann, "Nonparametrics: Statistical Methods Based on Ranks", section 1.3 and 1.5.
    pub(super) fn asymptotic_p_value(&self) -> f64 {
        let pooled = self.doubled.len() as f64;
        let baseline = self.baseline as f64;
        let pairs = baseline * (pooled - baseline);
        let variance = pairs / 12.0 * (pooled + 1.0 - self.tie_term / (pooled * (pooled - 1.0)));
        let distance = (self.baseline_sum as f64 / 2.0 - baseline * (pooled + 1.0) / 2.0).abs() - 0.5;
        if distance <= 0.0 || variance <= 0.0 {
            return 1.0;
        }
        // No p-value is 0: what lies beyond the range of floating point is the smallest number.
        two_sided_tail(distance / variance.sqrt()).max(f64::MIN_POSITIVE)
    }
}

/// In how many ways `drawn` of the weights add up to 0, 1, ... `limit`.
fn ways_to_draw(drawn: usize, limit: usize, weights: impl Iterator<Item = usize>) -> Vec<u128> {
    let width = limit + 1;
    // One row per number of weights drawn so far.
    let mut ways = vec![0_u128; (drawn + 1) * width];
    ways[0] = 1;
    for (seen, weight) in weights.enumerate() {
        if weight > limit {
            continue;
        }
        // From the last row up, so that no weight is drawn twice.
        for row in (1..=drawn.min(seen + 1)).rev() {
            let (above, below) = ways.split_at_mut(row * width);
            let fewer = &above[(row - 1) * width..];
            let more = &mut below[weight..width];
            for (more, fewer) in more.iter_mut().zip(fewer) {
                *more += fewer;
            }
        }
    }
    ways.split_off(drawn * width)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tails_of(baseline: &[u64], candidate: &[u64]) -> Tails {
        let total = NullCounts::of(baseline.len(), candidate.len()).unwrap().total();
        PooledRanks::of(baseline, candidate).tails(total)
    }

    #[test]
    fn equal_samples_share_the_mean_of_their_ranks() {
        let ranks = PooledRanks::of(&[3, 3, 4], &[3, 9]);
        assert_eq!(ranks.doubled, [4, 4, 4, 8, 10]);
        assert_eq!(ranks.baseline_sum, 16);
        assert!((ranks.tie_term - 24.0).abs() < 1e-12, "{ranks:?}");
    }

    #[test]
    fn a_split_of_four_is_counted_by_hand() {
        // Doubled ranks 2, 4, 6, 8; pairs of them sum to 6, 8, 10, 10, 12, 14.
        let tails = tails_of(&[1, 3], &[2, 4]);
        assert_eq!(
            tails,
            Tails {
                at_most: 2,
                at_least: 5,
                total: 6
            }
        );
        assert!((tails.p_value() - 2.0 / 3.0).abs() < 1e-15);
    }

    proptest! {
        // Without ties the permutation distribution is the Gaussian binomial, which is computed in
        // quite another way.
        #[test]
        fn without_ties_the_tails_are_those_of_the_null_counts(
            values in prop::collection::hash_set(1_u64..1_000_000, 2..24),
            split in 1_usize..23,
        ) {
            let values: Vec<u64> = values.into_iter().collect();
            let (baseline, candidate) = values.split_at(split.min(values.len() - 1));
            let greater = baseline
                .iter()
                .flat_map(|one| candidate.iter().map(move |other| one > other))
                .filter(|greater| *greater)
                .count();
            let counts = NullCounts::of(baseline.len(), candidate.len()).unwrap();
            let tails = tails_of(baseline, candidate);
            prop_assert_eq!(tails.at_most, counts.counts()[..=greater].iter().sum::<u128>());
            prop_assert_eq!(tails.at_least, counts.counts()[greater..].iter().sum::<u128>());
        }

        #[test]
        fn swapped_sides_have_swapped_tails(
            baseline in prop::collection::vec(1_u64..8, 1..12),
            candidate in prop::collection::vec(1_u64..8, 1..12),
        ) {
            let there = tails_of(&baseline, &candidate);
            let back = tails_of(&candidate, &baseline);
            prop_assert_eq!((there.at_most, there.at_least), (back.at_least, back.at_most));
        }
    }
}
