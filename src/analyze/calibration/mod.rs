//! How well starts are timed on a machine: what a probe said, held against what the server itself knows.
//!
//! The server notes its own instants by the same clock. Of each start the error is the difference between the two; what
//! is claimed of a way to look is judged by quantiles over many starts.

mod check;
mod errors;
mod witnessed;

pub use check::{Check, Verdict, checks};
pub use errors::tier_errors;
pub use witnessed::{OwnTimeline, Witnessed};
