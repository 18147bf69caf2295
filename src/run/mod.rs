//! The application: a plan made from a scenario, carried out through ports that the edges implement.

mod attribution;
mod cache_evidence;
mod events;
mod execute;
mod expectation;
mod grants;
mod plan;
mod ports;
mod prune;
mod redactor;

pub use attribution::Attribution;
pub use events::{Event, Watcher};
pub use execute::{Daemon, Outcome, Ports, RunFault, cache_reference, execute, image_repository};
pub use grants::{BuildGrants, Grants, Secret};
pub use plan::{Part, Plan, Turn};
pub use ports::{
    Addresses, BaseImage, Bases, BuildFault, BuildFolders, BuildRecord, BuildReport, BuildRequest, Builder,
    CacheLocation, ContainerEnd, ContainerRequest, Containers, ContextTransfer, ContextTree, EngineFault,
    Host, HostReading, Images, Ledger, LedgerFault, LookOrder, Looked, NeighbourWatch, NeighboursSeen, Probe,
    RecordKind, RootFs, Seen, Survey, TracedInstruction, TreeFault, Workshop, WorkshopFault,
};
pub use prune::prune_own_records;
pub use redactor::Redactor;
