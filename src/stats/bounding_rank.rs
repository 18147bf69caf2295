//! Which of the sorted ratios or slopes of all pairs bound an interval.

use super::fraction::Fraction;
use super::normal::two_sided_tail;
use super::null_counts::NullCounts;

/// A rank of the sorted values of all pairs that bounds an interval, and what it achieves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct BoundingRank {
    /// The bounds are the k-th smallest and the k-th largest value; 0 where there are no bounds.
    pub(super) rank: usize,
    /// The probability, 0 to 1, that an interval with these bounds holds the truth.
    pub(super) level: f64,
}

impl BoundingRank {
    /// The largest rank k for which both tails below it, `2 * P(U < k)`, are at most `alpha`.
    pub(super) fn exact(null: &NullCounts, alpha: Fraction) -> Self {
        let mut rank = 0;
        let mut outside = 0;
        for count in null.counts() {
            let wider = outside + 2 * count;
            if !alpha.covers(wider, null.total()) {
                break;
            }
            outside = wider;
            rank += 1;
        }
        Self {
            rank,
            level: 1.0 - outside as f64 / null.total() as f64,
        }
    }

    /// The same by the normal approximation for sides of `first` and `second` samples, whose product must fit `usize`.
    ///
    /// It is not corrected for ties: without them the variance is largest, so the interval is never too short.
    pub(super) fn asymptotic(first: usize, second: usize, alpha: Fraction) -> Self {
        let pairs = first * second;
        let deviation = (pairs as f64 * ((first + second) as f64 + 1.0) / 12.0).sqrt();
        Self::approximate(pairs, deviation, alpha)
    }

    /// The same by the normal approximation, with continuity correction, of a statistic that counts some of `pairs`, half of
    /// them on average, with this standard deviation.
    pub(super) fn approximate(pairs: usize, deviation: f64, alpha: Fraction) -> Self {
        let mean = pairs as f64 / 2.0;
        let outside = |rank: usize| two_sided_tail((mean + 0.5 - rank as f64) / deviation);
        // The rank wanted is the last whose tails fit; tails grow with the rank.
        let (mut fits, mut too_much) = (0, pairs / 2 + 1);
        while too_much - fits > 1 {
            let middle = usize::midpoint(fits, too_much);
            if outside(middle) <= alpha.as_f64() {
                fits = middle;
            } else {
                too_much = middle;
            }
        }
        Self {
            rank: fits,
            level: if fits == 0 { 1.0 } else { 1.0 - outside(fits) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The levels are given to four digits; both columns were computed by another program.
    #[test]
    fn ranks_and_levels_of_equal_sides_match_the_published_table() {
        for (side, rank, level) in [
            (4, 1, 0.9714),
            (5, 3, 0.9683),
            (6, 6, 0.9589),
            (7, 9, 0.9621),
            (8, 14, 0.9501),
            (9, 18, 0.9600),
            (10, 24, 0.9567),
            (12, 38, 0.9551),
            (15, 65, 0.9547),
            (20, 128, 0.9509),
        ] {
            let found = BoundingRank::exact(&NullCounts::of(side, side).unwrap(), Fraction::TWENTIETH);
            assert_eq!(found.rank, rank, "{side} per side: {found:?}");
            assert!((found.level - level).abs() <= 5e-5, "{side} per side: {found:?}");
        }
    }

    #[test]
    fn ranks_and_levels_of_pairs_match_the_published_table() {
        for (pairs, rank, level) in [
            (5, 0, 1.0),
            (6, 1, 0.9688),
            (7, 3, 0.9531),
            (8, 4, 0.9609),
            (9, 6, 0.9609),
            (10, 9, 0.9512),
            (12, 14, 0.9575),
            (15, 26, 0.9521),
            (20, 53, 0.9516),
        ] {
            let found = BoundingRank::exact(&NullCounts::of_signs(pairs).unwrap(), Fraction::TWENTIETH);
            assert_eq!(found.rank, rank, "{pairs} pairs: {found:?}");
            assert!((found.level - level).abs() <= 5e-5, "{pairs} pairs: {found:?}");
        }
    }

    #[test]
    fn the_approximation_stays_close_to_the_count_where_both_exist() {
        for (first, second) in [(50, 50), (30, 70), (40, 40)] {
            let null = NullCounts::of(first, second).unwrap();
            let exact = BoundingRank::exact(&null, Fraction::TWENTIETH);
            let approximate = BoundingRank::asymptotic(first, second, Fraction::TWENTIETH);
            assert!(
                exact.rank.abs_diff(approximate.rank) <= 2,
                "{first} and {second}: {exact:?}, {approximate:?}"
            );
            assert!((exact.level - approximate.level).abs() < 1e-3, "{approximate:?}");
        }
    }

    // Computed with `scipy.stats.norm.cdf` at half a step above the rank before.
    #[test]
    fn approximate_ranks_and_levels_match_another_program() {
        for (first, second, rank, level) in [
            (50, 51, 986, 0.950_746_086_813),
            (4, 120, 101, 0.951_484_828_905),
            (80, 70, 2280, 0.950_095_308_582),
            (1, 120, 0, 1.0),
        ] {
            let found = BoundingRank::asymptotic(first, second, Fraction::TWENTIETH);
            assert_eq!(found.rank, rank, "{first} and {second}: {found:?}");
            assert!(
                (found.level - level).abs() < 1e-9,
                "{first} and {second}: {found:?}"
            );
        }
    }
}
