//! How many times the candidate is the baseline where both were measured in the same rounds: the median of the Walsh averages
//! on the log scale, and the inversion of the signed-rank test.
//!
//! Tukey, "The Simplest Signed-Rank Tests" (1949); Hodges and Lehmann, "Estimates of Location Based on Rank Tests" (1963);
//! Wilcoxon, "Individual Comparisons by Ranking Methods" (1945).

use super::bounding_rank::BoundingRank;
use super::error::{Side, StatsError};
use super::null_counts::NullCounts;
use super::ratio::{ALPHA, Method, PAIR_LIMIT, RatioEstimate, RatioInterval, check_side, log_median};
use super::signed_rank::SignedRanks;
use crate::unit::Ratio;

/// Compares the values of the baseline and the candidate of each round, in one unit: `candidate / baseline`.
///
/// Below six pairs there is no interval.
///
/// # Errors
///
/// No pairs, a value of 0, or so many pairs that their averages are more than [`PAIR_LIMIT`].
pub fn compare_paired(pairs: &[(u64, u64)]) -> Result<RatioEstimate, StatsError> {
    let (baseline, candidate): (Vec<u64>, Vec<u64>) = pairs.iter().copied().unzip();
    check_side(&baseline, Side::Baseline)?;
    check_side(&candidate, Side::Candidate)?;
    let count = pairs.len();
    let averages = count
        .checked_mul(count + 1)
        .map(|doubled| doubled / 2)
        .filter(|averages| *averages <= PAIR_LIMIT)
        .ok_or(StatsError::TooManyPairs {
            baseline: count,
            candidate: count,
            limit: PAIR_LIMIT,
        })?;
    let squares = sorted_squares(pairs);
    let ranks = SignedRanks::of(pairs);
    let (method, bounds, p_value) = match NullCounts::of_signs(count) {
        Some(counts) => (
            Method::Exact,
            BoundingRank::exact(&counts, ALPHA),
            ranks.p_value(),
        ),
        None => (
            Method::Asymptotic,
            BoundingRank::approximate(averages, signed_rank_deviation(count), ALPHA),
            ranks.asymptotic_p_value(),
        ),
    };
    let ratio = |square: f64| Ratio(square.sqrt());
    Ok(RatioEstimate {
        ratio: ratio(log_median(&squares)),
        interval: (bounds.rank > 0).then(|| RatioInterval {
            low: ratio(squares[bounds.rank - 1]),
            high: ratio(squares[averages - bounds.rank]),
            rank: bounds.rank,
            level: bounds.level,
        }),
        p_value,
        baseline_samples: count,
        candidate_samples: count,
        method,
    })
}

/// The products of the ratios of every two pairs, each with itself as well: the squares of what their logarithms average to.
fn sorted_squares(pairs: &[(u64, u64)]) -> Vec<f64> {
    let ratios: Vec<f64> = pairs
        .iter()
        .map(|(baseline, candidate)| *candidate as f64 / *baseline as f64)
        .collect();
    let mut squares: Vec<f64> = ratios
        .iter()
        .enumerate()
        .flat_map(|(index, one)| ratios[index..].iter().map(move |other| one * other))
        .collect();
    squares.sort_unstable_by(f64::total_cmp);
    squares
}

