//! Readiness of a started container, found by asking it over HTTP.
//!
//! # How a start is measured
//!
//! Nothing is asked before the start call has returned: a request that reaches the published port earlier is
//! accepted by the engine's port forwarder, may delay the container's network by a second, and so would measure
//! the probe. From then on there are two stages:
//!
//! 1. The container's own address is polled until a response matches. That is `start.ready`.
//! 2. One request goes through the published port at once. That is `start.client`; its low bound rests on the
//!    last attempt of the first stage that proved "not yet", since port forwarding cannot answer before the
//!    container does. Where the port fails for longer than a second of retries, that is a miss, and says so.
//!
//! Where the container's own address cannot be reached from here, only the published port is polled, and
//! `start.ready` is absent. Samples of the two kinds carry different [`ProbeTier`](crate::results::ProbeTier)s.
//!
//! # How sure a value is
//!
//! A value is the first byte of the matching response. Its low bound lies earlier by the time between the begin of
//! the last attempt that proved "not yet" and the begin of the matching one: a request that had been waiting all
//! along would have been answered at most that much earlier. A slow first handler therefore counts as the
//! application's time, not as the probe's error.
//!
//! # What is kept out of the timed path
//!
//! No async runtime, no name lookup, no connection pool, no proxy variables: a thread of its own, one fresh socket
//! per attempt with a literal address and bytes made beforehand, stamps of the raw monotonic clock right after
//! `read` returns, and absolute sleeps with the smallest timer slack.

mod attempt;
mod clock;
mod miss;
mod poll;
mod probe_thread;
mod readiness;
mod request;
mod response;
mod start;

#[cfg(test)]
mod loopback;

pub use clock::Stamp;
pub use probe_thread::ProbeThread;
pub use readiness::{Match, ReadinessResult, wait_until_ready};
pub use start::measure_start;
