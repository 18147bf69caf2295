//! The application: a plan made from a scenario, carried out through ports that the edges implement.

mod assignment;
mod attribution;
mod cache_evidence;
mod classic_leftovers;
mod earlier;
mod events;
mod execute;
mod expectation;
mod grants;
mod pace;
mod plan;
mod ports;
mod prune;
mod redactor;

pub use assignment::{Assignment, Limits};
pub use attribution::Attribution;
pub use classic_leftovers::ClassicLeftovers;
pub use earlier::Earlier;
pub use events::{Event, Watcher};
pub use execute::{Daemon, Outcome, Ports, RunFault, cache_reference, execute, image_repository};
pub use grants::{BuildGrants, Grants, Secret};
pub use plan::{Part, Plan, Turn};
pub use ports::{
    Addresses, BaseImage, Bases, BuildFault, BuildFolders, BuildRecord, BuildReport, BuildRequest, Builder,
    CacheLocation, ClassicProgress, ContainerEnd, ContainerRequest, Containers, ContextTransfer, ContextTree,
    EngineFault, HookCall, HookFault, Hooks, Host, HostReading, Images, Ledger, LedgerFault, LookOrder,
    Looked, NamelessImage, NeighbourWatch, NeighboursSeen, Probe, RecordKind, RootFs, Seen, Survey,
    TracedInstruction, TreeFault, Workshop, WorkshopFault,
};
pub use prune::{Pruning, SPARED, prune_own_records};
pub use redactor::Redactor;
