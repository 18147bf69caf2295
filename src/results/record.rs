//! The lines of a journal.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{
    BuildRecordsSeen, BuildSample, BurstSample, CalibrationRecord, ClassicStand, CommitRecord,
    EnvArgumentRecord, Environment, GateRecord, ProbeRecord, ReplayRecord, StartSample, TurnKey,
};
use crate::context::ManifestDiff;
use crate::digest::Digest;
use crate::scenario::{BuildOptions, BuilderKind, Overrides};
use crate::unit::ByteSize;

/// One line of the journal. The first is always the header.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Record {
    /// What is measured, on what.
    Run(Box<RunHeader>),
    /// The beginning of a journal of builds that are no run's; never part of one that is.
    Errand(ErrandRecord),
    /// A base image that is about to be imported.
    Importing(ImportingRecord),
    /// Images that are about to be pulled from this program's own registry.
    Pulling(PullingRecord),
    /// A base image that is ready.
    Base(BaseRecord),
    /// A variant of which nothing can be measured here.
    NotMeasured(NotMeasuredRecord),
    /// A build context, as a change of an earlier one.
    Context(ContextRecord),
    /// Images without a name that builds left.
    MadeImages(MadeImagesRecord),
    /// Each variant's context before any edit.
    Sources(SourcesRecord),
    /// A run that was stopped goes on.
    Resumed(ResumedRecord),
    /// Where a build of the classic builder stands.
    ClassicStand(ClassicStand),
    /// One build.
    Build(Box<BuildSample>),
    /// Whose records of the build cache are whose, so that they are found after a run that was killed.
    BuildRecords(BuildRecordsSeen),
    /// How readiness is looked for.
    Probe(ProbeRecord),
    /// A companion that is ready.
    Companion(CompanionRecord),
    /// How exactly starts are timed here, as far as that is known.
    Calibration(CalibrationRecord),
    /// One start.
    Start(Box<StartSample>),
    /// Several starts at once.
    Burst(Box<BurstSample>),
    /// Something that a reader of the numbers must know.
    Warning(WarningRecord),
    /// How the run ended; missing where it was killed.
    End(RunEnd),
}

/// What is measured, on what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunHeader {
    /// The version of the stored schema.
    pub schema: u32,
    /// The version of this program.
    pub tool_version: String,
    /// The run's id: UTC time to the second, the scenario's name, and four hex digits.
    pub run_id: String,
    /// When the run began, in UTC, as RFC 3339.
    pub started_utc: String,
    /// The scenario's name.
    pub scenario: String,
    /// Its title.
    pub title: String,
    /// Its question.
    pub question: Option<String>,
    /// The digest of the scenario file.
    pub scenario_digest: Digest,
    /// What a run that was stopped goes on with; absent in journals of versions that did not store it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<ProtocolRecord>,
    /// The commit of the repository that the scenario is in; absent where it is in none, and in journals of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitRecord>,
    /// The variants, in the file's order.
    pub variants: Vec<VariantRecord>,
    /// The name of the variant that the others are compared with.
    pub baseline: String,
    /// The steps, in order.
    pub steps: Vec<String>,
    /// The repository whose commits they are; absent where the scenario has steps of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<ReplayRecord>,
    /// The metrics of `[gate]` with their bounds, in the file's order.
    pub gates: Vec<GateRecord>,
    /// Measured rounds that were planned.
    pub rounds: u32,
    /// Measured starts per variant that were planned.
    pub starts: u32,
    /// What the order of variants within each round was made from.
    pub seed: u64,
    /// Whether this was `--quick`: one round, not for comparison.
    pub quick: bool,
    /// The machine and the daemon.
    pub environment: Environment,
}

/// Where a run's scenario is, and what makes it the same one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtocolRecord {
    /// The scenario's folder, from the run's folder.
    pub scenario_folder: PathBuf,
    /// What the command line set in the scenario's place.
    pub overrides: Overrides,
    /// The digest of the whole scenario with everything that was laid over it.
    pub digest: Digest,
    /// What of the scenario decides what its numbers mean, by name; empty in journals of versions that did not store it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
}

