//! A run as a night of a history, and the nights of one series.

use std::collections::{BTreeMap, BTreeSet};

use super::analysis::Analysis;
use super::band::Materiality;
use super::comparison::MAX_LOST_SHARE;
use super::estimate::Estimate;
use super::gate::{allowed, materiality_of};
use super::machine_key::MachineParts;
use super::metric::{Metric, MetricKind, whole};
use super::nightly::{FEWEST_NIGHTS, JudgedNight, NightVerdict, judge_nights};
use super::series::Series;
use super::verdict::MIN_SAMPLES;
use crate::digest::Digest;
use crate::results::{Acceptance, GateRecord, NIGHT_SCHEMA, Night, NightSample, NightSeries, Run, RunHeader};
use crate::scenario::ProbeTier;
use crate::stats::{ChangePoint, Segmentation, Sorted, change_points, median};

/// The first line of what a protocol's key is the hash of.
const PROTOCOL_VERSION: &str = "seatrial-protocol-v1";

/// So many of the newest nights are looked at for changes.
const MOST_SEGMENTED: usize = 60;

/// A run as a night of a history.
#[must_use]
pub fn night_of(run: &Run, analysis: &Analysis) -> Night {
    let machine = MachineParts::of(&run.header.environment);
    let protocol = protocol_of(&run.header);
    let lines = protocol.iter().map(|(name, value)| format!("{name}={value}\n"));
    let text = format!("{PROTOCOL_VERSION}\n{}", lines.collect::<String>());
    let of_machine = machine.fields().iter();
    Night {
        schema: NIGHT_SCHEMA,
        machine_key: machine.key(),
        machine: of_machine
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
        protocol_key: Digest::of(text).short(),
        protocol,
        header: run.header.clone(),
        bases: run.bases.clone(),
        end: run.end.clone(),
        series: analysis.series.iter().map(night_series).collect(),
    }
}

/// How a run was measured, by name.
fn protocol_of(header: &RunHeader) -> BTreeMap<String, String> {
    let asked = header.protocol.as_ref().map(|protocol| protocol.fields.clone());
    let mut fields = asked.unwrap_or_default();
    for (name, value) in [
        ("builder", header.environment.builder.clone()),
        ("image store", header.environment.store.to_string()),
        ("summary", "median".to_owned()),
        ("analysis", "unpaired".to_owned()),
    ] {
        fields.insert(name.to_owned(), value);
    }
    fields
}

fn night_series(series: &Series) -> NightSeries {
    NightSeries {
        variant: series.variant.clone(),
        metric: series.metric.to_string(),
        step: series.step.clone().filter(|_| series.metric.step_is_implied()),
        failed: series.failed,
        invalid: series.invalid,
        samples: series
            .counted_samples()
            .map(|sample| NightSample {
                round: sample.round,
                order: sample.order,
                value: sample.value,
                low: sample.low,
                tier: sample.tier,
            })
            .collect(),
    }
}

/// One night of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct NightPoint {
    /// The run.
    pub run_id: String,
    /// When it began, in UTC, as RFC 3339.
    pub started_utc: String,
    /// The median of its samples, to the nearest stored unit; of an exact metric the value itself.
    pub value: u64,
    /// What can be said of it, by the nights before it.
    pub judged: JudgedNight,
}

/// The nights of one metric of one variant on one machine, by one protocol, each judged by those before it.
#[derive(Clone, Debug, PartialEq)]
pub struct NightHistory {
    /// The variant.
    pub variant: String,
    /// The metric.
    pub metric: Metric,
    /// The step, where the metric's key names none.
    pub step: Option<String>,
    /// The nights, oldest first, from the last accepted one on. One in which it was not measured, or too little of it, is left out,
    /// the newest too.
    pub points: Vec<NightPoint>,
    /// The newest run.
    pub newest_run: String,
    /// Samples of the newest run that failed or do not count.
    pub lost: usize,
}

