//! What happened when, by the program's own clock: what a probe is checked against.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock;

/// An instant that is noted once; zero, which the clock does not show, stands for "not yet".
#[derive(Default)]
pub(crate) struct Stamp(AtomicU64);

impl Stamp {
    /// Notes `nanoseconds`, unless an earlier call did.
    pub(crate) fn note(&self, nanoseconds: u64) {
        // Only the first writer counts; no other memory depends on the order.
        let _ = self
            .0
            .compare_exchange(0, nanoseconds, Ordering::Relaxed, Ordering::Relaxed);
    }

    fn get(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|nanoseconds| *nanoseconds != 0)
    }
}

/// The program's instants, in nanoseconds of `CLOCK_MONOTONIC`.
#[derive(Default)]
pub(crate) struct Timeline {
    /// `main` was entered.
    pub(crate) main: Stamp,
    /// The kernel is asked for a socket that listens.
    pub(crate) listen_call: Stamp,
    /// The socket listens, and the program goes on.
    pub(crate) listen: Stamp,
    /// From here on the ready path is answered with 200: an instant known in advance.
    pub(crate) ready: Stamp,
    /// The first connection was taken.
    pub(crate) first_accept: Stamp,
    /// The connection that was answered with the first 200 was taken.
    pub(crate) answered_accept: Stamp,
    /// The first 200 was about to be handed to the kernel.
    pub(crate) first_ok: Stamp,
}

impl Timeline {
    /// The timeline as a JSON object; what has not happened is null.
    pub(crate) fn json(&self) -> String {
        let now = clock::monotonic();
        let ready = self.ready.get().filter(|ready| *ready <= now);
        let mut json = String::from("{\"clock\":\"CLOCK_MONOTONIC\"");
        for (name, instant) in [
            ("main_ns", self.main.get()),
            ("listen_call_ns", self.listen_call.get()),
            ("listen_ns", self.listen.get()),
            ("ready_ns", ready),
            ("first_accept_ns", self.first_accept.get()),
            ("answered_accept_ns", self.answered_accept.get()),
            ("first_ok_ns", self.first_ok.get()),
            ("now_ns", Some(now)),
        ] {
            // Writing to a string cannot fail.
            let _ = match instant {
                Some(nanoseconds) => write!(json, ",\"{name}\":{nanoseconds}"),
                None => write!(json, ",\"{name}\":null"),
            };
        }
        json.push_str("}\n");
        json
    }

    /// Whether the ready path is answered with 200 now.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.get().is_some_and(|ready| clock::monotonic() >= ready)
    }
}