/// Each variant's context before any edit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourcesRecord {
    /// The digest of the manifest, by variant.
    pub manifests: BTreeMap<String, Digest>,
}

/// A run that was stopped goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumedRecord {
    /// When, in UTC, as RFC 3339.
    pub resumed_utc: String,
    /// Turns that were stopped in the middle. They are begun again, and their samples so far do not count.
    pub begun_again: Vec<TurnKey>,
}

/// One variant of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariantRecord {
    /// Its name.
    pub name: String,
    /// Its Dockerfile, relative to the scenario's folder.
    pub dockerfile: String,
    /// The digest of that file.
    pub dockerfile_digest: Digest,
    /// Which builder builds it.
    #[serde(default)]
    pub builder: BuilderKind,
    /// The image reference that its builds are stored under.
    pub image: String,
    /// How its builds are asked for besides; where secrets come from, and never one.
    #[serde(default, skip_serializing_if = "BuildOptions::is_empty")]
    pub options: BuildOptions,
    /// Build arguments that came from the environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env_args: Vec<EnvArgumentRecord>,
    /// The reference that an image with an inline cache has for the moment of its push.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_image: Option<String>,
}

/// Builds that are no run's, as those with which `doctor` compares this program and the docker command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrandRecord {
    /// The id of the daemon.
    pub daemon_id: String,
    /// The repository of all images.
    pub repository: String,
}

/// A base image that is about to be imported, under a name that only this program gives. Should the run be killed
/// meanwhile, nothing else tells that the image is its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportingRecord {
    /// The reference that it will have.
    pub reference: String,
}

/// Images that are about to be pulled, each under a tag of its own and removed after one start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullingRecord {
    /// Their repository, which is this session's alone.
    pub repository: String,
}

/// A base image that is ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseRecord {
    /// Its name in the scenario.
    pub name: String,
    /// The reference that Dockerfiles get.
    pub reference: String,
    /// The image id.
    pub id: String,
    /// The digest that the registry gave; absent for an imported base.
    pub repo_digest: Option<String>,
    /// Its size as the store counts.
    pub size_bytes: ByteSize,
    /// Whether it was pulled, imported, or is the ballast.
    pub source: String,
    /// Whether this run put it into the daemon, so that it is removed again.
    pub own: bool,
}

/// A companion that is ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanionRecord {
    /// Its name in the scenario.
    pub name: String,
    /// The reference of its image.
    pub image: String,
    /// The id of that.
    pub image_id: String,
    /// The id of the container.
    pub container: String,
    /// The address and port that others reach it at; absent where nobody asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// A variant of which nothing can be measured here, since the base that it chooses cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotMeasuredRecord {
    /// The variant.
    pub variant: String,
    /// Why, in words.
    pub reason: String,
}

/// A build context: the manifest with digest `manifest` is the one with digest `base` with `delta` applied, or
/// `delta` applied to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextRecord {
    /// The digest of the manifest that this record describes.
    pub manifest: Digest,
    /// The digest of the manifest that it is a change of.
    pub base: Option<Digest>,
    /// The change.
    pub delta: ManifestDiff,
}

/// Images without a name that a build of the classic builder made, one per instruction that ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeImagesRecord {
    /// Their ids as the builder shortens them, oldest first.
    pub ids: Vec<String>,
}

/// Something that a reader of the numbers must know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarningRecord {
    /// In words, lower-case.
    pub message: String,
}

/// How the run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnd {
    /// When, in UTC, as RFC 3339.
    pub finished_utc: String,
    /// Why.
    pub stop: StopReason,
    /// Own resources that could not be removed, by name.
    pub left_behind: Vec<String>,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The plan is complete.
    Complete,
    /// Somebody pressed Ctrl-C or asked it to end.
    Interrupted,
    /// There was no time left for further rounds.
    TimeBudget,
    /// A sample failed or does not count, and the run was to end at the first such one.
    FailFast,
    /// Something outside what is measured failed, such as the daemon or the disk.
    Aborted,
}
