//! Beginning to look from within a holder's network: by a thread of this program, or by a container of the ballast.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::holder::Holder;
use super::{Execution, Halt};
use crate::causes::in_one_line;
use crate::run::Daemon;
use crate::run::events::Watcher;
use crate::run::ports::{
    Bases, ContainerRequest, EngineFault, InsideOrder, Ledger, Looking, Probe, WatchOrder, Workshop,
};
use crate::scenario::{ContainerOptions, NetworkReadiness, ProbeTier};
use crate::unit::Nanos;

/// A look from within that has begun.
pub(super) struct Vantage {
    /// What is seen, once it is.
    pub(super) looking: Looking,
    /// The container that looks, where it is not a thread. It is there until [`end_sidecar`](Execution::end_sidecar).
    pub(super) sidecar: Option<String>,
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
    /// Begins to look from within a holder's network by `tier`. Refused is told in words.
    pub(super) async fn begin_to_look(
        &self,
        tier: ProbeTier,
        holder: &Holder,
        ready: &NetworkReadiness,
        patience: Nanos,
        cancel: &Arc<AtomicBool>,
    ) -> Result<Result<Vantage, String>, Halt> {
        let cancel = Arc::clone(cancel);
        if tier == ProbeTier::Sidecar {
            return self.begin_sidecar(holder, ready, patience, cancel).await;
        }
        let looking = self.ports.probe.look_inside(InsideOrder {
            process: holder.process,
            ready: ready.clone(),
            deadline: self.ports.probe.now() + patience,
            cancel,
        });
        Ok(looking.await.map(|looking| Vantage {
            looking,
            sidecar: None,
        }))
    }

    /// Starts a container that looks from within a holder's network, and waits until it does.
    async fn begin_sidecar(
        &self,
        holder: &Holder,
        ready: &NetworkReadiness,
        patience: Nanos,
        cancel: Arc<AtomicBool>,
    ) -> Result<Result<Vantage, String>, Halt> {
        let (daemon, probe) = (self.ports.daemon, self.ports.probe);
        let arguments = probe.watch_arguments(ready, patience).into_iter();
        let request = ContainerRequest {
            name: format!("{}-watch", holder.name),
            run_id: self.run_id.to_owned(),
            image: self.holder_image.clone(),
            // No larger share of the processors than others have: on a busy machine one that had 88761, as much as the nice
            // value -20 is worth, was seen to wait for up to 80 ms, and one that had the usual 1024 for 7 ms.
            options: ContainerOptions {
                entrypoint: Some(["/ballast".to_owned()].into_iter().chain(arguments).collect()),
                ..ContainerOptions::default()
            },
            port: None,
            network_of: Some(holder.id.clone()),
            health_every: None,
            takes_input: true,
        };
        let id = match daemon.create_container(&request).await {
            Ok(id) => id,
            Err(fault) => return Ok(Err(in_one_line(&fault))),
        };
        let begun = async {
            // Listened to first, so that nothing of it is missed.
            let conversation = daemon.converse(&id).await?;
            let began = probe.now();
            daemon.start_container(&id).await?;
            let order = WatchOrder {
                began,
                patience,
                cancel,
            };
            Ok::<_, EngineFault>(probe.watch(order, conversation).await)
        };
        let looking = match begun.await {
            Ok(looking) => looking,
            Err(fault) => Err(in_one_line(&fault)),
        };
        match looking {
            Ok(looking) => Ok(Ok(Vantage {
                looking,
                sidecar: Some(id),
            })),
            Err(reason) => {
                daemon.remove_container(&id).await?;
                Ok(Err(reason))
            }
        }
    }

    /// Removes the container that looked, where there is one.
    pub(super) async fn end_sidecar(&self, sidecar: Option<String>) -> Result<(), Halt> {
        if let Some(id) = sidecar {
            self.ports.daemon.remove_container(&id).await?;
        }
        Ok(())
    }
}
