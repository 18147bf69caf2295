//! The verdict sentence, the answer of a run: words first, numbers after.

use super::burst_metric::BurstMetric;
use super::start_metric::StartMetric;
use std::fmt;

use super::comparison::{Comparison, Finding};
use super::metric::{Metric, MetricKind, MetricUnit};
use super::replay::{CostComparison, ReplayCosts, VariantCost};
use super::series::Series;
use crate::results::Run;
use crate::unit::Ratio;

/// The verdict sentence: the answer of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Sentence {
    /// The metric that it is about; absent where nothing was measured.
    pub metric: Option<Metric>,
    /// What must stand before every number of this run.
    pub stamp: Option<Stamp>,
    /// Where the metric was taken, as the beginning of the sentence: "after `edit source`". Empty where the sentence
    /// has no clauses.
    pub place: String,
    /// What follows the place, a clause for each variant that the baseline is compared with; none where nothing was
    /// compared.
    pub clauses: Vec<Clause>,
    /// The finding in words, without interval and counts, for a title.
    pub headline: String,
    /// The whole sentence, lower-case, without a full stop. Names of steps and metrics stand between backticks;
    /// names are as the scenario has them, so every exporter escapes the sentence.
    pub text: String,
}

/// What must stand before every number of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stamp {
    /// The run was one quick round.
    NotForComparison,
}

impl fmt::Display for Stamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::NotForComparison => "not for comparison, one quick round",
        })
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.text)
    }
}

/// What is said of two variants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// The finding: "naive takes 5.21× as long as ordered".
    pub words: String,
    /// Interval and counts; absent where there are none.
    pub numbers: Option<String>,
}

impl Sentence {
    pub(super) fn of(
        run: &Run,
        series: &[Series],
        comparisons: &[Comparison],
        replay: Option<&ReplayCosts>,
    ) -> Self {
        let stamp = run.header.quick.then_some(Stamp::NotForComparison);
        // A gate says what the run is about; without one, a replay is about its commits.
        if let Some(costs) = replay.filter(|_| gated(run, series).is_none()) {
            return Self::of_replay(costs, stamp);
        }
        let Some(metric) = lead(run, series, comparisons) else {
            return Self::plain(None, stamp, "nothing was measured".to_owned());
        };
        let compared: Vec<&Comparison> = comparisons
            .iter()
            .filter(|comparison| comparison.metric == metric)
            .collect();
        let place = place(run, &metric);
        if compared.is_empty() {
            let words = format!("nothing to compare with: {place}, {}", medians(series, &metric));
            return Self::plain(Some(metric), stamp, words);
        }
        if stamp.is_some() {
            let words = format!("{place}, {}", medians(series, &metric));
            return Self::plain(Some(metric), stamp, words);
        }
        if compared
            .iter()
            .all(|comparison| comparison.finding == Finding::TooFewSamples)
        {
            let words = format!("too few rounds to judge: {place}, {}", medians(series, &metric));
            return Self::plain(Some(metric), stamp, words);
        }
        let clauses: Vec<Clause> = compared.iter().map(|comparison| clause(comparison)).collect();
        Self::of_clauses(Some(metric), stamp, place, clauses)
    }

    fn of_replay(costs: &ReplayCosts, stamp: Option<Stamp>) -> Self {
        let commits = costs.variants.first().map_or(0, |cost| cost.commits.len());
        let noun = if commits == 1 { "commit" } else { "commits" };
        let place = format!("over {commits} {noun}");
        let clauses: Vec<Clause> = costs
            .comparisons
            .iter()
            .map(|comparison| replay_clause(costs, comparison))
            .collect();
        if clauses.is_empty() || stamp.is_some() {
            let each: Vec<String> = costs.variants.iter().map(cost_in_words).collect();
            return Self::plain(None, stamp, format!("{place}, {}", each.join("; ")));
        }
        Self::of_clauses(None, stamp, place, clauses)
    }

