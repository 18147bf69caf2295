//! One variant's turn of builds: every step, from the original files on.

use std::error::Error;

use super::build_sample::{context_sent, free, graph, instructions, sample, unmeasured};
use super::cache_state::{Dropped, uses_cache_mount};
use super::replay::free_because;
use super::{Execution, Halt, image_repository};
use crate::causes::in_one_line;
use crate::digest::Digest;
use crate::results::{BuildSample, Record, SampleKey, Status};
use crate::run::Daemon;
use crate::run::cache_evidence::unreached;
use crate::run::events::{Event, Watcher};
use crate::run::expectation::broken_expectation;
use crate::run::plan::Turn;
use crate::run::ports::{Bases, BuildFolders, Ledger, Probe, Workshop};
use crate::scenario::{MountState, Step, Variant};
use crate::unit::ByteSize;

/// What the steps of a turn share.
pub(super) struct TurnState<'a> {
    pub(super) turn: &'a Turn,
    pub(super) variant: &'a Variant,
    pub(super) folders: BuildFolders,
    /// Whether an instruction has filled the turn's cache mounts.
    pub(super) mounts_filled: bool,
    /// The context of the last build of this turn, where that succeeded.
    pub(super) last_built: Option<Digest>,
    /// What the ignore rules kept of it, where a repository is replayed.
    pub(super) last_kept: Option<Digest>,
    /// The tree that was built last, likewise.
    pub(super) last_tree: Option<String>,
    /// What became of own layers before the turn, likewise.
    pub(super) dropped: Dropped,
    /// The step that failed, after which no step finds what it is meant to find.
    pub(super) failed_step: Option<String>,
    /// The commit whose build failed and after which none was built: the commits after it are none the worse for it.
    pub(super) unbuilt: Option<String>,
}

impl<'a> TurnState<'a> {
    /// Before the first build of the turn.
    pub(super) fn new(turn: &'a Turn, variant: &'a Variant, folders: BuildFolders) -> Self {
        Self {
            turn,
            variant,
            folders,
            mounts_filled: false,
            last_built: None,
            last_kept: None,
            last_tree: None,
            dropped: Dropped::AllBut(0),
            failed_step: None,
            unbuilt: None,
        }
    }

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
        self.left_by_earlier.remove(&variant.name);
        self.ports.workshop.reset(&variant.name)?;
        let folders = self.ports.workshop.folders(&variant.name)?;
        let mut state = TurnState::new(turn, variant, folders);
        if scenario.replay.is_some() {
            state.dropped = self.forget_turns().await?;
        }
        if let Some(priming) = self.priming(variant, turn) {
            self.prime(&mut state, priming).await?;
        }
        for step in &scenario.build.steps {
            self.build_step(&mut state, step).await?;
        }
        // An image of an earlier step is not what the starts are to measure.
        match state.failed_step.or(state.unbuilt) {
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
        if let Err(fault) = self.prune_layers(MountState::Empty).await {
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
        if let Some(commit) = &step.commit
            && let Err(fault) = self.ports.workshop.check_out(&variant.name, commit)
        {
            return self.fail_unbuilt(state, key, step, &fault);
        }
        let nonce = self.nonce(turn, step);
        for edit in &step.edits {
            // A patch may fit in some rounds only. The other variants and rounds are worth having all the same; a copy
            // that cannot be brought back ends the run at the next reset.
            if let Err(fault) = self.ports.workshop.apply(&variant.name, edit, &nonce) {
                return self.fail_unbuilt(state, key, step, &fault);
            }
        }
        let survey = self.ports.workshop.survey(&variant.name)?;
        let digest = self.record_context(&variant.name, &survey)?;
        let named = self.record_named_contexts(&survey)?;
        if let Some(reason) = free_because(state, step, &survey) {
            let sent = context_sent(&survey, digest, named, ByteSize::ZERO, None);
            return self.keep_build(free(key, step, sent, reason));
        }
        let reached = self
            .reach(state, step, &survey.manifest, digest, key.order)
            .await?;
        if let Some(reason) = reached.impossible {
            return self.keep_build(unmeasured(key, step, Status::Invalid { reason }));
        }

        if let Err(fault) = self.prepare_build(step, &key).await? {
            return self.fail_unbuilt(state, key, step, &fault);
        }

        let image = format!("{}:{}", image_repository(self.run_id, &variant.name), key.order);
        let request = self.request(state, Some(step), image.clone());
        // Noted before it is there: an interrupted build may have stored it already.
        self.own_images.insert(image.clone());
        let (mut report, mounts_made, surroundings) = self.build_watched(&request).await?;
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
        let graph = graph(&report, &state.folders);
        let used_mounts = instructions.iter().any(uses_cache_mount);
        let evidence = reached.evidence(&report, &instructions, mounts_made);
        let as_built = (&survey.manifest, digest);
        self.note_built(state, as_built, succeeded, used_mounts);
        let context = context_sent(&survey, digest, named, report.sent, report.tar);
        let broken = unreached(step.cache, &instructions, &evidence)
            .or_else(|| broken_expectation(step, &instructions));
        let mut sample = sample(key, step, state, context, report, instructions, broken, facts);
        sample.graph = graph;
        sample.host = surroundings.host;
        sample.neighbours = self.records.neighbours_of_last_build(surroundings.neighbours);
        let failed = matches!(sample.outcome, Status::Failed { .. }).then(|| step.name.clone());
        if step.commit.is_some() {
            state.unbuilt = failed;
        } else if failed.is_some() {
            state.failed_step = failed;
        }
        state.last_kept = succeeded.then_some(survey.kept_digest);
        state.last_tree = self.tree_of(step).filter(|_| succeeded);
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

    /// Keeps the sample of a step that failed before its build, after which no step finds what it is meant to find.
    fn fail_unbuilt(
        &mut self,
        state: &mut TurnState<'_>,
        key: SampleKey,
        step: &Step,
        fault: &dyn Error,
    ) -> Result<(), Halt> {
        state.failed_step = Some(step.name.clone());
        let reason = in_one_line(fault);
        self.keep_build(unmeasured(key, step, Status::Failed { reason }))
    }

    fn keep_build(&mut self, sample: BuildSample) -> Result<(), Halt> {
        let sample = self.ports.grants.redactor.value(sample);
        let is_ok = sample.outcome.is_ok();
        self.ports.watcher.notice(&Event::Built(&sample));
        self.ports.ledger.keep(&Record::Build(Box::new(sample)))?;
        self.judge(is_ok)
    }
}
