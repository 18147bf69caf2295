//! Looking for readiness.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use futures_util::future::BoxFuture;

use super::{Addresses, Conversation};
use crate::results::{Attempts, Bounded};
use crate::scenario::{NetworkReadiness, ProbeTier};
use crate::unit::Nanos;

/// Looks for readiness. All instants are of [`Probe::now`]'s clock.
pub trait Probe: Sync {
    /// This machine's monotonic clock.
    fn now(&self) -> Nanos;

    /// Looks for readiness until it is found, the deadline has passed, or `cancel` is set. Runs on a thread of its
    /// own, so that nothing else delays it.
    fn look(&self, order: LookOrder) -> impl Future<Output = Looked> + Send;

    /// Enters a network namespace, and looks from within it once the returned future is there: the container is to
    /// be started only then. The thread looks whether or not that future is waited for, and ends where it is dropped.
    ///
    /// # Errors
    ///
    /// Says in words why this machine does not permit it.
    fn look_inside(&self, order: InsideOrder) -> impl Future<Output = Result<Looking, String>> + Send;

    /// What the ballast is told, in a container that is in the network already, to look for readiness for that long.
    fn watch_arguments(&self, ready: &NetworkReadiness, patience: Nanos) -> Vec<String>;

    /// Listens to a container that was told so; it watches once the returned future is there, and the container that is
    /// measured is to be started only then.
    ///
    /// # Errors
    ///
    /// Says in words why what it tells cannot be used.
    fn watch(
        &self,
        order: WatchOrder,
        conversation: Conversation,
    ) -> impl Future<Output = Result<Looking, String>> + Send;

    /// Waits until an instant.
    fn wait_until(&self, instant: Nanos) -> impl Future<Output = ()> + Send;

    /// Begins to record which programs begin and, where there is a port, which sockets listen on it.
    ///
    /// # Errors
    ///
    /// Says in words why this machine does not permit it.
    fn begin_trace(&self, port: Option<u16>) -> Result<(), String>;

    /// Ends recording; tells of the container whose first process this is.
    ///
    /// # Errors
    ///
    /// Says in words why what was recorded cannot be used.
    fn end_trace(&self, main_process: u32) -> Result<Traced, String>;

    /// Ends recording of which nothing is wanted; nothing where nothing is recorded.
    fn leave_trace(&self);
}

/// What is seen from within, once it is. An error says in words why nothing is known of it.
pub type Looking = BoxFuture<'static, Result<LookedInside, String>>;

/// What to look for, where, and until when.
#[derive(Clone, Debug)]
pub struct LookOrder {
    /// Where the container can be reached.
    pub addresses: Addresses,
    /// What counts as started.
    pub ready: NetworkReadiness,
    /// When the container was asked to start.
    pub start_call: Nanos,
    /// When that call had returned. Users wait for it, so that by definition nothing answers them before.
    pub start_done: Nanos,
    /// When to give up.
    pub deadline: Nanos,
    /// How many containers are looked at at once, this one among them. All of these looks together ask as often as one
    /// would alone.
    pub looks: u32,
    /// Set from outside to give up at once.
    pub cancel: Arc<AtomicBool>,
}

/// What a probe found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// How it was looked for.
    pub tier: ProbeTier,
    /// The first match on the container's own network stack.
    pub ready: Option<Bounded>,
    /// The first match through the published port.
    pub client: Option<Bounded>,
    /// What the attempts met before.
    pub attempts: Attempts,
    /// Why there is no match, in words.
    pub miss: Option<String>,
}

/// What to look for from within a network namespace that is there before the container.
#[derive(Clone, Debug)]
pub struct InsideOrder {
    /// A process of that namespace.
    pub process: u32,
    /// What counts as started.
    pub ready: NetworkReadiness,
    /// When to give up.
    pub deadline: Nanos,
    /// Set from outside to give up at once.
    pub cancel: Arc<AtomicBool>,
}

/// A container of the ballast that looks from within the network that it is in.
#[derive(Clone, Debug)]
pub struct WatchOrder {
    /// When it was about to be started.
    pub began: Nanos,
    /// How long it was told to look.
    pub patience: Nanos,
    /// Set from outside to listen no longer.
    pub cancel: Arc<AtomicBool>,
}

/// What was found from within.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LookedInside {
    /// The first match.
    pub seen: Option<Sighting>,
    /// The addresses that the application listened on when it was first found to.
    pub listens_on: Vec<IpAddr>,
    /// What was met before.
    pub attempts: Attempts,
    /// Why there is no match, in words.
    pub miss: Option<String>,
}

/// A match, by its instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The last instant at which the application is known not to have been ready; absent where nothing proved it.
    pub not_before: Option<Nanos>,
    /// The first byte of the first response, where that was another one, such as a 503 of an application that warms up.
    pub answered_otherwise: Option<Nanos>,
    /// When the matching request was begun.
    pub sent: Nanos,
    /// The first byte of its response.
    pub first_byte: Nanos,
    /// How wrong all three may be, together, to either side: zero where they were read off the clock that everything else is.
    pub clock_error: Nanos,
}

