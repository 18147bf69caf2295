//! What a run tells while it works.

use crate::results::{BuildSample, BurstSample, ProbeRecord, StartSample};

/// One thing that happened, for whoever watches.
#[derive(Clone, Debug)]
pub enum Event<'run> {
    /// What will be done.
    Planned {
        /// Builds in it.
        builds: usize,
        /// Starts in it.
        starts: usize,
        /// Bursts in it.
        bursts: usize,
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
    /// How starts are looked at was decided.
    ProbeChosen(&'run ProbeRecord),
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
    /// Several containers are about to be started at once.
    Bursting {
        /// The variant.
        variant: &'run str,
        /// How many.
        containers: u32,
        /// The round, from 1.
        round: u32,
        /// Whether it is a warm-up.
        warmup: bool,
    },
    /// All of them are ready, or one cannot be.
    Burst(&'run BurstSample),
    /// A variant of which nothing can be measured.
    LeftOut {
        /// The variant.
        variant: &'run str,
        /// Why, in words.
        reason: &'run str,
        /// Builds, starts and bursts of the plan that it had.
        parts: usize,
    },
    /// Something that a reader of the numbers must know.
    Warned(&'run str),
}

/// Watches a run.
pub trait Watcher {
    /// Takes notice of one event; never fails and never delays for long.
    fn notice(&mut self, event: &Event<'_>);
}
