//! Whether made-up files and the files of commits get in each other's way.

use std::path::{Path, PathBuf};

use super::git::{Git, GitError};
use super::git_tree::{TreeChange, TreeEntry};
use crate::scenario::{Fill, Replay, Step};

/// A fill that a commit leaves no room for.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot fill `{}`: the commit `{commit}` has `{}`, expected a new folder in every commit",
    .fill.display(),
    .path.display()
)]
pub struct FillProblem {
    /// The fill's position, from 0.
    pub fill_index: usize,
    /// The path of the fill.
    pub fill: PathBuf,
    /// The hash of the first such commit.
    pub commit: String,
    /// What that commit has there, inside the context.
    pub path: PathBuf,
}

/// Holds fills against the trees of the commits that `steps` replay, without making a file of either.
///
/// # Errors
///
/// [`GitError`] where the repository cannot be read.
pub fn try_fills(
    scenario_dir: &Path,
    replay: &Replay,
    fills: &[Fill],
    steps: &[Step],
) -> Result<Vec<FillProblem>, GitError> {
    let git = Git::at(&scenario_dir.join(&replay.repo)).map_err(|source| GitError::Talk { source })?;
    let mut problems: Vec<FillProblem> = Vec::new();
    let mut notice = |commit: &str, changes: &[TreeChange], is_base: bool| {
        for (fill_index, fill) in fills.iter().enumerate() {
            let is_known = problems.iter().any(|problem| problem.fill_index == fill_index);
            let found = changes
                .iter()
                .find(|change| stands_in_the_way(change, &fill.path, is_base));
            if let Some(found) = found.filter(|_| !is_known) {
                problems.push(FillProblem {
                    fill_index,
                    fill: fill.path.clone(),
                    commit: commit.to_owned(),
                    path: found.path.clone(),
                });
            }
        }
    };
    let mut tree = &replay.base.tree;
    notice(&replay.base.hash, &git.tree(tree)?, true);
    for commit in steps.iter().filter_map(|step| step.commit.as_ref()) {
        notice(&commit.hash, &git.difference(tree, &commit.tree)?, false);
        tree = &commit.tree;
    }
    Ok(problems)
}

/// Whether what comes with a change takes the place of a fill, of a file of it, or of a folder above it. The made-up
/// files come after those of the base: there, a folder above may be a link that leads to one.
fn stands_in_the_way(change: &TreeChange, fill: &Path, is_base: bool) -> bool {
    let Some(after) = &change.after else { return false };
    let is_above = fill.starts_with(&change.path);
    change.path.starts_with(fill)
        || match after {
            TreeEntry::File { .. } => is_above,
            TreeEntry::Link { .. } => is_above && !is_base && change.before.is_none(),
            TreeEntry::Submodule => false,
        }
}
