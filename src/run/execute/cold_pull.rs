//! Bringing an image to the daemon by a pull, as one that it has never seen.

use futures_util::StreamExt as _;

use super::{Execution, Halt, image_repository, interruption};
use crate::causes::in_one_line;
use crate::results::{Pull, PullingRecord, Record, Status};
use crate::run::Daemon;
use crate::run::events::{Event, Watcher};
use crate::run::ports::{Bases, EngineFault, Ledger, Probe, Registry, Workshop};
use crate::run::pull_watch::{PullWatch, Pulled};
use crate::scenario::PullShape;

/// An image that is in the daemon for one start alone.
pub(super) struct PulledImage {
    pub(super) reference: String,
    pub(super) pull: Pull,
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
    /// Pulls the image of a variant for the sample of that number, and proves that all of it came. Where there is nothing to
    /// be started then, says why.
    pub(super) async fn pull_cold(
        &mut self,
        variant: &str,
        image: &str,
        order: u32,
        shape: PullShape,
    ) -> Result<Result<PulledImage, Status>, Halt> {
        let Some(registry) = self.ports.registry else {
            let reason = "the daemon is not on this machine, from whose registry it would be pulled";
            return Ok(Err(invalid(reason)));
        };
        let repository = match self.offered_repository(registry, variant, image).await? {
            Ok(repository) => repository,
            Err(reason) => return Ok(Err(invalid(&reason))),
        };
        let tag = order.to_string();
        let salt = format!("{} {tag}", self.session);
        let offered = match registry.offer(&repository, &tag, &salt) {
            Ok(offered) => offered,
            Err(fault) => return Ok(Err(invalid(&in_one_line(&fault)))),
        };
        let reference = format!("{repository}:{tag}");
        self.own_images.insert(reference.clone());
        let mut watch = PullWatch::default();
        let call = self.ports.probe.now();
        let (daemon, probe) = (self.ports.daemon, self.ports.probe);
        let ended = tokio::select! {
            ended = hear(daemon, probe, &reference, &mut watch) => ended,
            () = interruption(&mut self.interrupted) => {
                registry.withdraw(&repository);
                return Err(Halt::Interrupted);
            }
        };
        let done = self.ports.probe.now();
        let served = registry.withdraw(&repository);
        let proven = match ended {
            Ok(()) => watch
                .prove(Pulled {
                    offered: &offered,
                    served: &served,
                    call,
                    done,
                    shape,
                })
                .map_err(|reason| invalid(&reason)),
            Err(fault) => Err(Status::Failed {
                reason: in_one_line(&fault),
            }),
        };
        Ok(match proven {
            Ok(pull) => Ok(PulledImage { reference, pull }),
            Err(status) => {
                self.drop_pulled(&reference).await?;
                Err(status)
            }
        })
    }

    /// Removes an image that was pulled for one start.
    pub(super) async fn drop_pulled(&mut self, reference: &str) -> Result<(), Halt> {
        self.ports.daemon.remove_image(reference).await?;
        self.own_images.remove(reference);
        Ok(())
    }

    /// The repository in which the variant's image is offered; taken in where that was not done before.
    async fn offered_repository(
        &mut self,
        registry: &dyn Registry,
        variant: &str,
        image: &str,
    ) -> Result<Result<String, String>, Halt> {
        if let Some(repository) = self.offered.get(image) {
            return Ok(Ok(repository.clone()));
        }
        let what = format!("variant `{variant}`: taking its image to a registry");
        self.ports.watcher.notice(&Event::Preparing { what });
        let name = image_repository(self.run_id, variant);
        let export = self.ports.daemon.export(image);
        let taken = tokio::select! {
            taken = registry.take(&name, export) => taken,
            () = interruption(&mut self.interrupted) => return Err(Halt::Interrupted),
        };
        let repository = match taken {
            Ok(repository) => repository,
            Err(fault) => return Ok(Err(in_one_line(&fault))),
        };
        // Before anything is pulled: should the run be killed meanwhile, nothing else tells that the images are its own.
        self.ports.ledger.keep(&Record::Pulling(PullingRecord {
            repository: repository.clone(),
        }))?;
        self.offered.insert(image.to_owned(), repository.clone());
        Ok(Ok(repository))
    }
}

/// Pulls, and listens until the daemon is done.
async fn hear(
    daemon: &impl Daemon,
    probe: &impl Probe,
    reference: &str,
    watch: &mut PullWatch,
) -> Result<(), EngineFault> {
    let mut told = daemon.pull_told(reference);
    while let Some(step) = told.next().await {
        watch.hear(step?, probe.now());
    }
    Ok(())
}

fn invalid(reason: &str) -> Status {
    Status::Invalid {
        reason: format!("the image is not cold-pull: {reason}"),
    }
}
