//! One start, measured in two stages: the container's own address, then the published port.

use super::kernel::sharpen_sleeps;
use super::readiness::{Match, Outside, ReadinessResult, connect_limit};
use super::watching::{NEAR_CONNECT_LIMIT, Poll, Request, Schedule, Stamp};
use crate::results::{Attempts, Bounded};
use crate::run::{LONGEST_FORWARDED_WAY, LookOrder, Looked, Sighting};
use crate::scenario::ProbeTier;
use crate::unit::Nanos;

/// How long the published port may keep failing after the container itself has answered. No attempt begins later;
/// one that is outstanding then may still be answered.
const PUBLISHED_WINDOW: Nanos = Nanos::from_secs(1);

/// Names attempts in words: `refused (312), status:503 (4)`.
pub(super) fn met(attempts: &Attempts) -> String {
    if attempts.0.is_empty() {
        return "nothing".to_owned();
    }
    let classes: Vec<String> = attempts
        .0
        .iter()
        .map(|(class, count)| format!("{class} ({count})"))
        .collect();
    classes.join(", ")
}

/// Measures one start; call it after the start call has returned, never before.
///
/// Blocks its thread, whose sleeps it sharpens; call it on a thread of its own, as
/// [`ProbeThread`](super::ProbeThread) does.
#[must_use]
pub fn measure_start(order: &LookOrder) -> Looked {
    sharpen_sleeps();
    let request = Request::new(&order.ready);
    let deadline = Stamp::from(order.deadline);
    let schedule = Schedule::of_looks(order.looks);
    let poll = |target, connect| Poll {
        target,
        request: &request,
        schedule,
        connect,
        start_call: order.start_call.into(),
        last_begin: deadline,
        deadline,
        cancel: &order.cancel,
    };
    let published = order
        .addresses
        .published
        .map(|target| poll(target, connect_limit(target)));
    // An address that can be reached only from this machine is on one of its own bridges.
    let container = order
        .addresses
        .container
        .map(|target| poll(target, NEAR_CONNECT_LIMIT));
    match (container, published) {
        (Some(container), published) => container_first(order, container, published),
        (None, Some(published)) => {
            let mut looked = nothing_yet(ProbeTier::Published);
            looked.client = poll_into(&mut looked, order, published).map(|found| for_users(&found, order));
            looked
        }
        (None, None) => Looked {
            miss: Some(
                "there is no address to ask: the container has none and its port was not published"
                    .to_owned(),
            ),
            ..nothing_yet(ProbeTier::Published)
        },
    }
}

fn nothing_yet(tier: ProbeTier) -> Looked {
    Looked {
        tier,
        ready: None,
        client: None,
        attempts: Attempts::default(),
        miss: None,
    }
}

/// Polls, adds what attempts met to `looked`, and says there why no response matched, if none did.
fn poll_into(looked: &mut Looked, order: &LookOrder, poll: Poll<'_>) -> Option<Match> {
    let (found, attempts, miss) = match ReadinessResult::of(poll.run(None, &mut Outside), poll.start_call) {
        ReadinessResult::Match(found) => (Some(found.clone()), found.attempts, None),
        ReadinessResult::TimedOut { attempts } => {
            let after = order.deadline.saturating_since(order.start_call);
            (
                None,
                attempts,
                Some(format!("no matching response within {after}")),
            )
        }
        ReadinessResult::Cancelled { attempts } => (
            None,
            attempts,
            Some("given up before a response matched".to_owned()),
        ),
    };
    looked.attempts.add(&attempts);
    looked.miss = miss.map(|miss| format!("{miss}; attempts met {}", met(&looked.attempts)));
    found
}

