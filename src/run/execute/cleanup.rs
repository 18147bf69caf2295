//! Removing what is the run's own, whatever happened before.

use std::collections::BTreeSet;

use super::{Execution, Halt, image_repository};
use crate::run::Daemon;
use crate::run::events::{Event, Watcher};
use crate::run::ports::{Bases, EngineFault, Ledger, Probe, RecordKind, Workshop};
use crate::run::prune::{SPARED, prune_own_records};
use crate::scenario::{BuilderKind, MountState, Variant};

/// What became of own layers that were to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pruned {
    /// Those that nothing else needs are gone.
    Removed,
    /// They are left, so that others keep what they have in the cache.
    Spared,
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
    /// Removes containers, images, build records and scratch copies of this run; returns what stayed.
    pub(super) async fn clean_up(&mut self) -> Vec<String> {
        let what = "removing what is the run's own".to_owned();
        self.ports.watcher.notice(&Event::Preparing { what });
        self.ports.daemon.settle().await;
        let mut left = Vec::new();
        match self.ports.daemon.answers().await {
            Ok(()) => self.clean_up_daemon(&mut left).await,
            // Asked for one thing after the other it would be waited for again and again.
            Err(fault) => left.push(format!("what the run made: {fault}: {}", fault.source)),
        }
        left.extend(self.tear_down().await);
        if let Err(fault) = self.ports.workshop.close() {
            left.push(format!("scratch copies: {fault}"));
        }
        left
    }

    /// Removes what the daemon has of the run; adds what stayed.
    async fn clean_up_daemon(&mut self, left: &mut Vec<String>) {
        match self.ports.daemon.containers_of_run(self.run_id).await {
            Ok(containers) => {
                for id in containers {
                    if let Err(fault) = self.ports.daemon.remove_container(&id).await {
                        left.push(format!("container {id}: {}", fault.source));
                    }
                }
            }
            Err(fault) => left.push(format!("containers of the run: {}", fault.source)),
        }
        // A base whose name is taken while something is made of it stays without one.
        let built = image_repository(self.run_id, "");
        let (built, bases): (Vec<_>, Vec<_>) = self
            .unkept_images()
            .into_iter()
            .partition(|reference| reference.starts_with(&built));
        left.extend(self.remove_images(&built).await);
        if let Err(fault) = self.remove_made_images().await {
            left.push(format!("images without a name: {}", fault.source));
        }
        left.extend(self.remove_images(&bases).await);
        match self.prune_all_records().await {
            Ok(stay) => left.extend(stay),
            Err(fault) => left.push(format!("records of the build cache: {}", fault.source)),
        }
    }

    /// Removes images; returns what stayed.
    async fn remove_images(&self, references: &[String]) -> Vec<String> {
        let mut left = Vec::new();
        for reference in references {
            if let Err(fault) = self.ports.daemon.remove_image(reference).await {
                left.push(format!("image {reference}: {}", fault.source));
            }
        }
        left
    }

    /// Own images but for those of variants and bases that the scenario keeps.
    fn unkept_images(&self) -> BTreeSet<String> {
        let scenario = self.scenario;
        let kept_variants = scenario
            .keep
            .iter()
            .filter_map(|name| self.latest_image.get(name));
        let kept_bases = self
            .bases
            .iter()
            .filter(|base| scenario.keep.contains(&base.name))
            .map(|base| &base.reference);
        let kept: BTreeSet<_> = kept_variants.chain(kept_bases).cloned().collect();
        self.own_images.difference(&kept).cloned().collect()
    }

    /// Removes an own image.
    pub(super) async fn drop_image(&mut self, reference: &str) -> Result<(), Halt> {
        debug_assert!(reference.starts_with(&image_repository(self.run_id, "")));
        self.ports.daemon.remove_image(reference).await?;
        self.own_images.remove(reference);
        Ok(())
    }

    /// Does without an image that no later step starts from. The classic builder finds its cache in images, so that
    /// there it stays until the turn ends, as it would with somebody who builds again and again.
    pub(super) async fn retire_image(&mut self, variant: &Variant, reference: String) -> Result<(), Halt> {
        match variant.builder {
            BuilderKind::Buildkit => self.drop_image(&reference).await,
            BuilderKind::Classic => {
                self.earlier_images.push(reference);
                Ok(())
            }
        }
    }

    /// Removes the images without a name that nothing needs any more.
    pub(super) async fn remove_made_images(&self) -> Result<(), EngineFault> {
        let made = self.ports.daemon.made_images();
        self.ports.daemon.remove_made_images(&made).await
    }

    /// Removes what is ours for certain of the build cache, but for what the daemon keeps of contexts, and for what cache
    /// mounts hold where that is to be kept.
    pub(super) async fn prune_layers(&mut self, mounts: MountState) -> Result<Pruned, EngineFault> {
        self.prune(|kind| match kind {
            RecordKind::Layer => true,
            RecordKind::CacheMount => mounts == MountState::Empty,
            RecordKind::Context => false,
        })
        .await
    }

    /// Removes what cache mounts hold that is ours for certain.
    pub(super) async fn prune_mounts(&mut self) -> Result<Pruned, EngineFault> {
        self.prune(|kind| kind == RecordKind::CacheMount).await
    }

    async fn prune(&mut self, kinds: impl Fn(RecordKind) -> bool) -> Result<Pruned, EngineFault> {
        let records = self.ports.daemon.build_records().await?;
        self.records.between_builds(&records);
        if self.pruning.spares(self.ports.daemon, &self.records, &records) {
            return Ok(Pruned::Spared);
        }
        let meant = self.records.own(&records).filter(|record| kinds(record.kind));
        let ids: Vec<_> = meant.map(|record| record.id.clone()).collect();
        self.ports.daemon.prune_build_records(&ids).await?;
        Ok(Pruned::Removed)
    }

    /// Removes all that is ours for certain of the build cache; returns what is said about the rest.
    async fn prune_all_records(&mut self) -> Result<Vec<String>, EngineFault> {
        let records = self.ports.daemon.settled_build_records().await?;
        self.records.between_builds(&records);
        // A journal that cannot be written has been told of already, and is no reason to leave anything.
        let _ = self.note_records();
        let spares = self.pruning.spares(self.ports.daemon, &self.records, &records);
        let (records, stayed) = if spares {
            (records, SPARED)
        } else {
            let records = prune_own_records(self.ports.daemon, &self.records, records).await?;
            (records, "something else in the daemon uses them")
        };
        let own = self.records.own(&records).count();
        let doubtful = self.records.doubtful(&records).count();
        let said = [
            (own, stayed),
            (
                doubtful,
                "somebody else built meanwhile, so they may not be the run's",
            ),
        ];
        Ok(said
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, reason)| format!("{count} records of the build cache: {reason}"))
            .collect())
    }
}
