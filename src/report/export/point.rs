//! One number of a run, with its interval.

use crate::analyze::{Estimate, Metric, MetricUnit, Series};

/// One number of a run: the median of what varies, the value of what does not. Times are in seconds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Point<'a> {
    pub(super) variant: &'a str,
    pub(super) metric: &'a Metric,
    /// The step, where the metric's key names none.
    pub(super) step: Option<&'a str>,
    pub(super) value: f64,
    /// The interval that the median lies in; absent of what does not vary, and of fewer than six samples.
    pub(super) interval: Option<[f64; 2]>,
    pub(super) n: usize,
}

impl<'a> Point<'a> {
    /// Every number, in the order of the series; nothing of what failed, or differs where it should not.
    pub(super) fn all(series: &'a [Series]) -> Vec<Self> {
        series.iter().filter_map(Self::of).collect()
    }

    fn of(series: &'a Series) -> Option<Self> {
        let scale = |value: f64| match series.metric.unit() {
            MetricUnit::Nanoseconds => value / 1e9,
            MetricUnit::Bytes | MetricUnit::Count => value,
        };
        let (value, interval) = match series.estimate {
            Estimate::Missing | Estimate::Unstable { .. } => return None,
            Estimate::Exact { value, .. } => (value as f64, None),
            Estimate::Timed(summary) => (
                summary.median,
                summary
                    .interval
                    .map(|interval| [interval.low as f64, interval.high as f64]),
            ),
        };
        Some(Self {
            variant: &series.variant,
            metric: &series.metric,
            step: series.step.as_deref().filter(|_| series.metric.step_is_implied()),
            value: scale(value),
            interval: interval.map(|ends| ends.map(scale)),
            n: series.estimate.n(),
        })
    }

    /// The unit's symbol.
    pub(super) fn unit(&self) -> &'static str {
        match self.metric.unit() {
            MetricUnit::Nanoseconds => "s",
            MetricUnit::Bytes => "B",
            MetricUnit::Count => "",
        }
    }

    /// The metric's key, and the step where it names none: `image.size after edit source`.
    pub(super) fn name(&self) -> String {
        match self.step {
            Some(step) => format!("{} after {step}", self.metric),
            None => self.metric.to_string(),
        }
    }
}

/// A value with as many decimals as its unit has: a microsecond is the last that is told, and what is no time has none but a half.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
