//! What the steps of a replay need besides those of a scenario.

use super::builds::TurnState;
use super::cache_state::Dropped;
use super::{Execution, Halt};
use crate::run::Daemon;
use crate::run::events::Watcher;
use crate::run::ports::{Bases, Ledger, Probe, Survey, Workshop};
use crate::scenario::{MountState, Step};

/// How often layers that stay are removed again: one that another is made of goes only after that.
const REMOVALS: usize = 3;

impl<D, B, W, P, L, N> Execution<'_, D, B, W, P, L, N>
where
    D: Daemon,
    B: Bases,
    W: Workshop,
    P: Probe,
    L: Ledger,
    N: Watcher,
{
    /// Removes all layers that earlier turns left, images included.
    ///
    /// A commit is the same in every round and in every variant, and no nonce may change it: what a turn before left
    /// would be found in the cache, and look like a commit that costs nothing.
    pub(super) async fn forget_turns(&mut self) -> Result<Dropped, Halt> {
        let variants: Vec<_> = self.latest_image.keys().cloned().collect();
        for variant in variants {
            self.drop_latest_image(&variant).await?;
        }
        self.remove_made_images().await?;
        let mut left = self.drop_layers(MountState::Empty).await?;
        for _ in 1..REMOVALS {
            if matches!(left, Dropped::AllBut(0) | Dropped::Spared) {
                break;
            }
            left = self.drop_layers(MountState::Empty).await?;
        }
        Ok(left)
    }

    /// The tree that a step of a replay builds.
    pub(super) fn tree_of(&self, step: &Step) -> Option<String> {
        let replay = self.scenario.replay.as_ref()?;
        let commit = step.commit.as_ref().unwrap_or(&replay.base);
        Some(commit.tree.clone())
    }
}

/// Why a commit costs nothing: nothing that a build could see has changed since the last one of the turn. `None` for
/// one that has to be built.
pub(super) fn free_because(state: &TurnState<'_>, step: &Step, survey: &Survey) -> Option<String> {
    let commit = step.commit.as_ref()?;
    if state.last_kept != Some(survey.kept_digest) {
        return None;
    }
    let nothing_at_all = state.last_tree.as_ref() == Some(&commit.tree);
    Some(
        if nothing_at_all {
            "the commit changes nothing in the folder that is the context"
        } else {
            "the commit changes nothing that the ignore rules keep"
        }
        .to_owned(),
    )
}
