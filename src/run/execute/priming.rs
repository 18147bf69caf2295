//! Builds that are not measured: those that make the state which steps name, and those that bring back what such a
//! state took away.

use super::build_sample::instructions;
use super::builds::TurnState;
use super::cache_state::uses_cache_mount;
use super::{Execution, Halt, image_repository};
use crate::run::Daemon;
use crate::run::events::{Event, Watcher};
use crate::run::plan::{Priming, Turn, priming};
use crate::run::ports::{Bases, Ledger, Probe, Workshop};
use crate::scenario::{BuilderKind, ContextState, Variant};

impl<D, B, W, P, L, N> Execution<'_, D, B, W, P, L, N>
where
    D: Daemon,
    B: Bases,
    W: Workshop,
    P: Probe,
    L: Ledger,
    N: Watcher,
{
    /// The build that the turn has to begin with.
    pub(super) fn priming(&self, variant: &Variant, turn: &Turn) -> Option<Priming> {
        let first = self.scenario.build.steps.first();
        // The classic builder keeps nothing of a context.
        let keeps_context = variant.builder == BuilderKind::Buildkit
            && first.is_some_and(|step| step.cache.context == ContextState::Kept);
        // A warm-up sends the context for the first time, as it does anything else.
        let sends = keeps_context && !turn.warmup && !self.sent.contains_key(&turn.variant);
        priming(self.scenario).or(sends.then_some(Priming { export: false }))
    }

    /// A build that is not measured, so that the steps find the state that they name.
    pub(super) async fn prime(&mut self, state: &mut TurnState<'_>, priming: Priming) -> Result<(), Halt> {
        let what = format!("priming the cache of `{}`", state.variant.name);
        self.ports.watcher.notice(&Event::Preparing { what });
        let variant = &state.variant.name;
        let manifest = self.ports.workshop.survey(variant)?.manifest;
        let image = format!("{}:primed", image_repository(self.run_id, variant));
        let mut request = self.request(state, None, image.clone());
        if priming.export {
            request.cache_export = self.cache_location(state);
        }
        self.own_images.insert(image.clone());
        let (report, ..) = self.build_watched(&request).await?;
        let succeeded = report.image_id.is_some();
        if succeeded {
            self.push_inline_cache(&request).await?;
            self.retire_image(state.variant, image).await?;
        }
        // A build that fails here fails in the first step as well, where it is a result.
        let used_mounts = instructions(&report, &state.folders).iter().any(uses_cache_mount);
        self.note_built(state, (&manifest, manifest.digest()), succeeded, used_mounts);
        Ok(())
    }

    /// Builds the variant's image again as its last turn left it, where it was removed so that another build could find
    /// the daemon without its layers.
    pub(super) async fn restore_image(&mut self, variant: &str) -> Result<(), Halt> {
        let scenario = self.scenario;
        let found = scenario.variants.iter().find(|found| found.name == variant);
        let Some(variant) = found.filter(|variant| self.evicted.contains(&variant.name)) else {
            return Ok(());
        };
        let what = format!("building the image of `{}` again", variant.name);
        self.ports.watcher.notice(&Event::Preparing { what });
        self.restore_bases().await?;
        if let Some(turn) = self.left_by_earlier.remove(&variant.name) {
            self.ports.workshop.reset(&variant.name)?;
            for step in &scenario.build.steps {
                if let Some(commit) = &step.commit {
                    self.ports.workshop.check_out(&variant.name, commit)?;
                }
                let nonce = self.nonce(&turn, step);
                for edit in &step.edits {
                    self.ports.workshop.apply(&variant.name, edit, &nonce)?;
                }
            }
        }
        let turn = Turn {
            variant: variant.name.clone(),
            round: 0,
            warmup: true,
        };
        let state = TurnState::new(&turn, variant, self.ports.workshop.folders(&variant.name)?);
        let image = format!("{}:again", image_repository(self.run_id, &variant.name));
        let request = self.request(&state, None, image.clone());
        self.own_images.insert(image.clone());
        let (report, ..) = self.build_watched(&request).await?;
        if report.image_id.is_some() {
            self.latest_image.insert(variant.name.clone(), image);
        }
        self.evicted.remove(&variant.name);
        Ok(())
    }
}
