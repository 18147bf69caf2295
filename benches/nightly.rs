//! How often nightly series of nothing but noise alarm, and how soon a step in them is found: a simulation.
//!
//! `cargo bench --bench nightly -- 400` draws so many series of each kind of noise from a fixed seed: 30 nights, and 60 that are
//! watched. Each night the gate (two nights in a row out of the ordinary) and the rank segmentation of the newest 60 nights judge
//! what there is by then. An alarm is a night on which either newly claims that the level rose. A step is one in the watched nights'
//! middle; it is found where an alarm comes within 14 nights from it on.
//!
//! Noise is log-normal with a standard deviation of 3 %: as it is; with 5 % of nights later by an exponential of mean 0.3 on the log
//! scale (`outliers`); with six tenths of the night before's deviation (`autocorrelated`); with both.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "it simulates, prints, and fails loudly"
)]

use std::fmt::Write as _;
use std::thread;

use seatrial::analyze::{Materiality, NightVerdict, judge_nights};
use seatrial::stats::{Segmentation, change_points};

const HISTORY: usize = 30;
const WATCHED: usize = 60;
/// The first night of a step.
const STEP: usize = HISTORY + WATCHED / 2;
/// A step is found within so many nights or not at all.
const PATIENCE: usize = 14;
/// So many of the newest nights are segmented.
const WINDOW: usize = 60;
/// A change that is older is no news.
const NEWS: usize = 7;
/// Two places of a change that are no further apart are one.
const SAME_PLACE: usize = 2;
const DELTA: f64 = 0.03;
const DEVIATION: f64 = 0.03;
const STEPS: [f64; 4] = [0.0, 0.05, 0.10, 0.20];

#[derive(Clone, Copy)]
struct Noise {
    name: &'static str,
    outliers: bool,
    autocorrelated: bool,
}

const NOISES: [Noise; 4] = [
    Noise {
        name: "independent",
        outliers: false,
        autocorrelated: false,
    },
    Noise {
        name: "outliers",
        outliers: true,
        autocorrelated: false,
    },
    Noise {
        name: "autocorrelated",
        outliers: false,
        autocorrelated: true,
    },
    Noise {
        name: "both",
        outliers: true,
        autocorrelated: true,
    },
];

/// Numbers from a seed, the same on every machine (Marsaglia, "Xorshift RNGs", 2003).
struct Numbers(u64);

impl Numbers {
    /// From 0 to below 1.
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.uniform()).ln()
    }

    /// Box and Muller, 1958.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seconds in nanoseconds, with some noise"
)]
fn series(noise: Noise, step: f64, seed: u64) -> Vec<u64> {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15 ^ (seed + 1).wrapping_mul(0xbf58_476d_1ce4_e5b9));
    for _ in 0..16 {
        numbers.uniform();
    }
    let mut deviation = 0.0;
    let nights = (0..HISTORY + WATCHED).map(|night| {
        let fresh = numbers.normal();
        deviation = if noise.autocorrelated && night > 0 {
            // The deviation of all nights stays the same.
            0.6 * deviation + (1.0_f64 - 0.36).sqrt() * fresh
        } else {
            fresh
        };
        let mut log = DEVIATION * deviation;
        if noise.outliers && numbers.uniform() < 0.05 {
            log += numbers.exponential(0.3);
        }
        let level = if night >= STEP { 1.0 + step } else { 1.0 };
        (30e9 * level * log.exp()) as u64
    });
    nights.collect()
}

/// On which of the watched nights each newly claims that the level rose.
struct Alarms {
    gate: Vec<usize>,
    trend: Vec<usize>,
}

