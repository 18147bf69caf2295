//! The metrics that decide over a run, and how much worse each may become.

use serde::{Deserialize, Serialize};

use crate::scenario::{Allowance, Gate};

/// One gate of the run's scenario, with its bounds in the metric's stored unit: nanoseconds, bytes, or a number of things.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct GateRecord {
    /// The metric's key, such as `step.edit source.time`.
    pub metric: String,
    /// By how much it may be worse than the baseline; absent where it is not held against one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worse_by: Option<Allowance>,
    /// A smaller difference is none; absent where the metric's own floor counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<u64>,
    /// What it may be at most; absent where there is no budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u64>,
}

/// Journals of earlier versions have the keys alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Key(String),
    Whole {
        metric: String,
        worse_by: Option<Allowance>,
        at_least: Option<u64>,
        at_most: Option<u64>,
    },
}

impl From<Stored> for GateRecord {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Key(metric) => Self {
                metric,
                worse_by: None,
                at_least: None,
                at_most: None,
            },
            Stored::Whole {
                metric,
                worse_by,
                at_least,
                at_most,
            } => Self {
                metric,
                worse_by,
                at_least,
                at_most,
            },
        }
    }
}

impl From<&Gate> for GateRecord {
    fn from(gate: &Gate) -> Self {
        Self {
            metric: gate.metric.clone(),
            worse_by: gate.allowance(),
            at_least: gate.floor(),
            at_most: gate.budget(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::MetricUnit;

    #[test]
    fn bounds_are_stored_as_numbers_and_a_key_alone_has_none() {
        let gate = Gate {
            metric: "start.app".to_owned(),
            unit: MetricUnit::Time,
            worse_by: Some("5%".to_owned()),
            at_least: Some("10ms".to_owned()),
            at_most: None,
        };
        let record = GateRecord::from(&gate);
        let json = serde_json::to_string(&record).unwrap();
        assert_eq!(
            json,
            r#"{"metric":"start.app","worse_by":{"share":0.05},"at_least":10000000}"#
        );
        assert_eq!(serde_json::from_str::<GateRecord>(&json).unwrap(), record);
        let before: GateRecord = serde_json::from_str("\"start.app\"").unwrap();
        assert_eq!((before.metric.as_str(), before.worse_by), ("start.app", None));
    }
}
