//! What measured numbers mean: from samples to estimates, comparisons, verdicts, and the words for them.
//!
//! The mathematics is in [`stats`](crate::stats); here stand the policy (what is material, how sure is
//! sure enough) and the fragments of sentences that state it. Nothing here prints, and the same
//! [`Run`](crate::results::Run) gives the same [`Analysis`] whenever it is read again.

mod analysis;
mod band;
mod burst_metric;
mod cache_traffic;
mod calibration;
mod comparability;
mod comparative;
mod comparison;
mod control;
mod critical_path;
mod estimate;
mod finding;
mod gate;
mod instruction_series;
mod instruction_shift;
mod machine_key;
mod median_build;
mod median_start;
mod metric;
mod night_series;
mod nightly;
mod replay;
mod ruling;
mod sentence;
mod series;
#[cfg(test)]
pub(crate) mod specimen;
mod start_metric;
mod timeline;
mod verdict;
mod verdict_table;
mod warning;

pub use analysis::Analysis;
pub use band::{Band, Materiality};
pub use burst_metric::BurstMetric;
pub use cache_traffic::CacheTraffic;
pub use calibration::{Check, OwnTimeline, Verdict as CheckVerdict, Witnessed, checks, tier_errors};
pub use comparability::{changed_between, incomparable};
pub use comparative::Comparative;
pub use comparison::{Comparison, Finding, MAX_LOST_SHARE};
pub use control::Control;
pub use critical_path::CriticalPath;
pub use estimate::Estimate;
pub use instruction_series::InstructionSeries;
pub use instruction_shift::InstructionShift;
pub use machine_key::MachineParts;
pub use median_build::median_build;
pub use median_start::{MedianStart, median_start};
pub(crate) use metric::whole;
pub use metric::{Metric, MetricKind, MetricUnit};
pub use night_series::{NightHistory, NightPoint, changes_of, night_of, nights_missing, upper_limit};
pub use nightly::{FEWEST_NIGHTS, JudgedNight, MOST_NIGHTS, NightVerdict, judge_nights};
pub use replay::{CommitCost, CostComparison, PairedRatio, ReplayCosts, VariantCost};
pub use ruling::{
    Against, Decision, Found, GateOutcome, Measured, Ruling, Strictness, gated_series, rulings,
};
pub use sentence::{Clause, Sentence, Stamp};
pub use series::{Sample, Series, Standing};
pub use start_metric::StartMetric;
pub use timeline::{Bar, Timeline, Waits};
pub use verdict::{Judgement, MIN_SAMPLES, Status, Verdict};
pub use verdict_table::{Difference, Outcome, VerdictRow, VerdictTable};
pub use warning::Warning;
