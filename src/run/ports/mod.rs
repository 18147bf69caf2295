//! What a run needs from outside: traits and the values that pass through them.
//!
//! Edges never use each other. The build client reads a context through [`ContextTree`] without knowing that a
//! scratch copy stands behind it.

mod bases;
mod builder;
mod containers;
mod context_tree;
mod engine_fault;
mod hooks;
mod host;
mod images;
mod ledger;
mod neighbours;
mod probe;
mod registry;
mod workshop;

pub use bases::Bases;
pub use builder::{
    BuildFault, BuildRecord, BuildReport, BuildRequest, Builder, CacheLocation, ClassicProgress,
    ContextTransfer, NamelessImage, RecordKind, TracedInstruction,
};
pub use containers::{
    Addresses, ContainerEnd, ContainerRequest, Containers, Conversation, Health, HealthCheck, Printed,
};
pub use context_tree::{ContextTree, TreeFault};
pub use engine_fault::EngineFault;
pub use hooks::{HookCall, HookFault, Hooks};
pub use host::{Host, HostReading, Residency};
pub use images::{BaseImage, Images, PullState, PullStep, RootFs};
pub use ledger::{Ledger, LedgerFault};
pub use neighbours::{NeighbourWatch, NeighboursSeen, Seen};
pub use probe::{
    InsideOrder, LONGEST_FORWARDED_WAY, LONGEST_WAY, LookOrder, Looked, LookedInside, Looking, Probe,
    Sighting, Traced, WatchOrder,
};
pub use registry::{OfferedLayer, Registry, RegistryFault, Served, ServedBlob};
pub use workshop::{BuildFolders, Survey, Workshop, WorkshopFault};
