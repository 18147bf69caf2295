//! `summary.json`: the run, its samples and comparisons for other programs.

use crate::analyze::{BurstMetric, StartMetric};
use serde::Serialize;

use crate::analyze::{
    Analysis, CommitCost, Comparison, CostComparison, Estimate, Finding, InstructionSeries, Metric, Sample,
    Series, Standing, Timeline, VariantCost, Waits,
};
use crate::results::{Environment, GraphPart, ReplayedCommit, Run, StopReason, WorkSpan};
use crate::scenario::Commit;
use crate::stats::Method;

/// The version of the file's schema. Readers tolerate unknown fields; a change that breaks them raises it.
pub const SUMMARY_SCHEMA: u32 = 1;

/// The summary could not be written as JSON.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the summary as JSON")]
pub struct WriteSummary(#[source] pub(super) serde_json::Error);

/// The summary of a run as JSON, ending in a line feed.
///
/// What is missing and what is infinite is `null`.
///
/// # Errors
///
/// Where a value cannot be represented in JSON.
pub fn summary_json(run: &Run, analysis: &Analysis) -> Result<String, WriteSummary> {
    let mut text = serde_json::to_string_pretty(&document(run, analysis)).map_err(WriteSummary)?;
    text.push('\n');
    Ok(text)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    tool: Tool<'a>,
    run: RunPart<'a>,
    environment: &'a Environment,
    scenario: Scenario<'a>,
    verdict: Verdict<'a>,
    metrics: Vec<MetricPart>,
    estimates: Vec<EstimatePart<'a>>,
    comparisons: Vec<ComparisonPart<'a>>,
    instructions: Vec<InstructionPart<'a>>,
    timelines: Vec<TimelinePart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replay: Option<ReplayPart<'a>>,
    warnings: Vec<String>,
    samples: Vec<SamplePart<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'static str,
    version: &'a str,
}

#[derive(Serialize)]
struct RunPart<'a> {
    id: &'a str,
    started: &'a str,
    finished: Option<&'a str>,
    interrupted: bool,
    seed: u64,
    stop_reason: Option<StopReason>,
    quick: bool,
}

#[derive(Serialize)]
struct Scenario<'a> {
    name: &'a str,
    title: &'a str,
    hash: String,
    baseline: &'a str,
    variants: Vec<&'a str>,
    steps: &'a [String],
}

#[derive(Serialize)]
struct Verdict<'a> {
    metric: Option<String>,
    sentence: &'a str,
    comparable: bool,
}

#[derive(Serialize)]
struct MetricPart {
    id: String,
    kind: String,
    unit: &'static str,
    better: &'static str,
}

/// The commits of a replay; times are in nanoseconds.
#[derive(Serialize)]
struct ReplayPart<'a> {
    range: &'a str,
    path: &'a str,
    base: &'a Commit,
    commits: &'a [ReplayedCommit],
    variants: Vec<CommitsPart<'a>>,
    ratios: Vec<CommitRatioPart<'a>>,
}

/// What the commits cost with a variant.
#[derive(Serialize)]
struct CommitsPart<'a> {
    variant: &'a str,
    n: usize,
    free: usize,
    value: Option<f64>,
    ci: Option<[u64; 2]>,
    min: Option<u64>,
    q1: Option<f64>,
    q3: Option<f64>,
    max: Option<u64>,
    totals: &'a [u64],
    costs: Vec<Option<f64>>,
}

/// How many times the baseline one and the same commit takes.
#[derive(Serialize)]
struct CommitRatioPart<'a> {
    baseline: &'a str,
    other: &'a str,
    n: usize,
    ratio: Option<f64>,
    ci: Option<[f64; 2]>,
    level: Option<f64>,
    total_ratio: Option<f64>,
    total_ci: Option<[f64; 2]>,
}

