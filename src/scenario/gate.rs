//! Metrics that decide.

use serde::Serialize;

/// One line of `[gate]`: a metric and how much worse it may become.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gate {
    /// The metric's key, such as `step.edit source.time`.
    pub metric: String,
    /// The allowance relative to the baseline, as written: `5%`, `0`, `10MiB`.
    pub worse_by: Option<String>,
    /// A difference smaller than this is no difference, as written: `10ms`.
    pub at_least: Option<String>,
    /// The absolute budget, as written: `10MiB`.
    pub at_most: Option<String>,
}
