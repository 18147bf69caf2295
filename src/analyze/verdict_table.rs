//! Two sides held against each other in everything that was measured of both: what is worse, what is better, and what cannot be
//! said.

use std::collections::BTreeSet;

use super::band::{Band, Materiality};
use super::comparison::MAX_LOST_SHARE;
use super::estimate::Estimate;
use super::gate::{allowed, materiality_of};
use super::metric::{Metric, MetricKind};
use super::series::Series;
use super::verdict::{Judgement, Verdict, sufficient_interval};
use crate::results::GateRecord;
use crate::scenario::ProbeTier;
use crate::stats::{RatioEstimate, StatsError, compare_unpaired};

/// Two sides held against each other, a row for each metric.
#[derive(Clone, Debug, PartialEq)]
pub struct VerdictTable {
    /// The rows, in the order of the baseline's metrics; then what the candidate alone has.
    pub rows: Vec<VerdictRow>,
}

/// One metric of both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct VerdictRow {
    /// The variant that is held against.
    pub baseline: String,
    /// The variant that is judged.
    pub candidate: String,
    /// The metric.
    pub metric: Metric,
    /// The step of which it was taken, where its key names none.
    pub step: Option<String>,
    /// What can be said.
    pub outcome: Outcome,
}

/// What can be said of one metric.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It varies between repeats, and was judged among the others of its table.
    Timed(Judgement),
    /// It is the same in every repeat, and was compared as it is.
    Exact {
        /// The baseline's value.
        baseline: u64,
        /// The candidate's value.
        candidate: u64,
        /// What the candidate's may be without being worse, at least the baseline's.
        allowed: u64,
    },
    /// It should be the same in every repeat, and is not.
    Unstable {
        /// The variant of which it is not.
        variant: String,
        /// The smallest value.
        low: u64,
        /// The largest value.
        high: u64,
    },
    /// Too many of a side's samples were lost.
    Failed {
        /// The side's variant.
        variant: String,
        /// Whether that is the baseline.
        of_baseline: bool,
        /// Failed and invalid samples.
        lost: usize,
        /// All samples.
        attempted: usize,
    },
    /// Too few samples for a verdict: how many each side has, the baseline first.
    Insufficient {
        /// Valid samples of the baseline.
        baseline: usize,
        /// Valid samples of the candidate.
        candidate: usize,
    },
    /// The sides were not measured in the same way.
    NotComparable(Difference),
    /// The samples have no ratio.
    NoRatio(StatsError),
    /// The baseline has it, the candidate has not.
    Missing,
    /// The candidate has it, the baseline has not.
    New,
}

/// What keeps two sides from being compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What differs.
    pub field: String,
    /// The baseline's.
    pub baseline: String,
    /// The candidate's.
    pub candidate: String,
}

impl Outcome {
    /// The verdict, where there is one.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        match self {
            Self::Timed(judgement) => judgement.verdict(),
            // Lower is better in everything that is measured.
            Self::Exact {
                baseline,
                candidate,
                allowed,
            } => Some(if candidate < baseline {
                Verdict::Improved
            } else if candidate <= allowed {
                Verdict::Same
            } else {
                Verdict::Regressed
            }),
            _ => None,
        }
    }
}

impl VerdictRow {
    /// Whether it is worse than the baseline, and no more than is allowed.
    #[must_use]
    pub fn is_allowed_change(&self) -> bool {
        matches!(self.outcome, Outcome::Exact { baseline, candidate, .. }
            if candidate > baseline && self.outcome.verdict() == Some(Verdict::Same))
    }
}

impl VerdictTable {
    /// Holds each other variant of a run against its baseline. Of a metric that has a gate, what it allows is the band.
    #[must_use]
    pub fn within(series: &[Series], baseline: &str, gates: &[GateRecord]) -> Self {
        let sides: Vec<Pairing> = variants(series)
            .into_iter()
            .filter(|variant| *variant != baseline)
            .map(|candidate| Pairing {
                baseline: of_variant(series, baseline),
                candidate: of_variant(series, candidate),
                names: (baseline, candidate),
                incomparable: None,
                gates,
            })
            .collect();
        Self::of_pairings(&sides)
    }

