//! From an estimated ratio to a verdict.

use serde::{Deserialize, Serialize};

use super::band::Band;
use crate::stats::{ALPHA, RatioEstimate, RatioInterval, adjusted_p_values};

/// The fewest samples a side needs for a verdict on independent samples.
pub const MIN_SAMPLES: usize = 4;

/// What is known about a difference, for a metric of which less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The candidate is worse, by more than the band.
    Regressed,
    /// The candidate is better, by more than the band.
    Improved,
    /// Whatever the difference is, it is within the band.
    Same,
    /// The samples do not tell.
    Inconclusive,
}

impl Verdict {
    /// Its name in stored files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Regressed => "regressed",
            Self::Improved => "improved",
            Self::Same => "same",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// A verdict, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// There were samples enough for a verdict.
    Judged(Verdict),
    /// A side has fewer than [`MIN_SAMPLES`] samples.
    Insufficient,
}

/// A comparison that was judged, with what it was judged by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// The outcome.
    pub status: Status,
    /// The estimate that was judged.
    pub estimate: RatioEstimate,
    /// The band it was held against.
    pub band: Band,
    /// The p-value, adjusted for the others of its table; alone, the p-value itself.
    pub q_value: f64,
    /// How many were judged together.
    pub family: usize,
}

impl Judgement {
    /// Judges one comparison on its own, that is, without correction for others in the same table.
    ///
    /// A difference is stated if the whole interval is on one side of the band and the p-value is below
    /// 0.05; sameness, if the whole interval is in the band.
    #[must_use]
    pub fn of(estimate: RatioEstimate, band: Band) -> Self {
        Self::adjusted(estimate, band, estimate.p_value, 1)
    }

    /// Judges the comparisons of one table, in their order: by p-values that are adjusted for each other.
    #[must_use]
    pub fn of_table(comparisons: &[(RatioEstimate, Band)]) -> Vec<Self> {
        let p_values: Vec<f64> = comparisons.iter().map(|(estimate, _)| estimate.p_value).collect();
        comparisons
            .iter()
            .zip(adjusted_p_values(&p_values))
            .map(|((estimate, band), q_value)| Self::adjusted(*estimate, *band, q_value, p_values.len()))
            .collect()
    }

    /// The verdict; absent where there were too few samples for one.
    #[must_use]
    pub const fn verdict(&self) -> Option<Verdict> {
        match self.status {
            Status::Judged(verdict) => Some(verdict),
            Status::Insufficient => None,
        }
    }

    fn adjusted(estimate: RatioEstimate, band: Band, q_value: f64, family: usize) -> Self {
        let status = match sufficient_interval(&estimate) {
            None => Status::Insufficient,
            Some(interval) => Status::Judged(verdict(interval, q_value, band)),
        };
        Self {
            status,
            estimate,
            band,
            q_value,
            family,
        }
    }
}

/// The interval, if both sides have samples enough for a verdict.
pub(super) fn sufficient_interval(estimate: &RatioEstimate) -> Option<RatioInterval> {
    let fewest = estimate.baseline_samples.min(estimate.candidate_samples);
    estimate.interval.filter(|_| fewest >= MIN_SAMPLES)
}

