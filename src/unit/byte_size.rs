//! An amount of data in bytes.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Sub};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::parse::{ParseUnitError, scaled};

/// An amount of data in bytes. Stored as a bare integer in fields that end in `_bytes`.
///
/// Shown in binary units, which are what a disk and a page cache count in.
///
/// ```
/// use seatrial::unit::ByteSize;
/// assert_eq!(ByteSize(40 * 1024 * 1024).to_string(), "40.0 MiB");
/// assert_eq!("40MiB".parse::<ByteSize>().unwrap(), ByteSize(41_943_040));
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct ByteSize(pub u64);

impl ByteSize {
    /// No bytes.
    pub const ZERO: Self = Self(0);

    /// The amount in MiB, for axes.
    #[must_use]
    pub fn as_mib_f64(self) -> f64 {
        self.0 as f64 / (1024.0 * 1024.0)
    }
}

impl Add for ByteSize {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for ByteSize {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Sum for ByteSize {
    fn sum<I: Iterator<Item = Self>>(sizes: I) -> Self {
        sizes.fold(Self::ZERO, Add::add)
    }
}

/// Bytes as an integer below 1 KiB, else three significant digits: `512 B`, `4.50 KiB`, `271 MiB`.
impl fmt::Display for ByteSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut value = self.0 as f64;
        let mut unit = "B";
        for next in ["KiB", "MiB", "GiB", "TiB"] {
            if value < 999.5 {
                break;
            }
            value /= 1024.0;
            unit = next;
        }
        let text = if unit == "B" {
            format!("{} B", self.0)
        } else if value < 9.995 {
            format!("{value:.2} {unit}")
        } else if value < 99.95 {
            format!("{value:.1} {unit}")
        } else {
            format!("{value:.0} {unit}")
        };
        formatter.pad(&text)
    }
}

/// Reads `0`, `512`, `512B`, `20kB`, `20KiB`, `40MB`, `40MiB`, `1.5GiB`: decimal units are powers of
/// 1000, binary units powers of 1024.
impl FromStr for ByteSize {
    type Err = ParseUnitError;

    fn from_str(text: &str) -> Result<Self, ParseUnitError> {
        scaled(
            text,
            &[
                ("", 1),
                ("B", 1),
                ("kB", 1_000),
                ("KB", 1_000),
                ("KiB", 1 << 10),
                ("MB", 1_000_000),
                ("MiB", 1 << 20),
                ("GB", 1_000_000_000),
                ("GiB", 1 << 30),
                ("TB", 1_000_000_000_000),
                ("TiB", 1 << 40),
            ],
        )
        .map(Self)
        .ok_or_else(|| ParseUnitError {
            text: text.to_owned(),
            expected: "a size with its unit, such as `512B`, `20KiB`, `40MB`",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_three_significant_digits_in_binary_units() {
        for (bytes, shown) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "0.98 KiB"),
            (4_608, "4.50 KiB"),
            (41_943_040, "40.0 MiB"),
            (284_164_096, "271 MiB"),
            (1_073_741_824, "1.00 GiB"),
        ] {
            assert_eq!(ByteSize(bytes).to_string(), shown, "{bytes} bytes");
        }
    }

    #[test]
    fn reads_decimal_and_binary_units_apart() {
        for (text, bytes) in [
            ("0", 0),
            ("512", 512),
            ("20kB", 20_000),
            ("20KiB", 20_480),
            ("1.5GiB", 1_610_612_736),
        ] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
        for text in ["", "MiB", "-1B", "4 bananas", "99999999TiB"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }
}
