//! A duration, or an offset from a stated zero, in whole nanoseconds.
//!
//! The ballast is compiled with this file too, which therefore uses the standard library alone.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;
use std::time::Duration;

use super::parse::{ParseUnitError, scaled};

/// A duration in nanoseconds. Stored as a bare integer in fields that end in `_ns`.
///
/// ```
/// use seatrial::unit::Nanos;
/// assert_eq!(Nanos::from_millis(1500).to_string(), "1.50 s");
/// assert_eq!("10m".parse::<Nanos>().unwrap(), Nanos::from_secs(600));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(pub u64);

impl Nanos {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// Makes a duration of whole milliseconds; saturates beyond 584 years.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Makes a duration of whole seconds; saturates beyond 584 years.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// The duration in seconds, for ratios and axes.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The duration in milliseconds, for ratios and axes.
    #[must_use]
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// How far two instants are apart.
    #[must_use]
    pub const fn abs_diff(self, other: Self) -> Self {
        Self(self.0.abs_diff(other.0))
    }

    /// The time since `earlier`, or zero where `earlier` is later.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}

impl From<Duration> for Nanos {
    fn from(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl From<Nanos> for Duration {
    fn from(nanos: Nanos) -> Self {
        Self::from_nanos(nanos.0)
    }
}

impl Add for Nanos {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Nanos {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// Three significant digits in the unit a reader would choose: `812 ns`, `4.25 ms`, `1.50 s`, `2 min 05 s`.
impl fmt::Display for Nanos {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0 {
            0..=999 => format!("{} ns", self.0),
            1_000..=999_499 => three_digits(self.0 as f64 / 1e3, "µs"),
            999_500..=999_499_999 => three_digits(self.0 as f64 / 1e6, "ms"),
            999_500_000..=99_949_999_999 => three_digits(self.0 as f64 / 1e9, "s"),
            _ => {
                let secs = (self.0 + 500_000_000) / 1_000_000_000;
                match (secs / 3600, secs / 60 % 60, secs % 60) {
                    (0, minutes, secs) => format!("{minutes} min {secs:02} s"),
                    (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
                }
            }
        };
        formatter.pad(&text)
    }
}

/// Formats `value` with three significant digits, for values from 1 up to, rounded, 999.
fn three_digits(value: f64, unit: &str) -> String {
    if value < 9.995 {
        format!("{value:.2} {unit}")
    } else if value < 99.95 {
        format!("{value:.1} {unit}")
    } else {
        format!("{value:.0} {unit}")
    }
}

/// Reads `10ns`, `250us`, `20ms`, `1.5s`, `10m`, `2h`.
impl FromStr for Nanos {
    type Err = ParseUnitError;

    fn from_str(text: &str) -> Result<Self, ParseUnitError> {
        scaled(
            text,
            &[
                ("ns", 1),
                ("us", 1_000),
                ("µs", 1_000),
                ("ms", 1_000_000),
                ("s", 1_000_000_000),
                ("m", 60_000_000_000),
                ("min", 60_000_000_000),
                ("h", 3_600_000_000_000),
            ],
        )
        .map(Self)
        .ok_or_else(|| ParseUnitError {
            text: text.to_owned(),
            expected: "a duration with its unit, such as `20ms`, `1.5s`, `10m`",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_three_significant_digits_in_the_fitting_unit() {
        for (nanos, shown) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1.00 µs"),
            (999_499, "999 µs"),
            (999_500, "1.00 ms"),
            (4_254_000, "4.25 ms"),
            (99_940_000, "99.9 ms"),
            (99_960_000, "100 ms"),
            (999_600_000, "1.00 s"),
            (12_345_000_000, "12.3 s"),
            (125_000_000_000, "2 min 05 s"),
            (7_260_000_000_000, "2 h 01 min"),
        ] {
            assert_eq!(Nanos(nanos).to_string(), shown, "{nanos} ns");
        }
    }

    #[test]
    fn reads_what_scenarios_write_and_names_what_it_cannot() {
        for (text, nanos) in [
            ("20ms", 20_000_000),
            ("1.5s", 1_500_000_000),
            ("10m", 600_000_000_000),
            (" 2h ", 7_200_000_000_000),
        ] {
            assert_eq!(text.parse(), Ok(Nanos(nanos)), "{text}");
        }
        for text in ["", "10", "s", "-1s", "1.s", "1e3s", "10 parsecs", "99999999999h"] {
            let error = text.parse::<Nanos>().expect_err(text);
            assert!(error.to_string().contains("expected a duration"), "{error}");
        }
    }
}
