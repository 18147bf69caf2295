//! The baseline against another variant, in one timed metric.

use std::collections::BTreeSet;

use super::metric::Metric;
use super::series::Series;
use super::verdict::MIN_SAMPLES;
use crate::results::Run;
use crate::stats::{RatioEstimate, compare_unpaired};
use crate::unit::Nanos;

/// The largest share of lost samples, failed or invalid, with which a side is still compared.
pub const MAX_LOST_SHARE: f64 = 0.2;

/// The baseline against another variant, in one timed metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The metric.
    pub metric: Metric,
    /// The baseline.
    pub baseline: String,
    /// The variant that it is compared with.
    pub other: String,
    /// How many times the baseline's value the other one's is; absent where a side has no samples.
    pub estimate: Option<RatioEstimate>,
    /// What can be said.
    pub finding: Finding,
}

/// What a comparison can say. Times are "lower is better".
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// The interval of the ratio lies above 1: the other variant takes longer.
    OtherSlower,
    /// The interval of the ratio lies below 1: the other variant takes less time.
    OtherFaster,
    /// The interval of the ratio contains 1.
    NoDifference,
    /// The medians are closer than twice the median uncertainty of the samples themselves.
    WithinUncertainty {
        /// The median uncertainty of the less certain side.
        uncertainty: Nanos,
    },
    /// A side has fewer than [`MIN_SAMPLES`] valid samples.
    TooFewSamples,
    /// More than [`MAX_LOST_SHARE`] of a side's samples were lost.
    TooManyLost {
        /// The side.
        variant: String,
        /// Failed and invalid samples.
        lost: usize,
        /// All samples.
        attempted: usize,
    },
    /// A side has no valid sample at all.
    NoSamples {
        /// The side.
        variant: String,
    },
    /// The samples were taken by different probes.
    DifferentProbes,
    /// The samples have no ratio, in the words of the statistics.
    NoRatio {
        /// Why.
        reason: String,
    },
}

impl Comparison {
    /// Whether one side can be said to take longer.
    #[must_use]
    pub const fn is_difference(&self) -> bool {
        matches!(self.finding, Finding::OtherSlower | Finding::OtherFaster)
    }

    fn of(baseline: &Series, other: &Series) -> Self {
        let (a, b) = (baseline.counted(), other.counted());
        let compared = compare_unpaired(&a, &b);
        let finding = not_to_be_judged(baseline, other).unwrap_or_else(|| match &compared {
            Err(error) => Finding::NoRatio {
                reason: error.to_string(),
            },
            Ok(estimate) => judge(estimate, baseline, other),
        });
        Self {
            metric: baseline.metric.clone(),
            baseline: baseline.variant.clone(),
            other: other.variant.clone(),
            estimate: compared.ok(),
            finding,
        }
    }
}

/// Every timed metric of the baseline against that of each other variant, in the order of the series.
pub(super) fn compare_all(run: &Run, series: &[Series]) -> Vec<Comparison> {
    let timed = |series: &&Series| series.metric.kind() == super::MetricKind::Timed;
    let mut all = Vec::new();
    for baseline in series
        .iter()
        .filter(timed)
        .filter(|series| series.variant == run.header.baseline)
    {
        for other in series
            .iter()
            .filter(|other| other.metric == baseline.metric && other.variant != baseline.variant)
        {
            all.push(Comparison::of(baseline, other));
        }
    }
    all
}

fn not_to_be_judged(baseline: &Series, other: &Series) -> Option<Finding> {
    for side in [baseline, other] {
        if side.estimate.n() == 0 {
            return Some(Finding::NoSamples {
                variant: side.variant.clone(),
            });
        }
        let lost = side.failed + side.invalid;
        if lost as f64 > MAX_LOST_SHARE * side.attempted() as f64 {
            return Some(Finding::TooManyLost {
                variant: side.variant.clone(),
                lost,
                attempted: side.attempted(),
            });
        }
    }
    let tiers: BTreeSet<Option<String>> = baseline
        .counted_samples()
        .chain(other.counted_samples())
        .map(|sample| sample.tier.map(|tier| format!("{tier:?}")))
        .collect();
    if tiers.len() > 1 {
        return Some(Finding::DifferentProbes);
    }
    (baseline.estimate.n().min(other.estimate.n()) < MIN_SAMPLES).then_some(Finding::TooFewSamples)
}