impl NightHistory {
    /// What the nights tell of the metrics of the newest of them: the last of `nights`, which are in the order of their beginnings.
    /// Nights of other machines, protocols and scenarios are left out. `gates` say what matters.
    #[must_use]
    pub fn of_newest(nights: &[Night], acceptances: &[Acceptance], gates: &[GateRecord]) -> Vec<Self> {
        let Some(newest) = nights.last() else {
            return Vec::new();
        };
        let alike: Vec<&Night> = nights
            .iter()
            .filter(|night| {
                night.header.scenario == newest.header.scenario
                    && night.machine_key == newest.machine_key
                    && night.protocol_key == newest.protocol_key
            })
            .collect();
        let of_series = newest.series.iter().filter_map(|series| {
            let metric = Metric::parse(&series.metric)?;
            Some(Self::of(series, metric, &alike, acceptances, gates))
        });
        of_series.collect()
    }

    /// The newest run, and the nights before it; `None` in its place where it has no value.
    #[must_use]
    pub fn newest(&self) -> (Option<&NightPoint>, &[NightPoint]) {
        match self.points.split_last() {
            Some((last, before)) if last.run_id == self.newest_run => (Some(last), before),
            _ => (None, &self.points),
        }
    }

    fn of(
        wanted: &NightSeries,
        metric: Metric,
        nights: &[&Night],
        acceptances: &[Acceptance],
        gates: &[GateRecord],
    ) -> Self {
        let accepted = acceptances.iter().rev().find_map(|acceptance| {
            let scenario = &nights.last()?.header.scenario;
            let is_about = acceptance.is_about(scenario, &wanted.variant, &wanted.metric);
            let from = |night: &&Night| night.header.run_id == acceptance.from_run;
            nights.iter().position(from).filter(|_| is_about)
        });
        let measured: Vec<(&Night, u64)> = nights[accepted.unwrap_or(0)..]
            .iter()
            .filter_map(|night| Some((*night, value_in(night, wanted, &metric)?)))
            .collect();
        let values: Vec<u64> = measured.iter().map(|(_, value)| *value).collect();
        let judged = match metric.kind() {
            MetricKind::Timed => judge_nights(&values, materiality_of(&metric, gates)),
            MetricKind::Exact => judge_exact_nights(&values, |baseline| allowed(&metric, baseline, gates)),
        };
        let points = measured
            .into_iter()
            .zip(judged)
            .map(|((night, value), judged)| NightPoint {
                run_id: night.header.run_id.clone(),
                started_utc: night.header.started_utc.clone(),
                value,
                judged,
            });
        Self {
            variant: wanted.variant.clone(),
            step: wanted.step.clone(),
            points: points.collect(),
            newest_run: nights
                .last()
                .map_or_else(String::new, |night| night.header.run_id.clone()),
            lost: wanted.failed.saturating_add(wanted.invalid),
            metric,
        }
    }
}

/// What a night comes to in one series; `None` where it was not measured, too much of it was lost, too little is left, it was looked at
/// in another way than the newest, or repeats differ that should not.
fn value_in(night: &Night, wanted: &NightSeries, metric: &Metric) -> Option<u64> {
    let same = |series: &&NightSeries| {
        (&series.variant, &series.metric, &series.step) == (&wanted.variant, &wanted.metric, &wanted.step)
    };
    let series = night.series.iter().find(same)?;
    let lost = series.failed.saturating_add(series.invalid);
    let attempted = lost.saturating_add(series.samples.len());
    if lost as f64 > MAX_LOST_SHARE * attempted as f64 {
        return None;
    }
    let tiers = |series: &NightSeries| -> BTreeSet<Option<ProbeTier>> {
        series.samples.iter().map(|sample| sample.tier).collect()
    };
    if tiers(series) != tiers(wanted) {
        return None;
    }
    let values: Vec<u64> = series.samples.iter().map(|sample| sample.value).collect();
    match metric.kind() {
        MetricKind::Timed if values.len() < MIN_SAMPLES => None,
        MetricKind::Timed => Sorted::of(&values).map(|sorted| whole(median(&sorted))),
        MetricKind::Exact => Estimate::of(MetricKind::Exact, &values).exact(),
    }
}

