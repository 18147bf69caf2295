//! Images without a name that classic builds made: one per instruction that ran.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Short ids of images that builds made, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct MadeImages(Arc<Mutex<Vec<String>>>);

impl MadeImages {
    /// Adds those of a build, also of one that was given up.
    pub(super) fn add(&self, ids: &[String]) {
        self.ids().extend_from_slice(ids);
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<String> {
        self.ids().clone()
    }

    /// Forgets one that is gone.
    pub(crate) fn forget(&self, id: &str) {
        self.ids().retain(|made| made != id);
    }

    fn ids(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
