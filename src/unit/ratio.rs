//! How many times one quantity is another.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A ratio of two quantities of one unit: 1 is equal, 2 is twice as much. Never a percentage.
///
/// Stored as a bare number in fields that end in `ratio`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ratio(pub f64);

impl Ratio {
    /// The ratio seen from the other side: "b is 0.5 of a" becomes "a is 2 of b".
    #[must_use]
    pub fn inverse(self) -> Self {
        Self(1.0 / self.0)
    }
}

/// Three significant digits below 100 and a multiplication sign: `1.04×`, `12.3×`, `140×`; `∞×` for an open end.
impl fmt::Display for Ratio {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0;
        let text = if value.is_infinite() {
            "∞×".to_owned()
        } else if value < 9.995 {
            format!("{value:.2}×")
        } else if value < 99.95 {
            format!("{value:.1}×")
        } else {
            format!("{value:.0}×")
        };
        formatter.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_three_significant_digits_and_open_ends() {
        for (ratio, shown) in [
            (0.0, "0.00×"),
            (1.0, "1.00×"),
            (12.34, "12.3×"),
            (139.6, "140×"),
            (f64::INFINITY, "∞×"),
        ] {
            assert_eq!(Ratio(ratio).to_string(), shown);
        }
    }

    #[test]
    fn inverse_swaps_the_sides() {
        assert!((Ratio(4.0).inverse().0 - 0.25).abs() < f64::EPSILON);
    }
}
