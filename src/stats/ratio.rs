//! How many times the candidate is the baseline, with an exact interval: the Hodges-Lehmann estimate on
//! the log scale and the inversion of the two-sided Mann-Whitney test.
//!
//! Hodges and Lehmann, "Estimates of Location Based on Rank Tests" (1963); Lehmann, "Nonparametric
//! Confidence Intervals for a Shift Parameter" (1963). A shift of logarithms is a ratio, and the order of
//! logarithms of ratios is that of the ratios, so no logarithm is taken and bounds are quotients of two
//! samples.

use serde::{Deserialize, Serialize};

use super::bounding_rank::BoundingRank;
use super::error::{Side, StatsError};
use super::fraction::Fraction;
use super::null_counts::NullCounts;
use super::rank_sum::PooledRanks;
use crate::unit::Ratio;

/// One minus the level that intervals must reach.
pub const ALPHA: Fraction = Fraction::TWENTIETH;

/// The largest number of pairs of samples that is compared; their ratios are held in memory at once.
pub const PAIR_LIMIT: usize = 1 << 22;

/// How the probabilities of a comparison were obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Counted in integers, without approximation.
    Exact,
    /// By the normal approximation, beyond [`EXACT_LIMIT`](super::EXACT_LIMIT) samples.
    Asymptotic,
}

/// The estimated ratio of candidate to baseline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RatioEstimate {
    /// The Hodges-Lehmann ratio: the median, on the log scale, of the ratios of all pairs. Above 0, finite.
    pub ratio: Ratio,
    /// The interval of the ratio; `None` where there are too few samples to bound it, that is, where only
    /// everything from 0 to infinity would reach the level.
    pub interval: Option<RatioInterval>,
    /// The two-sided p-value of "both sides are alike", above 0 and at most 1. Given the ties, and therefore
    /// not always on the same side of 0.05 as the interval, which holds whatever the ties are.
    pub p_value: f64,
    /// The number of samples of the baseline.
    pub baseline_samples: usize,
    /// The number of samples of the candidate.
    pub candidate_samples: usize,
    /// How interval and p-value were obtained.
    pub method: Method,
}

/// Two ratios that bracket the true one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RatioInterval {
    /// The lower bound, above 0.
    pub low: Ratio,
    /// The upper bound, finite.
    pub high: Ratio,
    /// The rank k of the bounds: they are the k-th smallest and the k-th largest ratio of all pairs.
    pub rank: usize,
    /// The probability, 0 to 1, with which an interval made like this holds the ratio; at least 0.95 unless
    /// approximated.
    pub level: f64,
}

/// Compares two independent sets of samples in one unit: `candidate / baseline`.
///
/// # Errors
///
/// A side without samples, a sample of 0, or more than [`PAIR_LIMIT`] pairs.
pub fn compare_unpaired(baseline: &[u64], candidate: &[u64]) -> Result<RatioEstimate, StatsError> {
    check_side(baseline, Side::Baseline)?;
    check_side(candidate, Side::Candidate)?;
    let pairs = baseline
        .len()
        .checked_mul(candidate.len())
        .filter(|pairs| *pairs <= PAIR_LIMIT)
        .ok_or(StatsError::TooManyPairs {
            baseline: baseline.len(),
            candidate: candidate.len(),
            limit: PAIR_LIMIT,
        })?;
    let ratios = sorted_ratios(baseline, candidate);
    let ranks = PooledRanks::of(baseline, candidate);
    let counts = NullCounts::of(baseline.len(), candidate.len());
    let (method, bounds, p_value) = match &counts {
        Some(counts) => (
            Method::Exact,
            BoundingRank::exact(counts, ALPHA),
            ranks.tails(counts.total()).p_value(),
        ),
        None => (
            Method::Asymptotic,
            BoundingRank::asymptotic(baseline.len(), candidate.len(), ALPHA),
            ranks.asymptotic_p_value(),
        ),
    };
    Ok(RatioEstimate {
        ratio: Ratio(log_median(&ratios)),
        interval: (bounds.rank > 0).then(|| RatioInterval {
            low: Ratio(ratios[bounds.rank - 1]),
            high: Ratio(ratios[pairs - bounds.rank]),
            rank: bounds.rank,
            level: bounds.level,
        }),
        p_value,
        baseline_samples: baseline.len(),
        candidate_samples: candidate.len(),
        method,
    })
}

