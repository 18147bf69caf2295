//! A container that does nothing but hold a network namespace, so that it is there before the container that is measured.

use super::{Execution, Halt, RunFault};
use crate::causes::in_one_line;
use crate::run::Daemon;
use crate::run::events::Watcher;
use crate::run::ports::{Bases, ContainerRequest, EngineFault, Ledger, Probe, Workshop};
use crate::scenario::{Base, BaseSource, ContainerOptions, StartSettings};

/// A container that runs and holds a network namespace.
pub(super) struct Holder {
    pub(super) id: String,
    pub(super) name: String,
    /// Its process, by the number that this machine knows it by.
    pub(super) process: u32,
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
    /// Brings the image of holders to the daemon. Where that cannot run it, says so in words.
    pub(super) async fn prepare_holder(&mut self) -> Result<Result<(), String>, Halt> {
        let base = Base {
            name: "holder".to_owned(),
            source: BaseSource::Ballast,
            optional: false,
        };
        match self.imported(&base).await {
            Ok(prepared) => {
                self.holder_image = prepared.reference;
                Ok(Ok(()))
            }
            Err(Halt::Fault(RunFault::PrepareBase { source, .. })) => Ok(Err(in_one_line(source.as_ref()))),
            Err(halt) => Err(halt),
        }
    }

    /// Starts a holder on the scenario's network, with the scenario's port published.
    pub(super) async fn hold_network(&self, name: String, settings: &StartSettings) -> Result<Holder, Halt> {
        let request = ContainerRequest {
            name: name.clone(),
            run_id: self.run_id.to_owned(),
            image: self.holder_image.clone(),
            options: ContainerOptions {
                entrypoint: Some(["/ballast", "serve", "--never"].map(str::to_owned).to_vec()),
                network: settings.container.network.clone(),
                ..ContainerOptions::default()
            },
            port: settings.ready.port(),
            network_of: None,
            health_every: None,
            takes_input: false,
        };
        let daemon = self.ports.daemon;
        let id = daemon.create_container(&request).await?;
        let held = async {
            daemon.start_container(&id).await?;
            daemon.main_process(&id).await?.ok_or_else(|| EngineFault {
                operation: "hold a network by container",
                subject: id.clone(),
                status: None,
                source: "it has ended at once".into(),
            })
        };
        match held.await {
            Ok(process) => Ok(Holder { id, name, process }),
            Err(fault) => {
                daemon.remove_container(&id).await?;
                Err(fault.into())
            }
        }
    }
}
