//! The scenario file as it is written: its types are the one source of the published JSON Schema, of the check
//! of its structure, and of reading it.
//!
//! Every key is optional here, so that what is left of a file with mistakes can still be read and checked; the
//! schema says which keys are required.

mod base_table;
mod build_table;
mod cache_table;
mod companion_table;
mod conform;
mod context_table;
mod cursor;
mod document;
mod edit_table;
mod gate_table;
mod hooks_table;
mod json_schema;
mod literal_secrets;
mod matrix_table;
mod node;
mod options_table;
mod quantity;
mod read;
mod relative_path;
mod replay_table;
mod start_table;
mod unsupported;
mod variant_table;

pub use base_table::BaseTable;
pub use build_table::{BuildTable, ExpectValue, RemoteCacheTable, RemoteCacheType, StepTable};
pub use cache_table::CacheTable;
pub use companion_table::CompanionTable;
pub use context_table::{ContextTable, FillTable};
pub use document::{
    BuildDefaults, DefaultsDocument, DefaultsTable, ScenarioDocument, StartDefaults, VariantDefaults,
};
pub use edit_table::EditTable;
pub use gate_table::GateTable;
pub use hooks_table::HooksTable;
pub use json_schema::json_schema;
pub use matrix_table::{ExcludeTable, IncludeTable, MatrixTable};
pub use options_table::{AgentTable, ArgumentValue, EnvArgumentTable, FolderPath, SecretTable, SshValue};
pub use quantity::{BandwidthText, CpusNumber, DurationText, SizeText};
pub use relative_path::RelativePath;
pub use replay_table::ReplayTable;
pub use start_table::{LimitsTable, MountTable, PullTable, ReadyTable, StartTable, StatusWord};
pub use variant_table::VariantTable;

pub(super) use cursor::Cursor;
pub(super) use literal_secrets::masked;
pub(super) use read::{Read, read};
