//! `[start]`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{BandwidthText, CompanionTable, CpusNumber, DurationText, FolderPath, SizeText};
use crate::scenario::{LogStream, PullProfile, StartCache, StatusClass};

/// How often and how to start each variant's image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StartTable {
    /// Measured starts per variant.
    #[schemars(range(min = 1))]
    pub samples: Option<u32>,
    /// Starts before them that are measured, stored and flagged, and never used in statistics.
    pub warmups: Option<u32>,
    /// What counts as started.
    #[schemars(required)]
    pub ready: Option<ReadyTable>,
    /// What of an image is there before a start: `warm`, `cold-pages`, `restart`, `cold-pull`. Each variant is
    /// started so often in each of them; `warm` alone where it is absent.
    pub cache: Option<Vec<StartCache>>,
    /// Numbers of containers that are started at once, such as `[1, 4, 16]`: created before, and released together. Each
    /// variant is started so often in each of them, beside the starts one by one.
    pub burst: Option<Vec<u32>>,
    /// What lies between registry and engine for starts from `cold-pull`; nothing where it is absent.
    pub pull: Option<PullTable>,
    /// The longest that one start may take until it is ready.
    pub timeout: Option<DurationText>,
    /// The program to run instead of the image's own entrypoint; the engine then leaves out the image's own command too.
    pub entrypoint: Option<Vec<String>>,
    /// The command to run instead of the image's own.
    pub command: Option<Vec<String>>,
    /// Environment variables of the container.
    pub env: Option<BTreeMap<String, String>>,
    /// The user, by name or number, with the group after a `:`.
    pub user: Option<String>,
    /// A network of the engine to be on, by its name.
    pub network: Option<String>,
    /// What is mounted in the container, by the path there.
    pub mounts: Option<BTreeMap<String, MountTable>>,
    /// What the container may use.
    pub limits: Option<LimitsTable>,
    /// Containers that are started and ready before the first start, such as a database or a file server. They stay until
    /// the run ends.
    pub companion: Option<Vec<CompanionTable>>,
}

/// What lies between a registry and the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PullTable {
    /// A line that has a name; what stands beside it goes before what it says.
    pub profile: Option<PullProfile>,
    /// How much goes over it, all layers together.
    pub bandwidth: Option<BandwidthText>,
    /// How long each answer takes until its first byte comes.
    pub latency: Option<DurationText>,
    /// How much longer it may take besides: between nothing and this, by chance that is the same in every run.
    pub jitter: Option<DurationText>,
}

/// What is mounted at a path: exactly one of `bind` and `tmpfs`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MountTable {
    /// A folder of the scenario, which can only be read.
    pub bind: Option<FolderPath>,
    /// Memory of at most this size.
    pub tmpfs: Option<SizeText>,
}

/// What a container may use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LimitsTable {
    /// Processors.
    pub cpus: Option<CpusNumber>,
    /// Memory; it gets no swap besides.
    pub memory: Option<SizeText>,
    /// Processes and threads at once.
    #[schemars(range(min = 1))]
    pub processes: Option<u32>,
}

/// What counts as started: exactly one of `http`, `tcp`, `log`, `health`, `exec` and `exit`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReadyTable {
    /// The path of an HTTP request, beginning with `/`: ready with the first response that matches.
    pub http: Option<String>,
    /// With `http`: the port that the application listens on inside the container.
    #[schemars(range(min = 1))]
    pub port: Option<u16>,
    /// With `http`: the method of the request; `GET` where it is absent.
    pub method: Option<String>,
    /// With `http`: the accepted statuses, or classes such as `"2xx"`; 200 where it is absent. A redirect is its own status
    /// and never followed.
    pub status: Option<Vec<StatusWord>>,
    /// With `http`: text that the value of each of these fields must hold; empty, the field has to be there.
    pub headers: Option<BTreeMap<String, String>>,
    /// With `http`: text that the body must hold.
    pub body_contains: Option<String>,
    /// A port inside the container: ready when something listens on it.
    #[schemars(range(min = 1))]
    pub tcp: Option<u16>,
    /// Text: ready when the container has printed a line that holds it.
    pub log: Option<String>,
    /// With `log`: the how manieth such line it is; the first where it is absent.
    #[schemars(range(min = 1))]
    pub times: Option<u32>,
    /// With `log`: where the line is printed; either where it is absent.
    pub stream: Option<LogStream>,
    /// Whether the image's own health check is looked at: ready when it passes.
    pub health: Option<bool>,
    /// A command: ready when it has ended in the container with zero.
    pub exec: Option<Vec<String>>,
    /// With `health`: how often the check is made; as often as the image says where it is absent. With `exec`: the time
    /// between two commands; 100 ms where it is absent.
    pub every: Option<DurationText>,
    /// Exit codes: ready when the container has ended with one of them.
    #[schemars(inner(range(min = 0, max = 255)))]
    pub exit: Option<Vec<i64>>,
}

/// A status as a file writes it: a number, or a class such as `"2xx"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum StatusWord {
    /// A status.
    Code(#[schemars(range(min = 100, max = 599))] u16),
    /// All of a class.
    Class(StatusClass),
}
