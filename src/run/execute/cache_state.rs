//! Reaching the cache state that a step names, outside the timed part, and telling afterwards whether it was reached.

use std::sync::Arc;

use super::builds::TurnState;
use super::cleanup::Pruned;
use super::{Execution, Halt, image_repository};
use crate::context::{Change, EntryKind, Manifest, ManifestDiff};
use crate::digest::Digest;
use crate::results::InstructionResult;
use crate::run::Daemon;
use crate::run::cache_evidence::CacheEvidence;
use crate::run::events::Watcher;
use crate::run::ports::{Bases, BuildReport, CacheLocation, Ledger, Probe, RecordKind, Workshop};
use crate::run::prune::SPARED;
use crate::scenario::{
    BaseState, BuilderKind, ContextState, LayerState, MountState, RemoteCache, Step, Variant,
};

/// What is known before a build of the state that it will find.
#[derive(Debug, Default)]
pub(super) struct Reached {
    /// Why the state cannot be reached at all.
    pub(super) impossible: Option<String>,
    own_layers_left: usize,
    changed_files: Option<u64>,
    nothing_changed: bool,
    mounts_filled: bool,
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
    /// Does what a step's state needs before its build, and says what is known of it then. `manifest` is the context
    /// as it will be built and `digest` its digest, `order` the build's number.
    pub(super) async fn reach(
        &mut self,
        state: &mut TurnState<'_>,
        step: &Step,
        manifest: &Manifest,
        digest: Digest,
        order: u32,
    ) -> Result<Reached, Halt> {
        let variant = &state.variant.name;
        if step.cache.mounts == MountState::Empty && std::mem::take(&mut state.mounts_filled) {
            // A build that is told to use no cache empties them, and own layers that have to go take them along. Another
            // namespace would do as well, and make instructions run again: its name is part of what they are known by.
            if step.cache.layers == LayerState::Primed {
                // An engine on which they would be spared was refused before the run.
                self.prune_mounts().await?;
            }
        }
        if step.cache.context == ContextState::Absent {
            let fresh = format!("{}/{variant}/{order}", self.session);
            self.shared_keys.insert(variant.clone(), fresh);
            self.sent.remove(variant);
        }
        let mut reached = Reached {
            changed_files: self.sent.get(variant).map(|sent| changed_files(sent, manifest)),
            nothing_changed: state.last_built == Some(digest),
            mounts_filled: state.mounts_filled,
            ..Reached::default()
        };
        if step.cache.layers == LayerState::Imported
            || (step.cache.layers == LayerState::Empty && !uses_no_cache(step, state.variant))
        {
            self.drop_latest_image(variant).await?;
            reached.hold_dropped(self.drop_layers(step.cache.mounts).await?);
        }
        if self.scenario.replay.is_some() && step.cache.layers == LayerState::Empty {
            reached.hold_dropped(state.dropped);
        }
        match step.cache.base {
            BaseState::Absent => {
                let kept = self.drop_bases(step.cache.mounts).await?;
                reached.impossible = reached.impossible.or(kept);
            }
            BaseState::Present => self.restore_bases().await?,
        }
        Ok(reached)
    }

    /// Notes what the daemon holds after a build of this context, which has this digest.
    pub(super) fn note_built(
        &mut self,
        state: &mut TurnState<'_>,
        (manifest, digest): (&Arc<Manifest>, Digest),
        succeeded: bool,
        used_mounts: bool,
    ) {
        let variant = state.variant.name.clone();
        state.mounts_filled |= used_mounts;
        if succeeded {
            state.last_built = Some(digest);
            self.sent.insert(variant, Arc::clone(manifest));
        } else {
            // It may have ended before the context was sent, in the middle of that, or after it.
            state.last_built = None;
            self.sent.remove(&variant);
        }
    }

    /// Where the remote cache of a turn's variant lies.
    pub(super) fn cache_location(&self, state: &TurnState<'_>) -> Option<CacheLocation> {
        let cache = self.scenario.build.remote_cache.as_ref()?;
        let reference = |repository: &str| cache_reference(repository, self.run_id, &state.variant.name);
        Some(match cache {
            RemoteCache::Inline { repository } => CacheLocation::Inline {
                reference: reference(repository),
            },
            RemoteCache::Registry { repository, mode } => CacheLocation::Registry {
                reference: reference(repository),
                mode: *mode,
            },
            RemoteCache::Local { mode } => CacheLocation::Local {
                folder: state.folders.local_cache.clone(),
                mode: *mode,
            },
        })
    }

    /// Removes own layers, and what cache mounts hold where that is not to be kept.
    pub(super) async fn drop_layers(&mut self, mounts: MountState) -> Result<Dropped, Halt> {
        if self.prune_layers(mounts).await? == Pruned::Spared {
            return Ok(Dropped::Spared);
        }
        let records = self.ports.daemon.build_records().await?;
        let layers = self
            .records
            .own(&records)
            .filter(|record| record.kind == RecordKind::Layer);
        Ok(Dropped::AllBut(layers.count()))
    }

