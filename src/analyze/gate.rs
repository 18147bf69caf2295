//! What the gates of a scenario make of a metric's own bounds.

use super::band::Materiality;
use super::metric::Metric;
use super::start_metric::StartMetric;
use crate::results::GateRecord;
use crate::scenario::Allowance;

/// How large a change of the metric must be to matter: what its gate says, and what the metric says of itself for the rest.
pub(super) fn materiality_of(metric: &Metric, gates: &[GateRecord]) -> Materiality {
    let own = metric.materiality();
    let Some(gate) = gate_on(metric, gates) else {
        return own;
    };
    let (delta, amount) = match gate.worse_by {
        None => (own.delta, 0),
        Some(Allowance::Share(share)) => (share, 0),
        Some(Allowance::Amount(amount)) => (0.0, amount),
    };
    Materiality {
        delta,
        floor: gate.at_least.unwrap_or(own.floor).max(amount),
    }
}

/// The largest value of an exact metric that is not worse than its baseline's by more than its gate allows.
pub(super) fn allowed(metric: &Metric, baseline: u64, gates: &[GateRecord]) -> u64 {
    let gate = gate_on(metric, gates);
    let by = match gate.and_then(|gate| gate.worse_by) {
        None => 0,
        Some(Allowance::Amount(amount)) => amount,
        Some(Allowance::Share(share)) => whole_part(baseline as f64 * share),
    };
    // A difference that is smaller than the floor is none.
    let floor = gate.and_then(|gate| gate.at_least).unwrap_or(0);
    baseline.saturating_add(by.max(floor.saturating_sub(1)))
}

/// The gate on a metric. One on `start.app` is one on `start.ready` for whoever has no other, since that decides where the begin of
/// a program cannot be seen.
fn gate_on<'gates>(metric: &Metric, gates: &'gates [GateRecord]) -> Option<&'gates GateRecord> {
    let on = |metric: &Metric| {
        let key = metric.to_string();
        gates.iter().find(|gate| gate.metric == key)
    };
    on(metric).or_else(|| match metric {
        Metric::Start(StartMetric::Ready, cache) => on(&Metric::Start(StartMetric::App, *cache)),
        _ => None,
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and neither factor is negative"
)]
fn whole_part(value: f64) -> u64 {
    value as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::StartCache;

    fn gate(metric: &str, worse_by: Option<Allowance>, at_least: Option<u64>) -> GateRecord {
        GateRecord {
            metric: metric.to_owned(),
            worse_by,
            at_least,
            at_most: None,
        }
    }

    #[test]
    fn what_a_gate_does_not_say_the_metric_says() {
        let cold = Metric::StepTime("cold".to_owned());
        let percent = Some(Allowance::Share(0.1));
        let amount = Some(Allowance::Amount(80_000_000));
        for (gates, delta, floor) in [
            (vec![], 0.03, 50_000_000),
            (vec![gate("step.cold.time", None, None)], 0.03, 50_000_000),
            (vec![gate("step.cold.time", percent, None)], 0.1, 50_000_000),
            (vec![gate("step.cold.time", percent, Some(7))], 0.1, 7),
            (vec![gate("step.cold.time", amount, None)], 0.0, 80_000_000),
            (vec![gate("step.edit.time", percent, None)], 0.03, 50_000_000),
        ] {
            let expected = Materiality { delta, floor };
            assert_eq!(materiality_of(&cold, &gates), expected, "{gates:?}");
        }
        let ready = Metric::Start(StartMetric::Ready, StartCache::Warm);
        let gates = [gate("start.app", percent, None)];
        assert!((materiality_of(&ready, &gates).delta - 0.1).abs() < 1e-12);
    }

    #[test]
    fn an_exact_metric_may_be_worse_by_what_its_gate_allows() {
        for (worse_by, at_least, expected) in [
            (None, None, 1_000),
            (Some(Allowance::Amount(0)), None, 1_000),
            (Some(Allowance::Amount(24)), None, 1_024),
            (Some(Allowance::Share(0.0109)), None, 1_010),
            (Some(Allowance::Share(0.01)), Some(21), 1_020),
            (Some(Allowance::Amount(u64::MAX)), None, u64::MAX),
        ] {
            let gates = [gate("image.size", worse_by, at_least)];
            assert_eq!(
                allowed(&Metric::ImageSize, 1_000, &gates),
                expected,
                "{worse_by:?}"
            );
        }
    }
}
