//! A table of verdicts for other programs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::summary_json::WriteSummary;
use crate::analyze::{Outcome, VerdictRow, VerdictTable};
use crate::stats::Method;

/// The version of the document's schema. Readers tolerate unknown fields; a change that breaks them raises it.
pub const VERDICT_SCHEMA: u32 = 1;

/// A table of verdicts as JSON, ending in a line feed: how many rows were judged, how many were not and why, and every row.
///
/// # Errors
///
/// Where a value cannot be represented in JSON.
pub fn verdict_json(table: &VerdictTable) -> Result<String, WriteSummary> {
    let rows: Vec<Row> = table.rows.iter().map(Row::of).collect();
    let not_judged = rows.iter().filter(|row| !row.judged);
    let document = Document {
        schema: VERDICT_SCHEMA,
        judged: rows.iter().filter(|row| row.judged).count(),
        skipped: skipped(not_judged.map(|row| row.status)),
        rows,
    };
    let mut text = serde_json::to_string_pretty(&document).map_err(WriteSummary)?;
    text.push('\n');
    Ok(text)
}

/// How often each reason was one.
pub(super) fn skipped(reasons: impl Iterator<Item = &'static str>) -> Vec<Skipped> {
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for reason in reasons {
        *counts.entry(reason).or_default() += 1;
    }
    let skipped = counts
        .into_iter()
        .map(|(reason, count)| Skipped { reason, count });
    skipped.collect()
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    /// How many rows have a verdict.
    judged: usize,
    skipped: Vec<Skipped>,
    rows: Vec<Row<'a>>,
}

/// How many were not judged for one reason.
#[derive(Serialize)]
pub(super) struct Skipped {
    reason: &'static str,
    count: usize,
}

/// One row of a table of verdicts.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    baseline: &'a str,
    candidate: &'a str,
    metric: String,
    step: Option<&'a str>,
    kind: String,
    unit: &'static str,
    /// A verdict, or why there is none.
    pub(super) status: &'static str,
    /// What of it is to be told, where the status alone does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<[u64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimate: Option<EstimatePart>,
    #[serde(skip)]
    judged: bool,
}

#[derive(Serialize)]
struct EstimatePart {
    analysis: &'static str,
    method: Method,
    n: [usize; 2],
    ratio: f64,
    ci: Option<[f64; 2]>,
    ci_level: Option<f64>,
    p: f64,
    q: f64,
    family: usize,
    delta_eff: f64,
}

impl<'a> Row<'a> {
    pub(super) fn of(row: &'a VerdictRow) -> Self {
        let verdict = row.outcome.verdict();
        let (status, detail) = match &row.outcome {
            Outcome::Timed(_) | Outcome::Exact { .. } => {
                (verdict.map_or("insufficient", |verdict| verdict.name()), None)
            }
            Outcome::Unstable { variant, low, high } => {
                ("unstable", Some(format!("{variant}: {low} to {high}")))
            }
            Outcome::Failed {
                variant,
                lost,
                attempted,
                ..
            } => ("failed", Some(format!("{variant}: {lost} of {attempted}"))),
            Outcome::Insufficient { baseline, candidate } => {
                ("insufficient", Some(format!("n {baseline}/{candidate}")))
            }
            Outcome::NotComparable(difference) => (
                "not_comparable",
                Some(format!(
                    "{}: {} and {}",
                    difference.field, difference.baseline, difference.candidate
                )),
            ),
            Outcome::NoRatio(error) => ("no_ratio", Some(error.to_string())),
            Outcome::Missing => ("missing", None),
            Outcome::New => ("new", None),
        };
        let estimate = match &row.outcome {
            Outcome::Timed(judgement) => Some(EstimatePart {
                analysis: "unpaired",
                method: judgement.estimate.method,
                n: [
                    judgement.estimate.baseline_samples,
                    judgement.estimate.candidate_samples,
                ],
                ratio: judgement.estimate.ratio.0,
                ci: judgement
                    .estimate
                    .interval
                    .map(|interval| [interval.low.0, interval.high.0]),
                ci_level: judgement.estimate.interval.map(|interval| interval.level),
                p: judgement.estimate.p_value,
                q: judgement.q_value,
                family: judgement.family,
                delta_eff: judgement.band.delta(),
            }),
            _ => None,
        };
        let values = match row.outcome {
            Outcome::Exact {
                baseline, candidate, ..
            } => Some([baseline, candidate]),
            _ => None,
        };
        Self {
            baseline: &row.baseline,
            candidate: &row.candidate,
            metric: row.metric.to_string(),
            step: row.step.as_deref(),
            kind: row.metric.kind().to_string(),
            unit: row.metric.unit().name(),
            status,
            detail,
            values,
            estimate,
            judged: verdict.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::analyze::Analysis;
    use crate::analyze::specimen::Specimen;

    #[test]
    fn verdicts_and_their_numbers_are_read_back() {
        let mut specimen = Specimen::new(&["a", "b", "c"], &["cold"]);
        for round in 0..10 {
            specimen.build("a", "cold", 4_000 + round * 10);
            specimen.build("b", "cold", 5_000 + round * 10);
        }
        specimen.build("c", "cold", 4_000);
        let table = VerdictTable::within(&Analysis::of(&specimen.run()).series, "a", &[]);
        let read: Value = serde_json::from_str(&verdict_json(&table).unwrap()).unwrap();
        assert_eq!(read["schema"], json!(VERDICT_SCHEMA));
        assert_eq!(read["skipped"], json!([{ "reason": "insufficient", "count": 1 }]));
        let rows = read["rows"].as_array().unwrap();
        assert_eq!(read["judged"], json!(rows.len() - 1));
        let time = |variant: &str| {
            let mut rows = rows.iter();
            rows.find(|row| row["candidate"] == variant && row["metric"] == "step.cold.time")
                .unwrap()
        };
        assert_eq!(time("b")["status"], "regressed");
        let estimate = &time("b")["estimate"];
        assert_eq!(
            (&estimate["n"], &estimate["family"], &estimate["analysis"]),
            (&json!([10, 10]), &json!(1), &json!("unpaired"))
        );
        assert!(
            (estimate["ratio"].as_f64().unwrap() - 5_045.0 / 4_045.0).abs() < 1e-4,
            "{estimate}"
        );
        assert_eq!(time("c")["status"], "insufficient");
        assert_eq!(time("c")["detail"], "n 10/1");
    }
}
