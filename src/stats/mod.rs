//! Exact, deterministic statistics on raw integer samples.
//!
//! Everything here is a pure function of its arguments: no clock, no random numbers, no resampling, so
//! a stored run gives the same numbers whenever it is read again. Samples are integers in one unit
//! (nanoseconds, bytes, counts); results that can fall between two integers are `f64` in that unit,
//! and ratios are [`Ratio`](crate::unit::Ratio). What a difference is worth is decided in `analyze`.

mod bounding_rank;
mod error;
mod false_discovery;
mod fraction;
mod mad;
mod median_interval;
mod normal;
mod null_counts;
mod paired;
mod quantile;
mod rank_sum;
mod ratio;
mod rolling_baseline;
mod segmentation;
mod signed_rank;
mod slope;
mod sorted;
mod summary;

pub use error::{Side, StatsError};
pub use false_discovery::adjusted_p_values;
pub use fraction::Fraction;
pub use mad::mad;
pub use median_interval::{MedianInterval, median_interval};
pub use null_counts::{EXACT_LIMIT, NullCounts};
pub use paired::compare_paired;
pub use quantile::{median, quantile};
pub use ratio::{ALPHA, Method, PAIR_LIMIT, RatioEstimate, RatioInterval, compare_unpaired};
pub use rolling_baseline::RollingBaseline;
pub use segmentation::{ChangePoint, Segmentation, change_points};
pub use slope::{SlopeEstimate, SlopeInterval, slope};
pub use sorted::Sorted;
pub use summary::Summary;
