//! What stands beside the numbers: the machine, what failed, and how a comparison came about.

use super::moment::moment;
use super::quantity::times;
use crate::analyze::Comparison;
use crate::results::{ProbeRecord, Run, StopReason};

/// A fact about a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) name: String,
    pub(super) value: String,
}

/// A sample that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// Variant, step and round.
    pub(super) place: String,
    pub(super) message: String,
    /// The instruction and its line in the Dockerfile.
    pub(super) instruction: Option<String>,
    /// The end of its log.
    pub(super) log_tail: Vec<String>,
}

/// The numbers of a comparison in words; a dash where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ComparisonNumbers {
    pub(super) ratio: String,
    pub(super) interval: String,
    pub(super) n: String,
}

pub(super) fn comparison_numbers(comparison: &Comparison) -> ComparisonNumbers {
    let Some(estimate) = comparison.estimate else {
        return ComparisonNumbers {
            ratio: "–".to_owned(),
            interval: "–".to_owned(),
            n: "–".to_owned(),
        };
    };
    ComparisonNumbers {
        ratio: times(estimate.ratio),
        interval: estimate.interval.map_or_else(
            || "none".to_owned(),
            |interval| {
                format!(
                    "{} to {} ({:.1} %)",
                    times(interval.low),
                    times(interval.high),
                    interval.level * 100.0
                )
            },
        ),
        n: format!("{}/{}", estimate.candidate_samples, estimate.baseline_samples),
    }
}

/// How starts were looked at, and why not better.
fn probe_in_words(probe: &ProbeRecord) -> String {
    let by = if probe.forced { ", as asked for" } else { "" };
    let refused = probe.refused.iter();
    let refused = refused.map(|refused| format!("; not by {}: {}", refused.tier, refused.reason));
    format!("{}{by}{}", probe.tier, refused.collect::<String>())
}

/// The machine, the daemon and the protocol of a run.
pub(super) fn environment(run: &Run) -> Vec<Fact> {
    let header = &run.header;
    let environment = &header.environment;
    let mut facts = Vec::new();
    let mut fact = |name: &str, value: String| {
        facts.push(Fact {
            name: name.to_owned(),
            value,
        });
    };
    fact("run", header.run_id.clone());
    fact("started", moment(&header.started_utc));
    let ended = match &run.end {
        None => "killed, no end recorded".to_owned(),
        Some(end) => match end.stop {
            StopReason::Complete => end.finished_utc.clone(),
            StopReason::Interrupted => format!("{}, interrupted", end.finished_utc),
            StopReason::TimeBudget => format!("{}, at the end of its time budget", end.finished_utc),
            StopReason::FailFast => format!("{}, at the first sample that is not good", end.finished_utc),
            StopReason::Aborted => format!("{}, given up", end.finished_utc),
        },
    };
    for resumed in &run.resumed {
        fact("resumed", resumed.clone());
    }
    fact("ended", ended);
    fact(
        "scenario",
        format!("{} ({})", header.scenario, header.scenario_digest.short()),
    );
    fact(
        "plan",
        format!(
            "{} rounds, {} starts a variant, seed {}",
            header.rounds, header.starts, header.seed
        ),
    );
    fact(
        "engine",
        format!(
            "{}, API {}, builder {}",
            environment.engine, environment.api, environment.builder
        ),
    );
    fact(
        "image store",
        format!("{} ({})", environment.store, environment.storage_driver),
    );
    if let Some(probe) = &run.probe {
        fact("starts looked at by", probe_in_words(probe));
    }
    if environment.export_waits_for_second {
        fact(
            "export",
            "this storage driver makes the engine wait for the next whole second of its clock where a build stores \
             a new layer; such builds are up to one second longer than their work"
                .to_owned(),
        );
    }
    fact(
        "kernel",
        format!("{}, {}", environment.kernel, environment.architecture),
    );
    let machine = [
        environment.cpu.clone(),
        environment.cpus.map(|cpus| format!("{cpus} processors")),
        environment.memory_bytes.map(|bytes| bytes.to_string()),
    ];
    let machine: Vec<String> = machine.into_iter().flatten().collect();
    if !machine.is_empty() {
        fact("machine", machine.join(", "));
    }
    if let Some(load) = environment.load_1m {
        fact("load at start", format!("{load:.2}"));
    }
    for (name, version) in &environment.components {
        fact(name, version.clone());
    }
    for image in images(run) {
        fact(&image.name, image.value);
    }
    for variant in &header.variants {
        fact(
            &format!("variant {}", variant.name),
            format!("{} ({})", variant.dockerfile, variant.dockerfile_digest.short()),
        );
    }
    fact("seatrial", header.tool_version.clone());
    facts
}

/// The bases and the companions of a run.
fn images(run: &Run) -> impl Iterator<Item = Fact> {
    let bases = run.bases.iter().map(|base| {
        let origin = base.repo_digest.as_deref().unwrap_or(&base.id);
        let (reference, source, size) = (&base.reference, &base.source, base.size_bytes);
        Fact {
            name: format!("base {}", base.name),
            value: format!("{reference}, {source}, {size}, {origin}"),
        }
    });
    let companions = run.companions.iter().map(|companion| Fact {
        name: format!("companion {}", companion.name),
        value: format!("{}, {}", companion.image, companion.image_id),
    });
    bases.chain(companions)
}

/// Every sample that failed, builds first, in the order in which they were taken.
pub(super) fn failures(run: &Run) -> Vec<Failure> {
    let mut all = Vec::new();
    for build in &run.builds {
        let (Some(reason), false) = (build.outcome.reason(), is_invalid(&build.outcome)) else {
            continue;
        };
        let failure = build.failure.as_ref();
        let instruction = failure.and_then(|failure| {
            let instruction = failure.instruction.as_deref()?;
            let place = match (&failure.file, failure.line) {
                (Some(file), Some(line)) => format!(", {file} line {line}"),
                _ => String::new(),
            };
            Some(format!("{instruction}{place}"))
        });
        all.push(Failure {
            place: format!("{}, {}, round {}", build.key.variant, build.step, build.key.round),
            message: failure.map_or(reason, |failure| &failure.message).to_owned(),
            instruction,
            log_tail: failure
                .map(|failure| failure.log_tail.clone())
                .unwrap_or_default(),
        });
    }
    for start in &run.starts {
        if let (Some(reason), false) = (start.outcome.reason(), is_invalid(&start.outcome)) {
            let attempts: Vec<String> = start
                .attempts
                .0
                .iter()
                .map(|(class, count)| format!("{count} × {class}"))
                .collect();
            let met = if attempts.is_empty() {
                String::new()
            } else {
                format!("; attempts met {}", attempts.join(", "))
            };
            all.push(Failure {
                place: format!("{}, start {}", start.key.variant, start.key.round),
                message: format!("{reason}{met}"),
                instruction: None,
                log_tail: start.log_tail.clone(),
            });
        }
    }
    for burst in &run.bursts {
        if let (Some(reason), false) = (burst.outcome.reason(), is_invalid(&burst.outcome)) {
            all.push(Failure {
                place: format!(
                    "{}, burst of {}, round {}",
                    burst.key.variant, burst.containers, burst.key.round
                ),
                message: reason.to_owned(),
                instruction: None,
                log_tail: burst.log_tail.clone(),
            });
        }
    }
    all
}

const fn is_invalid(outcome: &crate::results::Status) -> bool {
    matches!(outcome, crate::results::Status::Invalid { .. })
}
