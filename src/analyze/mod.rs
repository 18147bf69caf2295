//! What measured numbers mean: from samples to estimates, comparisons, verdicts, and the words for them.
//!
//! The mathematics is in [`stats`](crate::stats); here stand the policy (what is material, how sure is
//! sure enough) and the fragments of sentences that state it. Nothing here prints, and the same
//! [`Run`](crate::results::Run) gives the same [`Analysis`] whenever it is read again.

mod analysis;
mod band;
mod cache_traffic;
mod comparative;
mod comparison;
mod critical_path;
mod estimate;
mod finding;
mod instruction_series;
mod median_build;
mod metric;
mod replay;
mod sentence;
mod series;
#[cfg(test)]
pub(crate) mod specimen;
mod timeline;
mod verdict;
mod warning;

pub use analysis::Analysis;
pub use band::{Band, Materiality};
pub use cache_traffic::CacheTraffic;
pub use comparative::Comparative;
pub use comparison::{Comparison, Finding, MAX_LOST_SHARE};
pub use critical_path::CriticalPath;
pub use estimate::Estimate;
pub use instruction_series::InstructionSeries;
pub use median_build::median_build;
pub use metric::{Metric, MetricKind, MetricUnit};
pub use replay::{CommitCost, CostComparison, PairedRatio, ReplayCosts, VariantCost};
pub use sentence::{Clause, Sentence, Stamp};
pub use series::{Sample, Series, Standing};
pub use timeline::{Bar, Timeline, Waits};
pub use verdict::{Judgement, MIN_SAMPLES, Status, Verdict};
pub use warning::Warning;
