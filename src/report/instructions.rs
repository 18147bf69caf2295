//! What became of each Dockerfile instruction at a step, variant by variant.

use std::collections::HashMap;

use crate::results::{BuildSample, Run};
use crate::stats::{Sorted, median};
use crate::unit::Nanos;

/// The instructions of all variants at one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InstructionTable {
    pub(super) step: String,
    pub(super) rows: Vec<InstructionRow>,
}

/// One instruction. Those of equal name are one row; a name that stands twice in a Dockerfile is two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InstructionRow {
    pub(super) name: String,
    /// For each variant in the run's order; absent where its Dockerfile has no such instruction.
    pub(super) cells: Vec<Option<InstructionCell>>,
}

/// An instruction of a variant over all valid builds of the step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InstructionCell {
    pub(super) line: Option<u32>,
    /// Builds in which it ran.
    pub(super) rebuilt: usize,
    /// Builds that listed it.
    pub(super) listed: usize,
    /// The median time of the builds in which it ran.
    pub(super) duration: Option<Nanos>,
}

impl InstructionCell {
    /// `cached`, `rebuilt, 2.31 s`, or `rebuilt in 3 of 5, 2.31 s`.
    pub(super) fn words(&self) -> String {
        let state = match (self.rebuilt, self.listed) {
            (0, _) => return "cached".to_owned(),
            (rebuilt, listed) if rebuilt == listed => "rebuilt".to_owned(),
            (rebuilt, listed) => format!("rebuilt in {rebuilt} of {listed}"),
        };
        match self.duration {
            Some(duration) => format!("{state}, {duration}"),
            None => state,
        }
    }
}

/// A table for each step that has valid builds.
pub(super) fn instruction_tables(run: &Run) -> Vec<InstructionTable> {
    run.header
        .steps
        .iter()
        .map(|step| of_step(run, step))
        .filter(|table| !table.rows.is_empty())
        .collect()
}

/// An instruction's name and how many of that name stand before it.
type Key<'a> = (&'a str, usize);

fn of_step(run: &Run, step: &str) -> InstructionTable {
    let mut keys: Vec<Key<'_>> = Vec::new();
    let mut cells: Vec<HashMap<Key<'_>, (InstructionCell, Vec<u64>)>> = Vec::new();
    for variant in &run.header.variants {
        let mut own = HashMap::new();
        for build in run.builds.iter().filter(|build| {
            build.step == step
                && build.key.variant == variant.name
                && build.outcome.is_ok()
                && !build.key.warmup
        }) {
            for (key, instruction) in keyed(build) {
                if !keys.contains(&key) {
                    keys.push(key);
                }
                let (cell, durations) = own.entry(key).or_insert_with(|| {
                    let cell = InstructionCell {
                        line: instruction.line,
                        rebuilt: 0,
                        listed: 0,
                        duration: None,
                    };
                    (cell, Vec::new())
                });
                cell.listed += 1;
                if !instruction.cached {
                    cell.rebuilt += 1;
                    durations.extend(instruction.duration_ns.map(|duration| duration.0));
                }
            }
        }
        cells.push(own);
    }
    let rows = keys
        .into_iter()
        .map(|key| InstructionRow {
            name: key.0.to_owned(),
            cells: cells
                .iter_mut()
                .map(|own| {
                    let (mut cell, durations) = own.remove(&key)?;
                    cell.duration = middle(&durations);
                    Some(cell)
                })
                .collect(),
        })
        .collect();
    InstructionTable {
        step: step.to_owned(),
        rows,
    }
}

fn keyed(build: &BuildSample) -> Vec<(Key<'_>, &crate::results::InstructionResult)> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    build
        .instructions
        .iter()
        .map(|instruction| {
            let before = seen.entry(&instruction.name).or_default();
            let key = (instruction.name.as_str(), *before);
            *before += 1;
            (key, instruction)
        })
        .collect()
}

/// The median, rounded to a whole nanosecond.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and a median of durations is not negative"
)]
fn middle(durations: &[u64]) -> Option<Nanos> {
    let sorted = Sorted::of(durations)?;
    Some(Nanos(median(&sorted).round() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::specimen::{Specimen, instruction};

    #[test]
    fn instructions_are_matched_by_name_and_summed_over_builds() {
        let mut specimen = Specimen::new(&["a", "b"], &["cold"]);
        for (millis, cached) in [(100, false), (300, false), (0, true)] {
            specimen.build("a", "cold", 500).instructions = vec![
                instruction("COPY . /app", 2, false, 10),
                instruction("RUN make", 3, cached, millis),
                instruction("RUN make", 4, true, 0),
            ];
        }
        specimen.build("b", "cold", 500).instructions = vec![instruction("RUN make", 2, true, 0)];
        let tables = instruction_tables(&specimen.run());
        let words: Vec<(&str, Vec<String>)> = tables[0]
            .rows
            .iter()
            .map(|row| {
                let cells = row.cells.iter().map(|cell| {
                    cell.as_ref()
                        .map_or_else(|| "-".to_owned(), InstructionCell::words)
                });
                (row.name.as_str(), cells.collect())
            })
            .collect();
        assert_eq!(
            words,
            [
                ("COPY . /app", vec!["rebuilt, 10.0 ms".to_owned(), "-".to_owned()]),
                (
                    "RUN make",
                    vec!["rebuilt in 2 of 3, 200 ms".to_owned(), "cached".to_owned()]
                ),
                ("RUN make", vec!["cached".to_owned(), "-".to_owned()]),
            ]
        );
    }
}
