//! The slope of one quantity over another, by medians of pairs.
//!
//! The estimate is that of Theil ("A rank-invariant method of linear and polynomial regression analysis", 1950) and Sen
//! ("Estimates of the Regression Coefficient Based on Kendall's Tau", 1968): the median of the slopes of all pairs of points
//! that differ in x. A point that lies far off moves it little. The interval inverts the test of Kendall's tau: with the true
//! slope taken away, every order of the points is equally likely, so that the number of pairs that slope less than the truth
//! has a known distribution, whatever that of the errors is.

use super::bounding_rank::BoundingRank;
use super::null_counts::NullCounts;
use super::ratio::{ALPHA, Method};

/// From so many different x on a slope is spoken of: through two of them there is always a line, which nothing holds against.
const LEAST_PLACES: usize = 3;

/// A straight line through points, in units of y per unit of x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlopeEstimate {
    /// The median of the slopes of all pairs that differ in x.
    pub slope: f64,
    /// The median over the points of `y - slope * x`, in units of y.
    pub intercept: f64,
    /// Where the slope lies.
    pub interval: SlopeInterval,
    /// The number of points.
    pub n: usize,
}

/// Two slopes of pairs that bracket the true slope.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlopeInterval {
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
    /// The rank k of the bounds: they are the k-th smallest and the k-th largest slope of a pair.
    pub rank: usize,
    /// The probability, 0 to 1, with which an interval made like this holds the slope. It is below 0.95 where even the smallest
    /// and the largest slope do not reach that, as with three or four points.
    pub level: f64,
    /// How that was found.
    pub method: Method,
}

impl SlopeInterval {
    /// Whether it holds the true slope as surely as every interval of this project that is called one of 95 %.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        self.level >= 1.0 - ALPHA.as_f64()
    }

    /// Whether it leaves open which way the line slopes.
    #[must_use]
    pub fn holds_zero(&self) -> bool {
        self.low <= 0.0 && self.high >= 0.0
    }
}

/// The slope of `points`, each an x and a y; `None` where they have fewer than three different x.
///
/// Points with equal x say nothing of the slope to each other; the distribution that is inverted is that of Kendall's tau with
/// such ties. It is counted exactly up to about thirty points, and approximated by the normal one, with correction for ties
/// and continuity, beyond.
#[must_use]
pub fn slope(points: &[(u64, u64)]) -> Option<SlopeEstimate> {
    let groups = groups(points);
    if groups.len() < LEAST_PLACES {
        return None;
    }
    let mut slopes = Vec::new();
    for (index, from) in points.iter().enumerate() {
        for to in &points[index + 1..] {
            if from.0 != to.0 {
                // Each difference is exact in 128 bits; dividing the two nearest numbers rounds once more.
                slopes.push(difference(to.1, from.1) / difference(to.0, from.0));
            }
        }
    }
    slopes.sort_unstable_by(f64::total_cmp);
    let slope = middle(&slopes);
    let mut rests: Vec<f64> = points
        .iter()
        .map(|(x, y)| *y as f64 - slope * *x as f64)
        .collect();
    rests.sort_unstable_by(f64::total_cmp);
    let (bounding, method) = bounding(&groups, slopes.len());
    Some(SlopeEstimate {
        slope,
        intercept: middle(&rests),
        interval: SlopeInterval {
            low: slopes[bounding.rank - 1],
            high: slopes[slopes.len() - bounding.rank],
            rank: bounding.rank,
            level: bounding.level,
            method,
        },
        n: points.len(),
    })
}

/// How many points share each x, in the order of x.
fn groups(points: &[(u64, u64)]) -> Vec<usize> {
    let mut places: Vec<u64> = points.iter().map(|(x, _)| *x).collect();
    places.sort_unstable();
    places.chunk_by(|a, b| a == b).map(<[u64]>::len).collect()
}

fn difference(a: u64, b: u64) -> f64 {
    (i128::from(a) - i128::from(b)) as f64
}

/// The median of sorted numbers, of which there is at least one.
fn middle(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[half]
    } else {
        f64::midpoint(sorted[half - 1], sorted[half])
    }
}

/// The rank that bounds the interval; where none reaches 95 %, that of the smallest and the largest slope.
fn bounding(groups: &[usize], pairs: usize) -> (BoundingRank, Method) {
    let Some(null) = NullCounts::of_orders(groups) else {
        // So many points in three places or more always reach a rank.
        let found = BoundingRank::approximate(pairs, deviation(groups), ALPHA);
        return (found, Method::Asymptotic);
    };
    let found = BoundingRank::exact(&null, ALPHA);
    if found.rank > 0 {
        return (found, Method::Exact);
    }
    let widest = BoundingRank {
        rank: 1,
        level: 1.0 - 2.0 * null.counts()[0] as f64 / null.total() as f64,
    };
    (widest, Method::Exact)
}

