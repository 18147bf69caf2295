//! What the charts of starts say, against the journal of a real run with four images in four states: base-images on an engine
//! of its own, on a busy machine, so that its numbers are examples and no findings.
//!
//! The journal is read here as plain JSON, and what is expected is worked out from that.

use std::fs;
use std::path::Path;
use std::process::Command;

use seatrial::unit::Nanos;
use serde_json::Value;

const JOURNAL: &str = "tests/fixtures/start-states/base-images-28.5-overlay2/journal.jsonl";
const STATES: [&str; 4] = ["warm", "cold-pages", "restart", "cold-pull"];
const VARIANTS: [&str; 4] = ["toolchain", "slim", "distroless", "different-program"];

fn journal() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(JOURNAL);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The report of the run in a folder of its own, and what was printed.
fn report() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("journal.jsonl"), journal()).expect("a file in a new folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_seatrial"));
    let told = command.arg("report").arg(folder.path()).output();
    let told = told.expect("the program");
    assert!(told.status.success(), "{told:?}");
    (folder, String::from_utf8(told.stdout).expect("UTF-8"))
}

/// A chart of the run, by the name of its file.
fn chart(name: &str) -> String {
    let (folder, _) = report();
    fs::read_to_string(folder.path().join(name)).expect("a chart")
}

/// What a chart says to somebody who does not see it.
fn description(svg: &str) -> &str {
    let (_, rest) = svg.split_once("<desc id=").expect("a description");
    let (_, rest) = rest.split_once('>').expect("its beginning");
    rest.split_once("</desc>").expect("its end").0
}

/// The measured starts of a variant in a state that were looked at from within.
fn starts(variant: &str, state: &str) -> Vec<Value> {
    let text = journal();
    let records = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a record"));
    let counts = |start: &Value| {
        start["kind"] == "start"
            && start["tier"] == "trace"
            && start["key"]["variant"] == variant
            && start["key"]["warmup"] == false
            && start["outcome"]["status"] == "ok"
            && start["cache"].as_str().unwrap_or("warm") == state
    };
    records.filter(counts).collect()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// The parts of a start, by name, in order.
fn parts(start: &Value) -> Vec<(&'static str, u64)> {
    let mut parts = Vec::new();
    if start["cache"] == "cold-pull" {
        parts.push(("pull", number(&start["pull"]["duration_ns"])));
    }
    if start["cache"] != "restart" {
        assert_eq!(start["phases"][0]["name"], "create");
        parts.push(("create", number(&start["phases"][0]["duration_ns"])));
    }
    let [exec, listen] = ["exec_ns", "listen_ns"].map(|stamp| number(&start["stamps"][stamp]));
    parts.extend([
        ("runtime", exec),
        ("listen", listen - exec),
        ("answer", number(&start["ready"]["value_ns"]) - listen),
    ]);
    parts
}

fn total(start: &Value) -> u64 {
    parts(start).iter().map(|(_, length)| length).sum()
}

/// Twice the median, which is a whole number.
fn doubled_median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    let half = values.len() / 2;
    if values.len() % 2 == 1 {
        2 * values[half]
    } else {
        values[half - 1] + values[half]
    }
}

#[test]
fn the_parts_of_each_median_start_are_those_of_one_start_of_the_journal() {
    let svg = chart("start-phases.svg");
    let described = description(&svg);
    for state in STATES {
        for variant in VARIANTS {
            let starts = starts(variant, state);
            assert!(starts.len() >= 3, "{variant}, {state}: {}", starts.len());
            let median = doubled_median(starts.iter().map(total).collect());
            // The first of those that are equally near stands.
            let nearest = starts
                .iter()
                .min_by_key(|start| median.abs_diff(2 * total(start)));
            let nearest = nearest.expect("a start");
            let told = parts(nearest).into_iter();
            let told: Vec<String> = told
                .map(|(name, length)| format!("{name} {}", Nanos(length)))
                .collect();
            let expected = format!(
                "{state}, by trace, {variant}: {}, in all {}",
                told.join(", "),
                Nanos(total(nearest))
            );
            assert!(
                described.contains(&expected),
                "{expected}\nis not in\n{described}"
            );
        }
    }
    // Pulls have an axis of their own: beside them every other bar would be a line.
    assert_eq!(svg.matches("from the create call to the match, ").count(), 1);
    assert_eq!(svg.matches("from the pull call to the match, ").count(), 1);
}

#[test]
fn what_a_mib_costs_is_the_median_over_pairs_of_images() {
    let svg = chart("size-start.svg");
    let described = description(&svg);
    let pulled = |variant: &str, what: &dyn Fn(&Value) -> u64| {
        doubled_median(starts(variant, "cold-pull").iter().map(what).collect()) as f64 / 2.0
    };
    let size = |variant: &str| pulled(variant, &|start| number(&start["pull"]["bytes"]));
    let time = |variant: &str| pulled(variant, &|start| number(&start["pull"]["duration_ns"]));
    let mut slopes = Vec::new();
    for (index, one) in VARIANTS.iter().enumerate() {
        for other in &VARIANTS[..index] {
            slopes.push((time(one) - time(other)) / (size(one) - size(other)) * 1.048_576);
        }
    }
    slopes.sort_by(f64::total_cmp);
    let [low, .., high] = slopes[..] else {
        panic!("six pairs")
    };
    let middle = f64::midpoint(slopes[2], slopes[3]);
    assert!(
        low > 10.0 && low < 100.0 && middle < 100.0 && high > 100.0,
        "digits as below: {slopes:?}"
    );
    let expected = format!(
        "start.pull: {middle:.1} ms per MiB ({low:.1} to {high:.0}, 91.7\u{a0}% interval, 4 images, too few for 95\u{a0}%)"
    );
    assert!(
        described.contains(&expected),
        "{expected}\nis not in\n{described}"
    );
    for panel in [
        "start.ready, ",
        "start.ready.cold-pages, ",
        "start.ready.restart, ",
        "start.pull, ",
        "pull.download, ",
        "pull.extract, ",
        "start.ready.cold-pull, ",
        "image size, packed, MiB",
    ] {
        assert_eq!(svg.matches(&format!(">\n{panel}")).count(), 1, "{panel}");
    }
    assert!(!svg.contains("Each MiB"), "four images claim nothing");
}

#[test]
fn notes_of_many_states_fit_a_pipe() {
    let (_folder, told) = report();
    let notes = told.lines().skip_while(|line| !line.starts_with("time: "));
    let notes: Vec<&str> = notes.take_while(|line| !line.starts_with('/')).collect();
    assert!(notes.len() > 6, "{told}");
    for line in notes {
        assert!(line.chars().count() <= 80, "{line}");
    }
}
