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
mod log_match;
mod pace;
mod plan;
mod ports;
mod prune;
mod pull_watch;
mod redactor;

pub use assignment::{Assignment, Limits, Reach};
pub use attribution::Attribution;
pub use classic_leftovers::ClassicLeftovers;
pub use earlier::Earlier;
pub use events::{Event, Watcher};
pub use execute::{Daemon, Outcome, Ports, RunFault, cache_reference, execute, image_repository};
pub use grants::{BuildGrants, Grants, Secret};
pub use plan::{Part, Plan, StartCell, StartWay, Turn};
pub use ports::{
    Addresses, BaseImage, Bases, BuildFault, BuildFolders, BuildRecord, BuildReport, BuildRequest, Builder,
    CacheLocation, ClassicProgress, ContainerEnd, ContainerRequest, Containers, ContextTransfer, ContextTree,
    Conversation, EngineFault, Health, HealthCheck, HookCall, HookFault, Hooks, Host, HostReading, Images,
    InsideOrder, LONGEST_FORWARDED_WAY, LONGEST_WAY, Ledger, LedgerFault, LookOrder, Looked, LookedInside,
    Looking, NamelessImage, NeighbourWatch, NeighboursSeen, OfferedLayer, Printed, Probe, PullState,
    PullStep, RecordKind, Registry, RegistryFault, Residency, RootFs, Seen, Served, ServedBlob, Sighting,
    Survey, Traced, TracedInstruction, TreeFault, WatchOrder, Workshop, WorkshopFault,
};
pub use prune::{Pruning, SPARED, prune_own_records};
pub use redactor::Redactor;