    /// Holds each variant of one run against the same variant of an earlier one. Where the runs were not measured alike, what
    /// differs keeps everything that varies between repeats from being judged; what is exact is still compared. Of a metric that has
    /// a gate, what it allows is the band.
    #[must_use]
    pub fn between(
        baseline: &[Series],
        candidate: &[Series],
        incomparable: Option<&Difference>,
        gates: &[GateRecord],
    ) -> Self {
        let sides: Vec<Pairing> = variants(baseline.iter().chain(candidate))
            .into_iter()
            .map(|variant| Pairing {
                baseline: of_variant(baseline, variant),
                candidate: of_variant(candidate, variant),
                names: (variant, variant),
                incomparable,
                gates,
            })
            .collect();
        Self::of_pairings(&sides)
    }

    /// The rows of a verdict.
    pub fn of_verdict(&self, verdict: Verdict) -> impl Iterator<Item = &VerdictRow> {
        self.rows
            .iter()
            .filter(move |row| row.outcome.verdict() == Some(verdict))
    }

    fn of_pairings(pairings: &[Pairing<'_>]) -> Self {
        let mut rows = Vec::new();
        let mut timed: Vec<(usize, (RatioEstimate, Band))> = Vec::new();
        for pairing in pairings {
            for (row, judged) in pairing.rows() {
                timed.extend(judged.map(|judged| (rows.len(), judged)));
                rows.push(row);
            }
        }
        let comparisons: Vec<_> = timed.iter().map(|(_, comparison)| *comparison).collect();
        for ((index, _), judgement) in timed.iter().zip(Judgement::of_table(&comparisons)) {
            rows[*index].outcome = Outcome::Timed(judgement);
        }
        Self { rows }
    }
}

/// The names of variants, in the order in which they were measured.
fn variants<'a>(series: impl IntoIterator<Item = &'a Series>) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for series in series {
        if !names.contains(&series.variant.as_str()) {
            names.push(&series.variant);
        }
    }
    names
}

fn of_variant<'a>(series: &'a [Series], variant: &str) -> Vec<&'a Series> {
    series.iter().filter(|series| series.variant == variant).collect()
}

/// Two variants that are held against each other.
struct Pairing<'a> {
    baseline: Vec<&'a Series>,
    candidate: Vec<&'a Series>,
    names: (&'a str, &'a str),
    incomparable: Option<&'a Difference>,
    gates: &'a [GateRecord],
}

impl Pairing<'_> {
    /// A row for each metric of either side, and what is to be judged among others of its table.
    fn rows(&self) -> Vec<(VerdictRow, Option<(RatioEstimate, Band)>)> {
        let same = |one: &Series, other: &Series| one.metric == other.metric && one.step == other.step;
        let row = |series: &Series, outcome| VerdictRow {
            baseline: self.names.0.to_owned(),
            candidate: self.names.1.to_owned(),
            metric: series.metric.clone(),
            step: series.step.clone().filter(|_| series.metric.step_is_implied()),
            outcome,
        };
        let mut rows = Vec::new();
        for baseline in &self.baseline {
            let other = self.candidate.iter().find(|candidate| same(baseline, candidate));
            let Some(candidate) = other else {
                rows.push((row(baseline, Outcome::Missing), None));
                continue;
            };
            rows.push(match self.held_against(baseline, candidate) {
                Ok(judged) => {
                    let insufficient = Outcome::Insufficient {
                        baseline: baseline.estimate.n(),
                        candidate: candidate.estimate.n(),
                    };
                    (row(baseline, insufficient), Some(judged))
                }
                Err(outcome) => (row(baseline, outcome), None),
            });
        }
        for candidate in &self.candidate {
            if !self.baseline.iter().any(|baseline| same(baseline, candidate)) {
                rows.push((row(candidate, Outcome::New), None));
            }
        }
        rows
    }

    /// What is to be judged among others, or what can be said without.
    fn held_against(&self, baseline: &Series, candidate: &Series) -> Result<(RatioEstimate, Band), Outcome> {
        for (side, of_baseline) in [(baseline, true), (candidate, false)] {
            let lost = side.failed + side.invalid;
            if side.estimate.n() == 0 || lost as f64 > MAX_LOST_SHARE * side.attempted() as f64 {
                return Err(Outcome::Failed {
                    variant: side.variant.clone(),
                    of_baseline,
                    lost,
                    attempted: side.attempted(),
                });
            }
            if let Estimate::Unstable { low, high, .. } = side.estimate {
                return Err(Outcome::Unstable {
                    variant: side.variant.clone(),
                    low,
                    high,
                });
            }
        }
        if let (Estimate::Exact { value: before, .. }, Estimate::Exact { value: after, .. }) =
            (baseline.estimate, candidate.estimate)
        {
            return Err(Outcome::Exact {
                baseline: before,
                candidate: after,
                allowed: allowed(&baseline.metric, before, self.gates),
            });
        }
        debug_assert_eq!(baseline.metric.kind(), MetricKind::Timed);
        if let Some(difference) = self
            .incomparable
            .cloned()
            .or_else(|| tiers_apart(baseline, candidate))
        {
            return Err(Outcome::NotComparable(difference));
        }
        timed(baseline, candidate, materiality_of(&baseline.metric, self.gates))
    }
}

