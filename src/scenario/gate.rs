//! Metrics that decide.

use serde::{Deserialize, Serialize};

use super::metric::MetricUnit;
use crate::unit::{ByteSize, Nanos};

/// One line of `[gate]`: a metric and how much worse it may become.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gate {
    /// The metric's key, such as `step.edit source.time`.
    pub metric: String,
    /// What the metric's values are.
    #[serde(skip)]
    pub unit: MetricUnit,
    /// The allowance relative to the baseline, as written: `5%`, `0`, `10MiB`.
    pub worse_by: Option<String>,
    /// A difference smaller than this is no difference, as written: `10ms`.
    pub at_least: Option<String>,
    /// The absolute budget, as written: `10MiB`.
    pub at_most: Option<String>,
}

/// By how much a metric may be worse than its baseline.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Allowance {
    /// By so much of the baseline: 0.05 is 5 %. At least 0, finite.
    Share(f64),
    /// By so much in the metric's stored unit: nanoseconds, bytes, or a number of things.
    Amount(u64),
}

impl Gate {
    /// The allowance relative to the baseline; `None` where there is none.
    #[must_use]
    pub fn allowance(&self) -> Option<Allowance> {
        Allowance::parse(self.worse_by.as_ref()?, self.unit)
    }

    /// The smallest difference that is one, in the metric's stored unit; `None` where the metric's own counts.
    #[must_use]
    pub fn floor(&self) -> Option<u64> {
        amount(self.at_least.as_ref()?, self.unit)
    }

    /// The absolute budget, in the metric's stored unit; `None` where there is none.
    #[must_use]
    pub fn budget(&self) -> Option<u64> {
        amount(self.at_most.as_ref()?, self.unit)
    }
}

impl Allowance {
    /// Reads a percentage, or an amount in the unit; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str, unit: MetricUnit) -> Option<Self> {
        if let Some(number) = text.strip_suffix('%') {
            let plain = number.starts_with(|first: char| first.is_ascii_digit())
                && number
                    .chars()
                    .all(|character| character.is_ascii_digit() || character == '.');
            let percent: f64 = number.parse().ok().filter(|_| plain)?;
            return percent.is_finite().then_some(Self::Share(percent / 100.0));
        }
        amount(text, unit).map(Self::Amount)
    }
}

/// Reads an amount in the unit; zero needs none.
pub(super) fn amount(text: &str, unit: MetricUnit) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    match unit {
        MetricUnit::Time => text.parse().ok().map(|Nanos(nanos)| nanos),
        MetricUnit::Bytes => text.parse().ok().map(|ByteSize(bytes)| bytes),
        MetricUnit::Count => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_percentages_or_amounts_of_the_metrics_unit() {
        for (text, unit, expected) in [
            ("0", MetricUnit::Time, Some(0)),
            ("10ms", MetricUnit::Time, Some(10_000_000)),
            ("10ms", MetricUnit::Bytes, None),
            ("10MiB", MetricUnit::Bytes, Some(10 << 20)),
            ("10MiB", MetricUnit::Time, None),
            ("3", MetricUnit::Count, Some(3)),
            ("-3", MetricUnit::Count, None),
            ("", MetricUnit::Count, None),
        ] {
            assert_eq!(amount(text, unit), expected, "{text:?} of {unit:?}");
            let allowance = Allowance::parse(text, unit);
            assert_eq!(allowance, expected.map(Allowance::Amount), "{text:?} of {unit:?}");
        }
        for (text, expected) in [
            ("5%", Some(0.05)),
            ("2.5%", Some(0.025)),
            ("-5%", None),
            ("%", None),
            ("1e3%", None),
            ("NaN%", None),
            ("1.2.3%", None),
        ] {
            let allowance = Allowance::parse(text, MetricUnit::Time);
            assert_eq!(allowance, expected.map(Allowance::Share), "{text:?}");
        }
        assert_eq!(Allowance::parse("5", MetricUnit::Time), None);
    }
}