fn container_first(order: &LookOrder, container: Poll<'_>, published: Option<Poll<'_>>) -> Looked {
    let mut looked = nothing_yet(ProbeTier::Ip);
    let Some(inside) = poll_into(&mut looked, order, container) else {
        return looked;
    };
    let start_call = container.start_call;
    let ready = inside.bounded(start_call);
    looked.ready = Some(ready);
    let Some(published) = published else {
        return looked;
    };
    let published = Poll {
        last_begin: Stamp::now().plus(PUBLISHED_WINDOW).min(published.deadline),
        ..published
    };
    let known = (!inside.left_censored).then_some(inside.prev);
    match ReadinessResult::of(published.run(known, &mut Outside), published.start_call) {
        ReadinessResult::Match(found) => {
            looked.attempts.add(&found.attempts);
            looked.client = Some(through_forwarding(ready, for_users(&found, order)));
        }
        ReadinessResult::TimedOut { attempts } | ReadinessResult::Cancelled { attempts } => {
            looked.attempts.add(&attempts);
            looked.miss = Some(format!(
                "answers on its own address but not through the published port; attempts there met {}",
                met(&attempts)
            ));
        }
    }
    looked
}

/// The value of a match through the published port. It is that of users, who wait for the start call to return: an
/// application that answered before is one that answers them at once, and not one of which less is known.
fn for_users(found: &Match, order: &LookOrder) -> Bounded {
    let sighting = found.sighting();
    let floored = Sighting {
        not_before: sighting.not_before.max(Some(order.start_done)),
        ..sighting
    };
    Bounded {
        left_censored: found.left_censored,
        ..floored.bounded(order.start_call, LONGEST_FORWARDED_WAY)
    }
}

