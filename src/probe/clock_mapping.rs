//! The monotonic clock of another kernel by this one's.

use super::watching::Stamp;
use crate::unit::Nanos;

/// One question that was put to the other side, which told what its clock showed meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// When it was asked, by our clock.
    pub(super) from: Stamp,
    /// What it told.
    pub(super) told: Stamp,
    /// When the answer was there, by our clock.
    pub(super) to: Stamp,
}

/// By how much the other clock is ahead, and how wrong that may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClockMapping {
    ahead_ns: i64,
    /// To either side.
    pub(super) error: Nanos,
}

impl ClockMapping {
    /// That of one clock by itself.
    pub(super) const SAME: Self = Self {
        ahead_ns: 0,
        error: Nanos::ZERO,
    };

    /// By the question that was answered the soonest: what was told is an instant between the two of ours, wherever it lies, so
    /// that their middle is wrong by half of what is between them at most. `None` where nothing was asked.
    pub(super) fn by(questions: &[Asked]) -> Option<Self> {
        let took = |question: &&Asked| question.to.since(question.from);
        let soonest = questions.iter().min_by_key(took)?;
        let error = Nanos(took(&soonest).0.div_ceil(2));
        Some(Self {
            ahead_ns: soonest.told.0.saturating_sub(soonest.from.plus(error).0),
            error,
        })
    }

    /// An instant of the other clock by ours.
    pub(super) fn ours(self, theirs: Stamp) -> Stamp {
        Stamp(theirs.0.saturating_sub(self.ahead_ns))
    }

    /// Whether both can be true of two clocks of which neither was set or stopped in between.
    pub(super) fn agrees_with(self, other: Self) -> bool {
        self.ahead_ns.abs_diff(other.ahead_ns) <= (self.error + other.error).0
    }

    /// The one that is less wrong.
    pub(super) fn or_closer(self, other: Self) -> Self {
        if other.error < self.error { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(from: i64, told: i64, to: i64) -> Asked {
        Asked {
            from: Stamp(from),
            told: Stamp(told),
            to: Stamp(to),
        }
    }

    #[test]
    fn the_true_instant_is_never_further_away_than_the_error_wherever_it_was_told() {
        // A clock that is 1 000 000 ahead, or behind, and answers at once, in between, or at the last moment.
        for ahead in [1_000_000, -1_000_000] {
            for told_at in [500, 513, 525] {
                let question = asked(500, told_at + ahead, 525);
                let mapping = ClockMapping::by(&[question]).unwrap();
                assert_eq!(mapping.error, Nanos(13));
                let ours = mapping.ours(Stamp(700 + ahead));
                assert!(
                    ours.0.abs_diff(700) <= mapping.error.0,
                    "{ahead} {told_at} {ours:?}"
                );
            }
        }
    }

    #[test]
    fn the_soonest_answer_counts() {
        let questions = [
            asked(0, 5_050, 100),
            asked(200, 5_204, 210),
            asked(300, 5_390, 400),
        ];
        let mapping = ClockMapping::by(&questions).unwrap();
        assert_eq!(mapping.error, Nanos(5));
        assert_eq!(mapping.ours(Stamp(5_204)), Stamp(205));
        assert_eq!(ClockMapping::by(&[]), None);
        assert_eq!(ClockMapping::SAME.ours(Stamp(7)), Stamp(7));
    }

    #[test]
    fn two_that_are_further_apart_than_their_errors_are_of_a_clock_that_moved() {
        let near = ClockMapping::by(&[asked(0, 5_005, 10)]).unwrap();
        let wide = ClockMapping::by(&[asked(1_000, 6_020, 1_030)]).unwrap();
        let moved = ClockMapping::by(&[asked(1_000, 6_040, 1_030)]).unwrap();
        assert!(near.agrees_with(wide) && wide.agrees_with(near));
        assert!(!near.agrees_with(moved) && !moved.agrees_with(near));
        assert_eq!((near.or_closer(wide), wide.or_closer(near)), (near, near));
    }
}
