//! What is claimed of each way to look, and whether a machine keeps it.
//!
//! The bounds are this project's: a difference of a millisecond between two images is to be believed where it is said.

use serde::{Deserialize, Serialize};

use super::witnessed::Witnessed;
use crate::scenario::ProbeTier;
use crate::stats::{Fraction, Sorted, median, quantile};
use crate::unit::Nanos;

/// From so many starts on the largest one bounds the 99th percentile: 0.99 to the power of 300 is less than 5 %.
pub(super) const ENOUGH_FOR_P99: usize = 300;

/// From so many on a 90th percentile is spoken of.
pub(super) const ENOUGH_FOR_P90: usize = 20;

/// The share of starts whose interval has to hold the truth, in hundredths.
const TRUE_HUNDREDTHS: usize = 99;

/// Below so many a single start decides about such a share.
const ENOUGH_FOR_SHARE: usize = 100;

/// By how much the difference of two medians may be off.
const MOST_OFF: Nanos = Nanos(500_000);

/// One claim and how it was kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The way to look that it is about.
    pub tier: ProbeTier,
    /// What is claimed, in words.
    pub claim: String,
    /// How many starts it was tried on.
    pub n: usize,
    /// What was found, in words.
    pub found: String,
    /// What is accepted, in words.
    pub bound: String,
    /// Whether that was kept.
    pub verdict: Verdict,
}

/// Whether a claim was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was.
    Kept,
    /// It was not.
    Missed,
    /// There were too few starts to say so.
    TooFew,
}

impl From<bool> for Verdict {
    fn from(kept: bool) -> Self {
        if kept { Self::Kept } else { Self::Missed }
    }
}

/// A quantile and the most that it may be.
struct Bound {
    name: &'static str,
    /// Absent, the median.
    at: Option<Fraction>,
    most: Nanos,
    enough: usize,
}

impl Bound {
    fn p50(most: Nanos) -> Self {
        Self {
            name: "p50",
            at: None,
            most,
            enough: 1,
        }
    }

    fn p90(most: Nanos) -> Self {
        Self {
            name: "p90",
            at: Fraction::new(9, 10),
            most,
            enough: ENOUGH_FOR_P90,
        }
    }

    fn p99(most: Nanos) -> Self {
        Self {
            name: "p99",
            at: Fraction::new(99, 100),
            most,
            enough: ENOUGH_FOR_P99,
        }
    }
}

