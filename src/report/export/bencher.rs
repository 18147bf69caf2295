//! Bencher's Metric Format: <https://bencher.dev/docs/reference/bencher-metric-format/>.

use std::collections::BTreeMap;

use serde::Serialize;

use super::point::{Point, rounded};
use crate::analyze::{Analysis, Metric, MetricUnit};
use crate::report::WriteSummary;

/// A measure's value with the ends of its interval.
#[derive(Serialize)]
struct Told {
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lower_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upper_value: Option<f64>,
}

/// The medians of a run as benchmarks `<scenario>/<variant>/<step>`, or without the step where a metric has none. Build times are in
/// `build-time`, in seconds, and image sizes in `file-size`, in bytes, which Bencher knows; other measures are named after the metric.
/// Ends in a line feed.
///
/// # Errors
///
/// Where a value cannot be represented in JSON.
pub fn bencher(scenario: &str, analysis: &Analysis) -> Result<String, WriteSummary> {
    let mut benchmarks: BTreeMap<String, BTreeMap<String, Told>> = BTreeMap::new();
    for point in Point::all(&analysis.series) {
        let (step, measure) = match point.metric {
            Metric::StepTime(step) => (Some(step.as_str()), "build-time".to_owned()),
            Metric::StepRebuilt(step) => (Some(step.as_str()), "rebuilt".to_owned()),
            Metric::StepSent(step) => (Some(step.as_str()), "sent".to_owned()),
            Metric::ImageSize => (point.step, "file-size".to_owned()),
            other => (point.step, other.to_string().replace('.', "-")),
        };
        let name = match step {
            Some(step) => format!("{scenario}/{}/{step}", point.variant),
            None => format!("{scenario}/{}", point.variant),
        };
        let ends = point.interval.map(|ends| ends.map(rounded));
        let told = Told {
            value: if point.metric.unit() == MetricUnit::Nanoseconds {
                rounded(point.value)
            } else {
                point.value
            },
            lower_value: ends.map(|[low, _]| low),
            upper_value: ends.map(|[_, high]| high),
        };
        benchmarks.entry(name).or_default().insert(measure, told);
    }
    let mut text = serde_json::to_string_pretty(&benchmarks).map_err(WriteSummary)?;
    text.push('\n');
    Ok(text)
}
