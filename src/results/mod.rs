//! What a run stores: one record per line of the journal, and the run read back from them.
//!
//! Stored fields are `snake_case` with a unit suffix. Every journal begins with a [`RunHeader`] that carries the
//! schema's version. What is missing is absent, never zero.

mod build_graph;
mod build_records;
mod build_sample;
mod burst_sample;
mod calibration;
mod classic_stand;
mod commit_record;
mod env_argument;
mod environment;
mod gate_record;
mod image_facts;
mod image_pages;
mod night;
mod probe_record;
mod pull;
mod record;
mod replay_record;
mod run;
mod sample_key;
mod start_sample;
mod start_state;
mod status;
mod surroundings;

pub use build_graph::{BuildGraph, GRAPH_VERSION, GraphPart, GraphVertex, WorkSpan};
pub use build_records::BuildRecordsSeen;
pub use build_sample::{
    BuildFailure, BuildSample, CacheExport, ContextSent, Downloaded, Downloads, InstructionResult,
    NamedContext, Phase,
};
pub use burst_sample::{BurstMember, BurstSample};
pub use calibration::{CalibratedMachine, Calibration, CalibrationRecord, TierErrors};
pub use classic_stand::ClassicStand;
pub use commit_record::CommitRecord;
pub use env_argument::EnvArgumentRecord;
pub use environment::{Environment, ImageStore};
pub use gate_record::GateRecord;
pub use image_facts::{ImageFacts, InstructionSize};
pub use image_pages::ImagePages;
pub use night::{Acceptance, NIGHT_SCHEMA, Night, NightSample, NightSeries};
pub use probe_record::{ProbeRecord, ProbeRefusal};
pub use pull::{Pull, PullSpan, PulledLayer};
pub use record::{
    BaseRecord, CompanionRecord, ContextRecord, ErrandRecord, ImportingRecord, MadeImagesRecord,
    NotMeasuredRecord, ProtocolRecord, PullingRecord, Record, ResumedRecord, RunEnd, RunHeader,
    SourcesRecord, StopReason, VariantRecord, WarningRecord,
};
pub use replay_record::{ReplayRecord, ReplayedCommit};
pub use run::{Run, UnreadableRun};
pub use sample_key::{SampleKey, TurnKey};
pub use start_sample::{Attempts, Bounded, Program, StartSample, StartStamps};
pub use start_state::StartState;
pub use status::Status;
pub use surroundings::{HostConditions, Neighbours};

/// The version of the stored schema that this program writes and reads.
pub const RESULTS_SCHEMA: u32 = 1;