/// Everything that is claimed of the ways to look by which these starts were seen. `plain` are variants that are ready as
/// soon as they listen, with how long they wait before, the shortest first; the others answer 503 for a while.
#[must_use]
pub fn checks(starts: &[Witnessed], plain: &[(&str, Nanos)]) -> Vec<Check> {
    let mut all = Vec::new();
    for tier in ProbeTier::ALL {
        let of_tier: Vec<_> = starts.iter().filter(|start| start.tier == tier).collect();
        if of_tier.is_empty() {
            continue;
        }
        let is_plain = |start: &&&Witnessed| plain.iter().any(|(name, _)| *name == start.variant);
        let ready_at_once: Vec<_> = of_tier.iter().filter(is_plain).copied().collect();
        if tier == ProbeTier::Trace {
            let listens = ready_at_once.iter().filter_map(|start| start.listen_error());
            all.extend(bounded(
                tier,
                "the listen stamp lies off the server's own call by",
                listens.collect(),
                &[Bound::p50(Nanos(100_000)), Bound::p99(Nanos::from_millis(1))],
            ));
            let goes_on = ready_at_once
                .iter()
                .filter_map(|start| Some(start.own.listen_ns.saturating_since(start.listen?).0));
            let goes_on: Vec<u64> = goes_on.collect();
            all.extend(Sorted::of(&goes_on).map(|later| {
                shown(
                    tier,
                    "the server itself goes on after it by",
                    format!("p50 {}", in_millis(median(&later))),
                    ready_at_once.len(),
                )
            }));
            // Between the two lie the loader, which reads the program from wherever the image is, and the beginning of the
            // C library: application time, and never less than nothing.
            let began = |start: &&&Witnessed| Some((start.exec?, start.own.main_ns));
            let after = ready_at_once.iter().filter_map(|start| began(&start));
            all.push(none(
                tier,
                "programs that began after their main",
                after.filter(|(exec, main)| exec > main).count(),
                ready_at_once.len(),
            ));
            let begins = ready_at_once.iter().filter_map(|start| began(&start));
            let begins: Vec<u64> = begins.map(|(exec, main)| main.saturating_since(exec).0).collect();
            all.extend(Sorted::of(&begins).map(|begins| {
                shown(
                    tier,
                    "exec comes before main by",
                    format!("p50 {}", in_millis(median(&begins))),
                    ready_at_once.len(),
                )
            }));
            all.extend(differences(tier, &ready_at_once, plain));
        }
        let (told, apart) = judged_and_told_apart(tier, &ready_at_once, plain);
        all.extend(bounded(
            tier,
            "the match is seen late by",
            told,
            &match_bounds(tier),
        ));
        all.push(truths(tier, &of_tier));
        all.push(none(
            tier,
            "matches before the server was ready",
            of_tier.iter().filter(|start| start.is_early()).count(),
            of_tier.len(),
        ));
        let censored = of_tier.iter().filter(|start| start.left_censored).count();
        let claim = if tier.is_inside() {
            all.push(none(
                tier,
                "starts that were ready before the first look",
                censored,
                of_tier.len(),
            ));
            "servers that did not wait are seen late by"
        } else {
            let claim = "starts that were ready before the first look, flagged";
            all.push(shown(tier, claim, censored.to_string(), of_tier.len()));
            "those are seen late by"
        };
        all.extend(shown_late(tier, claim, &apart));
        let warming: Vec<_> = of_tier.iter().filter(|start| !is_plain(start)).collect();
        if !warming.is_empty() {
            let within = warming.iter().filter(|start| {
                let own = start.first_byte.saturating_since(start.low);
                start.late() <= own + Nanos(300_000)
            });
            all.push(share(
                tier,
                "503 while warming: late by its interval + 0.3 ms",
                within.count(),
                warming.len(),
            ));
        }
    }
    all
}

/// How late those are that a match is judged by, and those that are told apart.
///
/// Of a start that is flagged nothing more is claimed than that it was ready by then. From within, a server that is ready as soon
/// as it runs comes while the runtime still ends its own work for the start: whoever looks, the server and the runtime want the
/// same processors, and how late that is depends on them.
fn judged_and_told_apart(
    tier: ProbeTier,
    starts: &[&Witnessed],
    plain: &[(&str, Nanos)],
) -> (Vec<Nanos>, Vec<Nanos>) {
    let waits = |start: &Witnessed| {
        let of_it = |(name, wait): &(&str, Nanos)| *name == start.variant && *wait > Nanos::ZERO;
        plain.iter().any(of_it)
    };
    let late = |starts: Vec<&Witnessed>| starts.into_iter().map(Witnessed::late).collect();
    let (judged, apart) = starts.iter().copied().partition(|start| {
        if tier.is_inside() {
            waits(start)
        } else {
            !start.left_censored
        }
    });
    (late(judged), late(apart))
}

/// What is accepted of how late a match is seen.
fn match_bounds(tier: ProbeTier) -> Vec<Bound> {
    match tier {
        ProbeTier::Trace | ProbeTier::Netns | ProbeTier::Sidecar => {
            vec![Bound::p50(Nanos(500_000)), Bound::p99(Nanos(1_500_000))]
        }
        ProbeTier::Ip => vec![Bound::p50(Nanos(1_500_000)), Bound::p90(Nanos::from_millis(3))],
        ProbeTier::Published => vec![
            Bound::p50(Nanos::from_millis(3)),
            Bound::p90(Nanos::from_millis(8)),
        ],
        // No server of the self-test is told of in this way.
        ProbeTier::Engine => Vec::new(),
    }
}

