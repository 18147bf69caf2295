//! One container start, measured.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{HostConditions, Neighbours, Phase, SampleKey, Status};
use crate::unit::Nanos;

/// One start of a variant's image, up to readiness.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StartSample {
    /// Where in the run it was taken.
    pub key: SampleKey,
    /// Whether it counts.
    pub outcome: Status,
    /// How readiness was looked for.
    pub tier: ProbeTier,
    /// `start.client`: the start call to the first match through the published port.
    pub client: Option<Bounded>,
    /// `start.ready`: the start call to the first match on the container's own network stack.
    pub ready: Option<Bounded>,
    /// Create and start calls, and the wait until ready.
    pub phases: Vec<Phase>,
    /// What the probe's attempts met before the match.
    pub attempts: Attempts,
    /// The exit code, where the container ended before it was ready.
    pub exit_code: Option<i64>,
    /// The last lines that the container logged, where it failed.
    pub log_tail: Vec<String>,
    /// How busy the machine was; absent where it was not looked at, as in journals of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<HostConditions>,
    /// What else the daemon did; absent likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub neighbours: Option<Neighbours>,
}

/// How readiness was looked for. Samples of different tiers are never compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeTier {
    /// The container's own address, from this host, after the start call has returned.
    Ip,
    /// The published port, after the start call has returned.
    Published,
}

/// An instant after the start call, with the interval in which it truly lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounded {
    /// From the start call to the first byte of the matching response.
    pub value_ns: Nanos,
    /// The earliest instant at which a request would have been answered: `value_ns` less the time between the
    /// last attempt that proved "not yet" and the matching one.
    pub low_ns: Nanos,
    /// Whether the first attempt matched, so that the value is an upper bound only.
    pub left_censored: bool,
}

/// What attempts met, by class: `refused`, `reset`, `eof`, `timeout`, `status:503`, `body`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts(pub BTreeMap<String, u32>);

impl Attempts {
    /// Counts one attempt of a class.
    pub fn count(&mut self, class: &str) {
        *self.0.entry(class.to_owned()).or_default() += 1;
    }

    /// All attempts that did not match.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.0.values().sum()
    }
}
