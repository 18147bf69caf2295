//! One variant's turn of builds: every step, from the original files on.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cache_state::uses_cache_mount;
use super::{Execution, Halt, image_repository, interruption};
use crate::context::{Manifest, ManifestDiff};
use crate::digest::Digest;
use crate::dockerfile::{Instruction, VertexName};
use crate::results::{
    BuildFailure, BuildSample, ContextRecord, ContextSent, ImageFacts, InstructionResult, MadeImagesRecord,
    NamedContext, Phase, Record, SampleKey, Status,
};
use crate::run::Daemon;
use crate::run::cache_evidence::unreached;
use crate::run::events::{Event, Watcher};
use crate::run::expectation::broken_expectation;
use crate::run::plan::{Priming, Turn, priming};
use crate::run::ports::{
    Bases, BuildFault, BuildFolders, BuildRecord, BuildReport, BuildRequest, CacheLocation, EngineFault,
    Ledger, Probe, RecordKind, Survey, TracedInstruction, Workshop, WorkshopFault,
};
use crate::scenario::{BuilderKind, ContextState, LayerState, Nonce, Step, Variant};

/// What the steps of a turn share.
pub(super) struct TurnState<'a> {
    turn: &'a Turn,
    pub(super) variant: &'a Variant,
    folders: BuildFolders,
    /// Namespaces of cache mounts used in this turn so far.
    pub(super) namespaces: u32,
    /// Whether an instruction has filled the present one.
    pub(super) namespace_used: bool,
    /// The context of the last build of this turn, where that succeeded.
    pub(super) last_built: Option<Digest>,
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

    /// The build that the turn has to begin with.
    fn priming(&self, variant: &Variant, turn: &Turn) -> Option<Priming> {
        let first = self.scenario.build.steps.first();
        // The classic builder keeps nothing of a context.
        let keeps_context = variant.builder == BuilderKind::Buildkit
            && first.is_some_and(|step| step.cache.context == ContextState::Kept);
        // A warm-up sends the context for the first time, as it does anything else.
        let sends = keeps_context && !turn.warmup && !self.sent.contains_key(&turn.variant);
        priming(self.scenario).or(sends.then_some(Priming { export: false }))
    }

    /// A build that is not measured, so that the steps find the state that they name.
    async fn prime(&mut self, state: &mut TurnState<'_>, priming: Priming) -> Result<(), Halt> {
        let what = format!("priming the cache of `{}`", state.variant.name);
        self.ports.watcher.notice(&Event::Preparing { what });
        let variant = &state.variant.name;
        let manifest = Arc::new(self.ports.workshop.survey(variant)?.manifest);
        let image = format!("{}:primed", image_repository(self.run_id, variant));
        let mut request = self.request(state, None, image.clone());
        if priming.export {
            request.cache_export = self.cache_location(variant);
        }
        self.own_images.insert(image.clone());
        let (report, _) = self.build(&request).await?;
        let succeeded = report.image_id.is_some();
        if succeeded {
            self.push_inline_cache(&request).await?;
            self.retire_image(state.variant, image).await?;
        }
        // A build that fails here fails in the first step as well, where it is a result.
        let used_mounts = instructions(&report, &state.folders).iter().any(uses_cache_mount);
        self.note_built(state, &manifest, succeeded, used_mounts);
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
        let turn = Turn {
            variant: variant.name.clone(),
            round: 0,
            warmup: true,
        };
        let state = TurnState {
            turn: &turn,
            variant,
            folders: self.ports.workshop.folders(&variant.name)?,
            namespaces: 0,
            namespace_used: false,
            last_built: None,
            failed_step: None,
        };
        let image = format!("{}:again", image_repository(self.run_id, &variant.name));
        let request = self.request(&state, None, image.clone());
        self.own_images.insert(image.clone());
        let (report, _) = self.build(&request).await?;
        if report.image_id.is_some() {
            self.latest_image.insert(variant.name.clone(), image);
        }
        self.evicted.remove(&variant.name);
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

    /// The request of a step's build; without a step, of a priming one.
    fn request(&self, state: &TurnState<'_>, step: Option<&Step>, image: String) -> BuildRequest {
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

    /// What follows a build that succeeded: the export of an inline cache, and a look at the image.
    async fn finish_build(
        &mut self,
        request: &BuildRequest,
        report: &mut BuildReport,
    ) -> Result<ImageFacts, EngineFault> {
        self.export_inline_cache(request, report).await?;
        self.ports
            .daemon
            .image_facts(&request.image, &self.base_images)
            .await
    }

    /// Pushes the image that holds an inline cache, where the build was to export one. The build is not over before the
    /// cache is where the next builder finds it, so its time includes the push, as it does for any other remote cache.
    async fn export_inline_cache(
        &mut self,
        request: &BuildRequest,
        report: &mut BuildReport,
    ) -> Result<(), EngineFault> {
        let began = self.ports.probe.now();
        if self.push_inline_cache(request).await? {
            let took = self.ports.probe.now() - began;
            report.phases.push(Phase {
                name: "cache-export".to_owned(),
                started_ns: report.duration,
                duration_ns: took,
            });
            report.duration = report.duration + took;
        }
        Ok(())
    }

    /// Pushes the image that holds an inline cache; whether there was one to push.
    async fn push_inline_cache(&mut self, request: &BuildRequest) -> Result<bool, EngineFault> {
        let Some(CacheLocation::Inline { reference }) = &request.cache_export else {
            return Ok(false);
        };
        self.own_images.insert(reference.clone());
        self.ports.daemon.push(&request.image, reference).await?;
        self.ports.daemon.remove_image(reference).await?;
        self.own_images.remove(reference);
        Ok(true)
    }

    /// Builds, with a look at the build cache right before and right after, so that the run's own records are known.
    /// Gives the report and how many cache mounts appeared.
    async fn build(&mut self, request: &BuildRequest) -> Result<(BuildReport, usize), Halt> {
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
        match self.ports.daemon.build_records().await {
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

    /// Puts the named contexts into the journal, each once.
    fn record_named_contexts(&mut self, survey: &Survey) -> Result<Vec<NamedContext>, Halt> {
        let mut named = Vec::new();
        for (name, manifest) in &survey.named {
            let digest = manifest.digest();
            if self.recorded.insert(digest) {
                self.ports.ledger.keep(&Record::Context(ContextRecord {
                    manifest: digest,
                    base: None,
                    delta: ManifestDiff::between(&Manifest::default(), manifest),
                }))?;
            }
            named.push(NamedContext {
                name: name.clone(),
                manifest: digest,
            });
        }
        Ok(named)
    }

    fn keep_build(&mut self, sample: BuildSample) -> Result<(), Halt> {
        let sample = self.ports.grants.redactor.value(sample);
        self.bad_samples += usize::from(!sample.outcome.is_ok());
        self.ports.watcher.notice(&Event::Built(&sample));
        self.ports.ledger.keep(&Record::Build(Box::new(sample)))?;
        Ok(())
    }
}

/// A fault with its causes.
fn in_one_line(fault: &WorkshopFault) -> String {
    let mut line = fault.to_string();
    let mut cause = std::error::Error::source(fault);
    while let Some(error) = cause {
        line = format!("{line}: {error}");
        cause = error.source();
    }
    line
}

/// The sample of a step that was not built.
fn unmeasured(key: SampleKey, step: &Step, outcome: Status) -> BuildSample {
    BuildSample {
        key,
        step: step.name.clone(),
        outcome,
        duration_ns: None,
        context: None,
        downloads: None,
        instructions: Vec::new(),
        phases: Vec::new(),
        image: None,
        failure: None,
        host: None,
        neighbours: None,
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "all that is known of one build meets here, once"
)]
fn sample(
    key: SampleKey,
    step: &Step,
    state: &TurnState<'_>,
    context: ContextSent,
    report: BuildReport,
    instructions: Vec<InstructionResult>,
    broken: Option<String>,
    image: Option<ImageFacts>,
) -> BuildSample {
    let failure = report.fault.map(|fault| failure(fault, state));
    let outcome = match &failure {
        Some(failure) => Status::Failed {
            reason: failure.message.clone(),
        },
        None => match broken {
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
        downloads: Some(report.downloads),
        instructions,
        phases: report.phases,
        image,
        failure,
        host: None,
        neighbours: None,
    }
}

/// The instructions of a build as they are stored.
fn instructions(report: &BuildReport, folders: &BuildFolders) -> Vec<InstructionResult> {
    let mut instructions: Vec<_> = report
        .instructions
        .iter()
        .map(|traced| instruction(traced, folders))
        .collect();
    // The daemon names them as it gets to them; people read a Dockerfile from the top.
    instructions.sort_by_key(|instruction| instruction.line.unwrap_or(u32::MAX));
    instructions
}

/// How many cache mounts there are.
fn mounts(records: &[BuildRecord]) -> usize {
    let is_mount = |record: &&BuildRecord| record.kind == RecordKind::CacheMount;
    records.iter().filter(is_mount).count()
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