    /// What was compared, one clause after the other; the headline does without their numbers.
    fn of_clauses(metric: Option<Metric>, stamp: Option<Stamp>, place: String, clauses: Vec<Clause>) -> Self {
        let join = |texts: Vec<String>| format!("{place}, {}", texts.join("; "));
        Self {
            metric,
            stamp,
            headline: join(clauses.iter().map(|clause| clause.words.clone()).collect()),
            text: join(
                clauses
                    .iter()
                    .map(|clause| match &clause.numbers {
                        Some(numbers) => format!("{} ({numbers})", clause.words),
                        None => clause.words.clone(),
                    })
                    .collect(),
            ),
            place,
            clauses,
        }
    }

    fn plain(metric: Option<Metric>, stamp: Option<Stamp>, words: String) -> Self {
        let text = match stamp {
            Some(stamp) => format!("{stamp}: {words}"),
            None => words,
        };
        Self {
            metric,
            stamp,
            place: String::new(),
            clauses: Vec::new(),
            headline: text.clone(),
            text,
        }
    }
}

/// The metric that leads: the first timed gate with data, else the step whose ratio is largest, else any timed metric.
fn lead(run: &Run, series: &[Series], comparisons: &[Comparison]) -> Option<Metric> {
    let farthest = || {
        comparisons
            .iter()
            .filter(|comparison| comparison.metric.is_step_time())
            .filter_map(|comparison| {
                let distance = comparison.estimate?.ratio.0.ln().abs();
                Some((distance, &comparison.metric))
            })
            // The first of equals stands: the header's order is the reader's.
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
            .map(|(_, metric)| metric.clone())
    };
    gated(run, series)
        .or_else(farthest)
        .or_else(|| timed(series).next().map(|series| series.metric.clone()))
}

/// The first timed gate with data.
fn gated(run: &Run, series: &[Series]) -> Option<Metric> {
    run.header.gates.iter().find_map(|gate| {
        timed(series)
            .find(|series| series.metric.to_string() == gate.metric)
            .map(|series| series.metric.clone())
    })
}

fn timed(series: &[Series]) -> impl Iterator<Item = &Series> {
    series
        .iter()
        .filter(|series| series.metric.kind() == MetricKind::Timed && series.estimate.n() > 0)
}

/// Where the metric was taken, as the beginning of a sentence.
fn place(run: &Run, metric: &Metric) -> String {
    match metric {
        Metric::StepTime(step) if follows_a_change(run, step) => format!("after `{step}`"),
        Metric::StepTime(step) => format!("in `{step}`"),
        Metric::Start(StartMetric::Ready | StartMetric::Client, _) => {
            format!("from the start call to the first answer (`{metric}`)")
        }
        Metric::Start(StartMetric::App, _) => {
            format!("from the begin of its program to the first answer (`{metric}`)")
        }
        Metric::Start(StartMetric::Runtime, _) => {
            format!("from the start call to the begin of its program (`{metric}`)")
        }
        Metric::Start(StartMetric::Pull, _) => {
            format!("from the pull call to its end (`{metric}`)")
        }
        Metric::Start(StartMetric::PulledBytes, _) => format!("from the registry (`{metric}`)"),
        Metric::Start(StartMetric::Download, _) => format!("while layers came (`{metric}`)"),
        Metric::Start(StartMetric::Extract, _) => format!("while layers were unpacked (`{metric}`)"),
        Metric::Start(..) => format!("until the first answer (`{metric}`)"),
        Metric::Burst(BurstMetric::Memory | BurstMetric::Disk, containers) => {
            format!("with {containers} containers that are ready (`{metric}`)")
        }
        Metric::Burst(_, containers) => {
            format!("from the release of {containers} containers at once (`{metric}`)")
        }
        other => format!("in `{other}`"),
    }
}