/// The client's value with the better of two low bounds: what its own attempts prove, and that port forwarding
/// cannot answer before the container does. The second is the better one where the first handler was slow, since
/// the request through the published port is then not the one that waited for it.
fn through_forwarding(ready: Bounded, client: Bounded) -> Bounded {
    Bounded {
        low_ns: client.low_ns.max(ready.low_ns).min(client.value_ns),
        ..client
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::probe::loopback::{self, Behaviour, Server};
    use crate::run::Addresses;
    use crate::scenario::{HttpReadiness, NetworkReadiness};

    const PATIENT: Nanos = Nanos::from_secs(60);

    /// The start call had returned as soon as it was made.
    fn order(
        container: Option<SocketAddr>,
        published: Option<SocketAddr>,
        start_call: Nanos,
        timeout: Nanos,
    ) -> LookOrder {
        LookOrder {
            addresses: Addresses { container, published },
            ready: NetworkReadiness::Http(HttpReadiness::of("/", 80)),
            start_call,
            start_done: start_call,
            deadline: start_call + timeout,
            looks: 1,
            cancel: Arc::new(AtomicBool::new(false)),
        }
    }

    fn measure(
        container: Option<SocketAddr>,
        published: Option<SocketAddr>,
        start_call: Stamp,
        timeout: Nanos,
    ) -> Looked {
        measure_start(&order(container, published, start_call.into(), timeout))
    }

    #[test]
    fn the_published_port_is_asked_once_after_the_container_and_shares_its_low_bound() {
        let start_call = Stamp::now();
        let container = Server::start(Behaviour::WarmingUp(Nanos::from_millis(30)));
        let published = Server::start(Behaviour::WarmingUp(Nanos::ZERO));
        let looked = measure(
            Some(container.address()),
            Some(published.address()),
            start_call,
            PATIENT,
        );
        let (Some(ready), Some(client), None) = (looked.ready, looked.client, &looked.miss) else {
            panic!("{looked:?}");
        };
        assert_eq!(looked.tier, ProbeTier::Ip);
        assert!(ready.value_ns <= client.value_ns);
        assert!(ready.low_ns <= client.low_ns && client.low_ns <= client.value_ns);
        assert!(!client.left_censored && !ready.left_censored);
        assert_eq!(published.log().len(), 1);
        assert!(
            published.log()[0].accepted >= container.ready(),
            "asked only after the container answered"
        );
        assert_eq!(looked.attempts.total(), looked.attempts.0["status:503"]);
    }

    #[test]
    fn a_slow_first_handler_does_not_widen_the_interval_of_the_client() {
        let start_call = Stamp::now();
        let container = Server::start(Behaviour::SlowFirst(Nanos::from_millis(120)));
        let published = Server::start(Behaviour::WarmingUp(Nanos::ZERO));
        let looked = measure(
            Some(container.address()),
            Some(published.address()),
            start_call,
            PATIENT,
        );
        let client = looked.client.unwrap();
        assert!(
            client.low_ns + LONGEST_FORWARDED_WAY >= Nanos::from_millis(120),
            "{client:?}"
        );
        assert!(client.left_censored);
    }

    #[test]
    fn without_an_address_of_its_own_only_the_published_port_is_polled() {
        let start_call = Stamp::now();
        let published = Server::start(Behaviour::WarmingUp(Nanos::from_millis(10)));
        let looked = measure(None, Some(published.address()), start_call, PATIENT);
        assert_eq!(
            (looked.tier, looked.ready, &looked.miss),
            (ProbeTier::Published, None, &None)
        );
        assert!(published.ready().since(start_call) <= looked.client.unwrap().value_ns);
    }

    #[test]
    fn what_answered_before_the_start_call_returned_answers_users_at_once() {
        let server = Server::start(Behaviour::WarmingUp(Nanos::ZERO));
        let start_call = Nanos::from(Stamp::now());
        std::thread::sleep(Nanos::from_millis(30).into());
        let looked = measure_start(&LookOrder {
            start_done: Stamp::now().into(),
            ..order(None, Some(server.address()), start_call, PATIENT)
        });
        let client = looked.client.unwrap();
        assert!(client.left_censored, "the first attempt matched");
        // Before the call had returned there was nobody to be answered; a request's own way is all that is open.
        assert!(
            client.low_ns + LONGEST_FORWARDED_WAY >= Nanos::from_millis(30),
            "{client:?}"
        );
    }

    #[test]
    fn without_a_published_port_only_the_container_is_polled() {
        let container = Server::start(Behaviour::WarmingUp(Nanos::ZERO));
        let looked = measure(Some(container.address()), None, Stamp::now(), PATIENT);
        assert!(
            looked.ready.is_some() && looked.client.is_none() && looked.miss.is_none(),
            "{looked:?}"
        );
        assert!(measure(None, None, Stamp::now(), PATIENT).miss.is_some());
    }

    #[test]
    fn a_container_that_answers_only_on_its_own_address_keeps_that_value_and_says_so() {
        let container = Server::start(Behaviour::WarmingUp(Nanos::ZERO));
        let published = Server::start(Behaviour::Eof);
        let looked = measure(
            Some(container.address()),
            Some(published.address()),
            Stamp::now(),
            PATIENT,
        );
        assert!(looked.ready.is_some() && looked.client.is_none(), "{looked:?}");
        let miss = looked.miss.unwrap();
        let expected =
            "answers on its own address but not through the published port; attempts there met eof (";
        assert!(miss.starts_with(expected), "{miss}");
        assert!(looked.attempts.0["eof"] > 0);
    }

    #[test]
    fn a_published_port_that_needs_a_moment_moves_the_low_bound_of_the_client() {
        let start_call = Stamp::now();
        let container = Server::start(Behaviour::WarmingUp(Nanos::ZERO));
        let published = Server::start(Behaviour::WarmingUp(Nanos::from_millis(40)));
        let looked = measure(
            Some(container.address()),
            Some(published.address()),
            start_call,
            PATIENT,
        );
        let (Some(ready), Some(client)) = (looked.ready, looked.client) else {
            panic!("{looked:?}");
        };
        assert!(ready.left_censored && !client.left_censored);
        assert!(client.low_ns > ready.low_ns);
        assert!(published.ready().since(start_call) <= client.value_ns);
    }

    #[test]
    fn a_port_that_is_never_opened_is_a_miss_that_says_what_was_met() {
        let looked = measure(
            None,
            Some(loopback::unused_address()),
            Stamp::now(),
            Nanos::from_millis(30),
        );
        let miss = looked.miss.unwrap();
        assert!(
            miss.starts_with("no matching response within 30.0 ms; attempts met "),
            "{miss}"
        );
        assert!(miss.contains("refused ("), "{miss}");
        assert_eq!(met(&Attempts::default()), "nothing");
    }
}