/// Whether `start.app` of servers that wait differs by what they wait.
fn differences(tier: ProbeTier, starts: &[&Witnessed], plain: &[(&str, Nanos)]) -> Vec<Check> {
    let median_of = |variant: &str| {
        let of_variant = starts.iter().filter(|start| start.variant == variant);
        let apps: Option<Vec<u64>> = of_variant
            .map(|start| Some(start.first_byte.saturating_since(start.exec?).0))
            .collect();
        let apps = apps?;
        Some((apps.len(), median(&Sorted::of(&apps)?)))
    };
    let Some((first, zero)) = plain.first() else {
        return Vec::new();
    };
    let Some((_, base)) = median_of(first) else {
        return Vec::new();
    };
    plain[1..]
        .iter()
        .filter_map(|(variant, wait)| {
            let (n, median) = median_of(variant)?;
            let wanted = *wait - *zero;
            let found = median - base;
            let off = (found - wanted.0 as f64).abs();
            Some(Check {
                tier,
                claim: format!("a wait of {wanted} is one in start.app"),
                n,
                found: in_millis(found),
                bound: format!("± {MOST_OFF}"),
                verdict: if n < ENOUGH_FOR_P90 {
                    Verdict::TooFew
                } else {
                    Verdict::from(off <= MOST_OFF.0 as f64)
                },
            })
        })
        .collect()
}

/// One check per quantile.
fn bounded(tier: ProbeTier, claim: &str, errors: Vec<Nanos>, bounds: &[Bound]) -> Vec<Check> {
    let n = errors.len();
    let raw: Vec<u64> = errors.into_iter().map(|error| error.0).collect();
    let Some(sorted) = Sorted::of(&raw) else {
        return vec![Check {
            tier,
            claim: claim.to_owned(),
            n,
            found: "nothing was seen".to_owned(),
            bound: "something".to_owned(),
            verdict: Verdict::Missed,
        }];
    };
    bounds
        .iter()
        .map(|bound| {
            let value = bound
                .at
                .map_or_else(|| median(&sorted), |at| quantile(&sorted, at));
            Check {
                tier,
                claim: claim.to_owned(),
                n,
                found: format!("{} {}", bound.name, in_millis(value)),
                bound: format!("{}", bound.most),
                verdict: if n < bound.enough {
                    Verdict::TooFew
                } else {
                    Verdict::from(value <= bound.most.0 as f64)
                },
            }
        })
        .collect()
}

/// What is told and not judged: it is true of the machine and the engine's store.
fn shown(tier: ProbeTier, claim: &str, found: String, n: usize) -> Check {
    Check {
        tier,
        claim: claim.to_owned(),
        n,
        found,
        bound: "shown".to_owned(),
        verdict: Verdict::Kept,
    }
}

/// How late starts were seen, told and not judged, by as many percentiles as there are starts enough for.
fn shown_late(tier: ProbeTier, claim: &str, late: &[Nanos]) -> Vec<Check> {
    let late: Vec<u64> = late.iter().map(|late| late.0).collect();
    let Some(sorted) = Sorted::of(&late) else {
        return Vec::new();
    };
    let p90 = Fraction::new(9, 10).filter(|_| late.len() >= ENOUGH_FOR_P90);
    let half = ("p50", median(&sorted));
    let most = p90.map(|at| ("p90", quantile(&sorted, at)));
    [Some(half), most]
        .into_iter()
        .flatten()
        .map(|(name, value)| shown(tier, claim, format!("{name} {}", in_millis(value)), late.len()))
        .collect()
}

fn share(tier: ProbeTier, claim: &str, good: usize, n: usize) -> Check {
    Check {
        tier,
        claim: claim.to_owned(),
        n,
        found: format!("{good} of {n}"),
        bound: format!("{TRUE_HUNDREDTHS} %"),
        verdict: if n < ENOUGH_FOR_SHARE {
            Verdict::TooFew
        } else {
            Verdict::from(good * 100 >= n * TRUE_HUNDREDTHS)
        },
    }
}

