//! Whether a build reused what its step expects it to.

use crate::results::InstructionResult;
use crate::scenario::{Expectation, Step};

/// Why the expectation of a step was not met; `None` where it was, or there is none.
pub(super) fn broken_expectation(step: &Step, instructions: &[InstructionResult]) -> Option<String> {
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
    fn an_expectation_is_met_by_what_ran_and_what_did_not() {
        let rebuilt = |texts: &[&str]| {
            Some(Expectation::Rebuilt(
                texts.iter().map(|text| (*text).to_owned()).collect(),
            ))
        };
        let (copy, run) = ("COPY . /app", "RUN  make all");
        for (expect, cached, broken) in [
            (None, [true, false], None),
            (Some(Expectation::Cached), [true, true], None),
            (
                Some(Expectation::Cached),
                [true, false],
                Some("yet `RUN  make all` ran"),
            ),
            (
                rebuilt(&[]),
                [true, true],
                Some("yet every one came from the cache"),
            ),
            (rebuilt(&[]), [true, false], None),
            (rebuilt(&["RUN make"]), [true, false], None),
            (
                rebuilt(&["COPY"]),
                [true, false],
                Some("`COPY . /app` was to run"),
            ),
            (rebuilt(&["ADD"]), [true, false], None),
        ] {
            let step = Step {
                name: "step".to_owned(),
                cache: BuildCacheState::default(),
                export_cache: false,
                commit: None,
                edits: Vec::new(),
                expect,
            };
            let said = broken_expectation(
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