#[derive(Serialize)]
struct EstimatePart<'a> {
    variant: &'a str,
    step: Option<&'a str>,
    metric: String,
    n: usize,
    failed: usize,
    invalid: usize,
    status: &'static str,
    /// The median of a timed metric, the value of an exact one.
    value: Option<f64>,
    ci: Option<[u64; 2]>,
    ci_level: Option<f64>,
    q1: Option<f64>,
    q3: Option<f64>,
    min: Option<u64>,
    max: Option<u64>,
    mad: Option<f64>,
}

#[derive(Serialize)]
struct ComparisonPart<'a> {
    a: &'a str,
    b: &'a str,
    metric: String,
    analysis: &'static str,
    method: Option<Method>,
    n: Option<[usize; 2]>,
    ratio: Option<f64>,
    ci: Option<[f64; 2]>,
    ci_level: Option<f64>,
    p: Option<f64>,
    finding: &'static str,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct InstructionPart<'a> {
    step: &'a str,
    variant: &'a str,
    instruction: &'a str,
    /// How many of the same name stand above it.
    before: usize,
    line: Option<u32>,
    n: usize,
    cached: usize,
    /// The median of the builds in which it ran.
    duration_ns: Option<f64>,
    ci_ns: Option<[u64; 2]>,
    ci_level: Option<f64>,
    min_ns: Option<u64>,
    max_ns: Option<u64>,
    log_bytes: Option<f64>,
}

/// The build whose time is nearest to the median of its step.
#[derive(Serialize)]
struct TimelinePart<'a> {
    step: &'a str,
    variant: &'a str,
    waits: &'static str,
    total_ns: u64,
    path_ns: Option<u64>,
    stages_at_once_ns: u64,
    bars: Vec<BarPart<'a>>,
}

#[derive(Serialize)]
struct BarPart<'a> {
    name: &'a str,
    stage: Option<&'a str>,
    part: GraphPart,
    /// Pairs of beginning and duration.
    spans_ns: &'a [WorkSpan],
    on_path: Option<bool>,
    slack_ns: Option<u64>,
}

#[derive(Serialize)]
struct SamplePart<'a> {
    variant: &'a str,
    step: Option<&'a str>,
    metric: String,
    warmup: bool,
    round: u32,
    order: u32,
    value: Option<u64>,
    lo: Option<u64>,
    hi: Option<u64>,
    status: &'static str,
    reason: Option<&'a str>,
}

fn document<'a>(run: &'a Run, analysis: &'a Analysis) -> Document<'a> {
    let header = &run.header;
    let mut metrics: Vec<&Metric> = Vec::new();
    for series in &analysis.series {
        if !metrics.contains(&&series.metric) {
            metrics.push(&series.metric);
        }
    }
    let mut samples: Vec<SamplePart<'_>> = analysis
        .series
        .iter()
        .flat_map(|series| series.samples.iter().map(move |sample| (series, sample)))
        .map(|(series, sample)| of_sample(run, series, sample))
        .collect();
    samples.extend(failed(run));
    samples.sort_by(|a, b| (a.order, &a.metric).cmp(&(b.order, &b.metric)));
    Document {
        schema: SUMMARY_SCHEMA,
        tool: Tool {
            name: "seatrial",
            version: &header.tool_version,
        },
        run: RunPart {
            id: &header.run_id,
            started: &header.started_utc,
            finished: run.end.as_ref().map(|end| end.finished_utc.as_str()),
            interrupted: run
                .end
                .as_ref()
                .is_none_or(|end| end.stop != StopReason::Complete),
            seed: header.seed,
            stop_reason: run.end.as_ref().map(|end| end.stop),
            quick: header.quick,
        },
        environment: &header.environment,
        scenario: Scenario {
            name: &header.scenario,
            title: &header.title,
            hash: header.scenario_digest.to_string(),
            baseline: &header.baseline,
            variants: header
                .variants
                .iter()
                .map(|variant| variant.name.as_str())
                .collect(),
            steps: &header.steps,
        },
        verdict: Verdict {
            metric: analysis.sentence.metric.as_ref().map(Metric::to_string),
            sentence: &analysis.sentence.text,
            comparable: analysis.sentence.stamp.is_none(),
        },
        metrics: metrics
            .into_iter()
            .map(|metric| MetricPart {
                id: metric.to_string(),
                kind: metric.kind().to_string(),
                unit: metric.unit().name(),
                better: "lower",
            })
            .collect(),
        estimates: analysis.series.iter().map(of_series).collect(),
        comparisons: analysis.comparisons.iter().map(of_comparison).collect(),
        instructions: analysis.instructions.iter().map(of_instruction).collect(),
        timelines: analysis.timelines.iter().map(of_timeline).collect(),
        replay: replay(run, analysis),
        warnings: analysis.warnings.iter().map(ToString::to_string).collect(),
        samples,
    }
}