/// The standard deviation of the sum of the ranks of so many pairs, each of which rises as likely as it falls.
fn signed_rank_deviation(count: usize) -> f64 {
    let count = count as f64;
    (count * (count + 1.0) * (2.0 * count + 1.0) / 24.0).sqrt()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Case {
        name: &'static str,
        baseline: &'static [u64],
        candidate: &'static [u64],
        ratio: f64,
        interval: Option<[f64; 2]>,
        rank: usize,
        level: f64,
        rising_sum: usize,
        p_value: f64,
    }

    #[rustfmt::skip]
    const CASES: &[Case] = &[
        Case {
            name: "P1",
            baseline: &[400, 413, 431, 446, 460, 477, 492, 509],
            candidate: &[429, 436, 463, 470, 491, 502, 529, 538],
            ratio: 1.063_863, interval: Some([1.054_049, 1.073_851]), rank: 4, level: 0.960_938,
            rising_sum: 72, p_value: 0.007_812_5,
        },
        Case {
            name: "P2", baseline: &[100; 6], candidate: &[110, 120, 105, 115, 125, 108],
            ratio: 1.138_420, interval: Some([1.05, 1.25]), rank: 1, level: 0.968_75,
            rising_sum: 42, p_value: 0.031_25,
        },
        Case {
            name: "P3, zeros and ties", baseline: &[20; 7], candidate: &[20, 21, 19, 22, 21, 20, 23],
            ratio: 1.047_017, interval: Some([0.974_679, 1.1]), rank: 3, level: 0.953_125,
            rising_sum: 40, p_value: 0.25,
        },
        Case {
            name: "P4, too few", baseline: &[7; 5], candidate: &[8; 5],
            ratio: 1.142_857, interval: None, rank: 0, level: 1.0,
            rising_sum: 30, p_value: 0.062_5,
        },
        Case {
            name: "P5, all equal", baseline: &[7; 6], candidate: &[7; 6],
            ratio: 1.0, interval: Some([1.0, 1.0]), rank: 1, level: 0.968_75,
            rising_sum: 0, p_value: 1.0,
        },
    ];

    fn pairs(baseline: &[u64], candidate: &[u64]) -> Vec<(u64, u64)> {
        baseline.iter().copied().zip(candidate.iter().copied()).collect()
    }

    fn near(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-6
    }

    #[test]
    fn hand_made_cases_give_the_published_numbers() {
        for case in CASES {
            let pairs = pairs(case.baseline, case.candidate);
            let found = compare_paired(&pairs).unwrap();
            let name = case.name;
            assert!(near(found.ratio.0, case.ratio), "{name}: {found:?}");
            assert!(near(found.p_value, case.p_value), "{name}: {found:?}");
            assert_eq!(SignedRanks::of(&pairs).rising_sum(), case.rising_sum, "{name}");
            assert_eq!(
                found.interval.is_some(),
                case.interval.is_some(),
                "{name}: {found:?}"
            );
            if let (Some(interval), Some([low, high])) = (found.interval, case.interval) {
                assert!(near(interval.low.0, low), "{name}: {found:?}");
                assert!(near(interval.high.0, high), "{name}: {found:?}");
                assert!(near(interval.level, case.level), "{name}: {found:?}");
                assert_eq!(interval.rank, case.rank, "{name}");
            }
            assert_eq!(found.method, Method::Exact, "{name}");
        }
    }

    #[test]
    fn pairs_that_have_no_ratio_are_refused_by_name() {
        for (pairs, expected) in [
            (
                &[][..],
                "the baseline has no samples, expected at least one on each side",
            ),
            (
                &[(1, 2), (0, 3)],
                "sample 2 of the baseline is 0, expected a value above 0, which a ratio needs",
            ),
            (
                &[(1, 0)],
                "sample 1 of the candidate is 0, expected a value above 0, which a ratio needs",
            ),
        ] {
            assert_eq!(compare_paired(pairs).unwrap_err().to_string(), expected);
        }
        let many = vec![(1, 1); 1 << 12];
        assert!(matches!(
            compare_paired(&many),
            Err(StatsError::TooManyPairs { .. })
        ));
    }

    #[test]
    fn beyond_the_exact_limit_the_method_says_so_and_the_numbers_go_on() {
        let rounds = |count: u64| -> Vec<(u64, u64)> {
            (0..count)
                .map(|round| (10_000 + round * 7 % 90, 10_050 + round * 13 % 110))
                .collect()
        };
        let exact = compare_paired(&rounds(100)).unwrap();
        let approximate = compare_paired(&rounds(101)).unwrap();
        assert_eq!(
            (exact.method, approximate.method),
            (Method::Exact, Method::Asymptotic)
        );
        let (exact, approximate) = (exact.interval.unwrap(), approximate.interval.unwrap());
        assert!((exact.low.0 - approximate.low.0).abs() < 1e-3);
        assert!((exact.level - approximate.level).abs() < 1e-3);
        // All equal: nothing to tell apart.
        assert!(near(compare_paired(&[(7, 7); 120]).unwrap().p_value, 1.0));
    }

    fn rounds() -> impl Strategy<Value = Vec<(u64, u64)>> {
        prop_oneof![
            prop::collection::vec((1_u64..20, 1_u64..20), 1..14),
            prop::collection::vec(
                (1_000_000_u64..9_000_000_000, 1_000_000_u64..9_000_000_000),
                1..14
            ),
            prop::collection::vec((1_u64..1_000, 1_u64..1_000), 99..103),
        ]
    }

    fn alike(left: f64, right: f64) -> bool {
        (left / right - 1.0).abs() < 1e-12
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_estimate_and_p_is_a_probability(pairs in rounds()) {
            let found = compare_paired(&pairs).unwrap();
            prop_assert!(found.p_value > 0.0 && found.p_value <= 1.0, "{:?}", found);
            if let Some(interval) = found.interval {
                prop_assert!(interval.low <= found.ratio && found.ratio <= interval.high, "{:?}", found);
            }
        }

        #[test]
        fn swapped_sides_invert_the_ratio_and_its_interval(pairs in rounds()) {
            let there = compare_paired(&pairs).unwrap();
            let swapped: Vec<_> = pairs.iter().map(|(one, other)| (*other, *one)).collect();
            let back = compare_paired(&swapped).unwrap();
            prop_assert!(alike(there.ratio.0, back.ratio.inverse().0), "{:?} {:?}", there, back);
            prop_assert!(alike(there.p_value, back.p_value), "{:?} {:?}", there, back);
            if let (Some(there), Some(back)) = (there.interval, back.interval) {
                prop_assert!(alike(there.low.0, back.high.inverse().0), "{:?} {:?}", there, back);
                prop_assert_eq!(there.rank, back.rank);
            }
        }
    }
}
