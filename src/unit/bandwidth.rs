//! How much goes over a line in a time.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::parse::scaled;
use super::{Nanos, ParseUnitError};

/// Bits per second; more than none.
///
/// Stored as a bare integer in fields that end in `bits_per_s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Bandwidth(pub u64);

impl Bandwidth {
    /// The accepted form, as a fragment that follows "expected".
    const EXPECTED: &'static str =
        "a bandwidth above 0 with its unit, such as `25Mbit/s`, `1Gbit/s`, `3MB/s`";

    /// How long so many bytes take.
    #[must_use]
    pub fn time_of(self, bytes: u64) -> Nanos {
        let bits = u128::from(bytes) * 8 * 1_000_000_000;
        Nanos(u64::try_from(bits.div_ceil(u128::from(self.0.max(1)))).unwrap_or(u64::MAX))
    }

    /// How many bytes it carries in so long a time.
    #[must_use]
    pub fn bytes_in(self, time: Nanos) -> u64 {
        let bytes = u128::from(self.0) * u128::from(time.0) / 8 / 1_000_000_000;
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

/// Reads `25Mbit/s`, `1Gbit/s`, `3MB/s`.
impl FromStr for Bandwidth {
    type Err = ParseUnitError;

    fn from_str(text: &str) -> Result<Self, ParseUnitError> {
        let units = [
            ("bit/s", 1),
            ("kbit/s", 1_000),
            ("Mbit/s", 1_000_000),
            ("Gbit/s", 1_000_000_000),
            ("kB/s", 8_000),
            ("MB/s", 8_000_000),
            ("GB/s", 8_000_000_000),
        ];
        match scaled(text, &units) {
            Some(bits) if bits > 0 => Ok(Self(bits)),
            _ => Err(ParseUnitError {
                text: text.to_owned(),
                expected: Self::EXPECTED,
            }),
        }
    }
}

/// In the largest unit that leaves a whole number, which is read as the same bandwidth again: `25Mbit/s`.
impl fmt::Display for Bandwidth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [
            ("Gbit/s", 1_000_000_000),
            ("Mbit/s", 1_000_000),
            ("kbit/s", 1_000),
        ];
        let unit = units
            .into_iter()
            .find(|(_, factor)| self.0.is_multiple_of(*factor));
        let (name, factor) = unit.unwrap_or(("bit/s", 1));
        formatter.pad(&format!("{}{name}", self.0 / factor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_and_shown_with_its_unit() {
        for (text, bits, shown) in [
            ("25Mbit/s", 25_000_000, "25Mbit/s"),
            ("1 Gbit/s", 1_000_000_000, "1Gbit/s"),
            ("1.5Mbit/s", 1_500_000, "1500kbit/s"),
            ("3MB/s", 24_000_000, "24Mbit/s"),
            ("7bit/s", 7, "7bit/s"),
        ] {
            let bandwidth: Bandwidth = text.parse().unwrap();
            assert_eq!(bandwidth, Bandwidth(bits), "{text}");
            assert_eq!(bandwidth.to_string(), shown);
            assert_eq!(shown.parse(), Ok(bandwidth));
        }
        for text in [
            "",
            "0Mbit/s",
            "25",
            "25Mbit",
            "25 Mb/s",
            "-1Mbit/s",
            "fast",
            "99999999999Gbit/s",
        ] {
            let error = text.parse::<Bandwidth>().unwrap_err();
            assert!(
                error.to_string().contains("expected a bandwidth"),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn bytes_and_times_are_the_same_thing() {
        let office = Bandwidth(100_000_000);
        assert_eq!(office.time_of(12_500_000), Nanos::from_secs(1));
        assert_eq!(office.bytes_in(Nanos::from_millis(10)), 125_000);
        assert_eq!(Bandwidth(3).time_of(1), Nanos(2_666_666_667));
        assert_eq!(Bandwidth(u64::MAX).bytes_in(Nanos(u64::MAX)), u64::MAX);
        assert_eq!(Bandwidth(1).time_of(u64::MAX), Nanos(u64::MAX));
    }
}
