//! Whether a build was what its step is meant to measure.

use crate::results::InstructionResult;
use crate::scenario::{Expectation, LayerState, Step};

/// Why the sample of a step does not count; `None` where it was taken as planned.
pub(super) fn broken_condition(step: &Step, instructions: &[InstructionResult]) -> Option<String> {
    if step.cache.layers == LayerState::Empty
        && let Some(cached) = instructions
            .iter()
            .find(|instruction| instruction.cached && obeys_no_cache(instruction))
    {
        return Some(format!(
            "no layer was to be reused, yet `{}` came from the cache",
            cached.name
        ));
    }
    let ran: Vec<_> = instructions
        .iter()
        .filter(|instruction| !instruction.cached)
        .collect();
    match step.expect.as_ref()? {
        Expectation::Cached => {
            let first = ran.first()?;
            Some(format!(
                "every instruction was to come from the cache, yet `{}` ran",
                first.name
            ))
        }
        Expectation::Rebuilt(_) if ran.is_empty() => {
            Some("an instruction was to run, yet every one came from the cache".to_owned())
        }
        Expectation::Rebuilt(expected) => {
            let cached = instructions.iter().find(|instruction| {
                instruction.cached && expected.iter().any(|text| begins_with(&instruction.name, text))
            })?;
            Some(format!(
                "`{}` was to run, yet it came from the cache",
                cached.name
            ))
        }
    }
}

/// Whether the builder runs an instruction again when it is told to use no cache. It never tells that to the step that
/// makes the folder of a WORKDIR, with the docker command's `--no-cache` either: a folder that the daemon has made on
/// this base before comes from the cache.
fn obeys_no_cache(instruction: &InstructionResult) -> bool {
    !begins_with(&instruction.name, "WORKDIR ")
}

/// Whether an instruction begins with a text; runs of white space count as one blank.
fn begins_with(instruction: &str, text: &str) -> bool {
    let folded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    folded(instruction).starts_with(&folded(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::BuildCacheState;
    use crate::unit::ByteSize;

    fn instruction(name: &str, cached: bool) -> InstructionResult {
        InstructionResult {
            name: name.to_owned(),
            position: None,
            line: None,
            cached,
            started_ns: None,
            duration_ns: None,
            log_bytes: ByteSize::ZERO,
        }
    }

    #[test]
    fn a_folder_that_was_made_before_leaves_a_cold_build_cold() {
        let step = Step {
            name: "cold".to_owned(),
            cache: BuildCacheState {
                layers: LayerState::Empty,
                ..BuildCacheState::default()
            },
            edits: Vec::new(),
            expect: None,
        };
        let made_before = [instruction("WORKDIR /srv", true), instruction("COPY . .", false)];
        assert_eq!(broken_condition(&step, &made_before), None);
    }

    #[test]
    fn a_sample_counts_only_under_the_conditions_of_its_step() {
        let rebuilt = |texts: &[&str]| {
            Some(Expectation::Rebuilt(
                texts.iter().map(|text| (*text).to_owned()).collect(),
            ))
        };
        let (copy, run) = ("COPY . /app", "RUN  make all");
        for (layers, expect, cached, broken) in [
            (LayerState::Empty, None, [false, false], None),
            (
                LayerState::Empty,
                None,
                [true, false],
                Some("no layer was to be reused, yet `COPY . /app`"),
            ),
            (LayerState::Primed, None, [true, false], None),
            (LayerState::Primed, Some(Expectation::Cached), [true, true], None),
            (
                LayerState::Primed,
                Some(Expectation::Cached),
                [true, false],
                Some("yet `RUN  make all` ran"),
            ),
            (
                LayerState::Primed,
                rebuilt(&[]),
                [true, true],
                Some("yet every one came from the cache"),
            ),
            (LayerState::Primed, rebuilt(&[]), [true, false], None),
            (LayerState::Primed, rebuilt(&["RUN make"]), [true, false], None),
            (
                LayerState::Primed,
                rebuilt(&["COPY"]),
                [true, false],
                Some("`COPY . /app` was to run"),
            ),
            (LayerState::Primed, rebuilt(&["ADD"]), [true, false], None),
        ] {
            let step = Step {
                name: "step".to_owned(),
                cache: BuildCacheState {
                    layers,
                    ..BuildCacheState::default()
                },
                edits: Vec::new(),
                expect,
            };
            let said = broken_condition(
                &step,
                &[instruction(copy, cached[0]), instruction(run, cached[1])],
            );
            match broken {
                None => assert_eq!(said, None, "{step:?} {cached:?}"),
                Some(part) => assert!(
                    said.as_ref().is_some_and(|said| said.contains(part)),
                    "{step:?} {cached:?} gave {said:?}"
                ),
            }
        }
    }
}
