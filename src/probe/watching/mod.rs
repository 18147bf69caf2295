//! Watching for readiness: asking one address until a response matches, or from within a network namespace for whoever
//! comes to listen there.
//!
//! These files are compiled twice: into this program, whose thread enters the namespace, and by the build script into the
//! ballast, whose container is in it from the beginning. So both ask, match and count in one and the same way. They use the
//! standard library, [`Nanos`](crate::unit::Nanos), and two modules that each program has of its own beside this one: `kernel`
//! for what the standard library does not ask of the kernel, and `connection` for how a connection is made.

mod attempt;
mod listeners;
mod look;
mod miss;
mod outlook;
mod poll;
mod request;
mod response;
mod schedule;
#[cfg(target_os = "linux")]
mod scheduling;
mod socket_count;
mod stamp;

pub(crate) use attempt::{AttemptEnd, SLICE, missed, remaining};
pub(crate) use listeners::Listeners;
pub(crate) use look::{BETWEEN_QUESTIONS, Look, Seen};
pub(crate) use miss::Miss;
pub(crate) use outlook::Outlook;
pub(crate) use poll::{Ended, Found, NEAR_CONNECT_LIMIT, Poll, Polled};
pub(crate) use request::{Expected, Request};
pub(crate) use schedule::Schedule;
#[cfg(target_os = "linux")]
pub(crate) use scheduling::Scheduling;
pub(crate) use socket_count::SocketCount;
pub use stamp::Stamp;
