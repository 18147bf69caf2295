//! Commands of the user's around a run and its builds.

use std::fmt;

use serde::Serialize;

use crate::unit::Nanos;

/// Commands that `/bin/sh` runs in the scenario's folder, outside of what is timed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hooks {
    /// Once, before anything else is done; in this order, up to the first that fails.
    pub setup: Vec<String>,
    /// Before each build of a step, when everything else is ready for it; in this order, up to the first that fails.
    pub prepare: Vec<String>,
    /// Once, after everything else is removed, whatever happened since the first of `setup`; the last one first, and
    /// each whatever became of the others.
    pub cleanup: Vec<String>,
    /// How long each may take.
    pub timeout: Nanos,
}

impl Hooks {
    /// How long a hook may take where the scenario does not say.
    pub const DEFAULT_TIMEOUT: Nanos = Nanos::from_secs(600);

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.setup.is_empty() && self.prepare.is_empty() && self.cleanup.is_empty()
    }
}

impl Default for Hooks {
    fn default() -> Self {
        Self {
            setup: Vec::new(),
            prepare: Vec::new(),
            cleanup: Vec::new(),
            timeout: Self::DEFAULT_TIMEOUT,
        }
    }
}

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HookKind {
    /// Before anything else.
    Setup,
    /// Before a build.
    Prepare,
    /// After everything else.
    Cleanup,
}

impl fmt::Display for HookKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Setup => "setup",
            Self::Prepare => "prepare",
            Self::Cleanup => "cleanup",
        })
    }
}
