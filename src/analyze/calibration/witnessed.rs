//! One start as a probe saw it, beside the server's own instants.

use serde::Deserialize;

use crate::scenario::ProbeTier;
use crate::unit::Nanos;

/// One start as a probe saw it, beside the server's own instants, all by one clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnessed {
    /// How it was looked at.
    pub tier: ProbeTier,
    /// What the server was told to do, by the name of its variant.
    pub variant: String,
    /// The earliest instant at which, by the probe's own claim, a request would have been answered.
    pub low: Nanos,
    /// The first byte of the matching response.
    pub first_byte: Nanos,
    /// The instant before which by definition nothing answers; absent where there is none.
    pub floor: Option<Nanos>,
    /// Whether nothing proved "not yet" before the match.
    pub left_censored: bool,
    /// When the kernel recorded the begin of the server's program.
    pub exec: Option<Nanos>,
    /// When the kernel recorded that the server listens.
    pub listen: Option<Nanos>,
    /// What the server says.
    pub own: OwnTimeline,
}

/// The server's own instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct OwnTimeline {
    /// `main` was entered.
    pub main_ns: Nanos,
    /// It asked for a socket that listens.
    pub listen_call_ns: Nanos,
    /// It listens, and its program went on: later than it listened, where a processor had to be waited for in between.
    pub listen_ns: Nanos,
    /// From here on it answers with 200.
    pub ready_ns: Nanos,
    /// The first connection was taken.
    pub first_accept_ns: Nanos,
    /// The connection that was answered with the first 200 was taken.
    pub answered_accept_ns: Nanos,
    /// The first 200 was about to be handed to the kernel.
    pub first_ok_ns: Nanos,
}

impl Witnessed {
    /// How far the kernel's record of that it listens lies from the server's own call; zero where it lies within. Absent where there
    /// is no record.
    #[must_use]
    pub fn listen_error(&self) -> Option<Nanos> {
        let listen = self.listen?;
        let before = self.own.listen_call_ns.saturating_since(listen);
        Some(before + listen.saturating_since(self.own.listen_ns))
    }

    /// When a request that had been waiting would have been answered: once the server was ready and had handled it. One that is
    /// ready as soon as it listens is so by the kernel's record, where there is one: whoever is woken by it may run first.
    #[must_use]
    pub fn answerable(&self) -> Nanos {
        let began = self.own.answered_accept_ns.max(self.own.ready_ns);
        let ready = match self.listen {
            Some(listen) if self.own.ready_ns == self.own.listen_ns => self.own.ready_ns.min(listen),
            _ => self.own.ready_ns,
        };
        ready + self.own.first_ok_ns.saturating_since(began)
    }

    /// The instant that the interval has to hold: that, and not before anybody is answered at all.
    #[must_use]
    pub fn truth(&self) -> Nanos {
        self.answerable().max(self.floor.unwrap_or_default())
    }

    /// How late the match was. That users wait for the start call to return counts, unlike for the interval; how long the
    /// server took over the request, which is its own time and not the probe's, does not.
    #[must_use]
    pub fn late(&self) -> Nanos {
        self.first_byte.saturating_since(self.answerable())
    }

    /// Whether a match was seen before the server was ready, which no probe may say.
    #[must_use]
    pub fn is_early(&self) -> bool {
        self.first_byte < self.own.ready_ns
    }

    /// How far the truth lies from where the probe says; zero where it lies within.
    #[must_use]
    pub fn outside(&self) -> Nanos {
        let truth = self.truth();
        self.low.saturating_since(truth) + truth.saturating_since(self.first_byte)
    }

    /// Whether the truth lies where the probe says.
    #[must_use]
    pub fn holds_truth(&self) -> bool {
        self.outside() == Nanos::ZERO
    }
}