/// Judges the nights of what is the same in every repeat, each by the smallest of those before it: a change is one at once, and stays
/// one until it is mended or accepted. `allowed` gives the largest value that is not worse than one. What is allowed once is not
/// allowed once more on top of it.
fn judge_exact_nights(nights: &[u64], allowed: impl Fn(u64) -> u64) -> Vec<JudgedNight> {
    let mut usual: Option<u64> = None;
    let judged = nights.iter().map(|night| {
        let verdict = match usual {
            None => NightVerdict::WarmingUp,
            Some(before) if *night > allowed(before) => NightVerdict::Regressed,
            Some(before) if *night < before => NightVerdict::Improved,
            Some(_) => NightVerdict::Usual,
        };
        usual = Some(usual.map_or(*night, |usual: u64| usual.min(*night)));
        JudgedNight {
            verdict,
            baseline: None,
        }
    });
    judged.collect()
}

/// Where the level of a series changed, of what is told as a trend and decides nothing: by ranks, of a metric that varies. The index
/// of a change is that of the first night after it.
#[must_use]
pub fn changes_of(history: &NightHistory, gates: &[GateRecord]) -> Vec<ChangePoint> {
    if history.metric.kind() == MetricKind::Exact {
        return Vec::new();
    }
    let newest = history.points.len().saturating_sub(MOST_SEGMENTED);
    let values: Vec<u64> = history.points[newest..].iter().map(|point| point.value).collect();
    // Ratios are what is looked at.
    if values.contains(&0) {
        return Vec::new();
    }
    let wanted = Segmentation::with_delta(materiality_of(&history.metric, gates).delta);
    let changes = change_points(&values, &wanted).into_iter();
    changes
        .map(|change| ChangePoint {
            index: change.index + newest,
            ..change
        })
        .collect()
}

/// So many more nights are needed before one is judged; zero where there are enough.
#[must_use]
pub const fn nights_missing(metric: &Metric, before: usize) -> usize {
    let wanted = match metric.kind() {
        MetricKind::Timed => FEWEST_NIGHTS,
        MetricKind::Exact => 1,
    };
    wanted.saturating_sub(before)
}

