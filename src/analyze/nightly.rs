//! A night against the nights before it: usual, out of the ordinary, or confirmed to have changed.

use std::cmp::Ordering;

use super::band::Materiality;
use crate::stats::{RollingBaseline, Sorted};

/// So many usual nights make a baseline at least.
pub const FEWEST_NIGHTS: usize = 8;

/// So many of the newest usual nights make it at most.
pub const MOST_NIGHTS: usize = 30;

/// A night that was judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JudgedNight {
    /// What can be said of it.
    pub verdict: NightVerdict,
    /// The nights that it was held against; absent while there are too few.
    pub baseline: Option<RollingBaseline>,
}

/// What can be said of a night, of a metric of which less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NightVerdict {
    /// There are fewer than [`FEWEST_NIGHTS`] to hold it against.
    WarmingUp,
    /// It is within what the nights before allow.
    Usual,
    /// It is above that, for the first time: the next night confirms it or clears it.
    SuspectedWorse,
    /// It is below that, for the first time.
    SuspectedBetter,
    /// It is above that, as the night before was.
    Regressed,
    /// It is below that, as the night before was.
    Improved,
}

impl NightVerdict {
    /// Its name in stored files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WarmingUp => "warming_up",
            Self::Usual => "usual",
            Self::SuspectedWorse => "suspected_worse",
            Self::SuspectedBetter => "suspected_better",
            Self::Regressed => "regressed",
            Self::Improved => "improved",
        }
    }

    /// Whether the night is one of those that later ones are held against.
    #[must_use]
    pub const fn is_usual(self) -> bool {
        matches!(self, Self::WarmingUp | Self::Usual)
    }
}

/// Judges the nights of one series, oldest first, each by those before it: one value a night, nights that were not measured left
/// out, from the last accepted one on.
///
/// A night is held against the newest [`MOST_NIGHTS`] usual ones, and is out of the ordinary where it is further from their median
/// than three of their spreads, than what is material of it, and than the floor. Two in a row to the same side confirm each other.
/// What is out of the ordinary is never held against later, so that a regression stays one until it is mended or accepted.
#[must_use]
pub fn judge_nights(nights: &[u64], materiality: Materiality) -> Vec<JudgedNight> {
    let mut usual: Vec<u64> = Vec::new();
    let mut judged: Vec<JudgedNight> = Vec::with_capacity(nights.len());
    for night in nights {
        let newest = &usual[usual.len().saturating_sub(MOST_NIGHTS)..];
        let enough = newest.len() >= FEWEST_NIGHTS;
        let baseline = Sorted::of(newest).filter(|_| enough);
        let baseline = baseline.map(|sorted| RollingBaseline::of(&sorted));
        let before = judged.last().map(|night| night.verdict);
        let verdict = baseline.map_or(NightVerdict::WarmingUp, |baseline| {
            match side(*night, baseline, materiality) {
                Ordering::Equal => NightVerdict::Usual,
                Ordering::Greater => match before {
                    Some(NightVerdict::SuspectedWorse | NightVerdict::Regressed) => NightVerdict::Regressed,
                    _ => NightVerdict::SuspectedWorse,
                },
                Ordering::Less => match before {
                    Some(NightVerdict::SuspectedBetter | NightVerdict::Improved) => NightVerdict::Improved,
                    _ => NightVerdict::SuspectedBetter,
                },
            }
        });
        if verdict.is_usual() {
            usual.push(*night);
        }
        judged.push(JudgedNight { verdict, baseline });
    }
    judged
}

/// On which side of what is usual a night lies.
fn side(night: u64, baseline: RollingBaseline, materiality: Materiality) -> Ordering {
    let (delta, floor) = (materiality.delta, materiality.floor as f64);
    let night = night as f64;
    if night > baseline.upper_limit(delta, floor) {
        Ordering::Greater
    } else if night < baseline.lower_limit(delta, floor) {
        Ordering::Less
    } else {
        Ordering::Equal
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::NightVerdict::{Improved, Regressed, SuspectedBetter, SuspectedWorse, Usual, WarmingUp};
    use super::*;

    const PLAIN: Materiality = Materiality {
        delta: 0.03,
        floor: 0,
    };

    /// Ten nights whose median is 30.15 s and whose limits are 31.0545 s and 29.2455 s.
    const TEN: [u64; 10] = [302, 298, 305, 301, 299, 304, 300, 339, 303, 301];

    fn verdicts(nights: &[u64], materiality: Materiality) -> Vec<NightVerdict> {
        let judged = judge_nights(nights, materiality).into_iter();
        judged.map(|night| night.verdict).collect()
    }

    /// What follows on the ten nights. The eighth of them is an outlier, and no night is judged yet then.
    fn after_ten(nights: &[u64]) -> Vec<NightVerdict> {
        verdicts(&[&TEN, nights].concat(), PLAIN).split_off(10)
    }

    #[test]
    fn nights_are_not_judged_before_there_are_eight_to_hold_them_against() {
        let found = verdicts(&[30; 9], PLAIN);
        assert_eq!(found, [[WarmingUp; 8].as_slice(), &[Usual]].concat());
    }

    #[test]
    fn the_limit_of_hand_made_nights_is_where_it_was_published() {
        for (night, expected) in [
            (310, Usual),
            (311, SuspectedWorse),
            (293, Usual),
            (292, SuspectedBetter),
        ] {
            assert_eq!(after_ten(&[night]), [expected], "{night}");
        }
        let nights = [&TEN[..], &[321]].concat();
        let floor = Materiality { floor: 20, ..PLAIN };
        assert_eq!(verdicts(&nights, floor)[10], Usual);
        assert_eq!(verdicts(&nights, PLAIN)[10], SuspectedWorse);
    }

    #[test]
    fn two_nights_in_a_row_to_the_same_side_confirm_each_other_and_one_alone_is_cleared() {
        assert_eq!(
            after_ten(&[330, 300, 330, 331, 332, 301, 270, 271, 330]),
            [
                SuspectedWorse,
                Usual,
                SuspectedWorse,
                Regressed,
                Regressed,
                Usual,
                SuspectedBetter,
                Improved,
                SuspectedWorse,
            ]
        );
    }

    #[test]
    fn a_regression_stays_one_however_long_it_lasts() {
        let found = after_ten(&[330; 60]);
        assert_eq!(found[0], SuspectedWorse);
        assert!(found[1..].iter().all(|verdict| *verdict == Regressed));
    }

    proptest! {
        #[test]
        fn nights_that_are_all_alike_are_never_out_of_the_ordinary(night in 1_u64..1_000_000_000_000, count in 0_usize..80) {
            prop_assert!(verdicts(&vec![night; count], PLAIN).into_iter().all(NightVerdict::is_usual));
        }
    }
}
