//! The repository that a run replayed, as far as its report needs it.

use serde::{Deserialize, Serialize};

use crate::scenario::Commit;

/// The commits that were the steps of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayRecord {
    /// The range as the scenario names it.
    pub range: String,
    /// The folder of the repository that was the build context.
    pub path: String,
    /// The commit before the first, where every turn began.
    pub base: Commit,
    /// The commits, oldest first.
    pub commits: Vec<ReplayedCommit>,
}

/// A commit that was a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayedCommit {
    /// The name of the step.
    pub step: String,
    /// The commit.
    #[serde(flatten)]
    pub commit: Commit,
}
