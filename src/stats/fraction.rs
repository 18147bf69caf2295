//! A part of a whole, held as two integers.

/// A fraction from 0 to 1 held as integers, so that it is compared with counts without rounding.
#[derive(Clone, Copy, Debug)]
pub struct Fraction {
    numerator: u16,
    denominator: u16,
}

impl Fraction {
    /// One hundredth: 1 %.
    pub const HUNDREDTH: Self = Self {
        numerator: 1,
        denominator: 100,
    };
    /// One twentieth: 5 %.
    pub const TWENTIETH: Self = Self {
        numerator: 1,
        denominator: 20,
    };
    /// One quarter, the fraction of the lower quartile.
    pub const QUARTER: Self = Self {
        numerator: 1,
        denominator: 4,
    };
    /// One half, the fraction of the median.
    pub const HALF: Self = Self {
        numerator: 1,
        denominator: 2,
    };
    /// Three quarters, the fraction of the upper quartile.
    pub const THREE_QUARTERS: Self = Self {
        numerator: 3,
        denominator: 4,
    };

    /// Makes the fraction `numerator / denominator`; `None` where that is not a number from 0 to 1.
    #[must_use]
    pub const fn new(numerator: u16, denominator: u16) -> Option<Self> {
        if denominator == 0 || numerator > denominator {
            None
        } else {
            Some(Self {
                numerator,
                denominator,
            })
        }
    }

    /// The nearest floating-point number.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator)
    }

    /// Whether `part` is at most this fraction of `whole`, decided in integers.
    ///
    /// Both counts must be below 2^112, which leaves room for the multiplication.
    pub(super) const fn covers(self, part: u128, whole: u128) -> bool {
        part * (self.denominator as u128) <= whole * (self.numerator as u128)
    }

    /// The whole part and the rest of this fraction of `steps`: where a quantile stands among sorted values.
    pub(super) fn position(self, steps: usize) -> Position {
        // Multiplied in 128 bits, so that no number of samples overflows.
        let scaled = steps as u128 * u128::from(self.numerator);
        let denominator = u128::from(self.denominator);
        Position {
            index: usize::try_from(scaled / denominator)
                .expect("invariant: a fraction of a usize is a usize"),
            beyond: (scaled % denominator) as f64 / f64::from(self.denominator),
        }
    }
}

/// A place between two neighbours of a sorted list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    /// The index of the lower neighbour.
    pub(super) index: usize,
    /// How far towards the upper neighbour, from 0 to below 1.
    pub(super) beyond: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_from_zero_to_one_are_fractions() {
        for (numerator, denominator, valid) in [
            (0, 1, true),
            (1, 1, true),
            (9, 10, true),
            (2, 1, false),
            (0, 0, false),
            (1, 0, false),
        ] {
            assert_eq!(
                Fraction::new(numerator, denominator).is_some(),
                valid,
                "{numerator}/{denominator}"
            );
        }
    }

    #[test]
    fn a_part_that_equals_the_fraction_is_covered() {
        assert!(Fraction::TWENTIETH.covers(5, 100));
        assert!(!Fraction::TWENTIETH.covers(6, 100));
        let large = 20_u128 << 90;
        assert!(Fraction::TWENTIETH.covers(large / 20, large));
        assert!(!Fraction::TWENTIETH.covers(large / 20 + 1, large));
    }
}