fn replay<'a>(run: &'a Run, analysis: &'a Analysis) -> Option<ReplayPart<'a>> {
    let (record, costs) = (run.header.replay.as_ref()?, analysis.replay.as_ref()?);
    let of_variant = |cost: &'a VariantCost| {
        let summary = cost.per_commit;
        CommitsPart {
            variant: &cost.variant,
            n: summary.map_or(0, |summary| summary.n),
            free: cost.free(),
            value: summary.map(|summary| summary.median),
            ci: summary
                .and_then(|summary| summary.interval)
                .map(|interval| [interval.low, interval.high]),
            min: summary.map(|summary| summary.min),
            q1: summary.map(|summary| summary.q1),
            q3: summary.map(|summary| summary.q3),
            max: summary.map(|summary| summary.max),
            totals: &cost.totals,
            costs: cost.commits.iter().map(CommitCost::cost).collect(),
        }
    };
    let of_comparison = |comparison: &'a CostComparison| {
        let paired = comparison.per_commit;
        let interval = paired.and_then(|paired| paired.interval);
        let total_interval = comparison.total.and_then(|total| total.interval);
        CommitRatioPart {
            baseline: &comparison.baseline,
            other: &comparison.other,
            n: paired.map_or(0, |paired| paired.commits),
            ratio: paired.map(|paired| paired.median.0),
            ci: interval.map(|(low, high, _)| [low.0, high.0]),
            level: interval.map(|(_, _, level)| level),
            total_ratio: comparison.total.map(|total| total.ratio.0),
            total_ci: total_interval.map(|interval| [interval.low.0, interval.high.0]),
        }
    };
    Some(ReplayPart {
        range: &record.range,
        path: &record.path,
        base: &record.base,
        commits: &record.commits,
        variants: costs.variants.iter().map(of_variant).collect(),
        ratios: costs.comparisons.iter().map(of_comparison).collect(),
    })
}

fn of_series(series: &Series) -> EstimatePart<'_> {
    let summary = series.estimate.timed();
    let (status, value) = match &series.estimate {
        Estimate::Missing => ("missing", None),
        Estimate::Timed(summary) => ("ok", Some(summary.median)),
        Estimate::Exact { value, .. } => ("ok", Some(*value as f64)),
        Estimate::Unstable { .. } => ("unstable", None),
    };
    let (min, max) = match &series.estimate {
        Estimate::Missing => (None, None),
        Estimate::Timed(summary) => (Some(summary.min), Some(summary.max)),
        Estimate::Exact { value, .. } => (Some(*value), Some(*value)),
        Estimate::Unstable { low, high, .. } => (Some(*low), Some(*high)),
    };
    let interval = summary.and_then(|summary| summary.interval);
    EstimatePart {
        variant: &series.variant,
        step: series.step.as_deref(),
        metric: series.metric.to_string(),
        n: series.estimate.n(),
        failed: series.failed,
        invalid: series.invalid,
        status,
        value,
        ci: interval.map(|interval| [interval.low, interval.high]),
        ci_level: interval.map(|interval| interval.level),
        q1: summary.map(|summary| summary.q1),
        q3: summary.map(|summary| summary.q3),
        min,
        max,
        mad: summary.map(|summary| summary.mad),
    }
}