/// The standard deviation of the number of pairs that slope less than the truth: half that of Kendall's S (Kendall, "Rank
/// Correlation Methods", section 4.3), whose variance is `(n(n-1)(2n+5) - Σ t(t-1)(2t+5)) / 18` with ties of t points in x.
fn deviation(groups: &[usize]) -> f64 {
    let term = |n: usize| n as f64 * (n as f64 - 1.0) * (2.0 * n as f64 + 5.0);
    let tied: f64 = groups.iter().map(|group| term(*group)).sum();
    ((term(groups.iter().sum()) - tied) / 18.0).sqrt() / 2.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn points_on_a_line_have_its_slope_and_nothing_else() {
        let points: Vec<(u64, u64)> = (0..6).map(|x| (10 * x, 500 + 30 * x)).collect();
        let found = slope(&points).unwrap();
        assert!((found.slope - 3.0).abs() < 1e-12 && (found.intercept - 500.0).abs() < 1e-9);
        let interval = found.interval;
        assert!((interval.low - 3.0).abs() < 1e-12 && (interval.high - 3.0).abs() < 1e-12);
        assert!(interval.is_sure() && !interval.holds_zero());
    }

    #[test]
    fn a_slope_needs_three_different_places() {
        assert_eq!(slope(&[]), None);
        assert_eq!(slope(&[(1, 1), (2, 2)]), None);
        assert_eq!(slope(&[(1, 1), (2, 2), (2, 3), (1, 9)]), None);
        assert!(slope(&[(1, 1), (2, 2), (3, 3)]).is_some());
    }

    /// By hand: of the 6 orders of three points one has no pair out of order, of the 24 of four one, of the 120 of five one and
    /// with one such pair four.
    #[test]
    fn three_and_four_points_have_bounds_of_less_than_the_usual_level_and_five_reach_it() {
        let bent = [(1, 10), (2, 30), (3, 20), (4, 70), (5, 80)];
        for (n, rank, level, low, high) in [
            (3, 1, 1.0 - 2.0 / 6.0, -10.0, 20.0),
            (4, 1, 1.0 - 2.0 / 24.0, -10.0, 50.0),
            (5, 1, 1.0 - 2.0 / 120.0, -10.0, 50.0),
        ] {
            let found = slope(&bent[..n]).unwrap().interval;
            assert_eq!((found.rank, found.method), (rank, Method::Exact), "{n}");
            assert!((found.level - level).abs() < 1e-12, "{n}: {found:?}");
            assert!(
                (found.low - low).abs() < 1e-12 && (found.high - high).abs() < 1e-12,
                "{n}: {found:?}"
            );
            assert_eq!(found.is_sure(), n == 5, "{n}");
            assert!(found.holds_zero(), "{n}");
        }
    }

    #[test]
    fn differences_keep_their_sign_over_the_whole_range() {
        let found = slope(&[(0, u64::MAX), (1, u64::MAX), (u64::MAX, 0)]).unwrap();
        assert!(found.slope < 0.0 && found.slope > -1.5, "{found:?}");
        assert!((found.interval.high - 0.0).abs() < f64::MIN_POSITIVE, "{found:?}");
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_estimate_whatever_the_order_of_the_points(
            points in prop::collection::vec((0_u64..12, 0_u64..1_000), 3..40),
        ) {
            let Some(found) = slope(&points) else { return Ok(()) };
            let interval = found.interval;
            prop_assert!(interval.low <= found.slope && found.slope <= interval.high, "{found:?}");
            prop_assert!(interval.rank >= 1 && interval.level > 0.6 && interval.level < 1.0, "{found:?}");
            let mut turned = points.clone();
            turned.reverse();
            prop_assert_eq!(slope(&turned), Some(found));
        }

        #[test]
        fn a_taller_and_steeper_line_moves_the_slope_by_as_much(
            points in prop::collection::vec((0_u64..100, 0_u64..1_000), 3..12),
            steeper in 0_u64..50,
        ) {
            let Some(found) = slope(&points) else { return Ok(()) };
            let moved: Vec<(u64, u64)> = points.iter().map(|(x, y)| (*x, y + 7 + steeper * x)).collect();
            let moved = slope(&moved).unwrap();
            prop_assert!((moved.slope - found.slope - steeper as f64).abs() < 1e-9);
            prop_assert!((moved.interval.low - found.interval.low - steeper as f64).abs() < 1e-9);
            prop_assert!((moved.intercept - found.intercept - 7.0).abs() < 1e-6);
        }
    }
}
