//! One container start, measured.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{HostConditions, ImagePages, Neighbours, Phase, Pull, SampleKey, StartState, Status};
use crate::scenario::{ProbeTier, StartCache};
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
    /// What of the image was there before.
    #[serde(default, skip_serializing_if = "StartCache::is_usual")]
    pub cache: StartCache,
    /// `start.client`: the start call to the first match through the published port.
    pub client: Option<Bounded>,
    /// `start.ready`: the start call to the first match on the container's own network stack.
    pub ready: Option<Bounded>,
    /// `start.app`: the begin of the container's own program to that same match; absent where that begin is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<Bounded>,
    /// The start call to the first response of whatever status or content; absent where that was the match, and where it was
    /// not looked for from within.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_otherwise_ns: Option<Nanos>,
    /// When what happened in the container; absent where the kernel's record was not to be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamps: Option<StartStamps>,
    /// What it had used when it was ready; absent where nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<StartState>,
    /// How much of the image was in memory; absent where that was not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<ImagePages>,
    /// How the image came to the engine; absent where it was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull: Option<Pull>,
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

impl StartSample {
    /// `start.runtime`: the start call to the begin of the container's own program, where that is known.
    #[must_use]
    pub fn runtime(&self) -> Option<Nanos> {
        self.stamps.as_ref()?.exec_ns
    }

    /// Whether it enters statistics.
    #[must_use]
    pub const fn counts(&self) -> bool {
        self.outcome.is_ok() && !self.key.warmup
    }

    /// The match by the best way that saw one: on the container's own network stack, else through the published port.
    #[must_use]
    pub fn seen(&self) -> Option<Bounded> {
        self.ready.or(self.client)
    }

    /// How long the container's creation took. Of a container that is started again that is no part of the start.
    #[must_use]
    pub fn creation(&self) -> Option<Nanos> {
        let mut phases = self.phases.iter();
        let create = phases.find(|phase| phase.name == "create")?;
        (self.cache != StartCache::Restart).then_some(create.duration_ns)
    }

    /// Everything that was timed of it: the pull and the creation, where there were any, and from the start call to the match.
    #[must_use]
    pub fn total(&self) -> Option<Nanos> {
        let before = [self.pull.as_ref().map(|pull| pull.duration_ns), self.creation()];
        let seen = self.seen()?.value_ns;
        Some(before.into_iter().flatten().fold(seen, |sum, part| sum + part))
    }
}

/// When what happened in a container, after the start call, by the kernel's own record. Absent is what was not seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartStamps {
    /// The container's first process began its program.
    pub exec_ns: Option<Nanos>,
    /// The process that came to listen began its program.
    pub app_exec_ns: Option<Nanos>,
    /// The port was first listened on.
    pub listen_ns: Option<Nanos>,
    /// The first connection to it was made.
    pub connection_ns: Option<Nanos>,
    /// Every program that a process of the container began, in order, up to the match.
    pub programs: Vec<Program>,
}

/// A program that began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// When, after the start call.
    pub began_ns: Nanos,
    /// Its path, as it was given.
    pub path: String,
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

    /// Adds what others met.
    pub fn add(&mut self, more: &Self) {
        for (class, count) in &more.0 {
            *self.0.entry(class.clone()).or_default() += count;
        }
    }

    /// All attempts that did not match.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.0.values().sum()
    }
}
