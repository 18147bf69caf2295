//! One variant's turn of builds: every step, from the original files on.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Execution, Halt, image_repository, interruption};
use crate::context::{Manifest, ManifestDiff};
use crate::digest::Digest;
use crate::dockerfile::{Instruction, VertexName};
use crate::results::{
    BuildFailure, BuildSample, ContextRecord, ContextSent, ImageFacts, InstructionResult, MadeImagesRecord,
    Record, SampleKey, Status,
};
use crate::run::Daemon;
use crate::run::events::{Event, Watcher};
use crate::run::expectation::broken_condition;
use crate::run::plan::{Turn, needs_priming};
use crate::run::ports::{
    Bases, BuildFault, BuildFolders, BuildReport, BuildRequest, Ledger, Probe, Survey, TracedInstruction,
    Workshop,
};
use crate::scenario::{ContextState, LayerState, MountState, Nonce, Step, Variant};

/// What the steps of a turn share.
struct TurnState<'a> {
    turn: &'a Turn,
    variant: &'a Variant,
    folders: BuildFolders,
    /// Namespaces of cache mounts used in this turn so far.
    namespaces: u32,
    /// The step that failed, after which no step finds what it is meant to find.
    failed_step: Option<String>,
}

impl TurnState<'_> {
    /// Text unique to this turn of the run.
    fn label(&self) -> String {
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
            failed_step: None,
        };
        if needs_priming(scenario) {
            self.prime(&state).await?;
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
        if let Err(fault) = self.prune_own_records(|record| !record.is_context).await {
            self.warn(format!(
                "records of the build cache stay until the run ends: {}",
                fault.source
            ))?;
        }
        Ok(())
    }

    /// A build that is not measured, so that the first step finds results to reuse.
    async fn prime(&mut self, state: &TurnState<'_>) -> Result<(), Halt> {
        let what = format!("priming the cache of `{}`", state.variant.name);
        self.ports.watcher.notice(&Event::Preparing { what });
        let image = format!("{}:primed", image_repository(self.run_id, &state.variant.name));
        let request = self.request(state, None, image.clone());
        self.own_images.insert(image.clone());
        let report = self.build(&request).await?;
        if report.image_id.is_some() {
            self.retire_image(state.variant, image).await?;
        }
        // A build that fails here fails in the first step as well, where it is a result.
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
            self.ports.workshop.apply(&variant.name, edit, &nonce)?;
        }
        let survey = self.ports.workshop.survey(&variant.name)?;
        let manifest = self.record_context(&variant.name, &survey)?;
        if step.cache.mounts == MountState::Empty {
            state.namespaces += 1;
        }
        if step.cache.context == ContextState::Absent {
            let fresh = format!("{}/{}/{}", self.run_id, variant.name, key.order);
            self.shared_keys.insert(variant.name.clone(), fresh);
        }

        let image = format!("{}:{}", image_repository(self.run_id, &variant.name), key.order);
        let request = self.request(state, Some(step), image.clone());
        // Noted before it is there: an interrupted build may have stored it already.
        self.own_images.insert(image.clone());
        let report = self.build(&request).await?;
        let facts = match report.image_id {
            Some(_) => self
                .ports
                .daemon
                .image_facts(&image, &self.base_images)
                .await
                .map(Some),
            None => Ok(None),
        };
        let (facts, fault) = match facts {
            Ok(facts) => (facts, None),
            Err(fault) => (None, Some(fault)),
        };
        let built = facts.is_some();
        let context = ContextSent {
            manifest,
            total_bytes: survey.manifest.total_size(),
            total_files: survey.manifest.file_count() as u64,
            kept_bytes: survey.kept,
            kept_files: survey.kept_files,
            sent_bytes: report.sent,
        };
        let sample = sample(key, step, state, context, report, facts);
        if matches!(sample.outcome, Status::Failed { .. }) {
            state.failed_step = Some(step.name.clone());
        }
        // What was measured is kept whatever the daemon does next.
        self.keep_build(sample)?;
        if let Some(fault) = fault {
            return Err(fault.into());
        }
        if built && let Some(previous) = self.latest_image.insert(variant.name.clone(), image) {
            self.retire_image(variant, previous).await?;
        }
        Ok(())
    }

    /// The request of a step's build; without a step, of a priming one.
    fn request(&self, state: &TurnState<'_>, step: Option<&Step>, image: String) -> BuildRequest {
        let variant = state.variant;
        let mut args: BTreeMap<_, _> = self.bases.iter().cloned().collect();
        if let Some(reference) = variant.base.as_ref().and_then(|name| self.base_reference(name)) {
            args.insert(Variant::BASE_ARGUMENT.to_owned(), reference);
        }
        args.extend(variant.args.clone());
        let namespace = format!("{}/{}/{}", self.run_id, state.label(), state.namespaces);
        let shared_key = self.shared_keys.get(&variant.name).cloned();
        BuildRequest {
            context: state.folders.context.clone(),
            dockerfile: state.folders.dockerfile.clone(),
            dockerfile_name: state.folders.dockerfile_name.clone(),
            builder: variant.builder,
            dockerfile_in_context: state.folders.dockerfile_in_context.clone(),
            ignore_is_own: variant.ignore.is_some(),
            args,
            target: variant.target.clone(),
            no_cache: step.is_some_and(|step| step.cache.layers == LayerState::Empty),
            mount_namespace: namespace,
            shared_key: shared_key.unwrap_or_else(|| format!("{}/{}", self.run_id, variant.name)),
            image,
            timeout: self.scenario.build.timeout,
        }
    }

    /// Builds, with a look at the build cache right before and right after, so that the run's own records are known.
    async fn build(&mut self, request: &BuildRequest) -> Result<BuildReport, Halt> {
        let before = self.ports.daemon.build_records().await?;
        if let Some(records) = &mut self.records {
            records.before_build(&before);
        }
        let built = tokio::select! {
            report = self.ports.daemon.build(request) => report.map_err(Halt::from),
            // Leaving the build's future ends the build at the daemon.
            () = interruption(&mut self.interrupted) => Err(Halt::Interrupted),
        };
        match self.ports.daemon.build_records().await {
            Ok(after) => {
                if let Some(records) = &mut self.records {
                    records.after_build(&after);
                }
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
        built
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

    /// Puts the context into the journal, as a change of the variant's last one.
    fn record_context(&mut self, variant: &str, survey: &Survey) -> Result<Digest, Halt> {
        let digest = survey.manifest.digest();
        let last = self.manifests.get(variant);
        if self.recorded.insert(digest) {
            let empty = Manifest::default();
            let delta = ManifestDiff::between(last.map_or(&empty, |last| last), &survey.manifest);
            let base = last.map(|last| last.digest());
            self.ports.ledger.keep(&Record::Context(ContextRecord {
                manifest: digest,
                base,
                delta,
            }))?;
        }
        self.manifests
            .insert(variant.to_owned(), Arc::new(survey.manifest.clone()));
        Ok(digest)
    }

    fn keep_build(&mut self, sample: BuildSample) -> Result<(), Halt> {
        self.bad_samples += usize::from(!sample.outcome.is_ok());
        self.ports.watcher.notice(&Event::Built(&sample));
        self.ports.ledger.keep(&Record::Build(Box::new(sample)))?;
        Ok(())
    }
}

/// The sample of a step that was not built.
fn unmeasured(key: SampleKey, step: &Step, outcome: Status) -> BuildSample {
    BuildSample {
        key,
        step: step.name.clone(),
        outcome,
        duration_ns: None,
        context: None,
        instructions: Vec::new(),
        phases: Vec::new(),
        image: None,
        failure: None,
    }
}

fn sample(
    key: SampleKey,
    step: &Step,
    state: &TurnState<'_>,
    context: ContextSent,
    report: BuildReport,
    image: Option<ImageFacts>,
) -> BuildSample {
    let mut instructions: Vec<_> = report
        .instructions
        .iter()
        .map(|traced| instruction(traced, &state.folders))
        .collect();
    // The daemon names them as it gets to them; people read a Dockerfile from the top.
    instructions.sort_by_key(|instruction| instruction.line.unwrap_or(u32::MAX));
    let failure = report.fault.map(|fault| failure(fault, state));
    let outcome = match &failure {
        Some(failure) => Status::Failed {
            reason: failure.message.clone(),
        },
        None => match broken_condition(step, &instructions) {
            Some(reason) => Status::Invalid { reason },
            None => Status::Ok,
        },
    };
    BuildSample {
        key,
        step: step.name.clone(),
        outcome,
        duration_ns: failure.is_none().then_some(report.duration),
        context: Some(context),
        instructions,
        phases: report.phases,
        image,
        failure,
    }
}

fn instruction(traced: &TracedInstruction, folders: &BuildFolders) -> InstructionResult {
    let name = VertexName::split(&traced.vertex_name);
    InstructionResult {
        name: name.instruction.to_owned(),
        position: name.position.map(str::to_owned),
        line: folders.parsed.locate(&traced.vertex_name).map(Instruction::line),
        cached: traced.cached,
        started_ns: traced.started,
        duration_ns: traced.duration,
        log_bytes: traced.log_bytes,
    }
}

fn failure(fault: BuildFault, state: &TurnState<'_>) -> BuildFailure {
    let located = fault
        .vertex_name
        .as_deref()
        .and_then(|name| state.folders.parsed.locate(name));
    BuildFailure {
        message: fault.message,
        instruction: located
            .map(|instruction| instruction.text.clone())
            .or(fault.vertex_name),
        file: Some(state.variant.dockerfile.display().to_string()),
        line: located.map(Instruction::line),
        log_tail: fault.log_tail,
    }
}
