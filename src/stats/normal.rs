//! Tail probabilities of the normal distribution, for comparisons too large to count exactly.

use std::f64::consts::{FRAC_2_SQRT_PI, PI, SQRT_2};

/// Where the series for the error function hands over to the continued fraction.
const SERIES_END: f64 = 2.5;

/// Levels of the continued fraction that are evaluated: enough for full precision from [`SERIES_END`] on.
const FRACTION_DEPTH: u32 = 100;

/// The probability that a standard normal value lies at least `distance` from 0, on either side.
///
/// `distance` is in standard deviations; one below 0 is taken as 0.
pub(super) fn two_sided_tail(distance: f64) -> f64 {
    complementary_error(distance.max(0.0) / SQRT_2)
}

/// The complementary error function for `x >= 0`, to about 1e-12 of its value.
///
/// Abramowitz and Stegun, "Handbook of Mathematical Functions", formulas 7.1.6 and 7.1.14.
fn complementary_error(x: f64) -> f64 {
    if x < SERIES_END {
        let mut term = x;
        let mut sum = x;
        let mut odd = 1.0;
        // All terms are positive, so nothing cancels and the sum settles.
        while term > sum * f64::EPSILON {
            odd += 2.0;
            term *= 2.0 * x * x / odd;
            sum += term;
        }
        return 1.0 - FRAC_2_SQRT_PI * (-x * x).exp() * sum;
    }
    let denominator = (1..=FRACTION_DEPTH)
        .rev()
        .fold(x, |below, level| x + f64::from(level) / 2.0 / below);
    (-x * x).exp() / PI.sqrt() / denominator
}

#[cfg(test)]
mod tests {
    use super::*;

    // Expected values: `2 * scipy.stats.norm.sf(distance)`.
    #[test]
    fn tails_match_another_program() {
        for (distance, expected) in TAILS {
            let found = two_sided_tail(distance);
            assert!(
                (found / expected - 1.0).abs() < 1e-11,
                "{distance}: {found} is not {expected}"
            );
        }
    }

    #[test]
    fn a_distance_below_zero_is_taken_as_zero() {
        assert!((two_sided_tail(-3.0) - 1.0).abs() < 1e-15);
    }

    const TAILS: [(f64, f64); 9] = [
        (0.0, 1.0),
        (0.1, 0.920_344_325_445_942),
        (1.0, 0.317_310_507_862_914_15),
        (1.959_963_984_540_054, 0.05),
        (3.0, 0.002_699_796_063_260_186_6),
        (3.5, 0.000_465_258_158_071_050_03),
        (3.6, 0.000_318_217_180_315_067_27),
        (6.0, 1.973_175_290_075_389e-9),
        (20.0, 5.507_248_237_212_311e-89),
    ];
}
