//! How often real builds that do not differ are called different, and how often one that got slower is found.
//!
//! `cargo bench --bench verdicts -- aa 1000` runs a scenario of six variants that are all the same, so many rounds of it, and cuts it
//! into tables of two variants and ten rounds that share no build. A table with anything worse or better in it is a false one. For
//! comparison the same variant is held against itself ten rounds later, as two runs one after the other are: the machine's own drift
//! is in that.
//!
//! `cargo bench --bench verdicts -- drill 20` has `gate` judge runs of a build of three seconds, ten rounds each, against one before:
//! once where its instruction takes a tenth longer, once where it takes a hundredth longer, twenty times.
//!
//! Nothing else should use the daemon or the machine meanwhile.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "it measures, prints, and fails loudly"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use seatrial::analyze::{Analysis, Series, Verdict, VerdictTable};
use seatrial::results::Run;
use seatrial::store::load;

/// Samples on each side of a table.
const ROUNDS: u32 = 10;
/// Pairs of variants that are all the same.
const PAIRS: [[&str; 2]; 3] = [["a", "b"], ["c", "d"], ["e", "f"]];
/// What the instruction of the drill works.
const USUAL_MS: u32 = 3_000;

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let count = words.get(1).and_then(|word| word.parse().ok());
    match words.first().map(String::as_str) {
        Some("aa") => alike(count.unwrap_or(1_000)),
        Some("drill") => drill(count.unwrap_or(20)),
        // `cargo bench` alone measures what takes seconds, not an hour.
        _ => println!("give `aa ROUNDS` or `drill TRIES`"),
    }
}

/// A scenario of this name in a folder of its own, whose variants build the same Dockerfile.
fn scenario(parent: &Path, name: &str, variants: &[&str], rounds: u32, gate: &str) -> PathBuf {
    let folder = parent.join(name);
    fs::create_dir_all(folder.join("context")).unwrap();
    fs::write(folder.join("context/input"), "1\n").unwrap();
    let variants: Vec<String> = variants
        .iter()
        .map(|variant| format!("[[variant]]\nname = \"{variant}\"\ndockerfile = \"Dockerfile\"\n\n"))
        .collect();
    let variants = variants.concat();
    let text = format!(
        "schema = 1\ntitle = \"All the same\"\nquestion = \"Does anything differ?\"\n\n[context]\npath = \"context\"\n\n\
         [base.ballast]\nballast = true\n\n{variants}[build]\nrounds = {rounds}\nwarmups = 1\ntimeout = \"2m\"\n\n\
         [[build.step]]\nname = \"cold\"\ncache = {{ layers = \"empty\", context = \"absent\" }}\n\n{gate}"
    );
    fs::write(folder.join("scenario.toml"), text).unwrap();
    folder
}

fn dockerfile(folder: &Path, millis: u32) {
    let text = format!(
        "ARG BALLAST\nFROM ${{BALLAST}}\nCOPY input /input\n\
         RUN [\"/ballast\", \"work\", \"--cpu\", \"{millis}ms\", \"--files\", \"10\", \"--input\", \"/input\", \"--output\", \"/output\"]\n"
    );
    fs::write(folder.join("Dockerfile"), text).unwrap();
}

/// Runs a scenario, and returns the run's folder.
fn run(scenario: &Path, reports: &Path) -> PathBuf {
    let status = Command::new(env!("CARGO_BIN_EXE_seatrial"))
        .arg("run")
        .arg(scenario)
        .arg("--reports")
        .arg(reports)
        .stdout(fs::File::create(reports.with_extension("log")).unwrap())
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
    let mut folders: Vec<PathBuf> = fs::read_dir(reports)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("journal.jsonl").exists())
        .collect();
    folders.sort();
    folders.pop().unwrap()
}

