//! Companions: begun before the first start that needs them, and looked after before and after each.

use super::starts::Attempted;
use super::{Execution, Halt};
use crate::causes::in_one_line;
use crate::results::{CompanionRecord, Record, Status};
use crate::run::Daemon;
use crate::run::events::{Event, Watcher};
use crate::run::ports::{Bases, ContainerRequest, EngineFault, Ledger, Probe, Workshop};
use crate::scenario::{
    Companion, CompanionImage, ContainerOptions, EngineReadiness, Readiness, StartSettings,
};

/// What became of the companions of a run.
#[derive(Debug, Default)]
pub(super) enum Companions {
    /// No start has needed them yet.
    #[default]
    NotBegun,
    /// All of them are ready.
    Ready(Vec<ReadyCompanion>),
    /// One is not there, so that no start counts any more.
    Missing(Status),
}

/// A companion that became ready.
#[derive(Clone, Debug)]
pub(super) struct ReadyCompanion {
    name: String,
    /// Its container.
    id: String,
}

/// Why a start cannot be had, for want of a companion.
#[derive(Debug)]
pub(super) struct CompanionMissing {
    pub(super) outcome: Status,
    /// The end of the companion's log, where it is told for the first time.
    pub(super) log_tail: Vec<String>,
}

/// An image that a companion is made of.
struct FoundImage {
    reference: String,
    id: String,
}

/// A companion that did not become ready.
struct NotReady {
    reason: String,
    log_tail: Vec<String>,
}

impl From<String> for NotReady {
    fn from(reason: String) -> Self {
        Self {
            reason,
            log_tail: Vec::new(),
        }
    }
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
    /// Says before the first build which companions have no image, since the starts may be hours away. A hook may bring it
    /// until then.
    pub(super) async fn look_for_companion_images(&mut self) -> Result<(), Halt> {
        let scenario = self.scenario;
        for companion in scenario.start.iter().flat_map(|start| &start.companions) {
            if let Err(reason) = self.companion_image(&companion.image).await? {
                self.warn(format!(
                    "no start will count as long as the companion `{}` has no image: {reason}",
                    companion.name
                ))?;
            }
        }
        Ok(())
    }

    /// Sees to it that all companions are there: begins them where no start was before, and asks for them otherwise. Why
    /// one is not there is the inner value.
    pub(super) async fn companions_are_there(
        &mut self,
        settings: &StartSettings,
    ) -> Result<Result<(), CompanionMissing>, Halt> {
        if settings.companions.is_empty() {
            return Ok(Ok(()));
        }
        match &self.companions {
            Companions::NotBegun => self.begin_companions(settings).await,
            Companions::Ready(_) => self.companions_stayed().await,
            // Said once, with its log; another try would be another companion than that of the samples before.
            Companions::Missing(outcome) => Ok(Err(CompanionMissing {
                outcome: outcome.clone(),
                log_tail: Vec::new(),
            })),
        }
    }

    /// What the application is started with, the addresses of companions filled in.
    pub(super) fn start_options(&self, settings: &StartSettings) -> ContainerOptions {
        let placed = self.ports.workshop.placed(&settings.container);
        placed.with_addresses(&self.companion_addresses)
    }

    /// Whether companions that were ready run still.
    pub(super) async fn companions_stayed(&mut self) -> Result<Result<(), CompanionMissing>, Halt> {
        let Companions::Ready(companions) = &self.companions else {
            return Ok(Ok(()));
        };
        for ReadyCompanion { name, id } in companions.clone() {
            let Some(how) = self.ended(&id).await? else {
                continue;
            };
            let reason = format!("the companion `{name}` is gone: {how}");
            let log_tail = self.ports.daemon.log_tail(&id).await.unwrap_or_default();
            return Ok(Err(self.miss(Status::Invalid { reason }, log_tail)));
        }
        Ok(Ok(()))
    }

    /// How a container ended; nothing where it runs.
    async fn ended(&self, id: &str) -> Result<Option<String>, EngineFault> {
        let daemon = self.ports.daemon;
        match daemon.main_process(id).await {
            Ok(Some(_)) => return Ok(None),
            Ok(None) => {}
            Err(fault) if fault.status == Some(404) => {
                return Ok(Some("somebody removed its container".to_owned()));
            }
            Err(fault) => return Err(fault),
        }
        let end = daemon.wait_for_end(id).await?;
        let how = if end.out_of_memory {
            ", killed for want of memory"
        } else {
            ""
        };
        Ok(Some(format!("it ended with exit code {}{how}", end.exit_code)))
    }

    /// Begins all companions, one after the other, since each may use those before it.
    async fn begin_companions(
        &mut self,
        settings: &StartSettings,
    ) -> Result<Result<(), CompanionMissing>, Halt> {
        // What they are made of may have gone with a base that a step wanted absent.
        self.restore_bases().await?;
        let mut ready = Vec::new();
        for companion in &settings.companions {
            let name = companion.name.clone();
            match self.begin_companion(companion, settings).await? {
                Ok(id) => ready.push(ReadyCompanion { name, id }),
                Err(NotReady { reason, log_tail }) => {
                    // Nobody is served by those that are there.
                    for ReadyCompanion { id, .. } in &ready {
                        self.ports.daemon.remove_container(id).await?;
                    }
                    let reason = format!("the companion `{name}` did not become ready: {reason}");
                    return Ok(Err(self.miss(Status::Failed { reason }, log_tail)));
                }
            }
        }
        self.companions = Companions::Ready(ready);
        Ok(Ok(()))
    }

