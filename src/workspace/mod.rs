//! The scratch copy of a context: made, edited, and brought back to what it was.
//!
//! Everything that a run changes lies in a [`Scratch`] folder. The user's tree is only read.

mod clone_file;
mod context_copy;
mod copy_tree;
mod dockerfile_dir;
mod edit;
mod edit_clock;
mod edit_error;
mod enclosure;
mod file_facts;
mod fill;
mod inside_path;
mod nearest;
mod remove_tree;
mod scratch;
mod trial;
mod undo;

pub use context_copy::ContextCopy;
pub use copy_tree::CopyError;
pub use dockerfile_dir::{DockerfileDir, PlaceError};
pub use edit::{Applied, apply};
pub use edit_error::{EditError, FileKind};
pub use fill::FillError;
pub use inside_path::PathRefusal;
pub use scratch::{SCRATCH_PREFIX, Scratch, ScratchError};
pub use trial::{EditProblem, try_edits};
pub use undo::ResetError;