/// Whether the intervals hold the truth, and how far it lies outside of the worst that does not.
fn truths(tier: ProbeTier, starts: &[&Witnessed]) -> Check {
    let held = starts.iter().filter(|start| start.holds_truth()).count();
    let mut check = share(tier, "the true instant is in the interval", held, starts.len());
    let furthest = starts.iter().map(|start| start.outside()).max();
    if let Some(furthest) = furthest.filter(|furthest| *furthest > Nanos::ZERO) {
        check.found = format!("{}, {} out", check.found, in_millis(furthest.0 as f64));
    }
    check
}

fn none(tier: ProbeTier, claim: &str, count: usize, n: usize) -> Check {
    Check {
        tier,
        claim: claim.to_owned(),
        n,
        found: count.to_string(),
        bound: "0".to_owned(),
        verdict: Verdict::from(count == 0),
    }
}

/// A number of nanoseconds in milliseconds with three digits behind the point: microseconds are what it is about.
fn in_millis(nanos: f64) -> String {
    format!("{:.3} ms", nanos / 1e6)
}

#[cfg(test)]
mod tests {
    use super::super::witnessed::OwnTimeline;
    use super::*;

    const ZERO: Nanos = Nanos::from_secs(5);

    fn after(micros: i64) -> Nanos {
        Nanos(ZERO.0.saturating_add_signed(micros * 1_000))
    }

    /// A server that listens and is ready 20 ms after its main, seen `late` microseconds later.
    fn seen(tier: ProbeTier, late: i64) -> Witnessed {
        Witnessed {
            tier,
            variant: "plain".to_owned(),
            low: after(19_800),
            first_byte: after(20_000 + late),
            floor: None,
            left_censored: false,
            exec: Some(after(-400)),
            listen: (tier == ProbeTier::Trace).then(|| after(19_998)),
            own: OwnTimeline {
                main_ns: after(0),
                listen_call_ns: after(19_990),
                listen_ns: after(20_000),
                ready_ns: after(20_000),
                first_accept_ns: after(20_100),
                answered_accept_ns: after(20_100),
                first_ok_ns: after(20_150),
            },
        }
    }

    fn told(starts: &[Witnessed]) -> String {
        let lines = checks(starts, &[("plain", Nanos::from_millis(20))]);
        let lines = lines.iter().map(|check| {
            format!(
                "{} | {} | {} | {} | {} | {:?}\n",
                check.tier, check.claim, check.n, check.found, check.bound, check.verdict
            )
        });
        lines.collect()
    }

