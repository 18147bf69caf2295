//! Scales with ticks that a reader expects: 1, 2, 5 and their tenfolds.

use super::canvas::px;
use crate::analyze::MetricUnit;

/// Above this ratio of largest to smallest value, equal ratios are shown as equal distances.
const LOG_FROM: f64 = 10.0;

/// A scale from values to pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    log: bool,
    /// The pixel of `low`.
    from: i32,
    /// The pixel of `high`.
    to: i32,
}

/// What an axis counts in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct AxisUnit {
    /// Its name, such as `ms`.
    pub(super) name: &'static str,
    /// Stored units in one of it.
    pub(super) scale: f64,
}

impl AxisUnit {
    /// The unit in which the largest value of an axis reads well.
    pub(super) fn fitting(unit: MetricUnit, largest: f64) -> Self {
        let candidates: &[(&'static str, f64)] = match unit {
            MetricUnit::Nanoseconds => &[("ms", 1e6), ("s", 1e9)],
            MetricUnit::Bytes => &[("KiB", 1024.0), ("MiB", 1_048_576.0), ("GiB", 1_073_741_824.0)],
            MetricUnit::Count => &[("", 1.0)],
        };
        let (name, scale) = candidates
            .iter()
            .rev()
            .find(|(_, scale)| largest >= *scale)
            .unwrap_or(&candidates[0]);
        Self { name, scale: *scale }
    }

    /// A tick's text, without the unit.
    pub(super) fn tick(self, value: f64) -> String {
        let value = value / self.scale;
        // Ticks are round, so six decimals hold all of one.
        let text = format!("{value:.6}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        if text.is_empty() || text == "-0" {
            "0".to_owned()
        } else {
            text.to_owned()
        }
    }
}

impl Axis {
    /// From zero to a little above the largest value.
    pub(super) fn from_zero(largest: f64, from: i32, to: i32) -> Self {
        let high = if largest > 0.0 { largest } else { 1.0 };
        Self {
            low: 0.0,
            high,
            log: false,
            from,
            to,
        }
    }

    /// For dots: from zero, or logarithmic where the values span more than a decade.
    pub(super) fn for_dots(smallest: f64, largest: f64, from: i32, to: i32) -> Self {
        if smallest > 0.0 && largest / smallest > LOG_FROM {
            Self {
                low: smallest * 0.85,
                high: largest * 1.15,
                log: true,
                from,
                to,
            }
        } else {
            Self::from_zero(largest * 1.04, from, to)
        }
    }

    /// For dots whose differences matter more than their size: from zero unless that would squeeze them together.
    pub(super) fn around(smallest: f64, largest: f64, from: i32, to: i32) -> Self {
        if smallest < largest * 0.6 || largest - smallest < largest * 1e-3 {
            return Self::from_zero(largest * 1.08, from, to);
        }
        let room = ((largest - smallest) * 0.35).max(largest * 0.02);
        Self {
            low: (smallest - room).max(0.0),
            high: largest + room,
            log: false,
            from,
            to,
        }
    }

    pub(super) const fn is_log(&self) -> bool {
        self.log
    }

    /// The smallest and the largest value on it.
    pub(super) const fn ends(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// Whether the axis begins at zero.
    pub(super) fn begins_at_zero(&self) -> bool {
        self.low <= 0.0
    }

    /// The pixel of a value; values outside are drawn at the nearer end.
    pub(super) fn at(&self, value: f64) -> i32 {
        let value = value.clamp(self.low, self.high);
        let share = if self.log {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        px(f64::from(self.from) + share * f64::from(self.to - self.from))
    }

    /// Round values along the axis, at most `most`.
    pub(super) fn ticks(&self, unit: AxisUnit, most: usize) -> Vec<f64> {
        if self.log {
            self.log_ticks(unit, most)
        } else {
            self.linear_ticks(unit, most)
        }
    }

    fn linear_ticks(&self, unit: AxisUnit, most: usize) -> Vec<f64> {
        let (low, high) = (self.low / unit.scale, self.high / unit.scale);
        let rough = (high - low) / most.max(1) as f64;
        let decade = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|factor| factor * decade)
            .find(|step| *step >= rough)
            .unwrap_or(decade * 10.0);
        let first = (low / step).ceil();
        (0..=most)
            .map(|index| (first + index as f64) * step)
            .take_while(|tick| *tick <= high * (1.0 + 1e-9))
            .map(|tick| tick * unit.scale)
            .collect()
    }

    fn log_ticks(&self, unit: AxisUnit, most: usize) -> Vec<f64> {
        let (low, high) = (self.low / unit.scale, self.high / unit.scale);
        let mut decade = 10_f64.powf(low.log10().floor());
        let mut decades = Vec::new();
        while decade <= high {
            decades.push(decade);
            decade *= 10.0;
        }
        // The densest set that fits; one tick a decade where none does.
        let sets: [&[f64]; 3] = [&[1.0, 2.0, 5.0], &[1.0, 3.0], &[1.0]];
        let mut ticks = Vec::new();
        for set in sets {
            ticks = decades
                .iter()
                .flat_map(|decade| set.iter().map(move |factor| factor * decade))
                .filter(|tick| *tick >= low && *tick <= high)
                .map(|tick| tick * unit.scale)
                .collect();
            if ticks.len() <= most {
                break;
            }
        }
        ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECONDS: AxisUnit = AxisUnit {
        name: "s",
        scale: 1e9,
    };

    fn texts(axis: Axis, most: usize) -> Vec<String> {
        axis.ticks(SECONDS, most)
            .into_iter()
            .map(|tick| SECONDS.tick(tick))
            .collect()
    }

    #[test]
    fn linear_ticks_are_round() {
        for (largest, most, expected) in [
            (4.2e9, 6, vec!["0", "1", "2", "3", "4"]),
            (31.0e9, 4, vec!["0", "10", "20", "30"]),
            (0.9e9, 5, vec!["0", "0.2", "0.4", "0.6", "0.8"]),
        ] {
            let axis = Axis::from_zero(largest, 0, 500);
            assert_eq!(texts(axis, most), expected, "{largest}");
        }
    }

    #[test]
    fn an_axis_becomes_logarithmic_beyond_a_decade_only() {
        assert!(!Axis::for_dots(1e9, 10e9, 0, 500).is_log());
        let axis = Axis::for_dots(0.4e9, 31e9, 0, 500);
        assert!(axis.is_log());
        assert_eq!(texts(axis, 8), ["0.5", "1", "2", "5", "10", "20"]);
        assert_eq!(texts(axis, 4), ["1", "3", "10", "30"]);
    }

    #[test]
    fn equal_values_have_an_axis() {
        let axis = Axis::around(5.0, 5.0, 0, 108);
        assert_eq!(axis.at(5.0), 100);
        assert_eq!(Axis::from_zero(0.0, 10, 100).at(0.0), 10);
    }

    #[test]
    fn values_outside_stay_on_the_axis() {
        let axis = Axis::from_zero(10.0, 0, 100);
        assert_eq!(axis.at(20.0), 100);
        assert_eq!(axis.at(-1.0), 0);
    }
}
