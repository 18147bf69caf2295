//! What judging costs beside programs that judge as well.
//!
//! `cargo bench --bench beside_peers -- scipy PYTHON` compares a thousand pairs of thirty samples each: here the ratio with its interval
//! and the exact p-value of each, and what they come to as one table; there `scipy.stats.mannwhitneyu(method="exact")`, the p-value
//! alone. `cargo bench --bench beside_peers -- otava PYTHON` has a year of nights of sixty series, a file a night, read and judged; there
//! the change points of the same medians in one file of CSV, by Apache Otava. Ten times each, in turns.
//!
//! PYTHON is that of an environment with `tests/oracle/requirements.txt`. What starting Python and loading its libraries takes is not
//! counted.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "it measures, prints, and fails loudly"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use seatrial::analyze::{Analysis, Band, Judgement, NightHistory, night_of};
use seatrial::results::{Night, NightSample, NightSeries};
use seatrial::stats::{Sorted, compare_unpaired, median, median_interval};
use seatrial::store::{NightStore, load};

const TIMES: usize = 10;
const PAIRS: usize = 1_000;
const SIDE: usize = 30;
const NIGHTS: usize = 365;
const SERIES: usize = 60;
const SAMPLES: usize = 10;

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["scipy", python] => beside_scipy(python),
        ["otava", python] => beside_otava(python),
        _ => println!("give `scipy PYTHON` or `otava PYTHON`"),
    }
}

/// Numbers that look like times in nanoseconds around a second, with a spread of 5 %: the same ones each time.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // The sum of four is near enough to normal.
        let spread: u64 = (0..4).map(|part| (self.0 >> (16 * part)) & 0xffff).sum();
        900_000_000 + spread * 763
    }

    fn many(&mut self, count: usize) -> Vec<u64> {
        (0..count).map(|_| self.next()).collect()
    }
}

fn beside_scipy(python: &str) {
    let mut draw = Draw(7);
    let pairs: Vec<(Vec<u64>, Vec<u64>)> = (0..PAIRS).map(|_| (draw.many(SIDE), draw.many(SIDE))).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("samples.json");
    fs::write(&path, serde_json::to_string(&pairs).unwrap()).unwrap();
    let band = Band::new(0.03).unwrap();
    let ours = || {
        let comparisons: Vec<_> = pairs
            .iter()
            .map(|(before, after)| (compare_unpaired(before, after).unwrap(), band))
            .collect();
        assert_eq!(Judgement::of_table(&comparisons).len(), PAIRS);
    };
    tell(
        "1 000 pairs of 30 samples",
        &in_turns(ours, python, "scipy", &path),
    );
}

fn beside_otava(python: &str) {
    let parent = tempfile::tempdir().unwrap();
    let store = NightStore::of(parent.path(), "project");
    let mut draw = Draw(7);
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/runs/quickstart-28.5-overlay2");
    let run = load(&fixture).unwrap();
    let template = night_of(&run, &Analysis::of(&run));
    let mut csv = String::from("time,commit");
    for series in 0..SERIES {
        write!(csv, ",step.{series}.time").unwrap();
    }
    csv.push('\n');
    for number in 0..NIGHTS {
        let night = night(&template, number, &mut draw);
        write!(csv, "{},{number}", night.header.started_utc).unwrap();
        for series in &night.series {
            let values: Vec<u64> = series.samples.iter().map(|sample| sample.value).collect();
            write!(csv, ",{}", median(&Sorted::of(&values).unwrap()) / 1e9).unwrap();
        }
        csv.push('\n');
        store.add(&night).unwrap();
    }
    let path = parent.path().join("year.csv");
    fs::write(&path, csv).unwrap();
    let ours = || {
        let stored = store.read().unwrap();
        let histories = NightHistory::of_newest(&stored.nights, &stored.acceptances, &[]);
        assert_eq!(histories.len(), SERIES);
        assert!(histories.iter().all(|history| history.points.len() == NIGHTS));
    };
    tell(
        "a year of nights of 60 series",
        &in_turns(ours, python, "otava", &path),
    );
}

fn night(template: &Night, number: usize, draw: &mut Draw) -> Night {
    let mut night = template.clone();
    let (month, day) = (number / 28 % 12 + 1, number % 28 + 1);
    let year = 2025 + number / (28 * 12);
    night.header.run_id = format!("night-{number}");
    night.header.started_utc = format!("{year}-{month:02}-{day:02}T02:00:00Z");
    night.series = (0..SERIES)
        .map(|series| NightSeries {
            variant: "service".to_owned(),
            metric: format!("step.{series}.time"),
            step: None,
            failed: 0,
            invalid: 0,
            samples: (1..)
                .zip(draw.many(SAMPLES))
                .map(|(round, value)| NightSample {
                    round,
                    order: round,
                    value,
                    low: None,
                    tier: None,
                })
                .collect(),
        })
        .collect();
    night
}

/// Seconds that each side took, in pairs.
fn in_turns(ours: impl Fn(), python: &str, peer: &str, path: &Path) -> Vec<(f64, f64)> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/time_peers.py");
    (0..TIMES)
        .map(|_| {
            let began = Instant::now();
            ours();
            let own = began.elapsed().as_secs_f64();
            let output = Command::new(python)
                .arg(&script)
                .arg(peer)
                .arg(path)
                .output()
                .unwrap();
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            let theirs = String::from_utf8(output.stdout).unwrap();
            (own, theirs.trim().parse().unwrap())
        })
        .collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a ratio in millionths is a small number above 0"
)]
fn tell(what: &str, pairs: &[(f64, f64)]) {
    let ratios: Vec<u64> = pairs
        .iter()
        .map(|(own, theirs)| (own / theirs * 1e6) as u64)
        .collect();
    let sorted = Sorted::of(&ratios).unwrap();
    let interval = median_interval(&sorted).unwrap();
    let middle = |side: fn(&(f64, f64)) -> f64| {
        let nanos: Vec<u64> = pairs.iter().map(|pair| (side(pair) * 1e9) as u64).collect();
        median(&Sorted::of(&nanos).unwrap()) / 1e6
    };
    println!(
        "{what}: {:.4} times as long ({:.4} to {:.4}, {:.1} %); {:.1} ms beside {:.1} ms",
        median(&sorted) / 1e6,
        interval.low as f64 / 1e6,
        interval.high as f64 / 1e6,
        interval.level * 100.0,
        middle(|pair| pair.0),
        middle(|pair| pair.1)
    );
}