fn of_instruction(series: &InstructionSeries) -> InstructionPart<'_> {
    let duration = series.duration.as_ref();
    let interval = duration.and_then(|duration| duration.interval);
    InstructionPart {
        step: &series.step,
        variant: &series.variant,
        instruction: &series.name,
        before: series.before,
        line: series.line,
        n: series.listed,
        cached: series.cached,
        duration_ns: duration.map(|duration| duration.median),
        ci_ns: interval.map(|interval| [interval.low, interval.high]),
        ci_level: interval.map(|interval| interval.level),
        min_ns: duration.map(|duration| duration.min),
        max_ns: duration.map(|duration| duration.max),
        log_bytes: series.log_bytes.map(|bytes| bytes.median),
    }
}

fn of_timeline(timeline: &Timeline) -> TimelinePart<'_> {
    let known = timeline.waits != Waits::Unknown;
    TimelinePart {
        step: &timeline.step,
        variant: &timeline.variant,
        waits: match timeline.waits {
            Waits::Told => "told",
            Waits::OneAfterAnother => "one_after_another",
            Waits::Unknown => "unknown",
        },
        total_ns: timeline.total.0,
        path_ns: timeline.path.map(|path| path.0),
        stages_at_once_ns: timeline.stages_at_once.0,
        bars: timeline
            .bars
            .iter()
            .map(|bar| BarPart {
                name: &bar.name,
                stage: bar.stage.as_deref(),
                part: bar.part,
                spans_ns: &bar.spans,
                on_path: known.then_some(bar.on_path),
                slack_ns: bar.slack.map(|slack| slack.0),
            })
            .collect(),
    }
}

fn of_comparison(comparison: &Comparison) -> ComparisonPart<'_> {
    let estimate = comparison.estimate;
    let interval = estimate.and_then(|estimate| estimate.interval);
    let finding = match &comparison.finding {
        Finding::OtherSlower => "slower",
        Finding::OtherFaster => "faster",
        Finding::NoDifference => "no_difference",
        Finding::WithinUncertainty { .. } => "within_uncertainty",
        Finding::TooFewSamples => "insufficient",
        Finding::TooManyLost { .. } => "failed",
        Finding::NoSamples { .. } => "missing",
        Finding::DifferentProbes | Finding::NoRatio { .. } => "not_comparable",
    };
    ComparisonPart {
        a: &comparison.baseline,
        b: &comparison.other,
        metric: comparison.metric.to_string(),
        analysis: "unpaired",
        method: estimate.map(|estimate| estimate.method),
        n: estimate.map(|estimate| [estimate.baseline_samples, estimate.candidate_samples]),
        ratio: estimate.map(|estimate| estimate.ratio.0),
        ci: interval.map(|interval| [interval.low.0, interval.high.0]),
        ci_level: interval.map(|interval| interval.level),
        p: estimate.map(|estimate| estimate.p_value),
        finding,
        notes: if comparison.is_difference() {
            Vec::new()
        } else {
            vec![comparison.finding.reason()]
        },
    }
}

fn of_sample<'a>(run: &'a Run, series: &'a Series, sample: &'a Sample) -> SamplePart<'a> {
    let invalid = sample.standing == Standing::Invalid;
    let reason = || {
        let builds = run.builds.iter().map(|build| (build.key.order, &build.outcome));
        let starts = run.starts.iter().map(|start| (start.key.order, &start.outcome));
        let bursts = run.bursts.iter().map(|burst| (burst.key.order, &burst.outcome));
        builds
            .chain(starts)
            .chain(bursts)
            .find(|(order, _)| *order == sample.order)
            .and_then(|(_, outcome)| outcome.reason())
    };
    SamplePart {
        variant: &series.variant,
        step: series.step.as_deref(),
        metric: series.metric.to_string(),
        warmup: sample.standing == Standing::WarmUp,
        round: sample.round,
        order: sample.order,
        value: Some(sample.value),
        lo: sample.low,
        hi: sample.low.map(|_| sample.value),
        status: if invalid { "invalid" } else { "ok" },
        reason: if invalid { reason() } else { None },
    }
}

