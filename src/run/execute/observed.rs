//! What was found out about one start by instants, and what it comes to.

use super::starts::Attempted;
use crate::results::{Bounded, Phase, Program, StartStamps, StartState, Status};
use crate::run::ports::{Sighting, Traced};
use crate::scenario::ProbeTier;
use crate::unit::Nanos;

/// How many programs of a start are kept; a shell script may begin hundreds.
const MOST_PROGRAMS: usize = 32;

/// When what happened around the start call.
#[derive(Clone, Copy)]
pub(super) struct Calls {
    pub(super) create: Nanos,
    pub(super) start: Nanos,
    pub(super) started: Nanos,
}

/// A start that was looked at until it was ready or over.
pub(super) struct Observed {
    pub(super) calls: Calls,
    /// The match, where there was one.
    pub(super) seen: Option<Sighting>,
    /// What of a request's own time may be its way.
    pub(super) longest_way: Nanos,
    /// What the kernel recorded, where it was asked to.
    pub(super) traced: Option<Traced>,
    /// What the container had used when it was ready.
    pub(super) state: Option<StartState>,
}

impl Observed {
    /// What the start comes to.
    pub(super) fn attempted(self, tier: ProbeTier, outcome: Status, phases: &mut Vec<Phase>) -> Attempted {
        let Self {
            calls, longest_way, ..
        } = self;
        let by_record = self.traced.is_some();
        let traced = self.traced.unwrap_or_default();
        let seen = self.seen.map(|seen| seen.sharpened(&traced));
        if let (true, Some(seen)) = (outcome.is_ok(), seen) {
            phases.extend(calls.phases(&traced, seen));
        }
        let since_start = |instant: Nanos| instant.saturating_since(calls.start);
        Attempted {
            ready: seen.map(|seen| seen.bounded(calls.start, longest_way)),
            app: app(seen, &traced, longest_way),
            answered_otherwise: seen.and_then(|seen| seen.answered_otherwise).map(since_start),
            stamps: by_record.then(|| stamps(&traced, calls.start, seen)),
            state: self.state,
            ..Attempted::of(tier, outcome)
        }
    }
}

/// From the begin of the container's program to the match.
fn app(seen: Option<Sighting>, traced: &Traced, longest_way: Nanos) -> Option<Bounded> {
    Some(seen?.bounded(traced.exec?, longest_way))
}

fn stamps(traced: &Traced, start_call: Nanos, seen: Option<Sighting>) -> StartStamps {
    let since = |instant: Option<Nanos>| instant.map(|instant| instant.saturating_since(start_call));
    let until = seen.map_or(Nanos(u64::MAX), |seen| seen.first_byte);
    StartStamps {
        exec_ns: since(traced.exec),
        app_exec_ns: since(traced.app_exec),
        listen_ns: since(traced.listen),
        connection_ns: since(traced.connection),
        programs: traced
            .programs
            .iter()
            .filter(|(began, _)| *began <= until)
            .take(MOST_PROGRAMS)
            .map(|(began, path)| Program {
                began_ns: began.saturating_since(start_call),
                path: path.clone(),
            })
            .collect(),
    }
}

impl Calls {
    pub(super) fn phase(&self, name: &str, from: Nanos, to: Nanos) -> Phase {
        Phase {
            name: name.to_owned(),
            started_ns: from.saturating_since(self.create),
            duration_ns: to.saturating_since(from),
        }
    }

    /// What the time between the start call and the match went into, as far as it is known.
    fn phases(&self, traced: &Traced, seen: Sighting) -> Vec<Phase> {
        let first_byte = seen.first_byte;
        let Some(exec) = traced.exec else {
            return vec![self.phase("ready", self.start, first_byte)];
        };
        let mut phases = vec![self.phase("runtime", self.start, exec)];
        match traced.listen {
            Some(listen) => {
                phases.push(self.phase("listen", exec, listen));
                // One that came before was of a listener of before.
                match seen.answered_otherwise.filter(|answered| *answered >= listen) {
                    Some(answered) => phases.extend([
                        self.phase("answer", listen, answered),
                        self.phase("warm-up", answered, first_byte),
                    ]),
                    None => phases.push(self.phase("answer", listen, first_byte)),
                }
            }
            None => phases.push(self.phase("app", exec, first_byte)),
        }
        phases
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listening(at: u64) -> Traced {
        Traced {
            exec: Some(Nanos(100)),
            listen: Some(Nanos(at)),
            ..Traced::default()
        }
    }

    #[test]
    fn phases_follow_each_other_from_the_start_call_to_the_match() {
        let calls = Calls {
            create: Nanos(10),
            start: Nanos(50),
            started: Nanos(700),
        };
        let told = |traced: &Traced, otherwise: Option<u64>| -> Vec<(String, u64, u64)> {
            let seen = Sighting {
                not_before: None,
                answered_otherwise: otherwise.map(Nanos),
                sent: Nanos(590),
                first_byte: Nanos(600),
                clock_error: Nanos::ZERO,
            };
            let phases = calls.phases(traced, seen).into_iter();
            phases
                .map(|phase| (phase.name, phase.started_ns.0, phase.duration_ns.0))
                .collect()
        };
        let named = |name: &str, started, lasted| (name.to_owned(), started, lasted);
        assert_eq!(
            told(&listening(450), None),
            [
                named("runtime", 40, 50),
                named("listen", 90, 350),
                named("answer", 440, 150)
            ]
        );
        assert_eq!(
            told(&listening(450), Some(480)),
            [
                named("runtime", 40, 50),
                named("listen", 90, 350),
                named("answer", 440, 30),
                named("warm-up", 470, 120)
            ]
        );
        // Of another listener, before this one.
        assert_eq!(told(&listening(450), Some(440)), told(&listening(450), None));
        assert_eq!(told(&Traced::default(), Some(480)), [named("ready", 40, 550)]);
    }
}
