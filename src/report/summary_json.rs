//! `summary.json`: the run, its samples and comparisons for other programs.

use serde::Serialize;

use crate::analyze::{Analysis, Comparison, Estimate, Finding, Metric, Sample, Series, Standing};
use crate::results::{Environment, Run, StopReason};
use crate::stats::Method;

/// The version of the file's schema. Readers tolerate unknown fields; a change that breaks them raises it.
pub const SUMMARY_SCHEMA: u32 = 1;

/// The summary could not be written as JSON.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the summary as JSON")]
pub struct WriteSummary(#[source] serde_json::Error);

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
        warnings: analysis.warnings.iter().map(ToString::to_string).collect(),
        samples,
    }
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
        builds
            .chain(starts)
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
        .map(|start| (&start.key, &start.outcome, None, Metric::StartReady.to_string()));
    builds
        .chain(starts)
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
    use crate::analyze::specimen::layer_order;

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
