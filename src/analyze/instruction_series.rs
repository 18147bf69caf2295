//! What became of an instruction over the rounds of a step.

use std::collections::HashMap;

use crate::results::{BuildSample, InstructionResult, Run};
use crate::stats::Summary;

/// One instruction of a variant over all valid builds of a step, warm-ups aside.
#[derive(Clone, Debug, PartialEq)]
pub struct InstructionSeries {
    /// The step.
    pub step: String,
    /// The variant.
    pub variant: String,
    /// The instruction as the builder shows it; rounds and variants are matched by it.
    pub name: String,
    /// How many instructions of the same name stand above it in the Dockerfile.
    pub before: usize,
    /// The line of the Dockerfile where it begins, from 1.
    pub line: Option<u32>,
    /// Builds that listed it.
    pub listed: usize,
    /// Builds among them that took its result from the cache.
    pub cached: usize,
    /// How long it worked, in nanoseconds, where it ran and ended; `None` where it never did.
    pub duration: Option<Summary>,
    /// Bytes that it logged where it ran.
    pub log_bytes: Option<Summary>,
}

impl InstructionSeries {
    /// Builds in which it ran.
    #[must_use]
    pub const fn ran(&self) -> usize {
        self.listed - self.cached
    }

    /// Its median time in nanoseconds; zero where it never ran.
    #[must_use]
    pub fn weight(&self) -> f64 {
        self.duration.map_or(0.0, |duration| duration.median)
    }
}

/// An instruction's name, and how many of that name stand before it.
type Key<'run> = (&'run str, usize);

/// Every instruction of every step and variant, in the header's order and that of the first build that listed it.
#[must_use]
pub(super) fn instruction_series(run: &Run) -> Vec<InstructionSeries> {
    let mut all = Vec::new();
    for step in &run.header.steps {
        for variant in &run.header.variants {
            let builds = run.counted_builds(&variant.name, step);
            all.extend(of_builds(step, &variant.name, builds));
        }
    }
    all
}

fn of_builds<'run>(
    step: &str,
    variant: &str,
    builds: impl Iterator<Item = &'run BuildSample>,
) -> Vec<InstructionSeries> {
    let mut keys: Vec<Key<'run>> = Vec::new();
    let mut results: HashMap<Key<'run>, Vec<&InstructionResult>> = HashMap::new();
    for build in builds {
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for instruction in &build.instructions {
            let before = seen.entry(&instruction.name).or_default();
            let key = (instruction.name.as_str(), *before);
            *before += 1;
            let of_key = results.entry(key).or_default();
            if of_key.is_empty() {
                keys.push(key);
            }
            of_key.push(instruction);
        }
    }
    keys.into_iter()
        .filter_map(|key| {
            let results = results.remove(&key)?;
            let ran = || results.iter().filter(|instruction| !instruction.cached);
            let durations: Vec<u64> = ran()
                .filter_map(|instruction| Some(instruction.duration_ns?.0))
                .collect();
            let logs: Vec<u64> = ran().map(|instruction| instruction.log_bytes.0).collect();
            Some(InstructionSeries {
                step: step.to_owned(),
                variant: variant.to_owned(),
                name: key.0.to_owned(),
                before: key.1,
                line: results.iter().find_map(|instruction| instruction.line),
                listed: results.len(),
                cached: results.len() - ran().count(),
                duration: Summary::of(&durations),
                log_bytes: Summary::of(&logs),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::specimen::{Specimen, instruction};
    use crate::unit::ByteSize;

    #[test]
    fn instructions_are_matched_by_name_and_summed_over_the_builds_in_which_they_ran() {
        let mut specimen = Specimen::new(&["a", "b"], &["cold"]);
        let mut make = |millis, cached, log| {
            let mut make = instruction("RUN make", 3, cached, millis);
            make.log_bytes = ByteSize(log);
            specimen.build("a", "cold", 500).instructions = vec![
                instruction("COPY . /app", 2, false, 10),
                make,
                instruction("RUN make", 4, true, 0),
            ];
        };
        for millis in [100, 300, 200, 150, 250, 120] {
            make(millis, false, 1_000 + millis);
        }
        make(9_000, true, 0);
        specimen.warm_up("a", "cold", 500).instructions = vec![instruction("RUN make", 3, false, 7_000)];
        specimen.failed("a", "cold", "exit code 1").instructions =
            vec![instruction("RUN make", 3, false, 8_000)];
        specimen.build("b", "cold", 500).instructions = vec![instruction("RUN make", 2, true, 0)];

        let all = instruction_series(&specimen.run());
        let names: Vec<_> = all
            .iter()
            .map(|one| (one.variant.as_str(), one.name.as_str(), one.before, one.line))
            .collect();
        assert_eq!(
            names,
            [
                ("a", "COPY . /app", 0, Some(2)),
                ("a", "RUN make", 0, Some(3)),
                ("a", "RUN make", 1, Some(4)),
                ("b", "RUN make", 0, Some(2)),
            ]
        );
        let make = &all[1];
        assert_eq!((make.listed, make.cached, make.ran()), (7, 1, 6));
        let duration = make.duration.unwrap();
        // Of 100, 120, 150, 200, 250 and 300 ms; six samples are the fewest that have an interval.
        assert!((duration.median - 175e6).abs() < 1.0, "{duration:?}");
        let interval = duration.interval.unwrap();
        assert_eq!((interval.low, interval.high), (100_000_000, 300_000_000));
        let log = make.log_bytes.unwrap();
        assert_eq!((log.min, log.max), (1_100, 1_300));
        assert_eq!((all[2].listed, all[2].cached), (7, 7));
        assert_eq!((all[2].duration, all[2].log_bytes), (None, None));
    }
}
