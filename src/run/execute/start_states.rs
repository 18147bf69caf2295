//! Reaching the state that an image is to be started in, and proving that it was reached.

use std::path::PathBuf;

use super::holder::Holder;
use super::start_inside::InsideStart;
use super::starts::Attempted;
use super::{Execution, Halt};
use crate::results::{ImagePages, Phase, Status};
use crate::run::Daemon;
use crate::run::events::Watcher;
use crate::run::ports::{Bases, ContainerRequest, Host, Ledger, Probe, Residency, Workshop};
use crate::scenario::{Readiness, StartCache, StartSettings};
use crate::unit::{ByteSize, Nanos};

/// As much of an image may still be in memory where nothing of it is to be: one part in so many.
const MOST_RESIDUE: u64 = 200;

/// Of what a start left in memory so much may be missing: one part in so many,
const MOST_LOST: u64 = 100;

/// or this, which is two of the pieces that the kernel reads ahead at once: less than one read that is missed.
const MOST_LOST_BYTES: u64 = 256 << 10;

impl<D, B, W, P, L, N> Execution<'_, D, B, W, P, L, N>
where
    D: Daemon,
    B: Bases,
    W: Workshop,
    P: Probe,
    L: Ledger,
    N: Watcher,
{
    /// Starts a created container once and looks until it is ready.
    pub(super) async fn started(
        &mut self,
        id: &str,
        holder: Option<&Holder>,
        settings: &StartSettings,
        create_call: Nanos,
        phases: &mut Vec<Phase>,
    ) -> Result<Attempted, Halt> {
        let attempted = match (&settings.ready, holder) {
            (Readiness::Engine(ready), _) => {
                let by_record = self.records_told;
                self.start_told(id, ready, settings.timeout, create_call, by_record, phases)
                    .await
            }
            (Readiness::Network(ready), None) => {
                self.start_and_look(id, ready, settings.timeout, create_call, phases)
                    .await
            }
            (Readiness::Network(ready), Some(holder)) => {
                let start = InsideStart {
                    id,
                    holder,
                    ready,
                    timeout: settings.timeout,
                    create_call,
                };
                self.start_inside(start, phases).await
            }
        };
        // Of a start that came to nothing nobody has asked what was recorded.
        self.ports.probe.leave_trace();
        attempted
    }

    /// Brings the image of a created container, and the container itself, into a state, and proves it; refused is told in
    /// words. What of the image is in memory then is told where the scenario names states at all.
    pub(super) async fn reach_pages(
        &mut self,
        cache: StartCache,
        request: &ContainerRequest,
        id: &str,
        holder: Option<&Holder>,
        settings: &StartSettings,
    ) -> Result<Result<Option<ImagePages>, String>, Halt> {
        // What was pulled a moment ago is as the pull left it, and nothing is known of it from before.
        if settings.caches == [StartCache::Warm] || cache == StartCache::ColdPull {
            return Ok(Ok(None));
        }
        if let Err(reason) = self.start_first(cache, request, id, holder, settings).await? {
            return Ok(Err(reason));
        }
        let reached = self.prove(cache, &request.image);
        if reached.is_ok() || cache == StartCache::ColdPages {
            return Ok(reached);
        }
        // A machine may take memory back at any moment: once more, since what is asked for is what was there a moment ago.
        self.started_before.remove(&request.image);
        Ok(
            match self.start_first(cache, request, id, holder, settings).await? {
                Ok(()) => self.prove(cache, &request.image),
                Err(reason) => Err(reason),
            },
        )
    }

    /// Starts the image once, unmeasured, where the state needs that or nothing is known of the image yet: it brings to memory
    /// what the next start needs, and leads to where the image's files lie. Refused is told in words.
    async fn start_first(
        &mut self,
        cache: StartCache,
        request: &ContainerRequest,
        id: &str,
        holder: Option<&Holder>,
        settings: &StartSettings,
    ) -> Result<Result<(), String>, Halt> {
        if cache == StartCache::Restart {
            let now = self.ports.probe.now();
            let first = self.started(id, holder, settings, now, &mut Vec::new()).await?;
            if let Some(reason) = first.outcome.reason() {
                return Ok(Err(format!("its first start came to nothing: {reason}")));
            }
            self.note_warmth(id, &request.image).await?;
            self.ports.daemon.stop_container(id).await?;
        }
        if self.started_before.contains(&request.image) {
            return Ok(Ok(()));
        }
        self.start_before(request, holder, settings).await
    }

    /// Puts the image out of memory where that is asked for, and proves the state.
    fn prove(&mut self, cache: StartCache, image: &str) -> Result<Option<ImagePages>, String> {
        let Some(layers) = self.layers.get(image).cloned() else {
            return match cache {
                StartCache::ColdPages => Err(
                    "where the image's files lie is not told by this engine, or nowhere that this user may read: \
                     that is for root on the daemon's machine"
                        .to_owned(),
                ),
                StartCache::Warm | StartCache::Restart | StartCache::ColdPull => Ok(None),
            };
        };
        let host = self.ports.host.ok_or("the daemon is not on this machine")?;
        let touched = self.touched.get(image).copied();
        let reached = reached(cache, host, &layers, touched);
        if cache == StartCache::ColdPages {
            self.forget_warmth(&layers);
        }
        reached
    }

    /// Images that share any of these layers are no longer warm: what another one needs of them has gone with this one's.
    fn forget_warmth(&mut self, evicted: &[PathBuf]) {
        let shares = |layers: &Vec<PathBuf>| layers.iter().any(|layer| evicted.contains(layer));
        for (image, _) in self.layers.iter().filter(|(_, layers)| shares(layers)) {
            self.started_before.remove(image);
            self.touched.remove(image);
        }
    }

    /// Tells what of the image is in memory now that a container of it is ready, and remembers it.
    pub(super) async fn note_warmth(&mut self, id: &str, image: &str) -> Result<Option<ByteSize>, Halt> {
        let Some(host) = self.ports.host else {
            return Ok(None);
        };
        if !self.layers.contains_key(image) {
            let process = self.ports.daemon.main_process(id).await?;
            let told = self.ports.daemon.layer_folders(image).await?;
            let told = told.or_else(|| host.root_layers(process?));
            if let Some(layers) = told.and_then(|layers| host.shown(layers, process)) {
                self.layers.insert(image.to_owned(), layers);
            }
        }
        let Some(layers) = self.layers.get(image) else {
            return Ok(None);
        };
        let Ok(Residency { resident, .. }) = host.residency(layers) else {
            return Ok(None);
        };
        self.started_before.insert(image.to_owned());
        self.touched.insert(image.to_owned(), resident);
        Ok(Some(resident))
    }

    /// Starts the image once, unmeasured, in a container of its own.
    pub(super) async fn start_before(
        &mut self,
        request: &ContainerRequest,
        holder: Option<&Holder>,
        settings: &StartSettings,
    ) -> Result<Result<(), String>, Halt> {
        let request = ContainerRequest {
            name: format!("{}-before", request.name),
            ..request.clone()
        };
        let id = self.ports.daemon.create_container(&request).await?;
        let now = self.ports.probe.now();
        let before = self.started(&id, holder, settings, now, &mut Vec::new()).await?;
        let warm = match before.outcome {
            Status::Ok => {
                self.note_warmth(&id, &request.image).await?;
                // Also where nothing could be noted of it.
                self.started_before.insert(request.image.clone());
                Ok(())
            }
            Status::Failed { reason } | Status::Invalid { reason } => {
                Err(format!("the start before it came to nothing: {reason}"))
            }
        };
        self.ports.daemon.remove_container(&id).await?;
        Ok(warm)
    }
}