/// Whether the context of a step's builds differs from that of the builds before them: whether it is an edit.
fn follows_a_change(run: &Run, step: &str) -> bool {
    let Some(before) = run
        .header
        .steps
        .iter()
        .position(|name| name == step)
        .and_then(|index| index.checked_sub(1))
        .map(|index| &run.header.steps[index])
    else {
        return false;
    };
    run.builds
        .iter()
        .filter(|build| build.step == step && !build.key.warmup)
        .any(|build| {
            let earlier = run.builds.iter().find(|other| {
                other.step == *before
                    && other.key.variant == build.key.variant
                    && other.key.round == build.key.round
                    && !other.key.warmup
            });
            match (
                &build.context,
                earlier.and_then(|earlier| earlier.context.as_ref()),
            ) {
                (Some(now), Some(then)) => now.manifest != then.manifest,
                _ => false,
            }
        })
}

fn clause(comparison: &Comparison) -> Clause {
    let Comparison { baseline, other, .. } = comparison;
    let Some(estimate) = comparison.estimate else {
        return Clause {
            words: format!(
                "{baseline} and {other} cannot be compared: {}",
                why(&comparison.finding)
            ),
            numbers: None,
        };
    };
    // The slower side is named first, so that every ratio reads as "so many times".
    let flip = estimate.ratio.0 < 1.0;
    let (slow, fast) = if flip {
        (baseline, other)
    } else {
        (other, baseline)
    };
    let (mut n, mut ratio) = (
        [estimate.candidate_samples, estimate.baseline_samples],
        estimate.ratio,
    );
    if flip {
        n.reverse();
        ratio = ratio.inverse();
    }
    let span = estimate.interval.map(|interval| {
        let (low, high) = if flip {
            (interval.high.inverse(), interval.low.inverse())
        } else {
            (interval.low, interval.high)
        };
        format!(
            "{} to {}, {:.1} % interval, ",
            times(low),
            times(high),
            interval.level * 100.0
        )
    });
    let span = span.unwrap_or_default();
    let count = format!("n {}/{}", n[0], n[1]);
    let measure = match comparison.metric.unit() {
        MetricUnit::Nanoseconds => "long",
        MetricUnit::Bytes => "much",
        MetricUnit::Count => "many",
    };
    match &comparison.finding {
        Finding::OtherSlower | Finding::OtherFaster => Clause {
            words: format!("{slow} takes {} as {measure} as {fast}", times(ratio)),
            numbers: Some(format!("{span}{count}")),
        },
        Finding::NoDifference => Clause {
            words: format!("no difference can be told between {baseline} and {other}"),
            numbers: Some(format!("{slow} to {fast} as {}, {span}{count}", times(ratio))),
        },
        finding => Clause {
            words: format!(
                "no difference between {baseline} and {other} is claimed: {}",
                why(finding)
            ),
            numbers: Some(format!("{slow} to {fast} as {}, {span}{count}", times(ratio))),
        },
    }
}

/// A variant's commits in a few words.
fn cost_in_words(cost: &VariantCost) -> String {
    let show = |value: f64| MetricUnit::Nanoseconds.show_rounded(value);
    let Some(per_commit) = cost.per_commit else {
        return format!("no build of {} counts", cost.variant);
    };
    let each = show(per_commit.median);
    match cost.total() {
        Some(total) => format!(
            "{} takes {} in all, {each} a commit",
            cost.variant,
            show(total.median)
        ),
        None => format!("{} takes {each} a commit", cost.variant),
    }
}