fn judge(estimate: &RatioEstimate, baseline: &Series, other: &Series) -> Finding {
    let Some(interval) = estimate.interval else {
        return Finding::TooFewSamples;
    };
    let finding = if interval.low.0 > 1.0 {
        Finding::OtherSlower
    } else if interval.high.0 < 1.0 {
        Finding::OtherFaster
    } else {
        return Finding::NoDifference;
    };
    let medians = baseline.estimate.timed().zip(other.estimate.timed());
    let uncertainty = baseline
        .uncertainty()
        .into_iter()
        .chain(other.uncertainty())
        .max_by(f64::total_cmp);
    if let (Some((a, b)), Some(uncertainty)) = (medians, uncertainty)
        && (a.median - b.median).abs() < 2.0 * uncertainty
    {
        return Finding::WithinUncertainty {
            uncertainty: Nanos(super::metric::whole(uncertainty)),
        };
    }
    finding
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::Analysis;
    use crate::analyze::specimen::Specimen;
    use crate::scenario::ProbeTier;

    fn finding(specimen: &Specimen) -> Finding {
        let analysis = Analysis::of(&specimen.run());
        analysis.comparisons[0].finding.clone()
    }

    fn builds(baseline: &[u64], other: &[u64]) -> Specimen {
        let mut specimen = Specimen::new(&["a", "b"], &["cold"]);
        for millis in baseline {
            specimen.build("a", "cold", *millis);
        }
        for millis in other {
            specimen.build("b", "cold", *millis);
        }
        specimen
    }

    fn starts(baseline: u64, other: u64, width: u64) -> Specimen {
        let mut specimen = Specimen::new(&["a", "b"], &[]);
        for round in 0..6 {
            for (variant, micros) in [("a", baseline), ("b", other)] {
                specimen.start(variant, Nanos((micros + round) * 1_000), Nanos(width * 1_000));
            }
        }
        specimen
    }

    #[test]
    fn the_interval_decides_the_finding() {
        for (baseline, other, expected) in [
            (
                [100, 102, 104, 101, 103],
                [110, 112, 114, 111, 113],
                Finding::OtherSlower,
            ),
            (
                [110, 112, 114, 111, 113],
                [100, 102, 104, 101, 103],
                Finding::OtherFaster,
            ),
            (
                [100, 105, 110, 115, 120],
                [101, 104, 111, 114, 121],
                Finding::NoDifference,
            ),
        ] {
            assert_eq!(
                finding(&builds(&baseline, &other)),
                expected,
                "{baseline:?} {other:?}"
            );
        }
    }

    #[test]
    fn the_ratio_of_five_rounds_is_the_published_one() {
        // Vector U3 of the statistics note, in tenths of a second.
        let specimen = builds(
            &[10_000, 10_400, 9_800, 10_200, 10_100],
            &[11_200, 11_500, 10_900, 11_900, 11_000],
        );
        let analysis = Analysis::of(&specimen.run());
        let estimate = analysis.comparisons[0].estimate.unwrap();
        let interval = estimate.interval.unwrap();
        assert!((estimate.ratio.0 - 1.112_245).abs() < 1e-6, "{estimate:?}");
        assert!((interval.low.0 - 1.068_627).abs() < 1e-6, "{interval:?}");
        assert!((interval.high.0 - 1.178_218).abs() < 1e-6, "{interval:?}");
    }

    #[test]
    fn three_rounds_are_too_few_however_clear_they_look() {
        assert_eq!(
            finding(&builds(&[100, 101, 102], &[900, 901, 902])),
            Finding::TooFewSamples
        );
    }

    #[test]
    fn a_start_difference_below_twice_the_uncertainty_is_not_claimed() {
        assert_eq!(
            finding(&starts(300_000, 303_000, 2_000)),
            Finding::WithinUncertainty {
                uncertainty: Nanos::from_millis(2)
            }
        );
        assert_eq!(finding(&starts(300_000, 305_000, 2_000)), Finding::OtherSlower);
    }

    #[test]
    fn a_side_that_lost_more_than_a_fifth_is_not_judged() {
        let mut specimen = builds(&[100, 101, 102, 103, 104], &[200, 201, 202, 203, 204]);
        specimen.failed("b", "cold", "exit code 1");
        assert_eq!(finding(&specimen), Finding::OtherSlower);
        specimen.failed("b", "cold", "exit code 1");
        assert_eq!(
            finding(&specimen),
            Finding::TooManyLost {
                variant: "b".to_owned(),
                lost: 2,
                attempted: 7
            }
        );
    }

    #[test]
    fn samples_of_different_probes_are_never_compared() {
        let mut run = starts(300_000, 900_000, 10).run();
        for start in &mut run.starts {
            if start.key.variant == "b" {
                start.tier = ProbeTier::Published;
            }
        }
        let analysis = Analysis::of(&run);
        assert_eq!(analysis.comparisons[0].finding, Finding::DifferentProbes);
    }
}
