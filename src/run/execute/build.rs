//! One build: what it is asked for, and the looks at the daemon around it.

use std::collections::BTreeMap;

use super::builds::TurnState;
use super::{Execution, Halt, interruption};
use crate::results::{MadeImagesRecord, Record};
use crate::run::Daemon;
use crate::run::events::Watcher;
use crate::run::ports::{Bases, BuildRecord, BuildReport, BuildRequest, Ledger, Probe, RecordKind, Workshop};
use crate::scenario::{LayerState, Step, Variant};

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
        let cache = self.cache_location(&variant.name);
        let imports = step.is_some_and(|step| step.cache.layers == LayerState::Imported);
        let exports = step.is_some_and(|step| step.export_cache);
        let mut args: BTreeMap<_, _> = self.bases.iter().cloned().collect();
        if let Some(reference) = variant.base.as_ref().and_then(|name| self.base_reference(name)) {
            args.insert(Variant::BASE_ARGUMENT.to_owned(), reference);
        }
        args.extend(variant.args.clone());
        let namespace = format!("{}/{}/{}", self.run_id, state.label(), state.namespaces);
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
            no_cache: step.is_some_and(|step| step.cache.layers == LayerState::Empty),
            mount_namespace: namespace,
            shared_key: shared_key.unwrap_or_else(|| format!("{}/{}", self.run_id, variant.name)),
            image,
            timeout: self.scenario.build.timeout,
        }
    }

    /// Builds, with a look at the build cache right before and right after, so that the run's own records are known.
    /// Gives the report and how many cache mounts appeared.
    pub(super) async fn build(&mut self, request: &BuildRequest) -> Result<(BuildReport, usize), Halt> {
        let before = self.ports.daemon.build_records().await?;
        self.records.between_builds(&before);
        self.note_records()?;
        let built = tokio::select! {
            report = self.ports.daemon.build(request) => report.map_err(Halt::from),
            // Leaving the build's future ends the build at the daemon.
            () = interruption(&mut self.interrupted) => Err(Halt::Interrupted),
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
                mounts_made = mounts(&after).saturating_sub(mounts(&before));
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
        self.record_made_images()?;
        built.map(|report| (report, mounts_made))
    }

    /// Puts into the journal what the last look at the build cache told.
    pub(super) fn note_records(&mut self) -> Result<(), Halt> {
        if let Some(seen) = self.records.news() {
            self.ports.ledger.keep(&Record::BuildRecords(seen))?;
        }
        Ok(())
    }

    /// Notes images without a name in the journal: nothing else tells after a kill that they are the run's own.
    fn record_made_images(&mut self) -> Result<(), Halt> {
        let made = self.ports.daemon.made_images();
        let new: Vec<_> = made
            .into_iter()
            .filter(|id| self.recorded_made.insert(id.clone()))
            .collect();
        if !new.is_empty() {
            self.ports
                .ledger
                .keep(&Record::MadeImages(MadeImagesRecord { ids: new }))?;
        }
        Ok(())
    }
}

/// How many cache mounts there are.
fn mounts(records: &[BuildRecord]) -> usize {
    let is_mount = |record: &&BuildRecord| record.kind == RecordKind::CacheMount;
    records.iter().filter(is_mount).count()
}