/// The estimate of a metric that varies between repeats, and the band that it is held against.
fn timed(
    baseline: &Series,
    candidate: &Series,
    materiality: Materiality,
) -> Result<(RatioEstimate, Band), Outcome> {
    let insufficient = || Outcome::Insufficient {
        baseline: baseline.estimate.n(),
        candidate: candidate.estimate.n(),
    };
    let metric = &baseline.metric;
    // Where 0 is a value, everything is moved away from it alike, which changes no rank.
    let moved = if metric.may_be_zero() {
        metric.materiality().floor
    } else {
        0
    };
    let counted = |series: &Series| -> Vec<u64> {
        let counted = series.counted().into_iter();
        counted.map(|value| value.saturating_add(moved)).collect()
    };
    let estimate = compare_unpaired(&counted(baseline), &counted(candidate)).map_err(Outcome::NoRatio)?;
    sufficient_interval(&estimate).ok_or_else(insufficient)?;
    let medians = [baseline, candidate].map(|side| side.estimate.timed().map(|summary| summary.median));
    let smaller = medians.into_iter().flatten().min_by(f64::total_cmp);
    let uncertainty = [baseline, candidate]
        .into_iter()
        .filter_map(Series::uncertainty)
        .max_by(f64::total_cmp);
    let band = smaller.and_then(|smaller| materiality.band(smaller + moved as f64, uncertainty));
    band.map(|band| (estimate, band)).ok_or_else(insufficient)
}