    fn miss(&mut self, outcome: Status, log_tail: Vec<String>) -> CompanionMissing {
        self.companions = Companions::Missing(outcome.clone());
        CompanionMissing { outcome, log_tail }
    }

    /// Starts one companion and waits until it is ready; gives the id of its container.
    async fn begin_companion(
        &mut self,
        companion: &Companion,
        settings: &StartSettings,
    ) -> Result<Result<String, NotReady>, Halt> {
        let what = format!("companion `{}`: waiting until it is ready", companion.name);
        self.ports.watcher.notice(&Event::Preparing { what });
        let image = match self.companion_image(&companion.image).await? {
            Ok(image) => image,
            Err(reason) => return Ok(Err(reason.into())),
        };
        let placed = self.ports.workshop.placed(&companion.container);
        let request = ContainerRequest {
            name: format!(
                "seatrial-{}-companion-{}",
                self.run_id.to_lowercase(),
                companion.name
            ),
            run_id: self.run_id.to_owned(),
            image: image.reference.clone(),
            options: ContainerOptions {
                // Where the application is, so that both reach each other.
                network: settings.container.network.clone(),
                ..placed.with_addresses(&self.companion_addresses)
            },
            // What is not asked through it need not be published.
            port: companion
                .ready
                .port()
                .filter(|_| companion.ready.is_seen_through_published_ports()),
            network_of: None,
            health_every: match &companion.ready {
                Readiness::Engine(EngineReadiness::Health { every }) => *every,
                _ => None,
            },
            takes_input: false,
        };
        let id = match self.ports.daemon.create_container(&request).await {
            Ok(id) => id,
            Err(fault) => return Ok(Err(in_one_line(&fault).into())),
        };
        let attempted = self.wait_for_companion(&id, companion).await?;
        let found = match attempted.outcome {
            Status::Ok => self.companion_address(&id, companion).await?,
            Status::Failed { reason } | Status::Invalid { reason } => Err(reason),
        };
        let address = match found {
            Ok(address) => address,
            Err(reason) => {
                let log_tail = self.ports.daemon.log_tail(&id).await.unwrap_or_default();
                self.ports.daemon.remove_container(&id).await?;
                return Ok(Err(NotReady { reason, log_tail }));
            }
        };
        self.ports.ledger.keep(&Record::Companion(CompanionRecord {
            name: companion.name.clone(),
            image: image.reference,
            image_id: image.id,
            container: id.clone(),
            address: address.clone(),
        }))?;
        if let Some(address) = address {
            self.companion_addresses.insert(companion.name.clone(), address);
        }
        Ok(Ok(id))
    }

    async fn wait_for_companion(&mut self, id: &str, companion: &Companion) -> Result<Attempted, Halt> {
        let now = self.ports.probe.now();
        let mut phases = Vec::new();
        match &companion.ready {
            Readiness::Network(ready) => {
                self.start_and_look(id, ready, companion.timeout, now, &mut phases)
                    .await
            }
            // Nothing of it is measured, so that no record of the kernel's is needed.
            Readiness::Engine(ready) => {
                self.start_told(id, ready, companion.timeout, now, false, &mut phases)
                    .await
            }
        }
    }

    /// The image that a companion is made of; refused is told in words.
    async fn companion_image(&self, image: &CompanionImage) -> Result<Result<FoundImage, String>, Halt> {
        let reference = match image {
            CompanionImage::Present(reference) => reference,
            CompanionImage::Base(name) => {
                let base = self.bases.iter().find(|base| base.name == *name);
                return Ok(base
                    .map(|base| FoundImage {
                        reference: base.reference.clone(),
                        id: base.image.id.clone(),
                    })
                    .ok_or_else(|| format!("there is no base `{name}`")));
            }
        };
        let found = self.ports.daemon.find_base(reference).await?;
        Ok(found
            .map(|found| FoundImage {
                reference: reference.clone(),
                id: found.id,
            })
            .ok_or_else(|| {
                format!("the engine does not have the image `{reference}`; what is to be pulled is a base")
            }))
    }

    /// Where others reach a companion, where anybody asks; refused is told in words.
    async fn companion_address(
        &self,
        id: &str,
        companion: &Companion,
    ) -> Result<Result<Option<String>, String>, Halt> {
        let Some(port) = companion.port else {
            return Ok(Ok(None));
        };
        let addresses = self.ports.daemon.addresses(id, port).await?;
        Ok(addresses
            .container
            .map(|address| Some(address.to_string()))
            .ok_or_else(|| "it has no address on the network of the application".to_owned()))
    }
}