fn verdict(interval: RatioInterval, q_value: f64, band: Band) -> Verdict {
    let significant = q_value < ALPHA.as_f64();
    if significant && band.is_below(interval) {
        Verdict::Regressed
    } else if significant && band.is_above(interval) {
        Verdict::Improved
    } else if band.holds(interval) {
        Verdict::Same
    } else {
        Verdict::Inconclusive
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analyze::Materiality;
    use crate::stats::compare_unpaired;

    const A: &[u64] = &[412, 398, 405, 439, 401, 409, 395, 417, 403, 424];
    const B: &[u64] = &[451, 440, 463, 435, 448, 459, 472, 444, 455, 431];
    const C: &[u64] = &[410, 402, 421, 399, 415, 407, 404, 432, 419, 397];

    fn judge(baseline: &[u64], candidate: &[u64], delta: f64) -> Judgement {
        Judgement::of(
            compare_unpaired(baseline, candidate).unwrap(),
            Band::new(delta).unwrap(),
        )
    }

    #[test]
    fn hand_made_cases_get_the_published_verdicts() {
        use Verdict::{Improved, Inconclusive, Regressed, Same};
        for (name, baseline, candidate, delta, expected) in [
            ("U1", A, B, 0.03, Status::Judged(Regressed)),
            ("U1 at 8 %", A, B, 0.08, Status::Judged(Inconclusive)),
            ("U1 swapped", B, A, 0.03, Status::Judged(Improved)),
            ("U2", A, C, 0.03, Status::Judged(Inconclusive)),
            ("U2 at 5 %", A, C, 0.05, Status::Judged(Same)),
            (
                "U3",
                &[100, 104, 98, 102, 101],
                &[112, 115, 109, 119, 110],
                0.03,
                Status::Judged(Regressed),
            ),
            (
                "U4",
                &[20, 25, 30, 35],
                &[24, 29, 31, 36, 40, 44],
                0.03,
                Status::Judged(Inconclusive),
            ),
            (
                "U5",
                &[3, 3, 4, 5, 5, 6],
                &[3, 5, 5, 6, 7, 7, 8],
                0.03,
                Status::Judged(Inconclusive),
            ),
            ("U6", &[5; 4], &[5; 4], 0.03, Status::Judged(Same)),
            ("U6, no band", &[5; 4], &[5; 4], 0.0, Status::Judged(Same)),
            (
                "U7",
                &[100, 104, 98],
                &[120, 125, 119],
                0.03,
                Status::Insufficient,
            ),
            (
                "enough on one side only",
                &[100, 104, 98],
                &[120; 10],
                0.03,
                Status::Insufficient,
            ),
            ("U8", &[5; 5], &[6; 5], 0.03, Status::Judged(Regressed)),
            (
                "on the upper end of the band",
                &[4; 5],
                &[5; 5],
                0.25,
                Status::Judged(Same),
            ),
            (
                "on the lower end of the band",
                &[5; 5],
                &[4; 5],
                0.25,
                Status::Judged(Same),
            ),
        ] {
            assert_eq!(judge(baseline, candidate, delta).status, expected, "{name}");
        }
    }

    #[test]
    fn a_floor_above_the_difference_turns_a_regression_into_no_change() {
        let baseline = [38, 41, 40, 39, 42, 40, 43, 39, 41, 40];
        let candidate = [46, 48, 47, 45, 49, 46, 50, 47, 48, 47];
        let estimate = compare_unpaired(&baseline, &candidate).unwrap();
        for (floor, expected) in [
            (0, Verdict::Regressed),
            (5, Verdict::Regressed),
            (10, Verdict::Same),
        ] {
            let band = Materiality { delta: 0.03, floor }.band(40.0, None).unwrap();
            let found = Judgement::of(estimate, band);
            assert_eq!(found.status, Status::Judged(expected), "floor {floor}");
        }
    }

    #[test]
    fn a_difference_that_is_one_of_many_needs_more_to_be_stated() {
        let close = |baseline: &[u64], candidate: &[u64]| {
            (
                compare_unpaired(baseline, candidate).unwrap(),
                Band::new(0.03).unwrap(),
            )
        };
        // Five against five can reach no p below 0.008: stated alone, and not among ten rows of noise.
        let step = close(&[100, 104, 98, 102, 101], &[112, 115, 109, 119, 110]);
        let noise = close(A, C);
        let table: Vec<_> = [step].into_iter().chain([noise; 9]).collect();
        let found = Judgement::of_table(&table);
        assert_eq!(
            Judgement::of(step.0, step.1).status,
            Status::Judged(Verdict::Regressed)
        );
        assert_eq!(found[0].status, Status::Judged(Verdict::Inconclusive));
        assert!((found[0].q_value - 10.0 / 126.0).abs() < 1e-12, "{:?}", found[0]);
        assert_eq!(found[0].family, 10);
        assert!(Judgement::of_table(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn swapped_sides_mirror_the_verdict(
            baseline in prop::collection::vec(900_u64..1_100, 3..12),
            candidate in prop::collection::vec(950_u64..1_300, 3..12),
            delta in 0.0_f64..0.3,
        ) {
            let there = judge(&baseline, &candidate, delta).status;
            let mirrored = match there {
                Status::Judged(Verdict::Regressed) => Status::Judged(Verdict::Improved),
                Status::Judged(Verdict::Improved) => Status::Judged(Verdict::Regressed),
                other => other,
            };
            prop_assert_eq!(judge(&candidate, &baseline, delta).status, mirrored);
        }
    }
}
