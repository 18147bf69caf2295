//! What github-action-benchmark reads as `customSmallerIsBetter`: <https://github.com/benchmark-action/github-action-benchmark>.

use serde::Serialize;

use super::point::{Point, rounded};
use crate::analyze::Analysis;
use crate::report::WriteSummary;

#[derive(Serialize)]
struct Entry {
    name: String,
    unit: &'static str,
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<String>,
    extra: String,
}

/// The medians of a run as a list of entries, times in seconds; `range` is half of the interval. Ends in a line feed.
///
/// # Errors
///
/// Where a value cannot be represented in JSON.
pub fn github_benchmark(scenario: &str, analysis: &Analysis) -> Result<String, WriteSummary> {
    let entries: Vec<Entry> = Point::all(&analysis.series)
        .into_iter()
        .map(|point| Entry {
            name: format!("{scenario}/{} {}", point.variant, point.name()),
            unit: match point.unit() {
                "" => "count",
                unit => unit,
            },
            value: rounded(point.value),
            range: point
                .interval
                .map(|[low, high]| format!("± {}", rounded((high - low) / 2.0))),
            extra: format!("n {}", point.n),
        })
        .collect();
    let mut text = serde_json::to_string_pretty(&entries).map_err(WriteSummary)?;
    text.push('\n');
    Ok(text)
}
