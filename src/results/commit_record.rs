//! The commit that a scenario was measured at.

use serde::{Deserialize, Serialize};

/// The commit of the repository that the scenario's folder is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitRecord {
    /// Its name, in full.
    pub sha: String,
    /// Whether files that the repository keeps were changed since.
    pub dirty: bool,
}
