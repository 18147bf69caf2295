//! Checking a scenario and resolving what is in force: all mistakes at once, each with its place.

mod axis;
mod bases;
mod build_options;
mod checked;
mod classic;
mod companions;
mod container_options;
mod context;
mod dockerfiles;
mod edits;
mod findings;
mod gates;
mod hooks;
mod ignore_files;
mod input;
mod matrix;
mod mounts;
mod needs;
mod placed;
mod reader;
mod ready;
mod remote_cache;
mod replay;
mod scenario;
mod selection;
mod settings;
mod start;
mod steps;
mod variants;

pub(super) use build_options::is_variable;
pub use checked::Checked;
pub use input::ScenarioInput;
pub use scenario::check;
