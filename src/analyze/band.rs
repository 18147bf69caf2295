//! The band of ratios around 1 within which a difference does not matter.

use std::fmt;

use crate::stats::RatioInterval;
use crate::unit::Ratio;

/// How large a difference of one metric must be to matter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Materiality {
    /// The relative change that matters: 0.03 is 3 %. At least 0, finite.
    pub delta: f64,
    /// The absolute change that matters, in the unit of the samples.
    pub floor: u64,
}

impl Materiality {
    /// The band in force between two sides: the widest of the relative change, the floor and twice the
    /// uncertainty of a sample, the latter two relative to the smaller median.
    ///
    /// With the smaller median as reference, a ratio above the band is a change of at least the floor.
    /// `smaller_median` and `uncertainty` (the median error bound of one sample, where the probe states
    /// one) are in the unit of the samples. `None` where the median is not above 0, or a value is not a
    /// finite number of at least 0.
    #[must_use]
    pub fn band(self, smaller_median: f64, uncertainty: Option<f64>) -> Option<Band> {
        if !(smaller_median.is_finite() && smaller_median > 0.0) {
            return None;
        }
        let uncertainty = uncertainty.unwrap_or(0.0);
        // `f64::max` drops a NaN, so each is looked at before the widest is taken.
        if !(self.delta >= 0.0 && uncertainty >= 0.0) {
            return None;
        }
        Band::new(
            self.delta
                .max(self.floor as f64 / smaller_median)
                .max(2.0 * uncertainty / smaller_median),
        )
    }
}

/// A band of ratios from `1 / (1 + delta)` to `1 + delta`, its ends included.
///
/// It is symmetric on the log scale, so that swapped sides mirror the verdict.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    delta: f64,
}

impl Band {
    /// The band of the relative change `delta`; `None` unless it is finite and at least 0.
    #[must_use]
    pub fn new(delta: f64) -> Option<Self> {
        (delta.is_finite() && delta >= 0.0).then_some(Self { delta })
    }

    /// The relative change at the upper end: 0.03 is 3 %.
    #[must_use]
    pub fn delta(self) -> f64 {
        self.delta
    }

    /// The lower end.
    #[must_use]
    pub fn low(self) -> Ratio {
        self.high().inverse()
    }

    /// The upper end.
    #[must_use]
    pub fn high(self) -> Ratio {
        Ratio(1.0 + self.delta)
    }

    /// Whether all of `interval` is above the band.
    pub(super) fn is_below(self, interval: RatioInterval) -> bool {
        interval.low > self.high()
    }

    /// Whether all of `interval` is below the band.
    pub(super) fn is_above(self, interval: RatioInterval) -> bool {
        interval.high < self.low()
    }

    /// Whether all of `interval` is in the band.
    pub(super) fn holds(self, interval: RatioInterval) -> bool {
        self.low() <= interval.low && interval.high <= self.high()
    }
}

/// The relative change as a percentage, to one decimal where it has one: `±3 %`, `±12.5 %`.
impl fmt::Display for Band {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = format!("{:.1}", self.delta * 100.0);
        let text = format!("±{} %", number.strip_suffix(".0").unwrap_or(&number));
        formatter.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_of_change_floor_and_uncertainty_is_in_force() {
        for (delta, floor, median, uncertainty, expected) in [
            (0.03, 5_000_000, 40_000_000.0, None, Some(0.125)),
            (0.03, 10_000_000, 40_000_000.0, None, Some(0.25)),
            (0.03, 0, 40_000_000.0, None, Some(0.03)),
            (0.03, 1_000, 40_000_000.0, Some(2_000_000.0), Some(0.1)),
            (0.0, 0, 1.0, None, Some(0.0)),
            (0.03, 0, 0.0, None, None),
            (0.03, 0, f64::INFINITY, None, None),
            (-0.03, 0, 1.0, None, None),
            (f64::NAN, 1, 1.0, None, None),
            (0.03, 0, 1.0, Some(f64::NAN), None),
        ] {
            let found = Materiality { delta, floor }.band(median, uncertainty);
            let row = format!("{delta} {floor} {median} {uncertainty:?}: {found:?}");
            assert_eq!(found.is_some(), expected.is_some(), "{row}");
            if let (Some(found), Some(expected)) = (found, expected) {
                assert!((found.delta() - expected).abs() < 1e-12, "{row}");
            }
        }
    }

    #[test]
    fn a_band_is_shown_without_needless_decimals() {
        for (delta, shown) in [(0.03, "±3 %"), (0.125, "±12.5 %"), (0.0, "±0 %"), (2.5, "±250 %")] {
            assert_eq!(Band::new(delta).unwrap().to_string(), shown);
        }
    }
}