/// Failed samples have no value; each is one row under the metric that it should have given.
fn failed(run: &Run) -> Vec<SamplePart<'_>> {
    let is_failed =
        |outcome: &crate::results::Status| matches!(outcome, crate::results::Status::Failed { .. });
    let builds = run
        .builds
        .iter()
        .filter(|build| is_failed(&build.outcome))
        .map(|build| {
            let metric = Metric::StepTime(build.step.clone()).to_string();
            (&build.key, &build.outcome, Some(build.step.as_str()), metric)
        });
    let starts = run
        .starts
        .iter()
        .filter(|start| is_failed(&start.outcome))
        .map(|start| {
            (
                &start.key,
                &start.outcome,
                None,
                Metric::Start(StartMetric::Ready, start.cache).to_string(),
            )
        });
    let bursts = run
        .bursts
        .iter()
        .filter(|burst| is_failed(&burst.outcome))
        .map(|burst| {
            let metric = Metric::Burst(BurstMetric::Last, burst.containers).to_string();
            (&burst.key, &burst.outcome, None, metric)
        });
    builds
        .chain(starts)
        .chain(bursts)
        .map(|(key, outcome, step, metric)| SamplePart {
            variant: &key.variant,
            step,
            metric,
            warmup: key.warmup,
            round: key.round,
            order: key.order,
            value: None,
            lo: None,
            hi: None,
            status: "failed",
            reason: outcome.reason(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::analyze::specimen::{layer_order, two_stages};

    #[test]
    fn instructions_and_the_critical_path_are_there_for_other_programs() {
        let run = two_stages().run();
        let text = summary_json(&run, &Analysis::of(&run)).unwrap();
        let summary: Value = serde_json::from_str(&text).unwrap();
        let service = &summary["instructions"][1];
        assert_eq!(service["instruction"], "RUN make service");
        assert_eq!((&service["n"], &service["cached"]), (&5.into(), &0.into()));
        assert_eq!(service["duration_ns"], 2e9);
        assert!(
            service["ci_ns"].is_null(),
            "five samples have no interval: {service}"
        );
        let timeline = &summary["timelines"][0];
        assert_eq!(timeline["path_ns"], 2_400_000_000_u64);
        assert_eq!(timeline["stages_at_once_ns"], 890_000_000);
        let bars = timeline["bars"].as_array().unwrap();
        let assets = bars.iter().find(|bar| bar["name"] == "RUN make assets").unwrap();
        assert_eq!(assets["spans_ns"], serde_json::json!([[60_000_000, 900_000_000]]));
        assert_eq!(
            (&assets["on_path"], &assets["slack_ns"]),
            (&false.into(), &1_125_000_000.into())
        );
    }

    #[test]
    fn the_summary_holds_verdict_comparisons_and_every_sample() {
        let run = layer_order().run();
        let analysis = Analysis::of(&run);
        let text = summary_json(&run, &analysis).unwrap();
        let summary: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(summary["schema"], 1);
        assert_eq!(summary["verdict"]["metric"], "step.edit source.time");
        assert_eq!(summary["verdict"]["sentence"], analysis.sentence.text);
        let rows = |name: &str| summary[name].as_array().unwrap().clone();
        let comparison = rows("comparisons")
            .into_iter()
            .find(|row| row["metric"] == "step.edit source.time" && row["b"] == "ordered")
            .unwrap();
        assert_eq!(comparison["n"], serde_json::json!([10, 9]));
        assert_eq!(comparison["finding"], "faster");
        let times: Vec<String> = run
            .header
            .steps
            .iter()
            .map(|step| Metric::StepTime(step.clone()).to_string())
            .collect();
        let of_step = |status: &str| {
            rows("samples")
                .iter()
                .filter(|row| times.iter().any(|time| row["metric"] == **time) && row["status"] == status)
                .count()
        };
        // Three variants, five steps, ten rounds.
        assert_eq!(
            (of_step("ok"), of_step("failed"), of_step("invalid")),
            (148, 1, 1)
        );
        let failed = rows("samples")
            .into_iter()
            .find(|row| row["status"] == "failed")
            .unwrap();
        assert!(failed["value"].is_null(), "{failed}");
    }
}
