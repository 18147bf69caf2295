//! One start, measured in two stages: the container's own address, then the published port.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use super::clock::{Stamp, sharpen_sleeps, thread_cpu_time};
use super::readiness::{NEAR_CONNECT_LIMIT, Poll, ReadinessResult, connect_limit};
use super::request::Request;
use crate::results::{Attempts, Bounded, ProbeTier, Status};
use crate::scenario::HttpReadiness;
use crate::unit::Nanos;

/// How long the published port may keep failing after the container itself has answered. No attempt begins later;
/// one that is outstanding then may still be answered.
const PUBLISHED_WINDOW: Nanos = Nanos::from_secs(1);

/// Where a started container can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// The container's own address; absent where it cannot be reached from this machine.
    pub container: Option<SocketAddr>,
    /// The published port, as it is reached from this machine.
    pub published: SocketAddr,
}

/// The instants that frame the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartWatch {
    /// When the start call was made: what values count from.
    pub start_call: Stamp,
    /// When to give up.
    pub deadline: Stamp,
}

/// What the probe saw of one start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartMeasurement {
    /// How it ended.
    pub outcome: StartOutcome,
    /// How readiness was looked for.
    pub tier: ProbeTier,
    /// What the attempts of both stages met before the match.
    pub attempts: Attempts,
    /// CPU time that the probe took, possibly from the application.
    pub probe_cpu_ns: Nanos,
}

/// How measuring a start ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartOutcome {
    /// It became ready.
    Ready {
        /// `start.client`: until a match through the published port.
        client: Bounded,
        /// `start.ready`: until a match on the container's own address, where that was asked.
        ready: Option<Bounded>,
        /// The status of the response through the published port.
        status: u16,
    },
    /// It became ready on its own address, but the published port did not answer.
    Unpublished {
        /// `start.ready`.
        ready: Bounded,
    },
    /// The deadline passed.
    TimedOut {
        /// The time that was given, from the start call on.
        after: Nanos,
    },
    /// Whoever asked for it did not want it any more, for instance because the container ended.
    Cancelled,
}

impl StartMeasurement {
    /// Whether the sample counts. Who cancelled knows the better reason and gives it instead.
    #[must_use]
    pub fn status(&self) -> Status {
        match &self.outcome {
            StartOutcome::Ready { .. } => Status::Ok,
            StartOutcome::Unpublished { .. } => Status::Invalid {
                reason: "answers on its own address but not through the published port".to_owned(),
            },
            StartOutcome::TimedOut { after } => Status::Failed {
                reason: format!(
                    "no matching response within {after}; attempts met {}",
                    met(&self.attempts)
                ),
            },
            StartOutcome::Cancelled => Status::Failed {
                reason: format!(
                    "ended before a response matched; attempts met {}",
                    met(&self.attempts)
                ),
            },
        }
    }
}

