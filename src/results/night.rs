//! A run as a history keeps it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{BaseRecord, RunEnd, RunHeader};
use crate::scenario::ProbeTier;

/// The version of the form of a night that this program writes and reads.
pub const NIGHT_SCHEMA: u32 = 1;

/// A run as a history keeps it: what was measured, on what, and every sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Night {
    /// The version of this form.
    pub schema: u32,
    /// The short name of the machine: nights of different machines are never held against each other.
    pub machine_key: String,
    /// What it stands for, by name.
    pub machine: BTreeMap<String, String>,
    /// The short name of how it was measured: likewise.
    pub protocol_key: String,
    /// What it stands for, by name.
    pub protocol: BTreeMap<String, String>,
    /// What was measured, on what.
    pub header: RunHeader,
    /// Base images.
    pub bases: Vec<BaseRecord>,
    /// How the run ended; absent where it was killed.
    pub end: Option<RunEnd>,
    /// The samples of each metric.
    pub series: Vec<NightSeries>,
}

/// The samples of one metric of one variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NightSeries {
    /// The variant.
    pub variant: String,
    /// The metric's key.
    pub metric: String,
    /// The step whose builds were measured, where the key names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Samples that failed, warm-ups aside.
    pub failed: usize,
    /// Samples that were not taken under the planned conditions, warm-ups aside.
    pub invalid: usize,
    /// The samples that count, in the order in which they were taken.
    pub samples: Vec<NightSample>,
}

/// One sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NightSample {
    /// The round, from 1.
    pub round: u32,
    /// The position among all samples of the run, from 1.
    pub order: u32,
    /// The value, in the metric's stored unit: nanoseconds, bytes, or a number of things.
    pub value: u64,
    /// The lower end of the interval in which it truly lies; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<u64>,
    /// How readiness was looked for; absent for a build.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<ProbeTier>,
}

/// A change that somebody accepted: nights before it are no baseline any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// The version of this form.
    pub schema: u32,
    /// The scenario.
    pub scenario: String,
    /// The variant; absent for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The metric's key; absent for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// The id of the first run that counts from then on.
    pub from_run: String,
    /// Why.
    pub reason: String,
    /// Who.
    pub author: String,
    /// When, in UTC, as RFC 3339.
    pub accepted_utc: String,
}

impl Acceptance {
    /// Whether it is about this series.
    #[must_use]
    pub fn is_about(&self, scenario: &str, variant: &str, metric: &str) -> bool {
        let fits = |wanted: &Option<String>, name: &str| wanted.as_ref().is_none_or(|wanted| wanted == name);
        self.scenario == scenario && fits(&self.variant, variant) && fits(&self.metric, metric)
    }
}
