//! The statistics against another program: numbers of scipy and numpy for samples of our own, written by
//! `tests/oracle/stats_vectors.py`.

use seatrial::stats::{Method, RatioEstimate, Summary, compare_paired, compare_unpaired, slope};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The agreement to expect of two double-precision computations of one probability.
const TOLERANCE: f64 = 1e-9;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UnpairedCase {
    kind: Kind,
    baseline: Vec<u64>,
    candidate: Vec<u64>,
    ratio: f64,
    p_value: f64,
    interval_known: bool,
    interval: Option<[f64; 2]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
enum Kind {
    #[serde(rename = "distinct")]
    Distinct,
    #[serde(rename = "tied")]
    Tied,
    #[serde(rename = "large")]
    Large,
    #[serde(rename = "large tied")]
    LargeTied,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SummaryCase {
    samples: Vec<u64>,
    median: f64,
    q1: f64,
    q3: f64,
    mad: f64,
    rank: usize,
    low: Option<u64>,
    high: Option<u64>,
    level: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SlopeCase {
    kind: SlopeKind,
    points: Vec<(u64, u64)>,
    slope: f64,
    intercept: f64,
    rank: usize,
    low: f64,
    high: f64,
    level: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SlopeKind {
    Distinct,
    Tied,
    Large,
}

fn cases<T: DeserializeOwned>(name: &str) -> Vec<T> {
    let path = format!("{}/tests/fixtures/stats/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Relative for what is above 1, absolute below.
fn near(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= TOLERANCE * expected.abs().max(1.0)
}

fn compared() -> Vec<(UnpairedCase, RatioEstimate)> {
    cases::<UnpairedCase>("unpaired.json")
        .into_iter()
        .map(|case| {
            let estimate = compare_unpaired(&case.baseline, &case.candidate)
                .unwrap_or_else(|error| panic!("{case:?}\n{error}"));
            (case, estimate)
        })
        .collect()
}

#[test]
fn p_values_agree_with_scipy_with_and_without_ties() {
    let compared = compared();
    for (case, found) in &compared {
        assert!(near(found.p_value, case.p_value), "{case:?}\nfound {found:?}");
        let expected = match case.kind {
            Kind::Distinct | Kind::Tied => Method::Exact,
            Kind::Large | Kind::LargeTied => Method::Asymptotic,
        };
        assert_eq!(found.method, expected, "{case:?}");
    }
    for (kind, least) in [
        (Kind::Distinct, 300),
        (Kind::Tied, 200),
        (Kind::Large, 4),
        (Kind::LargeTied, 4),
    ] {
        let count = compared.iter().filter(|(case, _)| case.kind == kind).count();
        assert!(count >= least, "{count} cases of {kind:?}");
    }
}

#[test]
fn intervals_are_those_found_by_inverting_the_test_of_scipy() {
    let mut bounded = 0;
    for (case, found) in compared().iter().filter(|(case, _)| case.interval_known) {
        let interval = found.interval.map(|interval| [interval.low.0, interval.high.0]);
        match (interval, case.interval) {
            (None, None) => {}
            (Some(found), Some(expected)) => {
                bounded += 1;
                for (found, expected) in found.iter().zip(expected) {
                    assert!(near(*found, expected), "{case:?}\nfound {interval:?}");
                }
            }
            _ => panic!("{case:?}\nfound {interval:?}"),
        }
    }
    assert!(bounded >= 200, "only {bounded} cases have bounds");
}

#[test]
fn ratios_are_the_medians_of_numpy_on_the_log_scale() {
    for (case, found) in compared() {
        assert!(near(found.ratio.0, case.ratio), "{case:?}\nfound {found:?}");
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PairedCase {
    kind: Kind,
    pairs: Vec<(u64, u64)>,
    ratio: f64,
    p_value: f64,
    interval_known: bool,
    interval: Option<[f64; 2]>,
}

/// `scipy.stats.wilcoxon` with Pratt's zeros, with ties over every choice of signs; the interval by inverting it.
#[test]
fn pairs_agree_with_scipy_and_their_intervals_with_its_inverted_test() {
    let cases = cases::<PairedCase>("paired.json");
    for (kind, least) in [
        (Kind::Distinct, 300),
        (Kind::Tied, 200),
        (Kind::Large, 2),
        (Kind::LargeTied, 2),
    ] {
        let count = cases.iter().filter(|case| case.kind == kind).count();
        assert!(count >= least, "{count} cases of {kind:?}");
    }
    let mut bounded = 0;
    for case in cases {
        let found = compare_paired(&case.pairs).unwrap();
        assert!(near(found.p_value, case.p_value), "{case:?}\nfound {found:?}");
        assert!(near(found.ratio.0, case.ratio), "{case:?}\nfound {found:?}");
        let method = match case.kind {
            Kind::Distinct | Kind::Tied => Method::Exact,
            Kind::Large | Kind::LargeTied => Method::Asymptotic,
        };
        assert_eq!(found.method, method, "{case:?}");
        if !case.interval_known {
            continue;
        }
        let interval = found.interval.map(|interval| [interval.low.0, interval.high.0]);
        assert_eq!(interval.is_some(), case.interval.is_some(), "{case:?}");
        if let (Some(found), Some(expected)) = (interval, case.interval) {
            bounded += 1;
            for (found, expected) in found.iter().zip(expected) {
                assert!(near(*found, expected), "{case:?}\nfound {interval:?}");
            }
        }
    }
    assert!(bounded >= 150, "only {bounded} cases have bounds");
}

#[test]
fn summaries_agree_with_numpy_and_scipy() {
    let cases = cases::<SummaryCase>("summary.json");
    assert!(cases.len() >= 40, "only {} cases", cases.len());
    for case in cases {
        let found = Summary::of(&case.samples).unwrap();
        for (name, found, expected) in [
            ("median", found.median, case.median),
            ("q1", found.q1, case.q1),
            ("q3", found.q3, case.q3),
            ("mad", found.mad, case.mad),
        ] {
            assert!(near(found, expected), "{name}: {found} in {case:?}");
        }
        let interval = found.interval;
        assert_eq!(
            interval.map_or(0, |interval| interval.rank),
            case.rank,
            "{case:?}"
        );
        assert_eq!(interval.map(|interval| interval.low), case.low, "{case:?}");
        assert_eq!(interval.map(|interval| interval.high), case.high, "{case:?}");
        if let (Some(found), Some(expected)) = (interval, case.level) {
            assert!(near(found.level, expected), "{found:?} in {case:?}");
        }
    }
}

/// `scipy.stats.theilslopes`; the interval by inverting `scipy.stats.kendalltau`, with ties in x by
/// `scipy.stats.permutation_test` over every order.
#[test]
fn slopes_agree_with_scipy_and_their_intervals_with_its_inverted_tau() {
    let cases = cases::<SlopeCase>("slope.json");
    for (kind, least) in [
        (SlopeKind::Distinct, 40),
        (SlopeKind::Tied, 7),
        (SlopeKind::Large, 4),
    ] {
        let count = cases.iter().filter(|case| case.kind == kind).count();
        assert!(count >= least, "{count} cases of {kind:?}");
    }
    for case in cases {
        let found = slope(&case.points).unwrap();
        let interval = found.interval;
        for (name, found, expected) in [
            ("slope", found.slope, case.slope),
            ("intercept", found.intercept, case.intercept),
            ("low", interval.low, case.low),
            ("high", interval.high, case.high),
            ("level", interval.level, case.level),
        ] {
            assert!(near(found, expected), "{name}: {found} in {case:?}");
        }
        assert_eq!(interval.rank, case.rank, "{case:?}");
        let method = match case.kind {
            SlopeKind::Distinct | SlopeKind::Tied => Method::Exact,
            SlopeKind::Large => Method::Asymptotic,
        };
        assert_eq!(interval.method, method, "{case:?}");
    }
}
