//! `[gate]`.

use std::collections::BTreeMap;

use super::findings::Findings;
use crate::scenario::file::{Cursor, GateTable};
use crate::scenario::gate::amount;
use crate::scenario::nearest::hint;
use crate::scenario::{Allowance, Gate, Metric, MetricUnit};

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
        let Some(metric) = metrics.iter().find(|metric| metric.key == key) else {
            note_unknown(key, metrics, &at, findings);
            continue;
        };
        check_bounds(&table, metric, &at, findings);
        gates.push(Gate {
            metric: key.to_owned(),
            unit: metric.unit,
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
    let in_unit = match metric.unit {
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
        let read = if percentage {
            Allowance::parse(text, metric.unit).is_some()
        } else {
            amount(text, metric.unit).is_some()
        };
        if read {
            continue;
        }
        let expected = if percentage {
            format!("a percentage such as `5%`, `0`, or {in_unit}")
        } else {
            in_unit.to_owned()
        };
        findings
            .at(
                &at.key(key),
                format!("`{key}` of `{}` is {text:?}, expected {expected}", metric.key),
            )
            .label(format!("expected {expected}"));
    }
}