    #[test]
    fn a_good_probe_keeps_every_claim_and_few_starts_claim_no_percentile() {
        let starts: Vec<_> = (0..40).map(|late| seen(ProbeTier::Trace, 200 + late)).collect();
        insta::assert_snapshot!(told(&starts), @"
        trace | the listen stamp lies off the server's own call by | 40 | p50 0.000 ms | 100 µs | Kept
        trace | the listen stamp lies off the server's own call by | 40 | p99 0.000 ms | 1.00 ms | TooFew
        trace | the server itself goes on after it by | 40 | p50 0.002 ms | shown | Kept
        trace | programs that began after their main | 40 | 0 | 0 | Kept
        trace | exec comes before main by | 40 | p50 0.400 ms | shown | Kept
        trace | the match is seen late by | 40 | p50 0.172 ms | 500 µs | Kept
        trace | the match is seen late by | 40 | p99 0.191 ms | 1.50 ms | TooFew
        trace | the true instant is in the interval | 40 | 40 of 40 | 99 % | TooFew
        trace | matches before the server was ready | 40 | 0 | 0 | Kept
        trace | starts that were ready before the first look | 40 | 0 | 0 | Kept
        ");
    }

    #[test]
    fn a_listen_stamp_before_the_call_or_after_it_is_off_by_as_much() {
        for (micros, expected) in [(19_890, 100), (19_990, 0), (20_000, 0), (20_150, 150)] {
            let mut start = seen(ProbeTier::Trace, 200);
            start.listen = Some(after(micros));
            assert_eq!(start.listen_error(), Some(Nanos(expected * 1_000)), "{micros}");
        }
        // The server was put aside once it listened: it could have answered before it says so.
        let mut start = seen(ProbeTier::Trace, 200);
        start.listen = Some(after(19_992));
        assert_eq!(start.late(), Nanos(158_000));
    }

    #[test]
    fn what_is_late_early_or_elsewhere_is_a_missed_claim() {
        let mut starts: Vec<_> = (0..30).map(|_| seen(ProbeTier::Published, 9_000)).collect();
        starts[0].first_byte = after(19_000);
        starts[1].left_censored = true;
        insta::assert_snapshot!(told(&starts), @"
        published | the match is seen late by | 29 | p50 8.950 ms | 3.00 ms | Missed
        published | the match is seen late by | 29 | p90 8.950 ms | 8.00 ms | Missed
        published | the true instant is in the interval | 30 | 29 of 30, 1.050 ms out | 99 % | TooFew
        published | matches before the server was ready | 30 | 1 | 0 | Missed
        published | starts that were ready before the first look, flagged | 30 | 1 | shown | Kept
        published | those are seen late by | 1 | p50 8.950 ms | shown | Kept
        ");
    }

    #[test]
    fn servers_that_do_not_wait_are_told_apart_from_within_and_judged_from_outside() {
        let starts: Vec<_> = [ProbeTier::Sidecar, ProbeTier::Ip]
            .into_iter()
            .flat_map(|tier| {
                let at_once = Witnessed {
                    variant: "at once".to_owned(),
                    ..seen(tier, 2_050)
                };
                [seen(tier, 350), at_once]
            })
            .collect();
        let all = checks(
            &starts,
            &[("at once", Nanos::ZERO), ("plain", Nanos::from_millis(20))],
        );
        let late: Vec<_> = all
            .iter()
            .filter(|check| check.claim.ends_with("seen late by"))
            .map(|check| (check.tier, check.n, check.found.as_str(), check.bound.as_str()))
            .collect();
        assert_eq!(
            late,
            [
                (ProbeTier::Sidecar, 1, "p50 0.300 ms", "500 µs"),
                (ProbeTier::Sidecar, 1, "p99 0.300 ms", "1.50 ms"),
                (ProbeTier::Sidecar, 1, "p50 2.000 ms", "shown"),
                (ProbeTier::Ip, 2, "p50 1.150 ms", "1.50 ms"),
                (ProbeTier::Ip, 2, "p90 1.830 ms", "3.00 ms"),
            ]
        );
    }

    #[test]
    fn a_server_that_warms_up_is_judged_by_the_interval_that_was_claimed() {
        let warming = |late: i64, low: i64| Witnessed {
            variant: "warming".to_owned(),
            low: after(low),
            ..seen(ProbeTier::Netns, late)
        };
        let starts = [
            seen(ProbeTier::Netns, 300),
            warming(2_500, 19_800),
            warming(2_500, 20_700),
        ];
        insta::assert_snapshot!(told(&starts), @"
        netns | the match is seen late by | 1 | p50 0.250 ms | 500 µs | Kept
        netns | the match is seen late by | 1 | p99 0.250 ms | 1.50 ms | TooFew
        netns | the true instant is in the interval | 3 | 2 of 3, 0.650 ms out | 99 % | TooFew
        netns | matches before the server was ready | 3 | 0 | 0 | Kept
        netns | starts that were ready before the first look | 3 | 0 | 0 | Kept
        netns | 503 while warming: late by its interval + 0.3 ms | 2 | 1 of 2 | 99 % | TooFew
        ");
    }

    #[test]
    fn an_exec_after_main_is_never_within_bounds() {
        let mut start = seen(ProbeTier::Trace, 200);
        start.exec = Some(after(1));
        let all = checks(&[start], &[("plain", Nanos::from_millis(20))]);
        let exec = all
            .iter()
            .find(|check| check.claim == "programs that began after their main");
        assert_eq!(exec.map(|check| check.verdict), Some(Verdict::Missed));
    }
}