fn alarms(nights: &[u64]) -> Alarms {
    let materiality = Materiality {
        delta: DELTA,
        floor: 0,
    };
    let judged = judge_nights(nights, materiality);
    let begins = |night: &usize| {
        judged[*night].verdict == NightVerdict::Regressed
            && judged[*night - 1].verdict != NightVerdict::Regressed
    };
    let mut told: Vec<usize> = Vec::new();
    let mut trend = Vec::new();
    for night in HISTORY..nights.len() {
        let from = (night + 1).saturating_sub(WINDOW);
        let mut news = false;
        for change in change_points(&nights[from..=night], &Segmentation::with_delta(DELTA)) {
            let place = from + change.index;
            if told.iter().any(|other| other.abs_diff(place) <= SAME_PLACE) {
                continue;
            }
            told.push(place);
            news |= change.ratio.0 > 1.0 && place + NEWS > night;
        }
        trend.extend(news.then_some(night));
    }
    Alarms {
        gate: (HISTORY..nights.len()).filter(begins).collect(),
        trend,
    }
}

/// How often it alarmed, and how soon.
#[derive(Clone, Default)]
struct Tally {
    /// Alarms on nights of nothing but noise.
    false_alarms: usize,
    /// The delays of steps that were found, in nights, the step's first being one; for each step.
    delays: [Vec<usize>; STEPS.len()],
}

impl Tally {
    fn count(&mut self, step: usize, alarms: &[usize]) {
        if step == 0 {
            self.false_alarms += alarms.len();
            return;
        }
        let found = alarms
            .iter()
            .find(|night| (STEP..STEP + PATIENCE).contains(*night));
        self.delays[step].extend(found.map(|night| night - STEP + 1));
    }

    fn cells(&mut self, count: usize) -> String {
        let rate = self.false_alarms as f64 / (count * WATCHED) as f64;
        let mut text = format!("{:>7.2}", rate * 100.0);
        for delays in &mut self.delays[1..] {
            delays.sort_unstable();
            let found = 100 * delays.len() / count;
            let middle = delays
                .get(delays.len() / 2)
                .map_or("-".to_owned(), ToString::to_string);
            let soon = 100 * delays.iter().filter(|delay| **delay <= 3).count() / count;
            write!(text, "  {found:>3} % in {middle:>2} ({soon:>3})").unwrap();
        }
        for series in [20, 60] {
            write!(text, "  {:>5.1}", (1.0 - (1.0 - rate).powi(series)) * 100.0).unwrap();
        }
        text
    }
}

fn simulate(noise: Noise, count: usize) -> [Tally; 3] {
    let mut tallies = [const {
        Tally {
            false_alarms: 0,
            delays: [const { Vec::new() }; STEPS.len()],
        }
    }; 3];
    for seed in 0..count {
        for (index, step) in STEPS.iter().enumerate() {
            let Alarms { gate, trend } = alarms(&series(noise, *step, seed as u64));
            let mut either = [gate.as_slice(), &trend].concat();
            either.sort_unstable();
            either.dedup();
            for (tally, alarms) in tallies.iter_mut().zip([&gate, &trend, &either]) {
                tally.count(index, alarms);
            }
        }
    }
    tallies
}

fn main() {
    let count = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok());
    let Some(count) = count else {
        // It takes minutes.
        println!("nightly: name the number of series, `cargo bench --bench nightly -- 400`");
        return;
    };
    println!(
        "alarms: % of {} nights of noise. steps: % found within {PATIENCE} nights, in how many by half (% within 3).",
        count * WATCHED
    );
    println!("20, 60: % of nights with an alarm among so many series.\n");
    println!(
        "{:<27} alarms  {:<18}  {:<18}  {:<18}  {:>5}  {:>5}",
        "", "+5 %", "+10 %", "+20 %", 20, 60
    );
    let simulations = NOISES.map(|noise| (noise, thread::spawn(move || simulate(noise, count))));
    for (noise, simulation) in simulations {
        let tallies = simulation.join().unwrap();
        for (detector, mut tally) in ["gate", "trend", "either"].into_iter().zip(tallies) {
            println!("{:<15} {detector:<11} {}", noise.name, tally.cells(count));
        }
    }
}
