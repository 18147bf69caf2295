//! Asking one address until a response matches.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;

use super::super::kernel::{sleep_until, thread_time};
use super::attempt::{AttemptEnd, Limits, attempt};
use super::miss::Miss;
use super::outlook::Outlook;
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

/// How long nobody is asked where the kernel counts no socket at all.
const BETWEEN_PROOFS: Nanos = Nanos::from_millis(20);

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
    /// The first byte of the first response, where that was another one; it came with a status or content that does not
    /// count as ready.
    pub(crate) answered_otherwise: Option<Stamp>,
    /// The begin of the matching attempt.
    pub(crate) sent: Stamp,
    /// The first byte of its response.
    pub(crate) first_byte: Stamp,
    /// The response's status; absent where the connection was all that was looked for.
    pub(crate) status: Option<u16>,
}

impl Poll<'_> {
    /// Polls. `known_not_ready` is an instant at which the application is known not to have been ready; absent,
    /// nothing is known until an attempt proves it. Where nobody listens, the outlook may name another address to ask
    /// from then on, and tell when it is worth asking before the next attempt is due.
    pub(crate) fn run(&self, known_not_ready: Option<Stamp>, outlook: &mut dyn Outlook) -> Polled {
        let mut target = self.target;
        let limits = Limits {
            connect: self.connect,
            request: REQUEST_LIMIT,
            deadline: self.deadline,
            cancel: self.cancel,
        };
        let mut not_before = known_not_ready;
        let mut answered_otherwise = None;
        let mut met = BTreeMap::new();
        let mut costs = Costs::new();
        loop {
            costs.begin(Doing::Attempt);
            // Counted before: who comes to listen in between is asked now, or found to be one more.
            let sockets = outlook.sockets();
            let attempt = attempt(target, self.request, &limits);
            let began = attempt.began;
            answered_otherwise = answered_otherwise.or(attempt.answered_otherwise);
            let refused = match attempt.end {
                AttemptEnd::Match { first_byte, status } => {
                    let found = Found {
                        not_before,
                        answered_otherwise,
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
                    let refused = miss == Miss::Refused;
                    // Where there is no socket nobody listens elsewhere either, and need not be looked for.
                    let elsewhere = (refused && sockets != Some(0)).then(|| outlook.elsewhere());
                    match elsewhere.flatten() {
                        Some(other) => {
                            target = other;
                            false
                        }
                        None => refused,
                    }
                }
            };
            let due = self.due(began, costs.mean(Doing::Attempt));
            if due > self.last_begin {
                let ended = Ended::TimedOut;
                return Polled { ended, met };
            }
            match sockets {
                Some(sockets) if refused => {
                    let none_at = self.watch_sockets(sockets, began, due, &mut costs, outlook);
                    not_before = not_before.max(none_at);
                }
                _ => sleep_until(due),
            }
        }
    }

    /// When what began at `began` and takes so much of the processor is done again.
    fn due(&self, began: Stamp, cost: Nanos) -> Stamp {
        let interval = self.schedule.interval(began.since(self.start_call), cost);
        Schedule::next(began, interval, Stamp::now())
    }

    /// Looks whether there is another number of sockets than those with which an attempt that began at `began` was refused,
    /// until the next attempt is due, and gives the last instant at which there was none at all.
    fn watch_sockets(
        &self,
        sockets: u64,
        began: Stamp,
        due: Stamp,
        costs: &mut Costs,
        outlook: &mut dyn Outlook,
    ) -> Option<Stamp> {
        // With none it needs no attempt to know that it would be refused; one is made now and then all the same. Otherwise
        // attempts take half of the processor's time that is allowed.
        let due = if sockets == 0 {
            due.max(began.plus(BETWEEN_PROOFS))
        } else {
            due.plus(due.since(began))
        };
        let between_attempts = due.since(began);
        let mut none_at = None;
        let mut looked = Stamp::now();
        loop {
            let attempts = costs.mean(Doing::Attempt);
            let cost = Schedule::beside(costs.mean(Doing::Look), attempts, between_attempts);
            let next = self.due(looked, cost);
            sleep_until(next.min(due));
            if next >= due {
                return none_at;
            }
            costs.begin(Doing::Look);
            looked = Stamp::now();
            match outlook.sockets() {
                Some(0) => none_at = Some(looked),
                Some(now) if now == sockets => {}
                _ => return none_at,
            }
        }
    }
}

/// What is done again and again.
#[derive(Clone, Copy, Debug)]
enum Doing {
    /// An attempt, and what is asked of the kernel about it.
    Attempt,
    /// A look at the number of sockets.
    Look,
}

/// How much of the processor it takes, from the begin of one to the begin of the next: that this thread is put to sleep and
/// woken again takes more than a look does.
#[derive(Debug)]
struct Costs {
    attempts: Cost,
    looks: Cost,
    /// What is being done; in the beginning nothing.
    doing: Option<Doing>,
    /// What this thread had taken of the processor when that began.
    before: Stamp,
}

impl Costs {
    fn new() -> Self {
        Self {
            attempts: Cost::default(),
            looks: Cost::default(),
            doing: None,
            before: Stamp(thread_time()),
        }
    }

    /// Counts what was being done, and begins another.
    fn begin(&mut self, doing: Doing) {
        let now = Stamp(thread_time());
        let spent = now.since(self.before);
        match self.doing {
            None => {}
            Some(Doing::Attempt) => self.attempts.add(spent),
            Some(Doing::Look) => self.looks.add(spent),
        }
        (self.doing, self.before) = (Some(doing), now);
    }

    /// What one takes; of the first, what it has taken by now.
    fn mean(&self, of: Doing) -> Nanos {
        let cost = match of {
            Doing::Attempt => &self.attempts,
            Doing::Look => &self.looks,
        };
        cost.mean()
            .unwrap_or_else(|| Stamp(thread_time()).since(self.before))
    }
}

/// A single time says little: what interrupts it is counted in.
#[derive(Debug, Default)]
struct Cost {
    sum: Nanos,
    count: u64,
}

impl Cost {
    fn add(&mut self, cost: Nanos) {
        self.sum = self.sum + cost;
        self.count += 1;
    }

    fn mean(&self) -> Option<Nanos> {
        self.sum.0.checked_div(self.count).map(Nanos)
    }
}