/// As much of the time of a request and its response may be their way: sockets, wake-ups and a new thread or process at
/// the other end. What is more than that is taken to be the application's own. The self-test shows whether it holds.
pub const LONGEST_WAY: Nanos = Nanos::from_millis(1);

/// The same through a published port, where a process of the engine takes the connection, makes one of its own to the
/// container and copies what goes by: with that process asleep, several milliseconds of it were seen.
pub const LONGEST_FORWARDED_WAY: Nanos = Nanos::from_millis(10);

impl Sighting {
    /// The same match with the listener's own beginning as the last "not yet", where that was recorded and is later.
    #[must_use]
    pub fn sharpened(self, traced: &Traced) -> Self {
        // One that began again after the request was sent proves nothing about it.
        let listened = traced.listen.filter(|listen| *listen <= self.sent);
        Self {
            not_before: self.not_before.max(listened),
            ..self
        }
    }

    /// The value and its low bound, counted from `zero`: a request that had been waiting all along would have been
    /// answered earlier by at most the time between the last proof of "not yet" and the matching request, and what of
    /// that request's own time was its way and not its handling, [`LONGEST_WAY`] or [`LONGEST_FORWARDED_WAY`] at most. What the
    /// instants may be wrong by widens it on either side.
    #[must_use]
    pub fn bounded(&self, zero: Nanos, longest_way: Nanos) -> Bounded {
        let first_byte = self.first_byte.saturating_since(zero);
        let unseen = self
            .sent
            .saturating_since(self.not_before.unwrap_or(zero).max(zero));
        let open = unseen + self.first_byte.saturating_since(self.sent).min(longest_way);
        Bounded {
            value_ns: first_byte + self.clock_error,
            low_ns: first_byte.saturating_since(open + self.clock_error),
            left_censored: self.not_before.is_none(),
        }
    }
}

/// What the kernel recorded of a container. Absent is what was not seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traced {
    /// When its first process began its program.
    pub exec: Option<Nanos>,
    /// When the process that came to listen began its program.
    pub app_exec: Option<Nanos>,
    /// When a socket of the port first listened.
    pub listen: Option<Nanos>,
    /// When the first connection to it was made.
    pub connection: Option<Nanos>,
    /// Every program that a process of the container began, in order.
    pub programs: Vec<(Nanos, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_match_is_as_wide_as_the_time_in_which_nobody_asked() {
        const MICRO: u64 = 1_000;
        let bounded = |not_before: Option<u64>, first_byte: u64| {
            let sighting = Sighting {
                not_before: not_before.map(|micros| Nanos(micros * MICRO)),
                answered_otherwise: None,
                sent: Nanos(1_500 * MICRO),
                first_byte: Nanos(first_byte * MICRO),
                clock_error: Nanos::ZERO,
            };
            let bounded = sighting.bounded(Nanos(1_000 * MICRO), LONGEST_WAY);
            (
                bounded.low_ns.0 / MICRO,
                bounded.value_ns.0 / MICRO,
                bounded.left_censored,
            )
        };
        // Of the 400 µs that the answer took, all may have been its way.
        assert_eq!(bounded(Some(1_400), 1_900), (400, 900, false));
        // Of 5 ms, only a part may.
        assert_eq!(bounded(Some(1_400), 6_500), (4_400, 5_500, false));
        // Without a proof it may have been ready from the beginning.
        assert_eq!(bounded(None, 6_500), (4_000, 5_500, true));
        // A proof from before the zero says no more than the zero itself.
        assert_eq!(bounded(Some(300), 6_500), (4_000, 5_500, false));
    }

    #[test]
    fn instants_that_may_be_wrong_widen_the_interval_to_both_sides() {
        let sighting = Sighting {
            not_before: Some(Nanos(1_400)),
            answered_otherwise: None,
            sent: Nanos(1_500),
            first_byte: Nanos(1_900),
            clock_error: Nanos(30),
        };
        let bounded = sighting.bounded(Nanos(1_000), LONGEST_WAY);
        assert_eq!((bounded.low_ns, bounded.value_ns), (Nanos(370), Nanos(930)));
    }

    #[test]
    fn the_recorded_beginning_of_the_listener_sharpens_the_low_bound_and_never_blurs_it() {
        for (seen, listen, expected) in [
            (Some(300), 450, Some(450)),
            (Some(480), 450, Some(480)),
            (None, 450, Some(450)),
            // A listener that began again after the request was sent proves nothing about it.
            (Some(300), 550, Some(300)),
        ] {
            let sighting = Sighting {
                not_before: seen.map(Nanos),
                answered_otherwise: None,
                sent: Nanos(500),
                first_byte: Nanos(600),
                clock_error: Nanos::ZERO,
            };
            let listening = Traced {
                listen: Some(Nanos(listen)),
                ..Traced::default()
            };
            let sharpened = sighting.sharpened(&listening);
            assert_eq!(sharpened.not_before, expected.map(Nanos), "{seen:?} {listen}");
        }
    }
}
