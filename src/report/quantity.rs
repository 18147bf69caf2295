//! Estimates and ratios in the form in which every exporter shows them.

use crate::analyze::{Comparison, Estimate, MetricKind, MetricUnit, Series};
use crate::stats::Summary;
use crate::unit::Ratio;

/// An estimate in words: a value, and what stands beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shown {
    /// The median, the exact value, or why there is none.
    pub(super) value: String,
    /// The interval of the median, or the range of the samples where there is none; only for a timed metric.
    pub(super) span: Option<String>,
    /// How many samples were lost, where some were.
    pub(super) lost: Option<String>,
}

impl Shown {
    /// What a series shows; a dash where nothing was measured.
    pub(super) fn of(series: Option<&Series>) -> Self {
        let Some(series) = series else {
            return Self {
                value: "–".to_owned(),
                ..Self::default()
            };
        };
        let unit = series.metric.unit();
        let (value, range) = match &series.estimate {
            // The time beside it says why; a sentence in each column would leave no room for names.
            Estimate::Missing if series.metric.kind() == MetricKind::Exact => ("–".to_owned(), None),
            Estimate::Missing => ("none valid".to_owned(), None),
            Estimate::Exact { value, .. } => (unit.show(*value), None),
            Estimate::Unstable { low, high, .. } => (unstable(unit, *low, *high), None),
            Estimate::Timed(summary) => (unit.show_rounded(summary.median), Some(range(unit, summary))),
        };
        Self {
            value,
            span: range,
            lost: lost(series),
        }
    }

    /// What a summary shows; a dash where there is none.
    pub(super) fn of_summary(unit: MetricUnit, summary: Option<&Summary>) -> Self {
        match summary {
            Some(summary) => Self {
                value: unit.show_rounded(summary.median),
                span: (summary.n > 1).then(|| range(unit, summary)),
                lost: None,
            },
            None => Self::of(None),
        }
    }

    /// Value and span on one line, the unit named once where it is the same: `4.21 s (4.10–4.35)`.
    pub(super) fn line(&self) -> String {
        let Some(span) = &self.span else {
            return self.value.clone();
        };
        let short = self
            .value
            .rsplit_once(' ')
            .and_then(|(number, unit)| {
                let ends = span.strip_suffix(unit)?.trim_end();
                (!number.contains(' ') && !ends.contains(' ')).then_some(ends)
            })
            .unwrap_or(span);
        format!("{} ({short})", self.value)
    }
}

/// The interval of the median, or from the smallest to the largest sample below six samples.
fn range(unit: MetricUnit, summary: &Summary) -> String {
    let (low, high) = summary.interval.map_or((summary.min, summary.max), |interval| {
        (interval.low, interval.high)
    });
    span(unit, low, high)
}

/// Two values that differ may look alike in three digits; then the bytes themselves are shown.
fn unstable(unit: MetricUnit, low: u64, high: u64) -> String {
    let (short_low, short_high) = (unit.show(low), unit.show(high));
    if short_low == short_high {
        format!("unstable: {low} to {high} {}", unit.name())
    } else {
        format!("unstable: {short_low} to {short_high}")
    }
}

/// "1 failed", "2 invalid" or both.
fn lost(series: &Series) -> Option<String> {
    let parts: Vec<String> = [(series.failed, "failed"), (series.invalid, "invalid")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Two ends with their unit named once where it is the same: `4.10–4.35 s`.
pub(super) fn span(unit: MetricUnit, low: u64, high: u64) -> String {
    let (low, high) = (unit.show(low), unit.show(high));
    if low == high {
        return low;
    }
    match (low.rsplit_once(' '), high.rsplit_once(' ')) {
        (Some((number, low_unit)), Some((_, high_unit)))
            if low_unit == high_unit && !number.contains(' ') =>
        {
            format!("{number}–{high}")
        }
        _ => format!("{low} – {high}"),
    }
}

/// A comparison as how many times the baseline the other variant is: `0.19× (0.18–0.21)`; absent without an interval.
pub(super) fn ratio(comparison: &Comparison) -> Option<String> {
    let estimate = comparison.estimate?;
    let interval = estimate.interval?;
    Some(format!(
        "{} ({}–{})",
        times(estimate.ratio),
        times(interval.low).trim_end_matches('×'),
        times(interval.high).trim_end_matches('×'),
    ))
}

/// A ratio with three significant digits: below 0.1 two decimals are not enough.
pub(super) fn times(ratio: Ratio) -> String {
    if ratio.0 < 0.0995 {
        format!("{:.3}×", ratio.0)
    } else {
        ratio.to_string()
    }
}

/// What the spans of a run are, for a footnote; absent where nothing was timed.
pub(super) fn span_note(series: &[Series]) -> Option<&'static str> {
    let mut with = false;
    let mut without = false;
    for summary in series.iter().filter_map(|series| series.estimate.timed()) {
        if summary.interval.is_some() {
            with = true;
        } else {
            without = true;
        }
    }
    match (with, without) {
        (true, false) => Some("median (95 % interval)"),
        (false, true) => Some("median (smallest to largest sample)"),
        (true, true) => Some("median (95 % interval; below six samples, smallest to largest)"),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_names_its_unit_once_where_it_can() {
        for (unit, low, high, shown) in [
            (
                MetricUnit::Nanoseconds,
                4_100_000_000,
                4_350_000_000,
                "4.10–4.35 s",
            ),
            (
                MetricUnit::Nanoseconds,
                940_000_000,
                1_020_000_000,
                "940 ms – 1.02 s",
            ),
            (MetricUnit::Nanoseconds, 240_000_000, 240_000_100, "240 ms"),
            (
                MetricUnit::Nanoseconds,
                125_000_000_000,
                126_000_000_000,
                "2 min 05 s – 2 min 06 s",
            ),
            (MetricUnit::Count, 3, 9, "3 – 9"),
        ] {
            assert_eq!(span(unit, low, high), shown);
        }
    }

    #[test]
    fn a_value_and_its_span_share_their_unit_where_it_is_one() {
        for (value, span, line) in [
            ("4.21 s", "4.10–4.35 s", "4.21 s (4.10–4.35)"),
            ("998 ms", "940 ms – 1.02 s", "998 ms (940 ms – 1.02 s)"),
            ("1.00 s", "940 ms – 1.02 s", "1.00 s (940 ms – 1.02 s)"),
            ("240 ms", "240 ms", "240 ms (240)"),
        ] {
            let shown = Shown {
                value: value.to_owned(),
                span: Some(span.to_owned()),
                lost: None,
            };
            assert_eq!(shown.line(), line);
        }
    }

    #[test]
    fn unstable_sizes_that_look_alike_are_told_apart() {
        assert_eq!(
            unstable(MetricUnit::Bytes, 18_204_331, 18_204_347),
            "unstable: 18204331 to 18204347 B"
        );
    }
}
