//! One build: what it is asked for, and the looks at the daemon around it.

use std::collections::BTreeMap;

use super::builds::TurnState;
use super::cache_state::uses_no_cache;
use super::surroundings::Surroundings;
use super::{Execution, Halt, PreparedBase, interruption};
use crate::results::{ClassicStand, MadeImagesRecord, Neighbours, Record};
use crate::run::Daemon;
use crate::run::events::Watcher;
use crate::run::ports::{Bases, BuildRecord, BuildReport, BuildRequest, Ledger, Probe, RecordKind, Workshop};
use crate::scenario::{BuilderKind, LayerState, Step, Variant};
use crate::unit::{DaemonInstant, Nanos};

impl<D, B, W, P, L, N> Execution<'_, D, B, W, P, L, N>
where
    D: Daemon,
    B: Bases,
    W: Workshop,
    P: Probe,
    L: Ledger,
    N: Watcher,
{
    /// The request of a step's build; without a step, of a priming one.
    pub(super) fn request(&self, state: &TurnState<'_>, step: Option<&Step>, image: String) -> BuildRequest {
        let variant = state.variant;
        let cache = self.cache_location(state);
        let imports = step.is_some_and(|step| step.cache.layers == LayerState::Imported);
        let exports = step.is_some_and(|step| step.export_cache);
        let of_base = |base: &PreparedBase| (base.build_arg.clone(), base.reference.clone());
        let mut args: BTreeMap<_, _> = self.bases.iter().map(of_base).collect();
        if let Some(reference) = variant.base.as_ref().and_then(|name| self.base_reference(name)) {
            args.insert(Variant::BASE_ARGUMENT.to_owned(), reference);
        }
        args.extend(variant.args.clone());
        let namespace = format!("{}/{}", self.session, state.label());
        let shared_key = self.shared_keys.get(&variant.name).cloned();
        BuildRequest {
            cache_import: cache.clone().filter(|_| imports),
            cache_export: cache.filter(|_| exports),
            context: state.folders.context.clone(),
            named: state.folders.named.clone(),
            dockerfile: state.folders.dockerfile.clone(),
            dockerfile_name: state.folders.dockerfile_name.clone(),
            builder: variant.builder,
            dockerfile_in_context: state.folders.dockerfile_in_context.clone(),
            ignore_is_own: variant.ignore.is_some(),
            args,
            target: variant.target.clone(),
            options: variant.options.clone(),
            grants: self.ports.grants.of(&variant.name),
            no_cache: step.is_some_and(|step| uses_no_cache(step, variant)),
            mount_namespace: namespace,
            shared_key: shared_key.unwrap_or_else(|| format!("{}/{}", self.session, variant.name)),
            image,
            timeout: self.scenario.build.timeout,
        }
    }

    /// Builds, with a look at what else goes on before and after. Gives the report, how many cache mounts appeared, and
    /// what went on.
    pub(super) async fn build_watched(
        &mut self,
        request: &BuildRequest,
    ) -> Result<(BuildReport, usize, Surroundings), Halt> {
        let before = self.look_before().await;
        let (report, mounts_made) = self.build(request).await?;
        let surroundings = self.look_after(before).await;
        self.heed_builds_of_others(surroundings.neighbours)?;
        Ok((report, mounts_made, surroundings))
    }

    /// Builds, with a look at the build cache right before and right after, so that the run's own records are known.
    /// Gives the report and how many cache mounts appeared.
    async fn build(&mut self, request: &BuildRequest) -> Result<(BuildReport, usize), Halt> {
        let before = self.ports.daemon.build_records().await?;
        self.records.between_builds(&before);
        self.note_records()?;
        let built = match request.builder {
            BuilderKind::Buildkit => tokio::select! {
                report = self.ports.daemon.build(request) => report.map_err(Halt::from),
                // Leaving the build's future ends the build at the daemon.
                () = interruption(&mut self.interrupted) => Err(Halt::Interrupted),
            },
            BuilderKind::Classic => self.build_by_classic(request).await,
        };
        let span = match &built {
            Ok(report) => report.span,
            // What it leaves is there once the daemon has ended it.
            Err(_) => self.ports.daemon.settle().await,
        };
        let mut mounts_made = 0;
        let succeeded = built.as_ref().is_ok_and(|report| report.fault.is_none());
        // The daemon puts away what a build that failed had begun after it has answered.
        let after = if succeeded {
            self.ports.daemon.build_records().await
        } else {
            self.ports.daemon.settled_build_records().await
        };
        match after {
            Ok(after) => {
                mounts_made = mounts_made_since(&before, &after);
                self.records.after_build(&after, span);
                self.note_records()?;
            }
            // What was measured is not lost for it. What the build left was not seen to be ours, and stays.
            Err(fault) if built.is_ok() => {
                self.warn(format!(
                    "records of the build cache that a build left stay: {}",
                    fault.source
                ))?;
            }
            Err(_) => {}
        }
        if request.builder == BuilderKind::Classic {
            self.note_made_images()?;
            let over = Record::ClassicStand(ClassicStand::default());
            self.ports.ledger.keep(&over)?;
        }
        built.map(|report| (report, mounts_made))
    }

    /// Builds by the classic builder, with a note of each image as soon as it is told: the builder's images have no
    /// name, so that after a kill the journal alone tells that they are the run's own.
    async fn build_by_classic(&mut self, request: &BuildRequest) -> Result<BuildReport, Halt> {
        let daemon = self.ports.daemon;
        let asked = daemon.clock().await;
        let over = asked.map(|asked| later(asked, request.timeout + LATEST_END));
        let mut stand = ClassicStand {
            asked_daemon_ns: asked,
            over_daemon_ns: over,
            ..ClassicStand::default()
        };
        self.ports.ledger.note(&Record::ClassicStand(stand.clone()))?;
        let mut build = std::pin::pin!(daemon.build(request));
        loop {
            tokio::select! {
                report = &mut build => return report.map_err(Halt::from),
                () = interruption(&mut self.interrupted) => return Err(Halt::Interrupted),
                () = daemon.classic_news() => {
                    // The stand first: what is made after it is a child of its image, and never of an older one.
                    let progress = daemon.classic_progress();
                    self.note_made_images()?;
                    if (&progress.parent, &progress.container) != (&stand.parent, &stand.container) {
                        stand.parent = progress.parent;
                        stand.container = progress.container;
                        self.ports.ledger.note(&Record::ClassicStand(stand.clone()))?;
                    }
                }
            }
        }
    }

    /// Takes nothing for the run's own that appeared while somebody else built, as far as the daemon tells of builds.
    fn heed_builds_of_others(&mut self, seen: Option<Neighbours>) -> Result<(), Halt> {
        if seen.and_then(|seen| seen.builds).is_some_and(|builds| builds > 0) {
            self.records.others_built();
            self.note_records()?;
        }
        Ok(())
    }

    /// Puts into the journal what the last look at the build cache told.
    pub(super) fn note_records(&mut self) -> Result<(), Halt> {
        if let Some(seen) = self.records.news() {
            self.ports.ledger.keep(&Record::BuildRecords(seen))?;
        }
        Ok(())
    }

    /// Notes images without a name in the journal: nothing else tells after a kill that they are the run's own.
    fn note_made_images(&mut self) -> Result<(), Halt> {
        let made = self.ports.daemon.made_images();
        let new: Vec<_> = made
            .into_iter()
            .filter(|id| self.recorded_made.insert(id.clone()))
            .collect();
        if !new.is_empty() {
            self.ports
                .ledger
                .note(&Record::MadeImages(MadeImagesRecord { ids: new }))?;
        }
        Ok(())
    }
}

/// How much later than its time is up a build may still make an image.
const LATEST_END: Nanos = Nanos::from_secs(60);

fn later(instant: DaemonInstant, by: Nanos) -> DaemonInstant {
    DaemonInstant(instant.0.saturating_add_unsigned(by.0))
}

/// How many cache mounts were made between two looks. One that is emptied is made anew; the same one can have another id
/// later, but not another time at which it was made.
fn mounts_made_since(before: &[BuildRecord], after: &[BuildRecord]) -> usize {
    let is_mount = |record: &&BuildRecord| record.kind == RecordKind::CacheMount;
    let is_same = |one: &BuildRecord, other: &BuildRecord| {
        one.id == other.id || (one.created.is_some() && one.created == other.created)
    };
    let was_there = |record: &&BuildRecord| {
        before
            .iter()
            .filter(is_mount)
            .any(|earlier| is_same(earlier, record))
    };
    after
        .iter()
        .filter(is_mount)
        .filter(|record| !was_there(record))
        .count()
}
