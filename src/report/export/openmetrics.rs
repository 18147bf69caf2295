//! OpenMetrics text: <https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md>.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::point::{Point, rounded};
use crate::analyze::{Analysis, Metric, MetricUnit};

/// The medians of a run as gauges without timestamps, such as
/// `seatrial_step_time_seconds{scenario="bases",variant="alpine",step="cold",stat="median"} 44.95`. GitLab's report of metrics and
/// the directory that a node exporter reads take the same file.
#[must_use]
pub fn openmetrics(scenario: &str, analysis: &Analysis) -> String {
    let mut families: BTreeMap<String, (MetricUnit, Vec<String>)> = BTreeMap::new();
    for point in Point::all(&analysis.series) {
        let unit = point.metric.unit();
        let (name, own) = family(point.metric);
        let mut labels = vec![
            ("scenario", scenario.to_owned()),
            ("variant", point.variant.to_owned()),
        ];
        labels.extend(own);
        labels.extend(point.step.map(|step| ("step", step.to_owned())));
        let stat = if point.metric.kind() == crate::analyze::MetricKind::Exact {
            "value"
        } else {
            "median"
        };
        labels.push(("stat", stat.to_owned()));
        let labels: Vec<String> = labels
            .into_iter()
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(&value)))
            .collect();
        let line = format!("{{{}}} {}", labels.join(","), rounded(point.value));
        families.entry(name).or_insert((unit, Vec::new())).1.push(line);
    }
    let mut text = String::new();
    for (name, (unit, lines)) in families {
        let suffix = match unit {
            MetricUnit::Nanoseconds => "_seconds",
            MetricUnit::Bytes => "_bytes",
            MetricUnit::Count => "",
        };
        let name = format!("seatrial_{name}{suffix}");
        let _ = writeln!(text, "# TYPE {name} gauge");
        if let Some(unit) = suffix.strip_prefix('_') {
            let _ = writeln!(text, "# UNIT {name} {unit}");
        }
        for line in lines {
            let _ = writeln!(text, "{name}{line}");
        }
    }
    text.push_str("# EOF\n");
    text
}

/// The name of a metric's family, and what of its key is a label.
fn family(metric: &Metric) -> (String, Option<(&'static str, String)>) {
    let plain = |name: &str| name.replace('.', "_");
    match metric {
        Metric::StepTime(step) => ("step_time".to_owned(), Some(("step", step.clone()))),
        Metric::StepRebuilt(step) => ("step_rebuilt".to_owned(), Some(("step", step.clone()))),
        Metric::StepSent(step) => ("step_sent".to_owned(), Some(("step", step.clone()))),
        Metric::Start(what, cache) => (plain(what.key()), Some(("state", cache.to_string()))),
        Metric::Burst(what, containers) => (
            format!("burst_{}", what.word()),
            Some(("containers", containers.to_string())),
        ),
        other => (plain(&other.to_string()), None),
    }
}

/// A label's value.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
