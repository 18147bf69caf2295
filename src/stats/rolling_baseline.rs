//! What the nights before allow a night to be: their median, and a spread that single bad nights do not widen.

use super::mad::mad;
use super::quantile::median;
use super::sorted::Sorted;

/// By how much the median absolute deviation of normal values is smaller than their standard deviation.
pub(super) const NORMAL_PER_MAD: f64 = 1.4826;

/// So many spreads away from the middle a value is out of the ordinary.
const SPREADS: f64 = 3.0;

/// The middle and the spread of the values that a new one is held against.
///
/// The spread is 1.4826 times the median absolute deviation, which is the standard deviation of normal values and takes no notice
/// of up to half of them (Hampel, "The Influence Curve and its Role in Robust Estimation", 1974).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RollingBaseline {
    /// The median, in the unit of the values.
    pub middle: f64,
    /// The spread, in the same unit; 0 of values that are all alike.
    pub spread: f64,
}

impl RollingBaseline {
    /// The baseline of these values.
    #[must_use]
    pub fn of(values: &Sorted) -> Self {
        Self {
            middle: median(values),
            spread: NORMAL_PER_MAD * mad(values),
        }
    }

    /// The largest value that is not out of the ordinary: the median, and above it three spreads, the share `delta` of the median
    /// (0.03 for 3 %) or `floor` in the unit of the values, whichever is most.
    #[must_use]
    pub fn upper_limit(&self, delta: f64, floor: f64) -> f64 {
        self.middle + self.margin(delta, floor)
    }

    /// The smallest value that is not out of the ordinary, as far below the median as [`upper_limit`](Self::upper_limit) is above.
    #[must_use]
    pub fn lower_limit(&self, delta: f64, floor: f64) -> f64 {
        self.middle - self.margin(delta, floor)
    }

    fn margin(&self, delta: f64, floor: f64) -> f64 {
        (SPREADS * self.spread).max(delta * self.middle).max(floor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_made_nights_give_the_published_limits() {
        let nights = [302, 298, 305, 301, 299, 304, 300, 339, 303, 301];
        let baseline = RollingBaseline::of(&Sorted::of(&nights).unwrap());
        for (found, expected) in [
            (baseline.middle, 301.5),
            (baseline.spread, 2.9652),
            (baseline.upper_limit(0.03, 0.0), 310.545),
            (baseline.lower_limit(0.03, 0.0), 292.455),
            (baseline.upper_limit(0.03, 20.0), 321.5),
        ] {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        let alike = RollingBaseline::of(&Sorted::of(&[30; 10]).unwrap());
        assert!(alike.spread.abs() < f64::EPSILON);
        assert!((alike.upper_limit(0.03, 0.0) - 30.9).abs() < 1e-9);
    }
}
