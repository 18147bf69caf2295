//! How far off each way of looking is, in numbers.

use super::check::{Check, ENOUGH_FOR_P90, ENOUGH_FOR_P99, Verdict};
use super::witnessed::Witnessed;
use crate::analyze::whole;
use crate::results::TierErrors;
use crate::scenario::ProbeTier;
use crate::stats::{Fraction, Sorted, median, quantile};
use crate::unit::Nanos;

/// How far off the ways were by which these starts were seen, best first; only starts of servers that are `plain`, which are
/// ready as soon as they listen: the others are asked again and again, and late by that.
#[must_use]
pub fn tier_errors(starts: &[Witnessed], plain: &[(&str, Nanos)], checks: &[Check]) -> Vec<TierErrors> {
    let of_tier = |tier: ProbeTier| {
        let is_plain = |start: &&Witnessed| plain.iter().any(|(name, _)| *name == start.variant);
        let seen = starts.iter().filter(|start| start.tier == tier).filter(is_plain);
        let late: Vec<u64> = seen.map(|start| start.late().0).collect();
        let sorted = Sorted::of(&late)?;
        let (error, error_percent) = match late.len() {
            n if n >= ENOUGH_FOR_P99 => (quantile(&sorted, Fraction::new(99, 100)?), 99),
            n if n >= ENOUGH_FOR_P90 => (quantile(&sorted, Fraction::new(9, 10)?), 90),
            _ => (sorted.max() as f64, 100),
        };
        let missed = |check: &Check| check.tier == tier && check.verdict == Verdict::Missed;
        Some(TierErrors {
            tier,
            n: late.len(),
            bias_ns: Nanos(whole(median(&sorted))),
            error_ns: Nanos(whole(error)),
            error_percent,
            kept: !checks.iter().any(missed),
        })
    };
    ProbeTier::ALL.into_iter().filter_map(of_tier).collect()
}

#[cfg(test)]
mod tests {
    use super::super::check::checks;
    use super::super::witnessed::OwnTimeline;
    use super::*;

    const PLAIN: [(&str, Nanos); 1] = [("plain", Nanos::from_secs(1))];

    /// A server that is ready after a second, seen `late` microseconds later.
    fn seen(tier: ProbeTier, variant: &str, late: u64) -> Witnessed {
        let ready = Nanos::from_secs(1);
        Witnessed {
            tier,
            variant: variant.to_owned(),
            low: ready,
            first_byte: ready + Nanos(late * 1_000),
            floor: None,
            left_censored: false,
            exec: None,
            listen: None,
            own: OwnTimeline {
                main_ns: Nanos(0),
                listen_call_ns: ready,
                listen_ns: ready,
                ready_ns: ready,
                first_accept_ns: ready,
                answered_accept_ns: ready,
                first_ok_ns: ready,
            },
        }
    }

    fn errors(starts: &[Witnessed]) -> Vec<(ProbeTier, usize, u64, u64, u8, bool)> {
        let errors = tier_errors(starts, &PLAIN, &checks(starts, &PLAIN));
        let told = errors.into_iter().map(|errors| {
            (
                errors.tier,
                errors.n,
                errors.bias_ns.0 / 1_000,
                errors.error_ns.0 / 1_000,
                errors.error_percent,
                errors.kept,
            )
        });
        told.collect()
    }

    #[test]
    fn more_starts_claim_a_higher_percentile_and_few_only_what_was_seen() {
        for (n, expected) in [
            (19, (ProbeTier::Netns, 19, 109, 118, 100, true)),
            (101, (ProbeTier::Netns, 101, 150, 190, 90, true)),
            (301, (ProbeTier::Netns, 301, 250, 397, 99, true)),
        ] {
            let starts: Vec<_> = (0..n)
                .map(|late| seen(ProbeTier::Netns, "plain", 100 + late))
                .collect();
            assert_eq!(errors(&starts), [expected]);
        }
    }

    #[test]
    fn servers_that_warm_up_are_left_out_and_a_missed_claim_is_told() {
        let mut starts = vec![
            seen(ProbeTier::Published, "plain", 9_000),
            seen(ProbeTier::Published, "warming", 90_000),
            seen(ProbeTier::Trace, "warming", 90_000),
        ];
        starts.extend((0..3).map(|_| seen(ProbeTier::Sidecar, "plain", 300)));
        assert_eq!(
            errors(&starts),
            [
                (ProbeTier::Sidecar, 3, 300, 300, 100, true),
                // By half it may be late by three milliseconds.
                (ProbeTier::Published, 1, 9_000, 9_000, 100, false),
            ]
        );
    }
}
