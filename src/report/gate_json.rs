//! What the gates of a run decide, for other programs.

use serde::Serialize;

use super::summary_json::WriteSummary;
use super::verdict_json::{Row, Skipped, VERDICT_SCHEMA, skipped};
use crate::analyze::{Decision, Found, GateOutcome, InstructionShift, Measured, NightHistory, Ruling};
use crate::unit::Nanos;

/// The rulings as JSON, ending in a line feed: what they come to, the exit code that says the same, how many were judged, how many
/// were not and why, and every ruling.
///
/// # Errors
///
/// Where a value cannot be represented in JSON.
pub fn gate_json(rulings: &[Ruling], outcome: GateOutcome, exit_code: u8) -> Result<String, WriteSummary> {
    let parts: Vec<RulingPart> = rulings.iter().map(RulingPart::of).collect();
    let not_judged = parts.iter().filter(|part| !part.decision.is_judged());
    let document = Document {
        schema: VERDICT_SCHEMA,
        outcome: outcome.name(),
        exit_code,
        judged: parts.iter().filter(|part| part.decision.is_judged()).count(),
        skipped: skipped(not_judged.map(RulingPart::status)),
        rulings: parts,
    };
    let mut text = serde_json::to_string_pretty(&document).map_err(WriteSummary)?;
    text.push('\n');
    Ok(text)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    outcome: &'static str,
    exit_code: u8,
    /// How many rulings tell whether the metric is as good as is asked.
    judged: usize,
    skipped: Vec<Skipped>,
    rulings: Vec<RulingPart<'a>>,
}

#[derive(Serialize)]
struct RulingPart<'a> {
    gate: &'a str,
    variant: &'a str,
    decision: DecisionPart,
    /// How it stands against the baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<Row<'a>>,
    /// The instruction that made the build slower.
    #[serde(skip_serializing_if = "Option::is_none")]
    instruction: Option<InstructionPart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<BudgetPart<'a>>,
    /// How the newest night of a history stands against those before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    night: Option<NightPart<'a>>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum DecisionPart {
    Passed,
    CannotTell,
    Suspected,
    Machine,
    NotJudged,
    Failed,
    Exceeded,
}

#[derive(Serialize)]
struct InstructionPart<'a> {
    name: &'a str,
    line: Option<u32>,
    before_ns: Option<Nanos>,
    after_ns: Nanos,
}

#[derive(Serialize)]
struct BudgetPart<'a> {
    metric: String,
    step: Option<&'a str>,
    unit: &'static str,
    at_most: u64,
    /// The value, or the median where it varies; absent where there is neither.
    value: Option<f64>,
    ci: Option<[f64; 2]>,
    ci_level: Option<f64>,
}

#[derive(Serialize)]
struct NightPart<'a> {
    metric: String,
    step: Option<&'a str>,
    unit: &'static str,
    /// How many nights there are before it.
    before: usize,
    /// The median of its samples; absent where it was not measured.
    value: Option<u64>,
    verdict: Option<&'static str>,
    /// The median of the nights that it was held against.
    usual: Option<f64>,
    /// Their spread.
    spread: Option<f64>,
}

impl DecisionPart {
    const fn of(decision: Decision) -> Self {
        match decision {
            Decision::Passed => Self::Passed,
            Decision::CannotTell => Self::CannotTell,
            Decision::Suspected => Self::Suspected,
            Decision::Machine => Self::Machine,
            Decision::NotJudged => Self::NotJudged,
            Decision::Failed => Self::Failed,
            Decision::Exceeded => Self::Exceeded,
        }
    }

    const fn is_judged(self) -> bool {
        matches!(
            self,
            Self::Passed | Self::CannotTell | Self::Suspected | Self::Machine | Self::Exceeded
        )
    }
}

