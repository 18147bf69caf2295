//! When the next attempt is made.

use crate::unit::Nanos;

use super::stamp::Stamp;

/// The shortest interval between the begins of two attempts.
const SHORTEST: Nanos = Nanos(200_000);
/// The longest interval.
const LONGEST: Nanos = Nanos::from_millis(5);
/// The interval grows with what has elapsed, so that its share of the value stays at most this: 0.05 %. The runtime takes
/// some hundred milliseconds of it, and what the application adds may be a few.
const ELAPSED_PER_INTERVAL: u64 = 2_000;

/// One part in so many of a processor is what asking takes at most.
const CPU_PART: u64 = 10;

/// How often the container is asked.
///
/// The interval is 0.05 % of what has elapsed since the start call, at least 0.2 ms and at most 5 ms, and longer
/// where the probe would otherwise use more than a tenth of a processor, which it takes from the application.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    /// How many looks at once keep to this schedule; all of them together ask as often as one would alone.
    looks: u64,
}

impl Schedule {
    /// Makes the schedule of one of so many looks at once. All together ask as often as one: a process of the engine may forward
    /// each attempt, and takes from the containers for it.
    pub(crate) const fn of_looks(looks: u32) -> Self {
        Self { looks: looks as u64 }
    }

    /// The time from the begin of one attempt to the begin of the next; never longer than 5 ms for each look at once.
    pub(crate) fn interval(self, elapsed: Nanos, cost: Nanos) -> Nanos {
        let by_elapsed = Nanos(elapsed.0 / ELAPSED_PER_INTERVAL);
        let by_cost = Nanos(cost.0.saturating_mul(CPU_PART));
        let alone = by_elapsed.max(by_cost).clamp(SHORTEST, LONGEST);
        Nanos(alone.0.saturating_mul(self.looks))
    }

    /// What something that costs so much has to count as, where something else is done beside it, so often and at such a cost: as
    /// much more as the other leaves less of the processor's time that is allowed. At least half of that is left.
    pub(crate) fn beside(cost: Nanos, other: Nanos, other_every: Nanos) -> Nanos {
        let taken = other.0.saturating_mul(CPU_PART).min(other_every.0 / 2);
        let left = (other_every.0 - taken).max(1);
        Nanos(cost.0.saturating_mul(other_every.0.max(1)) / left)
    }

    /// When the attempt after the one that began at `began` is due. Where that has passed, because the attempt
    /// took longer, the missed instants are skipped and the next one of the same row is taken.
    pub(crate) fn next(began: Stamp, interval: Nanos, now: Stamp) -> Stamp {
        let late = now.since(began).0;
        let steps = late / interval.0.max(1) + 1;
        began.plus(Nanos(interval.0.saturating_mul(steps)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_a_two_thousandth_of_what_has_elapsed_within_bounds() {
        let schedule = Schedule::of_looks(1);
        for (elapsed_ms, micros) in [
            (0, 200),
            (200, 200),
            (400, 200),
            (2_000, 1_000),
            (10_000, 5_000),
            (60_000, 5_000),
        ] {
            assert_eq!(
                schedule.interval(Nanos::from_millis(elapsed_ms), Nanos::ZERO),
                Nanos(micros * 1_000),
                "{elapsed_ms} ms"
            );
        }
    }

    #[test]
    fn a_costly_attempt_is_made_less_often() {
        let schedule = Schedule::of_looks(1);
        for (cost, interval) in [
            (Nanos(19_000), SHORTEST),
            (Nanos(40_000), Nanos(400_000)),
            (Nanos::from_secs(1), LONGEST),
        ] {
            assert_eq!(schedule.interval(Nanos::ZERO, cost), interval, "{cost:?}");
        }
    }

    #[test]
    fn what_is_done_beside_something_else_counts_for_what_that_leaves() {
        let cost = Nanos(40_000);
        for (other, every, counts) in [
            (Nanos::ZERO, Nanos::from_millis(20), Nanos(40_000)),
            // A twentieth of what is allowed.
            (Nanos(100_000), Nanos::from_millis(20), Nanos(42_105)),
            (Nanos(500_000), Nanos::from_millis(5), Nanos(80_000)),
            (Nanos(500_000), Nanos::ZERO, Nanos(40_000)),
        ] {
            assert_eq!(
                Schedule::beside(cost, other, every),
                counts,
                "{other:?} {every:?}"
            );
        }
    }

    #[test]
    fn looks_at_once_ask_as_often_together_as_one_alone() {
        let cost = Nanos(40_000);
        let interval = |looks, elapsed| Schedule::of_looks(looks).interval(elapsed, cost);
        assert_eq!(interval(1, Nanos::ZERO), Nanos(400_000));
        assert_eq!(interval(4, Nanos::ZERO), Nanos(1_600_000));
        let late = interval(16, Nanos::from_secs(60));
        assert_eq!(late, Nanos::from_millis(80));
    }

    #[test]
    fn missed_instants_are_skipped_not_caught_up_with() {
        let interval = Nanos(100);
        for (now, due) in [(1_000, 1_100), (1_099, 1_100), (1_100, 1_200), (1_730, 1_800)] {
            assert_eq!(
                Schedule::next(Stamp(1_000), interval, Stamp(now)),
                Stamp(due),
                "now {now}"
            );
        }
    }
}