/// Names attempts in words: `refused (312), status:503 (4)`.
fn met(attempts: &Attempts) -> String {
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

/// Measures one start; call it right after the start call has returned, never before.
///
/// Blocks its thread, whose sleeps it sharpens; call it on a thread of its own, or use [`spawn_measurement`].
#[must_use]
pub fn measure_start(
    addresses: Addresses,
    readiness: &HttpReadiness,
    watch: StartWatch,
    cancel: &AtomicBool,
) -> StartMeasurement {
    let cpu_before = thread_cpu_time();
    sharpen_sleeps();
    let request = Request::new(readiness);
    let poll = |target, connect| Poll {
        target,
        request: &request,
        connect,
        start_call: watch.start_call,
        last_begin: watch.deadline,
        deadline: watch.deadline,
        cancel,
    };
    let published = poll(addresses.published, connect_limit(addresses.published));
    let mut attempts = Attempts::default();
    let (tier, outcome) = match addresses.container {
        None => (
            ProbeTier::Published,
            published_alone(published, watch, &mut attempts),
        ),
        Some(container) => {
            // An address that can be reached only from this machine is on one of its own bridges.
            let container = poll(container, NEAR_CONNECT_LIMIT);
            (
                ProbeTier::Ip,
                container_first(container, published, watch, &mut attempts),
            )
        }
    };
    StartMeasurement {
        outcome,
        tier,
        attempts,
        probe_cpu_ns: thread_cpu_time() - cpu_before,
    }
}

/// Measures one start on a thread of its own and gives the result to `done` there.
///
/// The thread ends within about 50 ms of `cancel` being set.
///
/// # Errors
///
/// Where the system gives no further thread.
pub fn spawn_measurement(
    addresses: Addresses,
    readiness: HttpReadiness,
    watch: StartWatch,
    cancel: Arc<AtomicBool>,
    done: impl FnOnce(StartMeasurement) + Send + 'static,
) -> io::Result<thread::JoinHandle<()>> {
    thread::Builder::new()
        .name("probe".to_owned())
        .spawn(move || done(measure_start(addresses, &readiness, watch, &cancel)))
}

fn published_alone(poll: Poll<'_>, watch: StartWatch, attempts: &mut Attempts) -> StartOutcome {
    match poll.run(None) {
        ReadinessResult::Match(found) => {
            add(attempts, &found.attempts);
            StartOutcome::Ready {
                client: found.bounded(watch.start_call),
                ready: None,
                status: found.status,
            }
        }
        unmatched => not_ready(&unmatched, watch, attempts),
    }
}

fn container_first(
    container: Poll<'_>,
    published: Poll<'_>,
    watch: StartWatch,
    attempts: &mut Attempts,
) -> StartOutcome {
    let inside = match container.run(None) {
        ReadinessResult::Match(found) => found,
        unmatched => return not_ready(&unmatched, watch, attempts),
    };
    add(attempts, &inside.attempts);
    let ready = inside.bounded(watch.start_call);
    let published = Poll {
        last_begin: Stamp::now().plus(PUBLISHED_WINDOW).min(watch.deadline),
        ..published
    };
    match published.run((!inside.left_censored).then_some(inside.prev)) {
        ReadinessResult::Match(found) => {
            add(attempts, &found.attempts);
            StartOutcome::Ready {
                client: through_forwarding(ready, found.bounded(watch.start_call)),
                ready: Some(ready),
                status: found.status,
            }
        }
        ReadinessResult::TimedOut { attempts: failed } => {
            add(attempts, &failed);
            StartOutcome::Unpublished { ready }
        }
        ReadinessResult::Cancelled { attempts: failed } => {
            add(attempts, &failed);
            StartOutcome::Cancelled
        }
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

fn not_ready(unmatched: &ReadinessResult, watch: StartWatch, attempts: &mut Attempts) -> StartOutcome {
    match unmatched {
        ReadinessResult::Match(found) => add(attempts, &found.attempts),
        ReadinessResult::TimedOut { attempts: failed } | ReadinessResult::Cancelled { attempts: failed } => {
            add(attempts, failed);
        }
    }
    if matches!(unmatched, ReadinessResult::Cancelled { .. }) {
        return StartOutcome::Cancelled;
    }
    StartOutcome::TimedOut {
        after: watch.deadline.since(watch.start_call),
    }
}

fn add(attempts: &mut Attempts, more: &Attempts) {
    for (class, count) in &more.0 {
        *attempts.0.entry(class.clone()).or_default() += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::loopback::{self, Behaviour, Server};

    fn readiness() -> HttpReadiness {
        HttpReadiness {
            path: "/".to_owned(),
            port: 80,
            status: vec![200],
            body_contains: None,
        }
    }

    fn measure(addresses: Addresses, start_call: Stamp, timeout: Nanos) -> StartMeasurement {
        let watch = StartWatch {
            start_call,
            deadline: start_call.plus(timeout),
        };
        measure_start(addresses, &readiness(), watch, &AtomicBool::new(false))
    }

    const PATIENT: Nanos = Nanos::from_secs(60);

    #[test]
    fn the_published_port_is_asked_once_after_the_container_and_shares_its_low_bound() {
        let start_call = Stamp::now();
        let container = Server::start(Behaviour::WarmingUp(Nanos::from_millis(30)));
        let published = Server::start(Behaviour::WarmingUp(Nanos::ZERO));
        let addresses = Addresses {
            container: Some(container.address()),
            published: published.address(),
        };
        let measured = measure(addresses, start_call, PATIENT);
        let StartOutcome::Ready {
            client,
            ready: Some(ready),
            status: 200,
        } = measured.outcome
        else {
            panic!("{measured:?}");
        };
        assert_eq!(measured.status(), Status::Ok);
        assert_eq!(measured.tier, ProbeTier::Ip);
        assert!(ready.value_ns <= client.value_ns);
        assert!(ready.low_ns <= client.low_ns && client.low_ns <= client.value_ns);
        assert!(!client.left_censored && !ready.left_censored);
        assert_eq!(published.log().len(), 1);
        assert!(
            published.log()[0].accepted >= container.ready(),
            "asked only after the container answered"
        );
        assert_eq!(measured.attempts.total(), measured.attempts.0["status:503"]);
    }

    #[test]
    fn a_slow_first_handler_does_not_widen_the_interval_of_the_client() {
        let start_call = Stamp::now();
        let container = Server::start(Behaviour::SlowFirst(Nanos::from_millis(120)));
        let published = Server::start(Behaviour::WarmingUp(Nanos::ZERO));
        let addresses = Addresses {
            container: Some(container.address()),
            published: published.address(),
        };
        let measured = measure(addresses, start_call, PATIENT);
        let StartOutcome::Ready { client, .. } = measured.outcome else {
            panic!("{measured:?}");
        };
        assert!(client.low_ns >= Nanos::from_millis(120), "{client:?}");
        assert!(client.left_censored);
    }

    #[test]
    fn without_an_address_of_its_own_only_the_published_port_is_polled() {
        let start_call = Stamp::now();
        let published = Server::start(Behaviour::WarmingUp(Nanos::from_millis(10)));
        let addresses = Addresses {
            container: None,
            published: published.address(),
        };
        let measured = measure(addresses, start_call, PATIENT);
        assert_eq!(measured.tier, ProbeTier::Published);
        let StartOutcome::Ready {
            client, ready: None, ..
        } = measured.outcome
        else {
            panic!("{measured:?}");
        };
        assert!(published.ready().since(start_call) <= client.value_ns);
    }

    #[test]
    fn a_container_that_answers_only_on_its_own_address_is_invalid_and_keeps_that_value() {
        let container = Server::start(Behaviour::WarmingUp(Nanos::ZERO));
        let published = Server::start(Behaviour::Eof);
        let addresses = Addresses {
            container: Some(container.address()),
            published: published.address(),
        };
        let measured = measure(addresses, Stamp::now(), PATIENT);
        assert!(
            matches!(measured.outcome, StartOutcome::Unpublished { .. }),
            "{measured:?}"
        );
        assert_eq!(
            measured.status(),
            Status::Invalid {
                reason: "answers on its own address but not through the published port".to_owned()
            }
        );
        assert!(measured.attempts.0["eof"] > 0);
    }

    #[test]
    fn a_published_port_that_needs_a_moment_moves_the_low_bound_of_the_client() {
        let start_call = Stamp::now();
        let container = Server::start(Behaviour::WarmingUp(Nanos::ZERO));
        let published = Server::start(Behaviour::WarmingUp(Nanos::from_millis(40)));
        let addresses = Addresses {
            container: Some(container.address()),
            published: published.address(),
        };
        let measured = measure(addresses, start_call, PATIENT);
        let StartOutcome::Ready {
            client,
            ready: Some(ready),
            ..
        } = measured.outcome
        else {
            panic!("{measured:?}");
        };
        assert!(ready.left_censored && !client.left_censored);
        assert!(client.low_ns > ready.low_ns);
        assert!(published.ready().since(start_call) <= client.value_ns);
    }

    #[test]
    fn a_port_that_is_never_opened_is_a_failure_that_says_what_was_met() {
        let addresses = Addresses {
            container: None,
            published: loopback::unused_address(),
        };
        let measured = measure(addresses, Stamp::now(), Nanos::from_millis(30));
        let Status::Failed { reason } = measured.status() else {
            panic!("{measured:?}");
        };
        assert!(
            reason.starts_with("no matching response within 30.0 ms; attempts met refused ("),
            "{reason}"
        );
        let silent = StartMeasurement {
            attempts: Attempts::default(),
            ..measured
        };
        let reason = silent.status().reason().map(str::to_owned);
        assert_eq!(
            reason.as_deref(),
            Some("no matching response within 30.0 ms; attempts met nothing")
        );
    }

    #[test]
    fn a_cancelled_measurement_hands_its_result_over_from_its_thread() {
        let server = Server::start(Behaviour::Silent);
        let start_call = Stamp::now();
        let cancel = Arc::new(AtomicBool::new(false));
        let (sender, receiver) = std::sync::mpsc::channel();
        let thread = spawn_measurement(
            Addresses {
                container: None,
                published: server.address(),
            },
            readiness(),
            StartWatch {
                start_call,
                deadline: start_call.plus(PATIENT),
            },
            Arc::clone(&cancel),
            move |measured| sender.send(measured).unwrap(),
        )
        .unwrap();
        server.await_connection();
        cancel.store(true, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(receiver.recv().unwrap().outcome, StartOutcome::Cancelled);
        thread.join().unwrap();
    }
}