/// By what two sides were looked at, where not by the same.
fn tiers_apart(baseline: &Series, candidate: &Series) -> Option<Difference> {
    let tiers = |side: &Series| -> BTreeSet<Option<ProbeTier>> {
        side.counted_samples().map(|sample| sample.tier).collect()
    };
    let (one, other) = (tiers(baseline), tiers(candidate));
    let words = |tiers: &BTreeSet<Option<ProbeTier>>| {
        let named = tiers.iter().flatten().map(ToString::to_string);
        named.collect::<Vec<_>>().join(" and ")
    };
    (one != other || one.len() > 1).then(|| Difference {
        field: "probe".to_owned(),
        baseline: words(&one),
        candidate: words(&other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::Analysis;
    use crate::analyze::specimen::Specimen;
    use crate::unit::Nanos;

    const SLOW: [u64; 10] = [4510, 4400, 4630, 4350, 4480, 4590, 4720, 4440, 4550, 4310];
    const USUAL: [u64; 10] = [4120, 3980, 4050, 4390, 4010, 4090, 3950, 4170, 4030, 4240];

    fn builds(specimen: &mut Specimen, variant: &str, step: &str, times: &[u64]) {
        for millis in times {
            specimen.build(variant, step, *millis);
        }
    }

    fn series(specimen: &Specimen) -> Vec<Series> {
        Analysis::of(&specimen.run()).series
    }

    fn told(table: &VerdictTable) -> Vec<String> {
        let told = table.rows.iter().map(|row| {
            let outcome = match &row.outcome {
                Outcome::Timed(judgement) => format!("{:?} among {}", judgement.verdict(), judgement.family),
                Outcome::Exact {
                    baseline, candidate, ..
                } => {
                    format!("{:?}, {baseline} and {candidate}", row.outcome.verdict())
                }
                other => format!("{other:?}"),
            };
            format!("{} {}: {outcome}", row.candidate, row.metric)
        });
        told.filter(|row| row.contains("time") || row.contains("start"))
            .collect()
    }

    #[test]
    fn every_variant_is_held_against_the_baseline_and_judged_among_all_rows() {
        let mut specimen = Specimen::new(&["slim", "alpine", "zeta"], &["cold", "edit"]);
        for (variant, cold) in [("slim", USUAL), ("zeta", USUAL), ("alpine", SLOW)] {
            builds(&mut specimen, variant, "cold", &cold);
            builds(&mut specimen, variant, "edit", &USUAL[..3]);
        }
        let table = VerdictTable::within(&series(&specimen), "slim", &[]);
        assert_eq!(
            told(&table),
            [
                "alpine step.cold.time: Some(Regressed) among 2",
                "alpine step.edit.time: Insufficient { baseline: 3, candidate: 3 }",
                "zeta step.cold.time: Some(Same) among 2",
                "zeta step.edit.time: Insufficient { baseline: 3, candidate: 3 }",
            ]
        );
        assert_eq!(table.of_verdict(Verdict::Regressed).count(), 1);
    }

    #[test]
    fn what_only_one_run_has_is_told_and_what_differs_between_them_is_named() {
        let mut before = Specimen::new(&["slim"], &["cold", "gone"]);
        builds(&mut before, "slim", "cold", &USUAL);
        builds(&mut before, "slim", "gone", &USUAL);
        let mut after = Specimen::new(&["slim"], &["cold", "fresh"]);
        builds(&mut after, "slim", "cold", &SLOW);
        builds(&mut after, "slim", "fresh", &USUAL);
        let (before, after) = (series(&before), series(&after));
        assert_eq!(
            told(&VerdictTable::between(&before, &after, None, &[])),
            [
                "slim step.cold.time: Some(Regressed) among 1",
                "slim step.gone.time: Missing",
                "slim step.fresh.time: New",
            ]
        );
        let difference = Difference {
            field: "machine".to_owned(),
            baseline: "63dd7491618e".to_owned(),
            candidate: "0123456789ab".to_owned(),
        };
        let table = VerdictTable::between(&before, &after, Some(&difference), &[]);
        assert!(
            table
                .rows
                .iter()
                .all(|row| !matches!(row.outcome, Outcome::Timed(_))),
            "{table:?}"
        );
        // Bytes and counts do not depend on the machine.
        let exact = |row: &&VerdictRow| matches!(row.outcome, Outcome::Exact { .. });
        assert!(table.rows.iter().filter(exact).count() > 3, "{table:?}");
        assert!(
            table
                .rows
                .iter()
                .any(|row| row.outcome == Outcome::NotComparable(difference.clone()))
        );
    }

    #[test]
    fn no_difference_below_twice_the_uncertainty_of_a_start_is_called_one() {
        let starts = |width: u64| {
            let mut specimen = Specimen::new(&["a", "b"], &[]);
            for round in 0..10 {
                for (variant, micros) in [("a", 40_000), ("b", 46_000)] {
                    specimen.start(variant, Nanos((micros + round) * 1_000), Nanos(width * 1_000));
                }
            }
            let table = VerdictTable::within(&series(&specimen), "a", &[]);
            table
                .rows
                .iter()
                .find(|row| row.metric.to_string() == "start.ready")
                .and_then(|row| row.outcome.verdict())
        };
        assert_eq!(starts(200), Some(Verdict::Regressed));
        assert_eq!(starts(2_900), Some(Verdict::Regressed));
        assert_eq!(starts(3_100), Some(Verdict::Same));
    }

    #[test]
    fn a_side_that_lost_a_fifth_is_failed_and_bytes_that_vary_are_unstable() {
        let mut specimen = Specimen::new(&["a", "b"], &["cold"]);
        builds(&mut specimen, "a", "cold", &USUAL);
        builds(&mut specimen, "b", "cold", &USUAL[..7]);
        for _ in 0..3 {
            specimen.failed("b", "cold", "no space left");
        }
        let table = VerdictTable::within(&series(&specimen), "a", &[]);
        let time = table.rows.iter().find(|row| row.metric.is_step_time()).unwrap();
        assert_eq!(
            time.outcome,
            Outcome::Failed {
                variant: "b".to_owned(),
                of_baseline: false,
                lost: 3,
                attempted: 10
            }
        );
        let mut specimen = Specimen::new(&["a", "b"], &["cold"]);
        builds(&mut specimen, "a", "cold", &USUAL);
        builds(&mut specimen, "b", "cold", &USUAL);
        let mut series = series(&specimen);
        let size = series
            .iter_mut()
            .find(|series| series.variant == "b" && series.metric == Metric::ImageSize)
            .unwrap();
        size.estimate = Estimate::Unstable {
            low: 18_204_331,
            high: 18_204_347,
            n: 10,
        };
        let table = VerdictTable::within(&series, "a", &[]);
        let size = table.rows.iter().find(|row| row.metric == Metric::ImageSize);
        assert!(matches!(
            &size.unwrap().outcome,
            Outcome::Unstable { variant, low: 18_204_331, high: 18_204_347 } if variant == "b"
        ));
    }
}
