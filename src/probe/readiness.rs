//! Polling one address until a response matches.

use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;

use super::kernel::sharpen_sleeps;
use super::watching::{Ended, NEAR_CONNECT_LIMIT, Outlook, Poll, Polled, Request, Schedule, Stamp};
use crate::results::{Attempts, Bounded};
use crate::run::{LONGEST_WAY, Sighting};
use crate::scenario::NetworkReadiness;
use crate::unit::Nanos;

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
    /// The first byte of the first response, where that was another one.
    pub answered_otherwise: Option<Stamp>,
    /// The begin of the matching attempt.
    pub sent: Stamp,
    /// The first byte of its response.
    pub hi: Stamp,
    /// Whether nothing proved "not yet", so that the value is an upper bound only.
    pub left_censored: bool,
    /// The response's status; absent where the connection was all that was looked for.
    pub status: Option<u16>,
    /// What the attempts before it met.
    pub attempts: Attempts,
}

impl ReadinessResult {
    /// How polling ended that counts from the start call.
    pub(super) fn of(polled: Polled, start_call: Stamp) -> Self {
        let attempts = Attempts(polled.met);
        match polled.ended {
            Ended::Match(found) => Self::Match(Match {
                prev: found.not_before.unwrap_or(start_call),
                answered_otherwise: found.answered_otherwise,
                sent: found.sent,
                hi: found.first_byte,
                left_censored: found.not_before.is_none(),
                status: found.status,
                attempts,
            }),
            Ended::TimedOut => Self::TimedOut { attempts },
            Ended::Cancelled => Self::Cancelled { attempts },
        }
    }
}

impl Match {
    /// The value and its low bound, counted from the start call.
    #[must_use]
    pub fn bounded(&self, start_call: Stamp) -> Bounded {
        self.sighting().bounded(start_call.into(), LONGEST_WAY)
    }

    /// The match by its instants alone.
    pub(super) fn sighting(&self) -> Sighting {
        Sighting {
            not_before: (!self.left_censored).then(|| self.prev.into()),
            answered_otherwise: self.answered_otherwise.map(Nanos::from),
            sent: self.sent.into(),
            first_byte: self.hi.into(),
            clock_error: Nanos::ZERO,
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
    readiness: &NetworkReadiness,
    start_call: Stamp,
    deadline: Stamp,
    cancel: &AtomicBool,
) -> ReadinessResult {
    sharpen_sleeps();
    let poll = Poll {
        target,
        request: &Request::new(readiness),
        schedule: Schedule::of_looks(1),
        connect: connect_limit(target),
        start_call,
        last_begin: deadline,
        deadline,
        cancel,
    };
    ReadinessResult::of(poll.run(None, &mut Outside), start_call)
}

/// Looking at an address from outside of its network, where nothing is told but what is answered.
#[derive(Debug)]
pub(super) struct Outside;

impl Outlook for Outside {}

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
    use crate::scenario::HttpReadiness;

    fn readiness() -> NetworkReadiness {
        NetworkReadiness::Http(HttpReadiness {
            body_contains: Some("ok".to_owned()),
            ..HttpReadiness::of("/health", 80)
        })
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
        let asking = found.hi.since(found.sent);
        assert_eq!(
            bounded.value_ns - bounded.low_ns,
            found.sent.since(found.prev) + asking.min(LONGEST_WAY)
        );
        // A request that had been waiting when the server became ready would have been answered at once where its way is
        // all that it takes, which is what the low bound claims to lie before.
        let answered = ready.since(start_call) + asking.saturating_since(LONGEST_WAY);
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
            found.hi.since(found.sent).saturating_since(LONGEST_WAY),
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
            bounded.low_ns + LONGEST_WAY >= log[0].responding.since(log[0].accepted),
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
            schedule: Schedule::of_looks(1),
            target: server.address(),
            request: &request,
            connect: NEAR_CONNECT_LIMIT,
            start_call,
            last_begin: start_call.plus(Nanos::from_secs(60)),
            deadline: start_call.plus(Nanos::from_secs(60)),
            cancel: &cancel,
        };
        let known = Stamp(start_call.0 - 5);
        let polled = poll.run(Some(known), &mut Outside);
        let found = matched(ReadinessResult::of(polled, start_call));
        assert_eq!((found.prev, found.left_censored), (known, false));
    }

    /// A network in which nobody listens until it was looked at so often.
    struct Lonely {
        server: Option<Server>,
        at: SocketAddr,
        before: u64,
        looks_left: u32,
        /// The last look at which there was no server, and the one before.
        looked: [Stamp; 2],
        refused: Stamp,
    }

    impl Outlook for Lonely {
        fn elsewhere(&mut self) -> Option<SocketAddr> {
            self.refused = Stamp::now();
            None
        }

        fn sockets(&mut self) -> Option<u64> {
            self.looks_left = self.looks_left.saturating_sub(1);
            if self.looks_left == 0 {
                let at = self.at;
                self.server
                    .get_or_insert_with(|| Server::start_now(at, Behaviour::WarmingUp(Nanos::ZERO)));
                return Some(self.before + 1);
            }
            self.looked = [Stamp::now(), self.looked[0]];
            Some(self.before)
        }
    }

    fn seen_by_looks(before: u64) -> (Match, Lonely, u32) {
        let at = loopback::unused_address();
        let mut outlook = Lonely {
            server: None,
            at,
            before,
            looks_left: 20,
            looked: [Stamp::now(); 2],
            refused: Stamp::now(),
        };
        let start_call = Stamp::now();
        let poll = Poll {
            schedule: Schedule::of_looks(1),
            target: at,
            request: &Request::new(&readiness()),
            connect: NEAR_CONNECT_LIMIT,
            start_call,
            last_begin: start_call.plus(Nanos::from_secs(60)),
            deadline: start_call.plus(Nanos::from_secs(60)),
            cancel: &AtomicBool::new(false),
        };
        let polled = poll.run(None, &mut outlook);
        let refused = polled.met.get("refused").copied().unwrap_or_default();
        (matched(ReadinessResult::of(polled, start_call)), outlook, refused)
    }

    #[test]
    fn a_network_without_sockets_is_proof_that_nobody_listens_and_a_new_one_is_asked() {
        let (found, outlook, refused) = seen_by_looks(0);
        let ready = outlook.server.as_ref().expect("a server").ready();
        // What is counted from began a little before the look itself.
        assert!(
            found.prev >= outlook.looked[1] && found.prev <= ready,
            "{found:?}"
        );
        assert!(refused < 20, "{refused} attempts for 20 looks");
    }

    #[test]
    fn where_others_have_sockets_only_an_attempt_proves_anything() {
        let (found, outlook, refused) = seen_by_looks(3);
        let ready = outlook.server.as_ref().expect("a server").ready();
        assert!(found.prev <= outlook.refused && found.prev <= ready, "{found:?}");
        assert!((1..20).contains(&refused), "{refused} attempts for 20 looks");
    }
}
