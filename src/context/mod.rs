//! A build context as a value: its entries in the order a client walks them, what changed between two
//! looks, which entries a builder asked for, and where the bytes are.

mod apply;
mod classic;
mod diff;
mod entry;
mod follow;
mod hardlink;
mod kept;
mod manifest;
mod order;
mod report;
mod selection;

pub use apply::ApplyError;
pub use classic::{classic_entries, classic_rules};
pub use diff::{Change, ChangedField, ManifestDiff};
pub use entry::{Entry, EntryKind};
pub use follow::follow_links;
pub use kept::kept_digest;
pub use manifest::{Manifest, ManifestError};
pub use order::compare_paths;
pub use report::{ContextReport, HeavyPath, RuleDrop};
pub use selection::{Selection, SelectionError};