/// Puts the image's files out of memory where that is asked for, and proves the state. `touched` is what the last start
/// left in memory.
fn reached(
    cache: StartCache,
    host: &dyn Host,
    layers: &[PathBuf],
    touched: Option<ByteSize>,
) -> Result<Option<ImagePages>, String> {
    let cold = cache == StartCache::ColdPages;
    if cold {
        host.evict(layers)?;
    }
    let mut found = host.residency(layers)?;
    let residue = |found: &Residency| found.resident.0 > found.size.0 / MOST_RESIDUE;
    if cold && residue(&found) {
        // What was on its way to the disk may have arrived by now.
        host.evict(layers)?;
        found = host.residency(layers)?;
    }
    if cold && residue(&found) {
        return Err(format!(
            "{} of the image's {} stayed in memory: another container or program uses them",
            found.resident, found.size
        ));
    }
    let least = touched.map(|touched| {
        let lost = (touched.0 / MOST_LOST).max(MOST_LOST_BYTES);
        touched.0.saturating_sub(lost)
    });
    if !cold && least.is_some_and(|least| found.resident.0 < least) {
        return Err(format!(
            "{} of the image were in memory, {} after the start before: the machine took the rest",
            found.resident,
            touched.unwrap_or_default()
        ));
    }
    Ok(Some(ImagePages {
        image_bytes: found.size,
        before_bytes: found.resident,
        ready_bytes: None,
    }))
}
