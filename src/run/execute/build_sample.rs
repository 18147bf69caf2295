//! The sample of a build.

use super::builds::TurnState;
use crate::dockerfile::{Instruction, VertexName};
use crate::results::{
    BuildFailure, BuildSample, ContextSent, ImageFacts, InstructionResult, SampleKey, Status,
};
use crate::run::ports::{BuildFault, BuildFolders, BuildReport, TracedInstruction, WorkshopFault};
use crate::scenario::Step;

/// The sample of a step that was not built.
pub(super) fn unmeasured(key: SampleKey, step: &Step, outcome: Status) -> BuildSample {
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
pub(super) fn instructions(report: &BuildReport, folders: &BuildFolders) -> Vec<InstructionResult> {
    let mut instructions: Vec<_> = report
        .instructions
        .iter()
        .map(|traced| instruction(traced, folders))
        .collect();
    // The daemon names them as it gets to them; people read a Dockerfile from the top.
    instructions.sort_by_key(|instruction| instruction.line.unwrap_or(u32::MAX));
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

/// A fault with its causes.
pub(super) fn in_one_line(fault: &WorkshopFault) -> String {
    let mut line = fault.to_string();
    let mut cause = std::error::Error::source(fault);
    while let Some(error) = cause {
        line = format!("{line}: {error}");
        cause = error.source();
    }
    line
}
