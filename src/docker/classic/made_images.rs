//! Images without a name that classic builds made: one per instruction that ran.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::step_log::StepLog;
use crate::run::ClassicProgress;

/// Short ids of images that builds made, oldest first, and where the build stands that is under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct MadeImages(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    news: Notify,
}

#[derive(Debug, Default)]
struct State {
    ids: Vec<String>,
    progress: ClassicProgress,
}

/// What was taken of one build's log.
#[derive(Debug, Default)]
pub(super) struct Taken {
    made: usize,
    told: usize,
}

impl MadeImages {
    /// Takes what a build's log tells more than was taken of it before; also of a build that was given up.
    pub(super) fn follow(&self, log: &StepLog, taken: &mut Taken) {
        if log.told() == taken.told {
            return;
        }
        taken.told = log.told();
        let new = &log.made()[taken.made..];
        taken.made += new.len();
        {
            let mut state = self.state();
            state.ids.extend_from_slice(new);
            state.progress = log.progress();
        }
        self.0.news.notify_one();
    }

    /// Says that the build is over.
    pub(super) fn over(&self) {
        self.state().progress = ClassicProgress::default();
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<String> {
        self.state().ids.clone()
    }

    /// Where the build under way stands.
    pub(crate) fn progress(&self) -> ClassicProgress {
        self.state().progress.clone()
    }

    /// Waits until there is more to see.
    pub(crate) async fn news(&self) {
        self.0.news.notified().await;
    }

    /// Forgets one that is gone.
    pub(crate) fn forget(&self, id: &str) {
        self.state().ids.retain(|made| made != id);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