pub(super) fn check_side(samples: &[u64], side: Side) -> Result<(), StatsError> {
    if samples.is_empty() {
        return Err(StatsError::NoSamples { side });
    }
    match samples.iter().position(|sample| *sample == 0) {
        Some(index) => Err(StatsError::ZeroSample { side, index }),
        None => Ok(()),
    }
}

fn sorted_ratios(baseline: &[u64], candidate: &[u64]) -> Vec<f64> {
    let mut ratios: Vec<f64> = baseline
        .iter()
        .flat_map(|below| candidate.iter().map(move |above| *above as f64 / *below as f64))
        .collect();
    ratios.sort_unstable_by(f64::total_cmp);
    ratios
}

/// The median on the log scale: of an even number, the geometric mean of the two in the middle.
pub(super) fn log_median(sorted: &[f64]) -> f64 {
    let low = sorted[(sorted.len() - 1) / 2];
    let high = sorted[sorted.len() / 2];
    // The root of a rounded product may leave the two by the last digit, and so the interval they bound.
    (low * high).sqrt().clamp(low, high)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A hand-made case; times are in tenths of whatever unit the case is thought in.
    struct Case {
        name: &'static str,
        baseline: &'static [u64],
        candidate: &'static [u64],
        ratio: f64,
        interval: Option<[f64; 2]>,
        rank: usize,
        level: f64,
        p_value: f64,
    }

    const A: &[u64] = &[412, 398, 405, 439, 401, 409, 395, 417, 403, 424];
    const B: &[u64] = &[451, 440, 463, 435, 448, 459, 472, 444, 455, 431];
    const C: &[u64] = &[410, 402, 421, 399, 415, 407, 404, 432, 419, 397];

    #[rustfmt::skip]
    const CASES: &[Case] = &[
        Case {
            name: "U1", baseline: A, candidate: B,
            ratio: 1.098_987, interval: Some([1.064_748, 1.132_029]), rank: 24, level: 0.956_743,
            p_value: 4.0 / 92_378.0,
        },
        Case {
            name: "U2", baseline: A, candidate: C,
            ratio: 1.002_503, interval: Some([0.975_728, 1.030_151]), rank: 24, level: 0.956_743,
            p_value: 0.853_428,
        },
        Case {
            name: "U2 swapped", baseline: C, candidate: A,
            ratio: 0.997_503, interval: Some([0.970_732, 1.024_876]), rank: 24, level: 0.956_743,
            p_value: 0.853_428,
        },
        Case {
            name: "U3", baseline: &[100, 104, 98, 102, 101], candidate: &[112, 115, 109, 119, 110],
            ratio: 1.112_245, interval: Some([1.068_627, 1.178_218]), rank: 3, level: 0.968_254,
            p_value: 0.007_936_51,
        },
        Case {
            name: "U4", baseline: &[20, 25, 30, 35], candidate: &[24, 29, 31, 36, 40, 44],
            ratio: 1.219_836, interval: Some([0.828_571, 1.8]), rank: 3, level: 0.961_905,
            p_value: 0.257_143,
        },
        Case {
            name: "U5, ties", baseline: &[3, 3, 4, 5, 5, 6], candidate: &[3, 5, 5, 6, 7, 7, 8],
            ratio: 1.4, interval: Some([1.0, 2.0]), rank: 7, level: 0.965_035,
            p_value: 0.123_543,
        },
        Case {
            name: "U6, all equal", baseline: &[5; 4], candidate: &[5; 4],
            ratio: 1.0, interval: Some([1.0, 1.0]), rank: 1, level: 0.971_429,
            p_value: 1.0,
        },
        Case {
            name: "U7, too few", baseline: &[100, 104, 98], candidate: &[120, 125, 119],
            ratio: 1.201_923, interval: None, rank: 0, level: 1.0,
            p_value: 0.1,
        },
        Case {
            name: "U8, constant sides", baseline: &[5; 5], candidate: &[6; 5],
            ratio: 1.2, interval: Some([1.2, 1.2]), rank: 3, level: 0.968_254,
            p_value: 0.007_936_51,
        },
        Case {
            name: "P1 as unpaired",
            baseline: &[400, 413, 431, 446, 460, 477, 492, 509],
            candidate: &[429, 436, 463, 470, 491, 502, 529, 538],
            ratio: 1.062_170, interval: Some([0.964_637, 1.169_565]), rank: 14, level: 0.950_117,
            p_value: 0.234_499,
        },
        Case {
            name: "floor", baseline: &[38, 41, 40, 39, 42, 40, 43, 39, 41, 40],
            candidate: &[46, 48, 47, 45, 49, 46, 50, 47, 48, 47],
            ratio: 1.175, interval: Some([1.139_535, 1.210_526]), rank: 24, level: 0.956_743,
            p_value: 1.0825e-5,
        },
    ];

    fn near(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-6
    }

    #[test]
    fn hand_made_cases_give_the_published_numbers() {
        for case in CASES {
            let found = compare_unpaired(case.baseline, case.candidate).unwrap();
            let name = case.name;
            assert!(near(found.ratio.0, case.ratio), "{name}: {found:?}");
            assert!(near(found.p_value, case.p_value), "{name}: {found:?}");
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
            assert_eq!(
                (found.baseline_samples, found.candidate_samples),
                (case.baseline.len(), case.candidate.len()),
                "{name}"
            );
        }
    }

    #[test]
    fn rank_sums_and_tails_are_the_published_counts() {
        for (name, sum, at_most, at_least, total) in [
            ("U1", 114, 4, 184_754, 184_756),
            ("U2", 204, 78_838, 111_229, 184_756),
            ("U3", 30, 1, 252, 252),
            ("U4", 32, 27, 192, 210),
            ("U5, ties", 61, 106, 1_658, 1_716),
            ("U6, all equal", 36, 70, 70, 70),
            ("U7, too few", 12, 1, 20, 20),
            ("U8, constant sides", 30, 1, 252, 252),
            ("P1 as unpaired", 112, 1_509, 11_616, 12_870),
        ] {
            let case = CASES.iter().find(|case| case.name == name).unwrap();
            let ranks = PooledRanks::of(case.baseline, case.candidate);
            assert_eq!(ranks.baseline_sum(), sum, "{name}");
            let tails = ranks.tails(total);
            assert_eq!((tails.at_most, tails.at_least), (at_most, at_least), "{name}");
        }
    }

    #[test]
    fn samples_that_have_no_ratio_are_refused_by_name() {
        for (baseline, candidate, expected) in [
            (
                &[][..],
                &[1][..],
                "the baseline has no samples, expected at least one on each side",
            ),
            (
                &[1],
                &[],
                "the candidate has no samples, expected at least one on each side",
            ),
            (
                &[1, 2],
                &[3, 4, 0, 0],
                "sample 3 of the candidate is 0, expected a value above 0, which a ratio needs",
            ),
            (
                &[0],
                &[0],
                "sample 1 of the baseline is 0, expected a value above 0, which a ratio needs",
            ),
        ] {
            let error = compare_unpaired(baseline, candidate).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        let many = vec![1; 1 << 12];
        assert_eq!(
            compare_unpaired(&many, &many).unwrap_err().to_string(),
            "4096 samples against 4096 are too many pairs, expected at most 4194304"
        );
    }

    #[test]
    fn extreme_values_give_finite_ratios() {
        let found = compare_unpaired(&[1; 4], &[u64::MAX; 4]).unwrap();
        assert!(
            (found.ratio.0 / 18_446_744_073_709_551_615.0 - 1.0).abs() < 1e-12,
            "{found:?}"
        );
        let single = compare_unpaired(&[2], &[3]).unwrap();
        assert!(
            near(single.ratio.0, 1.5) && near(single.p_value, 1.0),
            "{single:?}"
        );
        assert_eq!(single.interval, None);
    }

    #[test]
    fn beyond_the_exact_limit_the_method_says_so() {
        let baseline: Vec<u64> = (1_000..1_050).collect();
        let candidate: Vec<u64> = (1_000..1_051).collect();
        let found = compare_unpaired(&baseline, &candidate).unwrap();
        assert_eq!(found.method, Method::Asymptotic);
        assert_eq!(
            compare_unpaired(&baseline, &candidate[1..]).unwrap().method,
            Method::Exact
        );
        // All tied: no variance, nothing to tell apart.
        let constant = compare_unpaired(&[7; 60], &[7; 60]).unwrap();
        assert!(near(constant.p_value, 1.0), "{constant:?}");
    }

    fn samples() -> impl Strategy<Value = Vec<u64>> {
        prop_oneof![
            prop::collection::vec(1_u64..20, 1..12),
            prop::collection::vec(1_000_000_u64..90_000_000_000, 1..12),
            prop::collection::vec(1_u64..1_000, 50..54),
        ]
    }

    fn alike(left: f64, right: f64) -> bool {
        (left / right - 1.0).abs() < 1e-12
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_estimate_and_p_is_a_probability(baseline in samples(), candidate in samples()) {
            let found = compare_unpaired(&baseline, &candidate).unwrap();
            prop_assert!(found.p_value > 0.0 && found.p_value <= 1.0, "{:?}", found);
            if let Some(interval) = found.interval {
                prop_assert!(interval.low <= found.ratio && found.ratio <= interval.high, "{:?}", found);
                prop_assert!(interval.level >= 0.95, "{:?}", found);
            }
        }

        #[test]
        fn swapped_sides_invert_the_ratio_and_its_interval(baseline in samples(), candidate in samples()) {
            let there = compare_unpaired(&baseline, &candidate).unwrap();
            let back = compare_unpaired(&candidate, &baseline).unwrap();
            prop_assert!(alike(there.ratio.0, back.ratio.inverse().0), "{:?} {:?}", there, back);
            prop_assert!(alike(there.p_value, back.p_value), "{:?} {:?}", there, back);
            prop_assert_eq!(there.interval.is_some(), back.interval.is_some());
            if let (Some(there), Some(back)) = (there.interval, back.interval) {
                prop_assert!(alike(there.low.0, back.high.inverse().0), "{:?} {:?}", there, back);
                prop_assert!(alike(there.high.0, back.low.inverse().0), "{:?} {:?}", there, back);
                prop_assert_eq!(there.rank, back.rank);
            }
        }

        #[test]
        fn another_unit_changes_nothing(
            baseline in samples(), candidate in samples(), factor in 2_u64..1_000,
        ) {
            let scale = |samples: &[u64]| samples.iter().map(|sample| sample * factor).collect::<Vec<_>>();
            let before = compare_unpaired(&baseline, &candidate).unwrap();
            let after = compare_unpaired(&scale(&baseline), &scale(&candidate)).unwrap();
            prop_assert!(alike(before.ratio.0, after.ratio.0), "{:?} {:?}", before, after);
            prop_assert!(alike(before.p_value, after.p_value), "{:?} {:?}", before, after);
            if let (Some(before), Some(after)) = (before.interval, after.interval) {
                prop_assert!(alike(before.low.0, after.low.0), "{:?} {:?}", before, after);
                prop_assert!(alike(before.high.0, after.high.0), "{:?} {:?}", before, after);
            }
        }

        #[test]
        fn the_order_of_samples_is_without_effect(
            (baseline, shuffled) in samples().prop_flat_map(|samples| {
                (Just(samples.clone()), Just(samples).prop_shuffle())
            }),
            candidate in samples(),
        ) {
            prop_assert_eq!(
                compare_unpaired(&baseline, &candidate),
                compare_unpaired(&shuffled, &candidate)
            );
        }
    }
}
