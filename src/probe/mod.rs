//! Readiness of a started container, found by asking it over HTTP.
//!
//! # How a start is measured
//!
//! No published port is asked before the start call has returned: a request that reaches it earlier is accepted by the
//! engine's port forwarder, may delay the container's network by a second, and so would measure the probe. What is looked
//! at, best first, by [`ProbeTier`](crate::scenario::ProbeTier):
//!
//! 1. `trace` and `netns`: a thread enters a network namespace that another container holds, before the container that is
//!    measured is started in it, and asks from within until a response matches. That is `start.ready`. With `trace` the
//!    kernel records when programs begin and sockets listen, nobody is asked before, and `start.ready` is cut into
//!    `start.runtime` and `start.app`. `start.client` is that of other starts, whose port is polled alone.
//! 2. `sidecar`: as `netns`, by a container of the ballast that is in that network namespace, for who may not enter one. The
//!    same code asks, and the same clock is read where the container's kernel is this one; else that clock is asked fifty times
//!    before and fifty times after, and what is not known of it widens the interval.
//! 3. `ip`: the container's own address is polled once the start call has returned; then one request goes through the
//!    published port at once. That is `start.client`; its low bound rests on the last attempt of the first stage that proved
//!    "not yet", since port forwarding cannot answer before the container does. Where the port fails for longer than a second
//!    of retries, that is a miss, and says so.
//! 4. `published`: only the published port is polled, and `start.ready` is absent.
//!
//! # How sure a value is
//!
//! A value is the first byte of the matching response. Its low bound lies earlier by the time between the last proof of "not
//! yet" and the begin of the matching attempt, and by what of that attempt's own time may have been its way and not its
//! handling ([`LONGEST_WAY`](crate::run::LONGEST_WAY), [`LONGEST_FORWARDED_WAY`](crate::run::LONGEST_FORWARDED_WAY)). A slow first handler therefore counts as the application's time, not as
//! the probe's error. `seatrial selftest` holds both ends against a server that knows.
//!
//! # What is kept out of the timed path
//!
//! No async runtime, no name lookup, no connection pool, no proxy variables: a thread of its own, one fresh socket
//! per attempt with a literal address and bytes made beforehand, stamps of the raw monotonic clock right after
//! `read` returns, and absolute sleeps with the smallest timer slack.

mod clock_mapping;
mod connection;
mod inside;
mod kernel;
mod probe_thread;
mod readiness;
mod request;
mod sidecar;
mod start;
mod trace;
mod watching;

#[cfg(test)]
mod loopback;

pub use probe_thread::ProbeThread;
pub use readiness::{Match, ReadinessResult, wait_until_ready};
pub use start::measure_start;
pub use watching::Stamp;
