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
    /// It runs until it was asked so often whether it does; then it has ended with exit code 137.
    Outlives(u32),
    /// It is ready on its own address; its port is not published.
    Unpublished,
    /// Somebody asks the run to end while it is being looked at.
    Interrupted,
    /// It cannot be removed.
    Stays,
    /// The daemon does not answer when it is asked for the addresses.
    AddressFault,
}

/// What goes wrong whenever it is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trouble {
    /// No registry answers.
    NoRegistry,
    /// The daemon had the layer of every image that it pulls.
    HadLayer,
    /// Somebody asks the run to end while an image is pulled; the pull never ends by itself.
    HangingPull,
    /// The daemon exports no image.
    NoExport,
    /// No edit can be applied.
    EditsFail,
    /// Records of the build cache cannot be removed.
    RecordsStay,
    /// The daemon forgets what it has cached of everybody's builds when any record is removed.
    ForgetsWhenPruned,
    /// The scratch copies cannot be removed.
    CopiesStay,
    /// The daemon does not answer any more when everything is to be removed.
    DaemonGone,
}

/// Everything that is to go wrong in one rehearsal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    pub(super) builds: BTreeMap<u32, BuildAct>,
    pub(super) containers: BTreeMap<u32, ContainerAct>,
    /// Looks for readiness at which nothing matches in time.
    pub(super) missing_looks: BTreeSet<u32>,
    /// The record, counted from 1, from which on the disk is full.
    pub(super) full_from: Option<usize>,
    /// Looks at the records of the build cache that fail.
    pub(super) failing_listings: BTreeSet<u32>,
    /// Records of somebody else that are there from this look on.
    pub(super) strangers: BTreeMap<u32, String>,
    /// Containers of somebody else that were started before this look at what else the daemon does.
    pub(super) neighbours: BTreeMap<u32, &'static str>,
    /// Builds of somebody else that ran before this look; without any the daemon does not tell of builds.
    pub(super) other_builds: BTreeMap<u32, &'static str>,
    /// Images that cannot be removed, without the run's prefix.
    pub(super) stuck_images: BTreeSet<String>,
    /// Images that the daemon holds before.
    pub(super) images_before: BTreeSet<String>,
    /// Records of the build cache that are there before.
    pub(super) records_before: Vec<String>,
    /// Commands of hooks that fail.
    pub(super) failing_hooks: BTreeSet<String>,
    pub(super) troubles: BTreeSet<Trouble>,
}

impl Script {
    pub(super) fn has(&self, trouble: Trouble) -> bool {
        self.troubles.contains(&trouble)
    }
}