fn alike(rounds: u32) {
    let parent = tempfile::tempdir().unwrap();
    let variants: Vec<&str> = PAIRS.iter().flatten().copied().collect();
    let folder = scenario(parent.path(), "alike", &variants, rounds, "");
    dockerfile(&folder, 20);
    let run = load(&run(&folder, &parent.path().join("reports"))).unwrap();
    let blocks: Vec<Vec<Series>> = (0..rounds / ROUNDS)
        .map(|block| block_of(&run, block * ROUNDS + 1))
        .collect();
    let within = blocks.iter().flat_map(|series| {
        PAIRS.map(|pair| {
            let both: Vec<Series> = series
                .iter()
                .filter(|series| pair.contains(&series.variant.as_str()))
                .cloned()
                .collect();
            VerdictTable::within(&both, pair[0], &[])
        })
    });
    tell("variants of one run, in turns", &within.collect::<Vec<_>>());
    let between: Vec<VerdictTable> = blocks
        .windows(2)
        .step_by(2)
        .flat_map(|two| {
            variants.iter().map(|variant| {
                let of = |series: &[Series]| -> Vec<Series> {
                    let of_it = series.iter().filter(|series| series.variant == *variant);
                    of_it.cloned().collect()
                };
                VerdictTable::between(&of(&two[0]), &of(&two[1]), None, &[])
            })
        })
        .collect();
    tell("one variant, ten rounds and the next ten", &between);
}

/// What ten rounds from this one on say.
fn block_of(run: &Run, first: u32) -> Vec<Series> {
    let mut block = run.clone();
    block
        .builds
        .retain(|build| !build.key.warmup && (first..first + ROUNDS).contains(&build.key.round));
    Analysis::of(&block).series
}

fn tell(what: &str, tables: &[VerdictTable]) {
    let count = |verdict: Verdict| {
        let with = tables
            .iter()
            .filter(|table| table.of_verdict(verdict).next().is_some());
        with.count()
    };
    let rows: usize = tables.iter().map(|table| table.rows.len()).sum();
    println!(
        "{what}: {} tables of {} rows; {} with something worse, {} with something better, {} with something that cannot be told",
        tables.len(),
        rows / tables.len().max(1),
        count(Verdict::Regressed),
        count(Verdict::Improved),
        count(Verdict::Inconclusive)
    );
}

fn drill(tries: u32) {
    let parent = tempfile::tempdir().unwrap();
    let gate = "[gate]\n\"step.cold.time\" = { worse-by = \"3%\" }\n";
    let folder = scenario(parent.path(), "drill", &["service"], ROUNDS, gate);
    let measured = |millis: u32, name: String| {
        dockerfile(&folder, millis);
        run(&folder, &parent.path().join(name))
    };
    let (mut tenth, mut named, mut hundredth) = (0, 0, 0);
    for number in 1..=tries {
        let before = measured(USUAL_MS, format!("before-{number}"));
        for (percent, found) in [(10, &mut tenth), (1, &mut hundredth)] {
            let after = measured(
                USUAL_MS + USUAL_MS * percent / 100,
                format!("after-{number}-{percent}"),
            );
            let gate = Command::new(env!("CARGO_BIN_EXE_seatrial"))
                .arg("gate")
                .arg(&after)
                .arg("--against")
                .arg(&before)
                .output()
                .unwrap();
            let told = String::from_utf8(gate.stdout).unwrap();
            let first = told.lines().next().unwrap_or_default();
            println!(
                "try {number}, {percent} % slower: exit {:?}, {first}",
                gate.status.code()
            );
            if gate.status.code() == Some(3) {
                *found += 1;
                let said = told.replace("\n      ", " ").replace("\n    ", " ");
                named += u32::from(
                    percent == 10
                        && said.contains("service · step.cold.time is")
                        && said.contains("most of it in `RUN"),
                );
            }
        }
    }
    println!(
        "10 % slower: {tenth} of {tries} found, step and instruction named in {named}; 1 % slower: {hundredth} of {tries} called so"
    );
}
