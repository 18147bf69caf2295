//! What a run tells while it works.

use crate::results::{BuildSample, StartSample};

/// One thing that happened, for whoever watches.
#[derive(Clone, Debug)]
pub enum Event<'run> {
    /// What will be done.
    Planned {
        /// Builds in it.
        builds: usize,
        /// Starts in it.
        starts: usize,
    },
    /// Something untimed takes a while: a base is pulled, the build cache is tidied.
    Preparing {
        /// What, as a fragment such as `importing base python`.
        what: String,
    },
    /// A build begins.
    Building {
        /// The variant.
        variant: &'run str,
        /// The step.
        step: &'run str,
        /// The round, from 1.
        round: u32,
        /// Whether it is a warm-up.
        warmup: bool,
    },
    /// A build ended.
    Built(&'run BuildSample),
    /// A start begins.
    Starting {
        /// The variant.
        variant: &'run str,
        /// The round, from 1.
        round: u32,
        /// Whether it is a warm-up.
        warmup: bool,
    },
    /// A start ended.
    Started(&'run StartSample),
    /// Something that a reader of the numbers must know.
    Warned(&'run str),
}

/// Watches a run.
pub trait Watcher {
    /// Takes notice of one event; never fails and never delays for long.
    fn notice(&mut self, event: &Event<'_>);
}
