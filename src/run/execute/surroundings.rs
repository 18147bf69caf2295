//! A look around before and after each sample, outside the timed part.

use super::Execution;
use crate::results::{HostConditions, Neighbours};
use crate::run::Daemon;
use crate::run::events::Watcher;
use crate::run::ports::{Bases, Host, HostReading, Ledger, NeighboursSeen, Probe, Seen, Workshop};

/// What was seen right before a sample.
#[derive(Debug)]
pub(super) struct LookBefore {
    neighbours: NeighboursSeen,
    host: Option<HostReading>,
}

/// What went on around a sample.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    pub(super) host: Option<HostConditions>,
    pub(super) neighbours: Option<Neighbours>,
}

impl<D, B, W, P, L, N> Execution<'_, D, B, W, P, L, N>
where
    D: Daemon,
    B: Bases,
    W: Workshop,
    P: Probe,
    L: Ledger,
    N: Watcher,
{
    /// Looks around right before a sample, once nothing is left to be written that is not the sample's.
    pub(super) async fn look_before(&self) -> LookBefore {
        if let Some(host) = self.ports.host {
            host.write_back();
        }
        LookBefore {
            neighbours: self.ports.daemon.neighbours(self.run_id).await,
            // Last, so that asking the daemon is not counted.
            host: self.ports.host.map(Host::look),
        }
    }

    /// Looks around right after a sample.
    pub(super) async fn look_after(&self, before: LookBefore) -> Surroundings {
        let host = self.ports.host.zip(before.host);
        let host = host.map(|(host, before)| before.until(&host.look()));
        let after = self.ports.daemon.neighbours(self.run_id).await;
        let neighbours = Neighbours {
            containers: between(before.neighbours.containers, after.containers),
            builds: between(before.neighbours.builds, after.builds),
        };
        Surroundings {
            host,
            neighbours: (neighbours != Neighbours::default()).then_some(neighbours),
        }
    }
}

/// How many ran between two looks.
fn between(before: Option<Seen>, after: Option<Seen>) -> Option<u32> {
    let (before, after) = (before?.now, after?.since);
    u32::try_from(before.union(&after).count()).ok()
}
