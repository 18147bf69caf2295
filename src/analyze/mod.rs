//! What the samples of a run say: estimates, comparisons, the verdict sentence and warnings.
//!
//! Pure: the same [`Run`](crate::results::Run) gives the same [`Analysis`] whenever it is read again. Numbers come
//! from [`stats`](crate::stats); what a difference is worth, and in which words, is decided here.

mod analysis;
mod comparison;
mod estimate;
mod metric;
mod series;
#[cfg(test)]
pub(crate) mod specimen;
mod verdict;
mod warning;

pub use analysis::Analysis;
pub use comparison::{Comparison, Finding, MAX_LOST_SHARE, MIN_SAMPLES};
pub use estimate::Estimate;
pub use metric::{Metric, MetricKind, MetricUnit};
pub use series::{Sample, Series, Standing};
pub use verdict::{Stamp, Verdict};
pub use warning::Warning;
