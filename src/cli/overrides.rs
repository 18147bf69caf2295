//! From the command line to what is laid over a scenario.

use super::args::{BasesFrom, OverrideArgs};
use crate::scenario::{BaseChoice, Overrides};

impl OverrideArgs {
    /// What these arguments lay over a scenario; the seed is an argument of some commands only.
    pub(super) fn to_overrides(&self, seed: Option<u64>) -> Overrides {
        Overrides {
            rounds: self.rounds,
            starts: self.starts,
            seed,
            quick: self.quick,
            bases: self.bases.map(|from| match from {
                BasesFrom::Pulled => BaseChoice::Pulled,
                BasesFrom::Imported => BaseChoice::Imported,
            }),
            variants: self.variant.clone(),
            steps: self.step.clone(),
        }
    }
}
