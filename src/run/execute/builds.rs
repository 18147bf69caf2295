//! One variant's turn of builds: every step, from the original files on.

use std::sync::Arc;

use super::build_sample::{in_one_line, instructions, sample, unmeasured};
use super::cache_state::uses_cache_mount;
use super::{Execution, Halt, image_repository};
use crate::digest::Digest;
use crate::results::{BuildSample, ContextSent, Record, Status};
use crate::run::Daemon;
use crate::run::cache_evidence::unreached;
use crate::run::events::{Event, Watcher};
use crate::run::expectation::broken_expectation;
use crate::run::plan::Turn;
use crate::run::ports::{Bases, BuildFolders, Ledger, Probe, Workshop};
use crate::scenario::{Nonce, Step, Variant};

/// What the steps of a turn share.
pub(super) struct TurnState<'a> {
    pub(super) turn: &'a Turn,
    pub(super) variant: &'a Variant,
    pub(super) folders: BuildFolders,
    /// Namespaces of cache mounts used in this turn so far.
    pub(super) namespaces: u32,
    /// Whether an instruction has filled the present one.
    pub(super) namespace_used: bool,
    /// The context of the last build of this turn, where that succeeded.
    pub(super) last_built: Option<Digest>,
    /// The step that failed, after which no step finds what it is meant to find.
    pub(super) failed_step: Option<String>,
}

impl TurnState<'_> {
    /// Text unique to this turn of the run.
    pub(super) fn label(&self) -> String {
        let kind = if self.turn.warmup { "warmup" } else { "round" };
        format!("{}/{kind}-{}", self.variant.name, self.turn.round)
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
    pub(super) async fn build_turn(&mut self, turn: &Turn) -> Result<(), Halt> {
        let scenario = self.scenario;
        let Some(variant) = scenario
            .variants
            .iter()
            .find(|variant| variant.name == turn.variant)
        else {
            return Ok(());
        };
        self.ports.workshop.reset(&variant.name)?;
        let folders = self.ports.workshop.folders(&variant.name)?;
        let mut state = TurnState {
            turn,
            variant,
            folders,
            namespaces: 0,
            namespace_used: false,
            last_built: None,
            failed_step: None,
        };
        if let Some(priming) = self.priming(variant, turn) {
            self.prime(&mut state, priming).await?;
        }
        for step in &scenario.build.steps {
            self.build_step(&mut state, step).await?;
        }
        // An image of an earlier step is not what the starts are to measure.
        match state.failed_step {
            Some(failed) => self.unfinished.insert(variant.name.clone(), failed),
            None => self.unfinished.remove(&variant.name),
        };
        // Without this every cold build would leave a full set of records behind until the run's end. What the daemon
        // keeps of the context stays: whether it has it is a cache state of its own.
        for image in std::mem::take(&mut self.earlier_images) {
            self.drop_image(&image).await?;
        }
        if let Err(fault) = self.remove_made_images().await {
            self.warn(format!(
                "images without a name stay until the run ends: {}",
                fault.source
            ))?;
        }
        if let Err(fault) = self.prune_layers().await {
            self.warn(format!(
                "records of the build cache stay until the run ends: {}",
                fault.source
            ))?;
        }
        Ok(())
    }

    async fn build_step(&mut self, state: &mut TurnState<'_>, step: &Step) -> Result<(), Halt> {
        let (turn, variant) = (state.turn, state.variant);
        let key = self.next_key(&variant.name, turn.round, turn.warmup);
        if let Some(failed) = &state.failed_step {
            let reason = format!("step `{failed}` before it failed");
            return self.keep_build(unmeasured(key, step, Status::Invalid { reason }));
        }
        self.ports.watcher.notice(&Event::Building {
            variant: &variant.name,
            step: &step.name,
            round: turn.round,
            warmup: turn.warmup,
        });
        let round = format!("{}-{}", turn.warmup, turn.round);
        let nonce = Nonce::of(
            &format!("{}/{round}", self.run_id),
            turn.round,
            &variant.name,
            &step.name,
        );
        for edit in &step.edits {
            // A patch may fit in some rounds only. The other variants and rounds are worth having all the same; a copy
            // that cannot be brought back ends the run at the next reset.
            if let Err(fault) = self.ports.workshop.apply(&variant.name, edit, &nonce) {
                state.failed_step = Some(step.name.clone());
                let reason = in_one_line(&fault);
                return self.keep_build(unmeasured(key, step, Status::Failed { reason }));
            }
        }
        let survey = self.ports.workshop.survey(&variant.name)?;
        let manifest = self.record_context(&variant.name, &survey)?;
        let named = self.record_named_contexts(&survey)?;
        let reached = self.reach(state, step, &survey.manifest, key.order).await?;
        if let Some(reason) = reached.impossible {
            return self.keep_build(unmeasured(key, step, Status::Invalid { reason }));
        }

        let image = format!("{}:{}", image_repository(self.run_id, &variant.name), key.order);
        let request = self.request(state, Some(step), image.clone());
        // Noted before it is there: an interrupted build may have stored it already.
        self.own_images.insert(image.clone());
        let before = self.look_before().await;
        let (mut report, mounts_made) = self.build(&request).await?;
        let surroundings = self.look_after(before).await;
        let succeeded = report.image_id.is_some();
        let facts = if succeeded {
            self.finish_build(&request, &mut report).await.map(Some)
        } else {
            Ok(None)
        };
        let (facts, fault) = match facts {
            Ok(facts) => (facts, None),
            Err(fault) => (None, Some(fault)),
        };
        let built = facts.is_some();
        let instructions = instructions(&report, &state.folders);
        let used_mounts = instructions.iter().any(uses_cache_mount);
        let evidence = reached.evidence(&report, &instructions, mounts_made);
        self.note_built(state, &Arc::new(survey.manifest.clone()), succeeded, used_mounts);
        let context = ContextSent {
            manifest,
            total_bytes: survey.manifest.total_size(),
            total_files: survey.manifest.file_count() as u64,
            kept_bytes: survey.kept,
            kept_files: survey.kept_files,
            sent_bytes: report.sent,
            named,
        };
        let broken = unreached(step.cache, &instructions, &evidence)
            .or_else(|| broken_expectation(step, &instructions));
        let mut sample = sample(key, step, state, context, report, instructions, broken, facts);
        sample.host = surroundings.host;
        sample.neighbours = self.records.neighbours_of_last_build(surroundings.neighbours);
        if matches!(sample.outcome, Status::Failed { .. }) {
            state.failed_step = Some(step.name.clone());
        }
        // What was measured is kept whatever the daemon does next.
        self.keep_build(sample)?;
        if let Some(fault) = fault {
            return Err(fault.into());
        }
        if built {
            self.evicted.remove(&variant.name);
            if let Some(previous) = self.latest_image.insert(variant.name.clone(), image) {
                self.retire_image(variant, previous).await?;
            }
        }
        Ok(())
    }

    fn keep_build(&mut self, sample: BuildSample) -> Result<(), Halt> {
        let sample = self.ports.grants.redactor.value(sample);
        self.bad_samples += usize::from(!sample.outcome.is_ok());
        self.ports.watcher.notice(&Event::Built(&sample));
        self.ports.ledger.keep(&Record::Build(Box::new(sample)))?;
        Ok(())
    }
}
