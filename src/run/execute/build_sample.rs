//! The sample of a build.

use super::builds::TurnState;
use crate::digest::Digest;
use crate::dockerfile::{Instruction, VertexName};
use crate::results::{
    BuildFailure, BuildGraph, BuildSample, ContextSent, ImageFacts, InstructionResult, NamedContext,
    SampleKey, Status,
};
use crate::run::ports::{BuildFault, BuildFolders, BuildReport, Survey, TracedInstruction};
use crate::scenario::Step;
use crate::unit::ByteSize;

/// The sample of a step that was not built.
pub(super) fn unmeasured(key: SampleKey, step: &Step, outcome: Status) -> BuildSample {
    BuildSample {
        key,
        step: step.name.clone(),
        outcome,
        duration_ns: None,
        free: None,
        context: None,
        downloads: None,
        cache_export: None,
        instructions: Vec::new(),
        phases: Vec::new(),
        graph: None,
        image: None,
        failure: None,
        host: None,
        neighbours: None,
    }
}

/// The sample of a commit that there is nothing to build of.
pub(super) fn free(key: SampleKey, step: &Step, context: ContextSent, reason: String) -> BuildSample {
    BuildSample {
        free: Some(reason),
        context: Some(context),
        ..unmeasured(key, step, Status::Ok)
    }
}

/// A context as a build had it.
pub(super) fn context_sent(
    survey: &Survey,
    manifest: Digest,
    named: Vec<NamedContext>,
    sent_bytes: ByteSize,
    tar_bytes: Option<ByteSize>,
) -> ContextSent {
    ContextSent {
        manifest,
        total_bytes: survey.manifest.total_size(),
        total_files: survey.manifest.file_count() as u64,
        kept_bytes: survey.kept,
        kept_files: survey.kept_files,
        sent_bytes,
        tar_bytes,
        named,
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "all that is known of one build meets here, once"
)]
pub(super) fn sample(
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
        free: None,
        context: Some(context),
        downloads: Some(report.downloads),
        cache_export: report.cache_export,
        instructions,
        phases: report.phases,
        graph: None,
        image,
        failure,
        host: None,
        neighbours: None,
    }
}

/// The instructions of a build as they are stored.
pub(super) fn instructions(report: &BuildReport, folders: &BuildFolders) -> Vec<InstructionResult> {
    let instructions = in_reading_order(report, folders).into_iter();
    instructions.map(|(_, instruction)| instruction).collect()
}

/// The graph of a build as it is stored: its instructions are those of the sample.
pub(super) fn graph(report: &BuildReport, folders: &BuildFolders) -> Option<BuildGraph> {
    let mut graph = report.graph.clone()?;
    let order = in_reading_order(report, folders);
    for vertex in &mut graph.vertices {
        vertex.instruction = vertex.instruction.and_then(|traced| {
            let place = order
                .iter()
                .position(|(index, _)| u32::try_from(*index) == Ok(traced))?;
            u32::try_from(place).ok()
        });
    }
    Some(graph)
}

/// The instructions, each with its place in the report. The daemon names them as it gets to them; people read a
/// Dockerfile from the top.
fn in_reading_order(report: &BuildReport, folders: &BuildFolders) -> Vec<(usize, InstructionResult)> {
    let traced = report.instructions.iter().enumerate();
    let mut instructions: Vec<_> = traced
        .map(|(index, traced)| (index, instruction(traced, folders)))
        .collect();
    instructions.sort_by_key(|(_, instruction)| instruction.line.unwrap_or(u32::MAX));
    instructions
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
