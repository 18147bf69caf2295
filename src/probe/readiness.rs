//! Polling one address until a response matches.

use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;

use super::attempt::{Attempt, AttemptEnd, Limits, attempt};
use super::clock::{Stamp, sharpen_sleeps, sleep_until, thread_cpu_time};
use super::poll::Schedule;
use super::request::Request;
use crate::results::{Attempts, Bounded};
use crate::scenario::HttpReadiness;
use crate::unit::Nanos;

/// How long one request may stay unanswered before another is made in its place. Generous, because giving up on a
/// slow first response would mean never seeing it.
const REQUEST_LIMIT: Nanos = Nanos::from_secs(30);
/// How long a connection to this machine may take to be made. Its kernel answers at once or drops the packet, and
/// a dropped one is not sent again before a second has passed.
pub(super) const NEAR_CONNECT_LIMIT: Nanos = Nanos::from_millis(20);
/// How long a connection to another machine may take.
const FAR_CONNECT_LIMIT: Nanos = Nanos::from_secs(1);

/// How polling an address ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadinessResult {
    /// A response matched.
    Match(Match),
    /// The deadline passed before one did.
    TimedOut {
        /// What the attempts met.
        attempts: Attempts,
    },
    /// It was cancelled before one did.
    Cancelled {
        /// What the attempts met.
        attempts: Attempts,
    },
}

/// The first response that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The begin of the last attempt that proved "not yet"; where there was none, the start call.
    pub prev: Stamp,
    /// The begin of the matching attempt.
    pub sent: Stamp,
    /// The first byte of its response.
    pub hi: Stamp,
    /// Whether nothing proved "not yet", so that the value is an upper bound only.
    pub left_censored: bool,
    /// The response's status.
    pub status: u16,
    /// What the attempts before it met.
    pub attempts: Attempts,
}

impl Match {
    /// The value and its low bound, counted from the start call: the value is `hi`, the bound lies `sent` less
    /// `prev` before it.
    #[must_use]
    pub fn bounded(&self, start_call: Stamp) -> Bounded {
        let value = self.hi.since(start_call);
        Bounded {
            value_ns: value,
            low_ns: value - self.sent.since(self.prev),
            left_censored: self.left_censored,
        }
    }
}

/// Polls `target` until a response matches, the deadline passes, or `cancel` is set.
///
/// Blocks its thread, whose sleeps it sharpens; call it on a thread of its own. Cancellation and the deadline are
/// looked at every 50 ms even while a request is outstanding, and such a request is never doubled.
#[must_use]
pub fn wait_until_ready(
    target: SocketAddr,
    readiness: &HttpReadiness,
    start_call: Stamp,
    deadline: Stamp,
    cancel: &AtomicBool,
) -> ReadinessResult {
    sharpen_sleeps();
    let poll = Poll {
        target,
        request: &Request::new(readiness),
        connect: connect_limit(target),
        start_call,
        last_begin: deadline,
        deadline,
        cancel,
    };
    poll.run(None)
}

/// What is polled, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Poll<'a> {
    pub(super) target: SocketAddr,
    pub(super) request: &'a Request,
    /// How long a connection may take to be made.
    pub(super) connect: Nanos,
    pub(super) start_call: Stamp,
    /// After this instant no attempt begins any more.
    pub(super) last_begin: Stamp,
    /// At this instant an outstanding attempt ends.
    pub(super) deadline: Stamp,
    pub(super) cancel: &'a AtomicBool,
}

impl Poll<'_> {
    /// Polls. `known_not_ready` is an instant at which the application is known not to have been ready; absent,
    /// the start call stands for it until an attempt proves a later one.
    pub(super) fn run(&self, known_not_ready: Option<Stamp>) -> ReadinessResult {
        let schedule = Schedule::for_this_machine();
        let limits = Limits {
            connect: self.connect,
            request: REQUEST_LIMIT,
            deadline: self.deadline,
            cancel: self.cancel,
        };
        let mut prev = known_not_ready;
        let mut attempts = Attempts::default();
        loop {
            let cpu_before = thread_cpu_time();
            let Attempt { began, end } = attempt(self.target, self.request, &limits);
            match end {
                AttemptEnd::Match { first_byte, status } => {
                    return ReadinessResult::Match(Match {
                        prev: prev.unwrap_or(self.start_call),
                        sent: began,
                        hi: first_byte,
                        left_censored: prev.is_none(),
                        status,
                        attempts,
                    });
                }
                AttemptEnd::Cancelled => return ReadinessResult::Cancelled { attempts },
                AttemptEnd::Miss(miss) => {
                    attempts.count(&miss.to_string());
                    if miss.proves_not_ready() {
                        prev = Some(began);
                    }
                }
            }
            let cost = thread_cpu_time() - cpu_before;
            let interval = schedule.interval(began.since(self.start_call), cost);
            let due = Schedule::next(began, interval, Stamp::now());
            if due > self.last_begin {
                return ReadinessResult::TimedOut { attempts };
            }
            sleep_until(due);
        }
    }
}

