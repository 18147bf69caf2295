//! The user's tree on disk, looked at and never changed, and the scratch copy of it that a run edits.
//!
//! Everything that a run changes lies in a [`Scratch`] folder: a [`ContextCopy`] is made in it, changed by
//! [`apply`], and brought back to what it was before each round.

mod attributes;
mod base_tar;
mod check_out;
mod clone_file;
mod command;
mod context_copy;
mod copy_tree;
mod digest_cache;
mod dockerfile_dir;
mod edit;
mod edit_clock;
mod edit_error;
mod edit_patch;
mod edit_run;
mod editor;
mod enclosure;
mod file_facts;
mod fill;
mod git;
mod git_history;
mod git_objects;
mod git_tree;
mod hash;
mod hooks;
mod inside_path;
mod nearest;
mod relocate;
mod remove_tree;
mod replay_fill;
mod scratch;
mod served_tree;
mod stamp;
mod tree_digest;
mod trial;
mod undo;
mod walk;
mod walk_error;
mod workshop;

pub use base_tar::{BaseTar, MakeBase};
pub use check_out::CheckOutError;
pub use command::CommandError;
pub use context_copy::ContextCopy;
pub use copy_tree::CopyError;
pub use digest_cache::DigestCache;
pub use dockerfile_dir::{DockerfileDir, PlaceError};
pub use edit::{Applied, apply};
pub use edit_error::{EditError, FileKind};
pub use fill::FillError;
pub use git::GitError;
pub use git_history::git_history;
pub use hash::{HashError, HashSummary, hash_files};
pub use hooks::ScenarioHooks;
pub use inside_path::PathRefusal;
pub use replay_fill::{FillProblem, try_fills};
pub use scratch::{AbandonedScratch, SCRATCH_PREFIX, Scratch, ScratchError};
pub use served_tree::ServedTree;
pub use tree_digest::{TreeDigestError, tree_digest};
pub use trial::{EditProblem, try_edits};
pub use undo::ResetError;
pub use walk::{Visited, walk, walk_ignoring, walk_with_dropped};
pub use walk_error::WalkError;
pub use workshop::ScratchWorkshop;
