//! Asking one address until a response matches.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;

use super::super::kernel::{sleep_until, thread_time};
use super::attempt::{Attempt, AttemptEnd, Limits, attempt};
use super::miss::Miss;
use super::request::Request;
use super::schedule::Schedule;
use super::stamp::Stamp;
use crate::unit::Nanos;

/// How long one request may stay unanswered before another is made in its place. Generous, because giving up on a
/// slow first response would mean never seeing it.
const REQUEST_LIMIT: Nanos = Nanos::from_secs(30);
/// How long a connection to this machine may take to be made. Its kernel answers at once or drops the packet, and
/// a dropped one is not sent again before a second has passed.
pub(crate) const NEAR_CONNECT_LIMIT: Nanos = Nanos::from_millis(20);

/// What is polled, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Poll<'a> {
    /// Who is asked.
    pub(crate) target: SocketAddr,
    /// What, and for which response.
    pub(crate) request: &'a Request,
    /// How often.
    pub(crate) schedule: Schedule,
    /// How long a connection may take to be made.
    pub(crate) connect: Nanos,
    /// The instant from which on what elapses is counted.
    pub(crate) start_call: Stamp,
    /// After this instant no attempt begins any more.
    pub(crate) last_begin: Stamp,
    /// At this instant an outstanding attempt ends.
    pub(crate) deadline: Stamp,
    /// Set by whoever has learnt that there is nothing to wait for any more.
    pub(crate) cancel: &'a AtomicBool,
}

/// Polling that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Polled {
    /// How.
    pub(crate) ended: Ended,
    /// What the attempts before met, by class.
    pub(crate) met: BTreeMap<String, u32>,
}

/// How polling ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// A response matched.
    Match(Found),
    /// The deadline passed before one did.
    TimedOut,
    /// It was cancelled before one did.
    Cancelled,
}

/// The first response that matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The begin of the last attempt that proved "not yet"; absent where nothing did.
    pub(crate) not_before: Option<Stamp>,
    /// The begin of the matching attempt.
    pub(crate) sent: Stamp,
    /// The first byte of its response.
    pub(crate) first_byte: Stamp,
    /// The response's status; absent where the connection was all that was looked for.
    pub(crate) status: Option<u16>,
}

impl Poll<'_> {
    /// Polls. `known_not_ready` is an instant at which the application is known not to have been ready; absent,
    /// nothing is known until an attempt proves it. Where nobody listens, `elsewhere` may name another address to ask
    /// from then on.
    pub(crate) fn run(
        &self,
        known_not_ready: Option<Stamp>,
        elsewhere: &mut dyn FnMut() -> Option<SocketAddr>,
    ) -> Polled {
        let mut target = self.target;
        let schedule = self.schedule;
        let limits = Limits {
            connect: self.connect,
            request: REQUEST_LIMIT,
            deadline: self.deadline,
            cancel: self.cancel,
        };
        let mut not_before = known_not_ready;
        let mut met = BTreeMap::new();
        loop {
            let cpu_before = Stamp(thread_time());
            let Attempt { began, end } = attempt(target, self.request, &limits);
            match end {
                AttemptEnd::Match { first_byte, status } => {
                    let found = Found {
                        not_before,
                        sent: began,
                        first_byte,
                        status,
                    };
                    let ended = Ended::Match(found);
                    return Polled { ended, met };
                }
                AttemptEnd::Cancelled => {
                    let ended = Ended::Cancelled;
                    return Polled { ended, met };
                }
                AttemptEnd::Miss(miss) => {
                    *met.entry(miss.to_string()).or_default() += 1;
                    if miss.proves_not_ready() {
                        not_before = Some(began);
                    }
                    if miss == Miss::Refused
                        && let Some(other) = elsewhere()
                    {
                        target = other;
                    }
                }
            }
            let cost = Stamp(thread_time()).since(cpu_before);
            let interval = schedule.interval(began.since(self.start_call), cost);
            let due = Schedule::next(began, interval, Stamp::now());
            if due > self.last_begin {
                let ended = Ended::TimedOut;
                return Polled { ended, met };
            }
            sleep_until(due);
        }
    }
}
