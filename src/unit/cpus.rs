//! Processors, as a share of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ParseUnitError;
use super::parse::scaled;

/// Processors in thousandths: 1 500 are one and a half.
///
/// Stored as a bare number in fields that end in `cpus_thousandths`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cpus(pub u32);

impl Cpus {
    /// The accepted form, as a fragment that follows "expected".
    const EXPECTED: &'static str =
        "a number of processors above 0 with at most three decimals, such as `1.5`";

    /// In billionths, as the engine's interface counts them.
    #[must_use]
    pub fn billionths(self) -> i64 {
        i64::from(self.0) * 1_000_000
    }
}

impl FromStr for Cpus {
    type Err = ParseUnitError;

    fn from_str(text: &str) -> Result<Self, ParseUnitError> {
        let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let thousandths = scaled(text, &[("", 1_000)]).filter(|_| decimals <= 3);
        match thousandths.and_then(|thousandths| u32::try_from(thousandths).ok()) {
            Some(thousandths) if thousandths > 0 => Ok(Self(thousandths)),
            _ => Err(ParseUnitError {
                text: text.to_owned(),
                expected: Self::EXPECTED,
            }),
        }
    }
}

/// Without zeros at the end: `1.5`, `2`, `0.25`.
impl fmt::Display for Cpus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, thousandths) = (self.0 / 1_000, self.0 % 1_000);
        let text = format!("{whole}.{thousandths:03}");
        formatter.pad(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_and_shown_to_the_thousandth() {
        for (text, thousandths, shown) in [
            ("1", 1_000, "1"),
            ("1.0", 1_000, "1"),
            ("0.25", 250, "0.25"),
            ("10", 10_000, "10"),
            ("1.125", 1_125, "1.125"),
        ] {
            let cpus: Cpus = text.parse().unwrap();
            assert_eq!(cpus, Cpus(thousandths), "{text}");
            assert_eq!(cpus.to_string(), shown);
        }
        for text in ["0", "0.0", "-1", "1.0001", "inf", "nan", "", "two", "1e3"] {
            let error = text.parse::<Cpus>().unwrap_err();
            assert!(
                error.to_string().contains("number of processors"),
                "{text}: {error}"
            );
        }
        assert_eq!(Cpus(1_500).billionths(), 1_500_000_000);
    }
}
