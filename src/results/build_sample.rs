//! One build, measured.

use serde::{Deserialize, Serialize};

use super::{BuildGraph, HostConditions, ImageFacts, Neighbours, SampleKey, Status};
use crate::digest::Digest;
use crate::unit::{ByteSize, Nanos};

/// One build of one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BuildSample {
    /// Where in the run it was taken.
    pub key: SampleKey,
    /// The step that was built.
    pub step: String,
    /// Whether it counts.
    pub outcome: Status,
    /// Wall time from the build request to its answer, on this machine's monotonic clock; absent where the build
    /// did not end.
    pub duration_ns: Option<Nanos>,
    /// Why there was nothing to build, which counts as no time at all; absent where there was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free: Option<String>,
    /// What was sent to the daemon.
    pub context: Option<ContextSent>,
    /// What the build got from registries; absent where it did not take place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub downloads: Option<Downloads>,
    /// What it stored in a remote cache; absent where it was to store nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_export: Option<CacheExport>,
    /// The Dockerfile's instructions in the order in which the daemon listed them.
    pub instructions: Vec<InstructionResult>,
    /// Named spans of the build.
    pub phases: Vec<Phase>,
    /// What waited for what; absent where the builder does not tell, as the classic one, and in journals of earlier
    /// versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graph: Option<BuildGraph>,
    /// The image that was built.
    pub image: Option<ImageFacts>,
    /// Why the build failed.
    pub failure: Option<BuildFailure>,
    /// How busy the machine was; absent where it was not looked at, as in journals of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<HostConditions>,
    /// What else the daemon did; absent likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub neighbours: Option<Neighbours>,
}

impl BuildSample {
    /// How many instructions ran instead of coming from the cache.
    #[must_use]
    pub fn rebuilt(&self) -> usize {
        self.instructions
            .iter()
            .filter(|instruction| !instruction.cached)
            .count()
    }

    /// Whether it enters statistics: it was valid, and no warm-up.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.outcome.is_ok() && !self.key.warmup
    }
}

/// The build context as it was when the build began, and what of it went over the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextSent {
    /// The digest of the manifest: its entries stand in the journal's context records.
    pub manifest: Digest,
    /// Bytes of the files in the folder, before ignoring.
    pub total_bytes: ByteSize,
    /// Files in the folder, before ignoring.
    pub total_files: u64,
    /// Bytes of the files that the ignore rules keep.
    pub kept_bytes: ByteSize,
    /// Files that the ignore rules keep.
    pub kept_files: u64,
    /// Bytes of file content that were sent for this build, those of named contexts included.
    pub sent_bytes: ByteSize,
    /// The length of the tar that held them; absent for `BuildKit`, which has none, and in journals of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tar_bytes: Option<ByteSize>,
    /// The named contexts, which the Dockerfile reads besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub named: Vec<NamedContext>,
}

/// A context that a Dockerfile reads by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedContext {
    /// The name.
    pub name: String,
    /// The digest of its manifest: its entries stand in the journal's context records.
    pub manifest: Digest,
}

/// What a build got from registries, and from a remote cache wherever that lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Downloads {
    /// Layers that a remote cache holds.
    pub layers: Downloaded,
    /// Layers of base images.
    pub base: Downloaded,
}

/// Layers that were downloaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Downloaded {
    /// How many.
    pub count: u64,
    /// Their bytes, compressed as they came; absent where the daemon does not tell.
    pub bytes: Option<ByteSize>,
}

/// What a build stored in a remote cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheExport {
    /// Layers that the cache holds after it, those included which it held before.
    pub layers: u64,
    /// Bytes that were written for it, compressed as they went: what the cache held before is not written again. Absent
    /// where the daemon does not tell.
    pub written_bytes: Option<ByteSize>,
}

/// One instruction of a build, as the daemon's trace tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstructionResult {
    /// The instruction as the builder shows it, without the `[stage n/m]` prefix.
    pub name: String,
    /// The prefix that was taken off, such as `builder 2/5`; instructions are matched by name, never by it.
    pub position: Option<String>,
    /// The line of the Dockerfile where it begins, from 1.
    pub line: Option<u32>,
    /// Whether its result came from the cache.
    pub cached: bool,
    /// When it began, from the build request on, by the daemon's clock; absent where it never began.
    pub started_ns: Option<Nanos>,
    /// How long it worked; distinct spans are summed. Absent where it never ended.
    pub duration_ns: Option<Nanos>,
    /// Bytes that it logged.
    pub log_bytes: ByteSize,
}

/// A named span within a build or a start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// `context`, `resolve`, `cache-import`, `instructions`, `export`, `cache-export` of a build; `create`, `start`, `ready` of a start.
    pub name: String,
    /// When it began, from the beginning of what is measured on.
    pub started_ns: Nanos,
    /// How long it took.
    pub duration_ns: Nanos,
}

/// Why a build failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildFailure {
    /// What the daemon said.
    pub message: String,
    /// The failing instruction as the Dockerfile has it.
    pub instruction: Option<String>,
    /// The Dockerfile, relative to the scenario's folder.
    pub file: Option<String>,
    /// The line of the Dockerfile where that instruction begins, from 1.
    pub line: Option<u32>,
    /// The last lines that the instruction logged.
    pub log_tail: Vec<String>,
}
