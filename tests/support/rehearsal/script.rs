//! What is to go wrong, and where. Builds, containers and looks are counted from 1 in the order in which they are asked
//! for; what is not named goes well.

use std::collections::{BTreeMap, BTreeSet};

/// What a build does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BuildAct {
    /// The Dockerfile does not build.
    Fails,
    /// The daemon does not answer.
    EngineFault,
    /// The image is built, and then the daemon does not tell about it.
    FactsFault,
    /// Somebody asks the run to end while the build is under way; the build never ends by itself.
    Interrupted,
}

/// What a container does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContainerAct {
    /// It cannot be created.
    CreateFails,
    /// It cannot be started.
    StartFails,
    /// It ends at once with this exit code; the probe finds nothing.
    Ends(i64),
    /// It is ready on its own address; its port is not published.
    Unpublished,
    /// Somebody asks the run to end while it is being looked at.
    Interrupted,
    /// It cannot be removed.
    Stays,
    /// The daemon does not answer when it is asked for the addresses.
    AddressFault,
}

/// What a look for readiness comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LookAct {
    /// Nothing matched in time.
    Misses,
}

/// Everything that is to go wrong in one rehearsal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    pub(super) builds: BTreeMap<u32, BuildAct>,
    pub(super) containers: BTreeMap<u32, ContainerAct>,
    pub(super) looks: BTreeMap<u32, LookAct>,
    /// The record, counted from 1, from which on the disk is full.
    pub(super) full_from: Option<usize>,
    /// Images that cannot be removed, without the run's prefix.
    pub(super) stuck_images: BTreeSet<String>,
    /// Images that the daemon holds before.
    pub(super) images_before: BTreeSet<String>,
    /// Records of the build cache that are there before.
    pub(super) records_before: Vec<String>,
    /// Whether no registry answers.
    pub(super) no_registry: bool,
    /// Whether an edit cannot be applied.
    pub(super) edits_fail: bool,
    /// Whether records of the build cache cannot be removed.
    pub(super) records_stay: bool,
    /// Whether the scratch copies cannot be removed.
    pub(super) copies_stay: bool,
}
