//! `[gate]`.

use std::collections::BTreeMap;

use super::findings::Findings;
use crate::scenario::file::{Cursor, GateTable};
use crate::scenario::nearest::hint;
use crate::scenario::{Gate, Metric, MetricUnit};
use crate::unit::{ByteSize, Nanos};

/// Resolves the gates, in the file's order.
pub(super) fn gates(
    mut tables: BTreeMap<String, GateTable>,
    at: &Cursor<'_>,
    metrics: &[Metric],
    findings: &mut Findings<'_>,
) -> Vec<Gate> {
    let mut gates = Vec::new();
    for key in at.keys() {
        let at = at.key(key);
        let Some(table) = tables.remove(key) else {
            continue;
        };
        if let Some(metric) = metrics.iter().find(|metric| metric.key == key) {
            check_bounds(&table, metric, &at, findings);
        } else {
            note_unknown(key, metrics, &at, findings);
        }
        gates.push(Gate {
            metric: key.to_owned(),
            worse_by: table.worse_by,
            at_least: table.at_least,
            at_most: table.at_most,
        });
    }
    gates
}

fn note_unknown(key: &str, metrics: &[Metric], at: &Cursor<'_>, findings: &mut Findings<'_>) {
    let known: Vec<&str> = metrics.iter().map(|metric| metric.key.as_str()).collect();
    let message = if Metric::is_planned(key) {
        format!("the metric `{key}` is not supported by this version")
    } else {
        format!("`{key}` is no metric of this scenario")
    };
    findings.at_key(at, message).hint = hint(key, "its metrics are", &known);
}

fn check_bounds(table: &GateTable, metric: &Metric, at: &Cursor<'_>, findings: &mut Findings<'_>) {
    let amount = match metric.unit {
        MetricUnit::Time => "a duration such as `10ms`",
        MetricUnit::Bytes => "a size such as `10MiB`",
        MetricUnit::Count => "a whole number",
    };
    if table.worse_by.is_none() && table.at_most.is_none() && !at.has_cut() {
        findings
            .at(at, format!("the gate on `{}` allows anything", metric.key))
            .hint("give `worse-by`, `at-most` or both");
    }
    for (key, text, percentage) in [
        ("worse-by", &table.worse_by, true),
        ("at-least", &table.at_least, false),
        ("at-most", &table.at_most, false),
    ] {
        let Some(text) = text else { continue };
        if is_amount(text, metric.unit) || (percentage && is_percentage(text)) {
            continue;
        }
        let expected = if percentage {
            format!("a percentage such as `5%`, `0`, or {amount}")
        } else {
            amount.to_owned()
        };
        findings
            .at(
                &at.key(key),
                format!("`{key}` of `{}` is {text:?}, expected {expected}", metric.key),
            )
            .label(format!("expected {expected}"));
    }
}

/// Whether the text is an amount in the metric's unit; zero needs none.
fn is_amount(text: &str, unit: MetricUnit) -> bool {
    text == "0"
        || match unit {
            MetricUnit::Time => text.parse::<Nanos>().is_ok(),
            MetricUnit::Bytes => text.parse::<ByteSize>().is_ok(),
            MetricUnit::Count => text.parse::<u64>().is_ok(),
        }
}

/// Whether the text is a number of per cent that is not negative.
fn is_percentage(text: &str) -> bool {
    text.strip_suffix('%').is_some_and(|number| {
        number.starts_with(|first: char| first.is_ascii_digit())
            && number
                .chars()
                .all(|character| character.is_ascii_digit() || character == '.')
            && number.parse::<f64>().is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_percentages_or_amounts_of_the_metrics_unit() {
        for (text, unit, amount) in [
            ("0", MetricUnit::Time, true),
            ("10ms", MetricUnit::Time, true),
            ("10ms", MetricUnit::Bytes, false),
            ("10MiB", MetricUnit::Bytes, true),
            ("10MiB", MetricUnit::Time, false),
            ("3", MetricUnit::Count, true),
            ("-3", MetricUnit::Count, false),
            ("", MetricUnit::Count, false),
        ] {
            assert_eq!(is_amount(text, unit), amount, "{text:?} of {unit:?}");
        }
        for (text, percentage) in [
            ("5%", true),
            ("2.5%", true),
            ("5", false),
            ("-5%", false),
            ("%", false),
            ("1e3%", false),
            ("NaN%", false),
            ("1.2.3%", false),
        ] {
            assert_eq!(is_percentage(text), percentage, "{text:?}");
        }
    }
}