/// What is said of the commits with two variants; the slower side is named first.
fn replay_clause(costs: &ReplayCosts, comparison: &CostComparison) -> Clause {
    let CostComparison { baseline, other, .. } = comparison;
    let Some(paired) = comparison.per_commit else {
        return Clause {
            words: format!("{baseline} and {other} have no commit that both built"),
            numbers: None,
        };
    };
    let flip = paired.median.0 < 1.0;
    let (slow, fast) = if flip {
        (baseline, other)
    } else {
        (other, baseline)
    };
    let turned = |ratio: Ratio| if flip { ratio.inverse() } else { ratio };
    let total = |name: &str| {
        let total = costs.variant(name)?.total()?;
        Some(MetricUnit::Nanoseconds.show_rounded(total.median))
    };
    let totals = match (total(slow), total(fast)) {
        (Some(slow), Some(fast)) => format!(", {slow} against {fast} in all"),
        _ => String::new(),
    };
    let of = if paired.commits == 1 { "commit" } else { "commits" };
    let count = format!("{} {of} that both built", paired.commits);
    let Some((low, high, level)) = paired.interval else {
        return Clause {
            words: format!(
                "a commit takes {} as long with {slow} as with {fast}{totals}",
                times(turned(paired.median))
            ),
            numbers: Some(format!("no interval below 6 commits, {count}")),
        };
    };
    let (low, high) = if flip {
        (turned(high), turned(low))
    } else {
        (low, high)
    };
    let span = format!(
        "{} to {}, {:.1} % interval, {count}",
        times(low),
        times(high),
        level * 100.0
    );
    if low.0 <= 1.0 && high.0 >= 1.0 {
        return Clause {
            words: format!("no difference can be told between a commit with {slow} and with {fast}{totals}"),
            numbers: Some(format!(
                "{slow} to {fast} as {}, {span}",
                times(turned(paired.median))
            )),
        };
    }
    Clause {
        words: format!(
            "a commit takes {} as long with {slow} as with {fast}{totals}",
            times(turned(paired.median))
        ),
        numbers: Some(span),
    }
}

fn why(finding: &Finding) -> String {
    match finding {
        Finding::OtherSlower | Finding::OtherFaster => "they differ".to_owned(),
        Finding::NoDifference => "the interval contains 1".to_owned(),
        Finding::WithinUncertainty { uncertainty } => {
            format!("the medians are closer than twice the uncertainty of a sample, {uncertainty}")
        }
        Finding::TooFewSamples => "too few rounds to judge".to_owned(),
        Finding::TooManyLost {
            variant,
            lost,
            attempted,
        } => format!("{lost} of {attempted} samples of {variant} failed or were invalid"),
        Finding::NoSamples { variant } => format!("{variant} has no valid sample"),
        Finding::DifferentProbes => "the samples were taken by different probes".to_owned(),
        Finding::NoRatio { reason } => reason.clone(),
    }
}

impl Finding {
    /// The finding as a lower-case fragment, such as "the interval contains 1".
    #[must_use]
    pub fn reason(&self) -> String {
        why(self)
    }
}

/// A ratio near 1 needs a third decimal to be told from 1.
fn times(ratio: Ratio) -> String {
    if ratio.0 < 1.1 && ratio.0 > 0.9 {
        format!("{:.3}×", ratio.0)
    } else {
        ratio.to_string()
    }
}

