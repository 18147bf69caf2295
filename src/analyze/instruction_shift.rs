//! The instruction that made a build take longer.

use super::instruction_series::InstructionSeries;

/// An instruction that takes longer than it did.
#[derive(Clone, Debug, PartialEq)]
pub struct InstructionShift {
    /// The instruction as the builder shows it.
    pub name: String,
    /// The line of the candidate's Dockerfile where it begins, from 1.
    pub line: Option<u32>,
    /// Its median time before, in nanoseconds, 0 where it came from the cache; `None` where it was not there.
    pub before: Option<f64>,
    /// Its median time now, in nanoseconds.
    pub after: f64,
}

impl InstructionShift {
    pub(super) fn gained(&self) -> f64 {
        self.after - self.before.unwrap_or(0.0)
    }
}

/// Of the instructions of a variant's step, the one that took up most; `None` where none takes longer than it did.
///
/// An instruction is the same one where its name is; one whose name is new is held against the one that stood in its place, where
/// that is gone.
#[must_use]
pub(super) fn slowest_shift(
    before: &[InstructionSeries],
    after: &[InstructionSeries],
    variant: &str,
    step: &str,
) -> Option<InstructionShift> {
    let of = |all: &'_ [InstructionSeries]| -> Vec<InstructionSeries> {
        let of_step = all
            .iter()
            .filter(|series| series.variant == variant && series.step == step);
        of_step.cloned().collect()
    };
    let (before, after) = (of(before), of(after));
    let same = |one: &InstructionSeries, other: &InstructionSeries| {
        (&one.name, one.before) == (&other.name, other.before)
    };
    let shifts = after.iter().enumerate().map(|(place, now)| {
        let earlier = before.iter().find(|earlier| same(earlier, now)).or_else(|| {
            let in_its_place = before.get(place)?;
            let is_gone = !after.iter().any(|other| same(other, in_its_place));
            is_gone.then_some(in_its_place)
        });
        InstructionShift {
            name: now.name.clone(),
            line: now.line,
            before: earlier.map(InstructionSeries::weight),
            after: now.weight(),
        }
    });
    shifts
        .filter(|shift| shift.gained() > 0.0)
        .max_by(|one, other| one.gained().total_cmp(&other.gained()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Summary;

    fn series(name: &str, line: u32, millis: u64) -> InstructionSeries {
        InstructionSeries {
            step: "cold".to_owned(),
            variant: "slim".to_owned(),
            name: name.to_owned(),
            before: 0,
            line: Some(line),
            listed: 10,
            cached: 0,
            duration: Summary::of(&[millis * 1_000_000]),
            log_bytes: None,
        }
    }

    fn shift(
        before: &[InstructionSeries],
        after: &[InstructionSeries],
    ) -> Option<(String, Option<f64>, f64)> {
        slowest_shift(before, after, "slim", "cold").map(|shift| {
            let millis = |nanos: f64| nanos / 1e6;
            (shift.name, shift.before.map(millis), millis(shift.after))
        })
    }

    #[test]
    fn the_instruction_that_gained_most_is_named() {
        let before = [series("RUN a", 2, 100), series("RUN b", 3, 3_000)];
        let after = [series("RUN a", 2, 150), series("RUN b", 3, 3_300)];
        assert_eq!(
            shift(&before, &after),
            Some(("RUN b".to_owned(), Some(3_000.0), 3_300.0))
        );
        assert_eq!(shift(&after, &before), None);
        assert_eq!(slowest_shift(&before, &after, "other", "cold"), None);
    }

    #[test]
    fn one_that_was_written_anew_is_held_against_what_stood_in_its_place() {
        let before = [series("RUN a", 2, 100), series("RUN b", 3, 3_000)];
        let changed = [series("RUN a", 2, 100), series("RUN c", 3, 3_300)];
        assert_eq!(
            shift(&before, &changed),
            Some(("RUN c".to_owned(), Some(3_000.0), 3_300.0))
        );
        let added = [
            series("RUN a", 2, 100),
            series("RUN new", 3, 400),
            series("RUN b", 4, 3_000),
        ];
        assert_eq!(shift(&before, &added), Some(("RUN new".to_owned(), None, 400.0)));
    }
}