/// How far above what is usual a night may be, in the metric's stored unit; `None` where nothing is usual yet.
#[must_use]
pub fn upper_limit(judged: &JudgedNight, metric: &Metric, gates: &[GateRecord]) -> Option<f64> {
    let Materiality { delta, floor } = materiality_of(metric, gates);
    judged
        .baseline
        .map(|baseline| baseline.upper_limit(delta, floor as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::specimen::{Specimen, image};

    fn night(number: usize, millis: u64, mib: u64) -> Night {
        let mut specimen = Specimen::new(&["slim"], &["cold"]);
        for step in 0..5 {
            specimen.build("slim", "cold", millis + step).image = Some(image(mib, &[]));
        }
        specimen.header().run_id = format!("run-{number}");
        specimen.header().started_utc = format!("2026-03-{:02}T02:00:00Z", number + 1);
        let run = specimen.run();
        night_of(&run, &Analysis::of(&run))
    }

    fn verdicts(nights: &[Night], acceptances: &[Acceptance], metric: &str) -> Vec<NightVerdict> {
        let histories = NightHistory::of_newest(nights, acceptances, &[]);
        let of = |history: &&NightHistory| history.metric.to_string() == metric;
        let history = histories.iter().find(of).expect(metric);
        history.points.iter().map(|point| point.judged.verdict).collect()
    }

    fn usual(count: usize) -> Vec<Night> {
        (0..count).map(|number| night(number, 4_000, 80)).collect()
    }

    fn acceptance(from: &str, metric: Option<&str>) -> Acceptance {
        Acceptance {
            schema: NIGHT_SCHEMA,
            scenario: usual(1)[0].header.scenario.clone(),
            variant: None,
            metric: metric.map(str::to_owned),
            from_run: from.to_owned(),
            reason: "wanted".to_owned(),
            author: "somebody".to_owned(),
            accepted_utc: "2026-03-20T08:00:00Z".to_owned(),
        }
    }

    #[test]
    fn slower_nights_are_confirmed_by_a_second_and_end_with_an_acceptance() {
        use NightVerdict::{Regressed, SuspectedWorse, Usual, WarmingUp};
        let mut nights = usual(10);
        nights.push(night(10, 5_000, 80));
        nights.push(night(11, 5_000, 80));
        let found = verdicts(&nights, &[], "step.cold.time");
        assert_eq!(found[..8], [WarmingUp; 8]);
        assert_eq!(found[8..], [Usual, Usual, SuspectedWorse, Regressed]);
        let accepted = [acceptance("run-10", Some("step.cold.time"))];
        assert_eq!(verdicts(&nights, &accepted, "step.cold.time"), [WarmingUp; 2]);
        assert_eq!(verdicts(&nights, &accepted, "image.size").len(), 12);
        // Who accepts a run that is not there accepts nothing.
        let unknown = [acceptance("run-99", None)];
        assert_eq!(verdicts(&nights, &unknown, "step.cold.time"), found);
    }

    #[test]
    fn what_is_exact_is_worse_at_once_until_it_is_mended() {
        use NightVerdict::{Improved, Regressed, Usual, WarmingUp};
        let sizes = [80, 80, 90, 90, 80, 70, 75];
        let nights: Vec<Night> = sizes
            .into_iter()
            .enumerate()
            .map(|(number, mib)| night(number, 4_000, mib))
            .collect();
        assert_eq!(
            verdicts(&nights, &[], "image.size"),
            [WarmingUp, Usual, Regressed, Regressed, Usual, Improved, Regressed]
        );
    }

    #[test]
    fn what_is_allowed_once_is_not_allowed_once_more_on_top_of_it() {
        use NightVerdict::{Regressed, Usual, WarmingUp};
        let judged = judge_exact_nights(&[100, 101, 102, 100], |before| before + 1);
        let found: Vec<_> = judged.into_iter().map(|night| night.verdict).collect();
        assert_eq!(found, [WarmingUp, Usual, Regressed, Usual]);
    }

    #[test]
    fn starts_that_were_looked_at_in_another_way_are_of_no_night_of_these() {
        let mut nights = usual(3);
        for series in &mut nights[0].series {
            for sample in &mut series.samples {
                sample.tier = Some(ProbeTier::Published);
            }
        }
        assert_eq!(verdicts(&nights, &[], "step.cold.time").len(), 2);
    }

    #[test]
    fn nights_of_other_machines_and_ways_are_left_out_and_lost_ones_too() {
        let mut nights = usual(4);
        nights[0].machine_key = "another".to_owned();
        nights[1].protocol_key = "another".to_owned();
        for series in &mut nights[2].series {
            series.failed = 2;
        }
        assert_eq!(verdicts(&nights, &[], "step.cold.time").len(), 1);
        assert!(NightHistory::of_newest(&[], &[], &[]).is_empty());
    }

    #[test]
    fn a_newest_run_that_lost_too_much_is_not_the_one_before_it() {
        let mut nights = usual(3);
        for series in &mut nights[2].series {
            series.failed = 2;
        }
        let histories = NightHistory::of_newest(&nights, &[], &[]);
        assert!(!histories.is_empty());
        for history in histories {
            let (newest, before) = history.newest();
            assert_eq!(
                (newest, before.len(), history.lost),
                (None, 2, 2),
                "{}",
                history.metric
            );
        }
    }

    #[test]
    fn a_protocol_is_another_where_what_was_asked_for_is() {
        let mut specimen = Specimen::new(&["slim"], &["cold"]);
        specimen.build("slim", "cold", 1_000);
        let key = |specimen: &Specimen| {
            let run = specimen.run();
            night_of(&run, &Analysis::of(&run)).protocol_key
        };
        let usual = key(&specimen);
        specimen.header().title = "Another title".to_owned();
        specimen.header().gates = Vec::new();
        assert_eq!(key(&specimen), usual);
        specimen.header().environment.builder = "classic".to_owned();
        assert_ne!(key(&specimen), usual);
    }
}