/// How long a connection to `target` may take to be made.
pub(super) fn connect_limit(target: SocketAddr) -> Nanos {
    let near = match target {
        // A bridge of this machine has a private address, but so has a machine across the office: only the
        // loopback is certain to be near.
        SocketAddr::V4(address) => address.ip().is_loopback(),
        SocketAddr::V6(address) => address.ip().is_loopback(),
    };
    if near {
        NEAR_CONNECT_LIMIT
    } else {
        FAR_CONNECT_LIMIT
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::probe::loopback::{self, Behaviour, Server};

    fn readiness() -> HttpReadiness {
        HttpReadiness {
            path: "/health".to_owned(),
            port: 80,
            status: vec![200],
            body_contains: Some("ok".to_owned()),
        }
    }

    fn wait(target: SocketAddr, start_call: Stamp) -> ReadinessResult {
        let deadline = start_call.plus(Nanos::from_secs(60));
        wait_until_ready(
            target,
            &readiness(),
            start_call,
            deadline,
            &AtomicBool::new(false),
        )
    }

    fn matched(result: ReadinessResult) -> Match {
        let ReadinessResult::Match(found) = result else {
            panic!("{result:?}");
        };
        found
    }

    /// What must hold of every match, whatever the machine does meanwhile. `ready` is the server's own stamp.
    fn assert_brackets(found: &Match, ready: Stamp, start_call: Stamp) {
        assert!(found.prev <= ready, "{found:?} ready {ready:?}");
        assert!(ready <= found.hi, "{found:?} ready {ready:?}");
        assert!(found.prev <= found.sent && found.sent <= found.hi, "{found:?}");
        let bounded = found.bounded(start_call);
        assert_eq!(bounded.value_ns, found.hi.since(start_call));
        assert_eq!(bounded.value_ns - bounded.low_ns, found.sent.since(found.prev));
        // A request that had been waiting when the server became ready would have been answered as fast as the
        // matching one was, which is what the low bound claims to lie before.
        let answered = ready.since(start_call) + found.hi.since(found.sent);
        assert!(bounded.low_ns <= answered, "{bounded:?} answered {answered}");
    }

    #[test]
    fn refused_until_the_server_listens_brackets_the_instant_at_which_it_did() {
        for _ in 0..5 {
            let target = loopback::unused_address();
            let start_call = Stamp::now();
            let server = Server::start_at(target, Nanos::from_millis(30), Behaviour::WarmingUp(Nanos::ZERO));
            let found = matched(wait(target, start_call));
            assert!(!found.left_censored);
            assert!(found.attempts.0["refused"] > 0, "{found:?}");
            assert_brackets(&found, server.ready(), start_call);
        }
    }

    #[test]
    fn answering_503_first_brackets_the_instant_at_which_200_was_ready() {
        for _ in 0..5 {
            let start_call = Stamp::now();
            let server = Server::start(Behaviour::WarmingUp(Nanos::from_millis(25)));
            let found = matched(wait(server.address(), start_call));
            assert!(!found.left_censored);
            assert!(found.attempts.0["status:503"] > 0, "{found:?}");
            assert_brackets(&found, server.ready(), start_call);
        }
    }

    #[test]
    fn a_first_attempt_that_matches_is_left_censored_back_to_the_start_call() {
        let server = Server::start(Behaviour::WarmingUp(Nanos::ZERO));
        let start_call = Stamp::now();
        let found = matched(wait(server.address(), start_call));
        assert!(found.left_censored);
        assert_eq!(found.prev, start_call);
        assert_eq!(found.attempts.total(), 0);
        assert_eq!(
            found.bounded(start_call).low_ns,
            found.hi.since(found.sent),
            "at the earliest, it was answered as if it had been asked at the start call"
        );
    }

    #[test]
    fn a_slow_first_handler_is_application_time_and_asked_once() {
        let server = Server::start(Behaviour::SlowFirst(Nanos::from_millis(150)));
        let start_call = Stamp::now();
        let found = matched(wait(server.address(), start_call));
        let log = server.log();
        assert_eq!(log.len(), 1);
        assert!(log[0].responding <= found.hi && found.sent <= log[0].accepted);
        let bounded = found.bounded(start_call);
        assert!(
            bounded.low_ns >= log[0].responding.since(log[0].accepted),
            "the handler's time is in the low bound too: {bounded:?}"
        );
    }

    #[test]
    fn never_ready_times_out_with_what_the_attempts_met() {
        for (behaviour, class) in [
            (Behaviour::Unavailable, "status:503"),
            (Behaviour::Eof, "eof"),
            (Behaviour::Reset, "reset"),
            (Behaviour::Silent, "timeout"),
        ] {
            let server = Server::start(behaviour);
            let start_call = Stamp::now();
            let deadline = start_call.plus(Nanos::from_millis(200));
            let cancel = AtomicBool::new(false);
            let result = wait_until_ready(server.address(), &readiness(), start_call, deadline, &cancel);
            let ReadinessResult::TimedOut { attempts } = result else {
                panic!("{behaviour:?}: {result:?}");
            };
            assert!(attempts.0.contains_key(class), "{behaviour:?}: {attempts:?}");
        }
    }

    #[test]
    fn cancelling_ends_polling() {
        let server = Server::start(Behaviour::Unavailable);
        let start_call = Stamp::now();
        let cancel = AtomicBool::new(false);
        let deadline = start_call.plus(Nanos::from_secs(3_600));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                server.await_connection();
                cancel.store(true, Ordering::Relaxed);
            });
            let result = wait_until_ready(server.address(), &readiness(), start_call, deadline, &cancel);
            assert!(matches!(result, ReadinessResult::Cancelled { .. }), "{result:?}");
        });
    }

    #[test]
    fn an_attempt_that_proves_nothing_leaves_the_low_bound_where_it_was() {
        let start_call = Stamp::now();
        let server = Server::start(Behaviour::WarmingUp(Nanos::ZERO));
        let request = Request::new(&readiness());
        let cancel = AtomicBool::new(false);
        let poll = Poll {
            target: server.address(),
            request: &request,
            connect: NEAR_CONNECT_LIMIT,
            start_call,
            last_begin: start_call.plus(Nanos::from_secs(60)),
            deadline: start_call.plus(Nanos::from_secs(60)),
            cancel: &cancel,
        };
        let known = Stamp(start_call.0 - 5);
        let found = matched(poll.run(Some(known)));
        assert_eq!((found.prev, found.left_censored), (known, false));
    }
}
