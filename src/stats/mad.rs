//! The median absolute deviation.

use super::quantile::median;
use super::sorted::Sorted;

/// The median of the absolute deviations from the median, in the unit of the samples.
///
/// It is not scaled: a reader who wants an estimate of a normal standard deviation multiplies by 1.4826.
#[must_use]
pub fn mad(sorted: &Sorted) -> f64 {
    let centre = median(sorted);
    let deviations = sorted.values().iter().map(|value| (*value as f64 - centre).abs());
    median_of(deviations.collect())
}

/// The median of values that are no samples, such as deviations from one; at least one.
pub(super) fn median_of(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let count = values.len();
    f64::midpoint(values[(count - 1) / 2], values[count / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviations_are_measured_from_the_median_even_between_samples() {
        for (samples, expected) in [
            (&[5][..], 0.0),
            (&[1, 4], 1.5),
            (&[1, 2, 9], 1.0),
            (&[10, 12, 20, 21], 4.5),
            (&[6, 6, 6, 6, 90], 0.0),
        ] {
            let found = mad(&Sorted::of(samples).unwrap());
            assert!((found - expected).abs() < 1e-12, "{samples:?}: {found}");
        }
    }
}