    /// Removes the image of a variant's last build, whose layers would be found in it. It is built again where it is
    /// needed.
    pub(super) async fn drop_latest_image(&mut self, variant: &str) -> Result<(), Halt> {
        if let Some(image) = self.latest_image.remove(variant) {
            self.drop_image(&image).await?;
            self.evicted.insert(variant.to_owned());
        }
        Ok(())
    }

    /// Removes the bases and every own image on them; says why where one is not ours to remove.
    async fn drop_bases(&mut self, mounts: MountState) -> Result<Option<String>, Halt> {
        if let Some(kept) = self.bases.iter().find(|base| !base.own) {
            return Ok(Some(format!(
                "the base `{}` was in the daemon before the run, which removes nothing that it did not put there",
                kept.name
            )));
        }
        let variants: Vec<_> = self.latest_image.keys().cloned().collect();
        for variant in variants {
            self.drop_latest_image(&variant).await?;
        }
        if self.prune_layers(mounts).await? == Pruned::Spared {
            return Ok(Some(spared()));
        }
        for base in &self.bases {
            self.ports.daemon.remove_image(&base.reference).await?;
        }
        self.bases_absent = true;
        Ok(None)
    }

    /// Gets the bases again that were removed.
    pub(super) async fn restore_bases(&mut self) -> Result<(), Halt> {
        if !std::mem::take(&mut self.bases_absent) {
            return Ok(());
        }
        for base in &self.bases {
            self.ports.daemon.pull(&base.reference).await?;
        }
        Ok(())
    }
}

/// What became of own layers that a build was not to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dropped {
    /// So many stayed.
    AllBut(usize),
    /// All stayed, so that others keep what they have in the cache.
    Spared,
}

fn spared() -> String {
    format!(
        "the run's own layers would have to go first, and {SPARED}; `--prune-anyway` removes them all the same"
    )
}

impl Reached {
    fn hold_dropped(&mut self, dropped: Dropped) {
        match dropped {
            Dropped::AllBut(left) => self.own_layers_left = left,
            Dropped::Spared => self.impossible = Some(spared()),
        }
    }

    /// What the build told of the state that it found, besides what was known before it.
    pub(super) fn evidence(
        &self,
        report: &BuildReport,
        instructions: &[InstructionResult],
        mounts_made: usize,
    ) -> CacheEvidence {
        CacheEvidence {
            transfer: report.transfer,
            changed_files: self.changed_files,
            downloads: report.downloads,
            import_fault: report.import_fault.clone(),
            own_layers_left: self.own_layers_left,
            nothing_changed: self.nothing_changed,
            mounts_made,
            mounts_used: instructions.iter().any(uses_cache_mount),
            mounts_filled: self.mounts_filled,
        }
    }
}

/// Whether a build finds no layers because it is told to use none. Being told so empties its cache mounts as well, so that
/// where these are kept the layers have to go instead. The classic builder has no cache mounts.
pub(super) fn uses_no_cache(step: &Step, variant: &Variant) -> bool {
    step.cache.layers == LayerState::Empty
        && (step.cache.mounts == MountState::Empty || variant.builder == BuilderKind::Classic)
}

/// The reference of a variant's remote cache: a tag of the run's own in the user's repository.
#[must_use]
pub fn cache_reference(repository: &str, run_id: &str, variant: &str) -> String {
    let own = image_repository(run_id, variant);
    let tag: String = own
        .trim_start_matches("seatrial/")
        .chars()
        .map(|character| if character == '/' { '-' } else { character })
        .collect();
    // A tag has at most 128 characters.
    format!("{repository}:{}", &tag[..tag.len().min(128)])
}

/// Files of the newer manifest whose content or header differs from the older one's.
fn changed_files(sent: &Manifest, now: &Manifest) -> u64 {
    let is_file = |change: &&Change| match change {
        Change::Added { after } | Change::Changed { after, .. } => {
            matches!(after.kind, EntryKind::File { .. } | EntryKind::Socket)
        }
        Change::Removed { .. } => false,
    };
    ManifestDiff::between(sent, now)
        .changes
        .iter()
        .filter(is_file)
        .count() as u64
}

/// Whether an instruction ran with a cache mount.
pub(super) fn uses_cache_mount(instruction: &InstructionResult) -> bool {
    let mut words = instruction.name.split_whitespace();
    !instruction.cached
        && words.next() == Some("RUN")
        && words
            .take_while(|word| word.starts_with("--"))
            .filter_map(|word| word.strip_prefix("--mount="))
            .any(|mount| mount.split(',').any(|part| part == "type=cache"))
}