impl<'a> RulingPart<'a> {
    fn of(ruling: &'a Ruling) -> Self {
        let part = Self {
            gate: &ruling.gate.metric,
            variant: &ruling.variant,
            decision: DecisionPart::of(ruling.decision()),
            row: None,
            instruction: None,
            budget: None,
            night: None,
        };
        match &ruling.finding {
            Found::Nothing | Found::NoBaseline => part,
            Found::Night { history, .. } => Self {
                night: Some(NightPart::of(history)),
                ..part
            },
            Found::Against(row, shift) => Self {
                row: Some(Row::of(row)),
                instruction: shift.as_ref().map(InstructionPart::of),
                ..part
            },
            Found::Budget {
                metric,
                step,
                at_most,
                measured,
            } => {
                let (value, between) = match *measured {
                    Measured::Value(value) => (Some(value as f64), None),
                    Measured::Between {
                        median,
                        low,
                        high,
                        level,
                    } => (Some(median), Some(([low, high], level))),
                    Measured::Unstable(..) | Measured::Few(_) | Measured::Lost(..) => (None, None),
                };
                Self {
                    budget: Some(BudgetPart {
                        metric: metric.to_string(),
                        step: step.as_deref(),
                        unit: metric.unit().name(),
                        at_most: *at_most,
                        value,
                        ci: between.map(|(ci, _)| ci),
                        ci_level: between.map(|(_, level)| level),
                    }),
                    ..part
                }
            }
        }
    }

    /// Why it was not judged.
    fn status(&self) -> &'static str {
        match (&self.row, &self.budget, &self.night) {
            (Some(row), ..) => row.status,
            (None, Some(_), _) => "insufficient",
            (None, None, Some(night)) if night.value.is_some() => "warming_up",
            (None, None, _) => "not_measured",
        }
    }
}

impl<'a> NightPart<'a> {
    fn of(history: &'a NightHistory) -> Self {
        let (newest, before) = history.newest();
        let baseline = newest.and_then(|newest| newest.judged.baseline);
        Self {
            metric: history.metric.to_string(),
            step: history.step.as_deref(),
            unit: history.metric.unit().name(),
            before: before.len(),
            value: newest.map(|newest| newest.value),
            verdict: newest.map(|newest| newest.judged.verdict.name()),
            usual: baseline.map(|baseline| baseline.middle),
            spread: baseline.map(|baseline| baseline.spread),
        }
    }
}

impl<'a> InstructionPart<'a> {
    fn of(shift: &'a InstructionShift) -> Self {
        let nanos = |value: f64| Nanos(crate::analyze::whole(value));
        Self {
            name: &shift.name,
            line: shift.line,
            before_ns: shift.before.map(nanos),
            after_ns: nanos(shift.after),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::analyze::specimen::{Specimen, image};
    use crate::analyze::{Against, Analysis, Strictness, VerdictTable, rulings};

    #[test]
    fn rulings_and_their_numbers_are_read_back() {
        let run = |millis: u64, mib: u64| {
            let mut specimen = Specimen::new(&["slim"], &["cold"]).gates(&[
                "step.cold.time",
                "image.size",
                "start.app",
                "image.layers",
            ]);
            for round in 0..10 {
                specimen.build("slim", "cold", millis + round * 10).image = Some(image(mib, &[]));
            }
            specimen.header().gates[1].at_most = Some(60 << 20);
            specimen.run()
        };
        let (before, after) = (run(4_000, 60), run(5_000, 80));
        let (baseline, candidate) = (Analysis::of(&before), Analysis::of(&after));
        let table = VerdictTable::between(&baseline.series, &candidate.series, None, &after.header.gates);
        let rulings = rulings(&after.header, &candidate, Against::Run(&baseline, &table));
        let outcome = GateOutcome::of(&rulings, Strictness::default());
        let read: Value = serde_json::from_str(&gate_json(&rulings, outcome, 3).unwrap()).unwrap();
        assert_eq!(
            (&read["outcome"], &read["exit_code"]),
            (&json!("regressed"), &json!(3))
        );
        assert_eq!(read["judged"], 3);
        assert_eq!(read["skipped"], json!([{ "reason": "not_measured", "count": 1 }]));
        let decisions: Vec<_> = read["rulings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|ruling| &ruling["decision"])
            .collect();
        assert_eq!(decisions, ["exceeded", "exceeded", "not_judged", "passed"]);
        assert_eq!(read["rulings"][0]["row"]["estimate"]["n"], json!([10, 10]));
        let budget = &read["rulings"][1]["budget"];
        assert_eq!(
            (&budget["at_most"], &budget["value"]),
            (&json!(60 << 20), &json!(f64::from(80 << 20)))
        );
    }
}