/// Each variant's median in words: "naive took 4.21 s and ordered 812 ms (medians, n 3/3)".
fn medians(series: &[Series], metric: &Metric) -> String {
    let mut values = Vec::new();
    let mut counts = Vec::new();
    for series in series.iter().filter(|series| series.metric == *metric) {
        if let Some(summary) = series.estimate.timed() {
            let value = metric.unit().show_rounded(summary.median);
            values.push(format!("{} took {value}", series.variant));
            counts.push(summary.n.to_string());
        }
    }
    let counts = counts.join("/");
    let noun = if values.len() == 1 { "median" } else { "medians" };
    match values.pop() {
        None => "nothing was measured".to_owned(),
        Some(last) if values.is_empty() => format!("{last} ({noun}, n {counts})"),
        Some(last) => format!("{} and {last} ({noun}, n {counts})", values.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use crate::analyze::Analysis;
    use crate::analyze::specimen::{Specimen, layer_order};
    use crate::unit::Nanos;

    fn sentence(specimen: &Specimen) -> String {
        Analysis::of(&specimen.run()).sentence.text
    }

    fn edited(naive: &[u64], ordered: &[u64]) -> Specimen {
        let mut specimen = Specimen::new(&["naive", "ordered"], &["cold", "edit source"]);
        for (variant, times) in [("naive", naive), ("ordered", ordered)] {
            for millis in times {
                specimen.build(variant, "cold", 5_000);
                specimen.build(variant, "edit source", *millis);
            }
        }
        specimen
    }

    #[test]
    fn the_slower_side_is_named_first_with_ratio_interval_and_counts() {
        assert_snapshot!(
            sentence(&edited(&[4_100, 4_200, 4_300, 4_150, 4_250], &[800, 810, 820, 790, 805])),
            @"after `edit source`, naive takes 5.22× as long as ordered (5.06× to 5.38×, 96.8 % interval, n 5/5)"
        );
    }

    #[test]
    fn an_interval_that_contains_one_claims_nothing() {
        assert_snapshot!(
            sentence(&edited(&[100, 105, 110, 115, 120], &[101, 104, 111, 114, 121])),
            @"after `edit source`, no difference can be told between naive and ordered (ordered to naive as 1.008×, 0.88× to 1.14×, 96.8 % interval, n 5/5)"
        );
    }

    #[test]
    fn three_rounds_are_told_without_a_ratio() {
        assert_snapshot!(
            sentence(&edited(&[4_100, 4_200, 4_300], &[800, 810, 820])),
            @"too few rounds to judge: after `edit source`, naive took 4.20 s and ordered took 810 ms (medians, n 3/3)"
        );
    }

    #[test]
    fn a_quick_run_is_stamped() {
        let specimen = edited(&[4_100], &[800]).quick();
        assert_snapshot!(sentence(&specimen), @"not for comparison, one quick round: after `edit source`, naive took 4.10 s and ordered took 800 ms (medians, n 1/1)");
    }

    #[test]
    fn one_variant_has_nothing_to_compare_with() {
        let mut specimen = Specimen::new(&["only"], &["cold"]);
        specimen.build("only", "cold", 1_500);
        assert_snapshot!(sentence(&specimen), @"nothing to compare with: in `cold`, only took 1.50 s (median, n 1)");
    }

    #[test]
    fn a_run_without_samples_says_so() {
        assert_snapshot!(sentence(&Specimen::new(&["a", "b"], &["cold"])), @"nothing was measured");
    }

    #[test]
    fn several_variants_are_listed_each() {
        assert_snapshot!(sentence(&layer_order()), @"after `edit source`, naive takes 20.8× as long as ordered (20.6× to 21.1×, 95.7 % interval, n 10/9); naive takes 20.7× as long as cache-mount (20.4× to 21.0×, 95.7 % interval, n 10/10)");
    }

    #[test]
    fn the_first_timed_gate_with_data_leads() {
        let specimen = edited(&[4_100, 4_200, 4_300, 4_150, 4_250], &[800, 810, 820, 790, 805]);
        let lead = |gates: &[&str]| {
            let specimen = specimen.clone().gates(gates);
            Analysis::of(&specimen.run()).sentence.metric.unwrap().to_string()
        };
        assert_eq!(lead(&[]), "step.edit source.time");
        assert_eq!(lead(&["image.size", "step.cold.time"]), "step.cold.time");
        assert_eq!(lead(&["start.ready", "step.cold.time"]), "step.cold.time");
    }

    #[test]
    fn a_variant_that_only_failed_is_named() {
        let mut specimen = edited(&[100, 101, 102, 103], &[]);
        for _ in 0..4 {
            specimen.failed("ordered", "edit source", "exit code 1");
        }
        let specimen = specimen.gates(&["step.edit source.time"]);
        assert_snapshot!(sentence(&specimen), @"after `edit source`, naive and ordered cannot be compared: ordered has no valid sample");
    }

    #[test]
    fn starts_within_their_uncertainty_are_not_claimed_to_differ() {
        let mut specimen = Specimen::new(&["naive", "ordered"], &[]);
        for round in 0..6 {
            specimen.start("naive", Nanos::from_millis(310 + round), Nanos::from_millis(9));
            specimen.start("ordered", Nanos::from_millis(300 + round), Nanos::from_millis(9));
        }
        assert_snapshot!(sentence(&specimen), @"from the start call to the first answer (`start.ready`), no difference between naive and ordered is claimed: the medians are closer than twice the uncertainty of a sample, 9.00 ms (naive to ordered as 1.033×, 1.023× to 1.043×, 95.9 % interval, n 6/6)");
    }
}
