//! Which rounds a time budget leaves room for.

use super::plan::{Part, Turn};
use crate::unit::Nanos;

/// The share of a budget that builds may use where starts come after them.
const SHARE_OF_BUILDS: (u64, u64) = (3, 4);

/// Decides which rounds are still begun.
///
/// Warm-ups and the first measured round of builds, and of starts, are always carried out, so that every variant has a
/// number. A further round is begun where there is time for one as long as the longest of its kind so far.
#[derive(Debug)]
pub(super) struct Pace {
    builds: Allowance,
    starts: Allowance,
    /// The round under way, and when it began.
    current: Option<(Round, Nanos)>,
}

/// What one kind of round may use.
#[derive(Debug, Default)]
struct Allowance {
    /// When, after the run's begin, the last round is to be over; absent without a budget.
    until: Option<Nanos>,
    longest: Nanos,
    left_out: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Round {
    is_start: bool,
    warmup: bool,
    number: u32,
}

impl Round {
    fn of(part: &Part) -> Self {
        let (is_start, Turn { warmup, round, .. }) = match part {
            Part::Builds(turn) => (false, turn),
            Part::Start(turn, _) | Part::Burst(turn, _) => (true, turn),
        };
        Self {
            is_start,
            warmup: *warmup,
            number: *round,
        }
    }
}

impl Pace {
    pub(super) fn new(budget: Option<Nanos>, has_starts: bool) -> Self {
        let (of, all) = if has_starts { SHARE_OF_BUILDS } else { (1, 1) };
        let allowance = |until| Allowance {
            until,
            ..Allowance::default()
        };
        Self {
            builds: allowance(budget.map(|budget| Nanos(budget.0 / all * of))),
            starts: allowance(budget),
            current: None,
        }
    }

    /// Whether a part is to be carried out; `elapsed` is the time since the run began.
    pub(super) fn has_time_for(&mut self, part: &Part, elapsed: Nanos) -> bool {
        let round = Round::of(part);
        if let Some((current, began)) = self.current {
            if current == round {
                return true;
            }
            let allowance = self.allowance(current);
            allowance.longest = allowance.longest.max(elapsed - began);
            self.current = None;
        }
        let allowance = self.allowance(round);
        let is_further = !round.warmup && round.number > 1;
        let is_late = allowance
            .until
            .is_some_and(|until| elapsed.0.saturating_add(allowance.longest.0) > until.0);
        // Once one is left out all later ones are: a short one could not be compared with those before it.
        allowance.left_out |= is_further && is_late;
        if allowance.left_out {
            return false;
        }
        self.current = Some((round, elapsed));
        true
    }

    /// What was left out, such as `builds`.
    pub(super) fn left_out(&self) -> Vec<&'static str> {
        let kinds = [("builds", &self.builds), ("starts", &self.starts)];
        let left_out = kinds.into_iter().filter(|(_, allowance)| allowance.left_out);
        left_out.map(|(kind, _)| kind).collect()
    }

    fn allowance(&mut self, round: Round) -> &mut Allowance {
        if round.is_start {
            &mut self.starts
        } else {
            &mut self.builds
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::run::plan::{StartCell, StartWay};
    use crate::scenario::StartCache;

    fn part(is_start: bool, variant: &str, round: u32, warmup: bool) -> Part {
        let turn = Turn {
            variant: variant.to_owned(),
            round,
            warmup,
        };
        if is_start {
            Part::Start(
                turn,
                StartCell {
                    way: StartWay::Published,
                    cache: StartCache::Warm,
                },
            )
        } else {
            Part::Builds(turn)
        }
    }

    /// Rounds that are carried out where each turn takes a second, as `b1`, `s2`, with `w` for a warm-up.
    fn carried_out(budget_secs: Option<u64>, rounds: u32, starts: u32) -> (Vec<String>, Vec<&'static str>) {
        let mut pace = Pace::new(budget_secs.map(Nanos::from_secs), starts > 0);
        let mut elapsed = Nanos::ZERO;
        let mut done = Vec::new();
        let kinds = [(false, rounds), (true, starts)];
        for (is_start, measured) in kinds {
            for number in 0..=measured {
                if measured == 0 {
                    continue;
                }
                let warmup = number == 0;
                for variant in ["a", "b"] {
                    if pace.has_time_for(&part(is_start, variant, number.max(1), warmup), elapsed) {
                        elapsed = Nanos(elapsed.0 + Nanos::from_secs(1).0);
                        let kind = if is_start { 's' } else { 'b' };
                        let name = if warmup {
                            format!("{kind}w")
                        } else {
                            format!("{kind}{number}")
                        };
                        if done.last() != Some(&name) {
                            done.push(name);
                        }
                    }
                }
            }
        }
        (done, pace.left_out())
    }

    #[test]
    fn without_a_budget_everything_is_carried_out() {
        let (done, left_out) = carried_out(None, 3, 2);
        assert_eq!(done, ["bw", "b1", "b2", "b3", "sw", "s1", "s2"]);
        assert_eq!(left_out, [""; 0]);
    }

    #[test]
    fn a_round_is_begun_where_one_as_long_as_the_longest_fits() {
        // Rounds of two variants take two seconds; builds alone have all of the time.
        for (budget, rounds) in [(8, 3), (9, 3), (10, 4)] {
            let (done, left_out) = carried_out(Some(budget), 10, 0);
            assert_eq!(done.len(), rounds + 1, "{budget}: {done:?}");
            assert_eq!(left_out, ["builds"], "{budget}");
        }
    }

    #[test]
    fn starts_are_left_a_quarter_of_the_time_and_at_least_a_round() {
        let (done, left_out) = carried_out(Some(16), 10, 10);
        // 12 of 16 seconds are six rounds of builds; two rounds of starts fit into the rest.
        assert_eq!(done, ["bw", "b1", "b2", "b3", "b4", "b5", "sw", "s1"]);
        assert_eq!(left_out, ["builds", "starts"]);
        let (done, left_out) = carried_out(Some(1), 10, 10);
        assert_eq!(done, ["bw", "b1", "sw", "s1"]);
        assert_eq!(left_out, ["builds", "starts"]);
    }
}
