//! What measured numbers mean: from estimates to verdicts and the words for them.
//!
//! The mathematics is in [`stats`](crate::stats); here stand the policy (what is material, how sure is
//! sure enough) and the fragments of sentences that state it. Nothing here prints.

mod band;
mod comparative;
mod finding;
mod verdict;

pub use band::{Band, Materiality};
pub use comparative::Comparative;
pub use verdict::{Judgement, MIN_SAMPLES, Status, Verdict};
