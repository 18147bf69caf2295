//! A run from the command line to its files, and what it leaves behind: nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

use seatrial::results::StopReason;
use serde_json::Value;

use crate::daemon::daemon;
use crate::inventory::Inventory;
use crate::support::{docker, docker_output, output_of, text};
use crate::trial::{Trial, builds};

const SCENARIO: &str = r##"
schema = 1
title = "Install above or below the source"
question = "Is the install reused?"

[context]
path = "context"

[base.ballast]
ballast = true

[[variant]]
name = "naive"
dockerfile = "naive.Dockerfile"
baseline = true

[[variant]]
name = "ordered"
dockerfile = "ordered.Dockerfile"

[build]
rounds = 5
warmups = 0

[[build.step]]
name = "cold"
cache = { layers = "empty", mounts = "empty", context = "absent" }

[[build.step]]
name = "unchanged"
expect = "cached"

[[build.step]]
name = "edit source"
edit = [{ append = "app/main.py", text = "# {{nonce}}\n" }]
expect = { rebuilt = ["COPY . ."] }

[[build.step]]
name = "touch source"
edit = [{ touch = "app/main.py" }]
expect = "cached"

[start]
samples = 3
warmups = 0
ready = { http = "/health", port = 8000, body-contains = "ok" }
timeout = "30s"
"##;

const NAIVE: &str = r#"
ARG BALLAST
FROM ${BALLAST}
WORKDIR /srv
COPY . .
RUN ["/ballast", "work", "--cpu", "20ms", "--files", "3", "--bytes", "1KiB", "--input", "requirements.txt", "--output", "/opt"]
CMD ["/ballast", "serve", "--listen-after", "10ms", "--ready-after", "20ms"]
"#;

const ORDERED: &str = r#"
ARG BALLAST
FROM ${BALLAST}
WORKDIR /srv
COPY requirements.txt .
RUN ["/ballast", "work", "--cpu", "20ms", "--files", "3", "--bytes", "1KiB", "--input", "requirements.txt", "--output", "/opt"]
COPY . .
CMD ["/ballast", "serve", "--listen-after", "10ms", "--ready-after", "20ms"]
"#;

fn trial(scenario: &str) -> Trial {
    Trial::new(&[
        ("scenario.toml", scenario),
        ("naive.Dockerfile", NAIVE),
        ("ordered.Dockerfile", ORDERED),
        ("context/app/main.py", "print('tide')\n"),
        ("context/requirements.txt", "tide==1.0\n"),
    ])
}

/// A digest of all that a folder holds, by tar and sha256sum: names, bytes, modes, owners, times.
fn tree_digest(folder: &Path) -> String {
    let script = "tar --sort=name -C \"$1\" -cf - . | sha256sum";
    let output = output_of(Command::new("sh").args(["-euc", script, "sh"]).arg(folder));
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// How many records the build cache holds.
fn build_records() -> u64 {
    let usage = docker(&["system", "df", "--format", "{{.Type}}={{.TotalCount}}"]);
    let count = usage.lines().find_map(|line| line.strip_prefix("Build Cache="));
    count.unwrap().parse().unwrap()
}

/// Whether every element of an XML text is closed, in order, with quoted attributes and no bare `&`.
fn is_well_formed(xml: &str) -> bool {
    let mut open = Vec::new();
    let mut rest = xml;
    while let Some(begin) = rest.find('<') {
        let Some(length) = rest[begin..].find('>') else {
            return false;
        };
        let tag = &rest[begin + 1..begin + length];
        rest = &rest[begin + length + 1..];
        if tag.contains('<') || !tag.matches('"').count().is_multiple_of(2) {
            return false;
        }
        if tag.starts_with(['?', '!']) {
            continue;
        }
        let name = |text: &str| text.split([' ', '\n', '/']).next().unwrap_or_default().to_owned();
        match tag.strip_prefix('/') {
            Some(closed) if open.pop() != Some(name(closed)) => return false,
            Some(_) => {}
            None if tag.ends_with('/') => {}
            None => open.push(name(tag)),
        }
    }
    let references = xml.split('&').skip(1).all(|behind| {
        let name = behind.split(';').next().unwrap_or_default();
        ["amp", "lt", "gt", "quot", "apos"].contains(&name) || name.starts_with('#')
    });
    open.is_empty() && !rest.contains('>') && references
}

#[test]
fn a_run_writes_every_file_measures_what_it_meant_to_and_leaves_nothing() {
    let Some(_daemon) = daemon() else { return };
    let trial = trial(SCENARIO);
    let (before, sources) = (Inventory::take(), tree_digest(&trial.scenario()));
    let records = build_records();

    let ended = trial.run(&["--rounds", "2", "--starts", "2"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(Inventory::take(), before);
    // The daemon may have tidied up records of others meanwhile.
    assert!(build_records() <= records, "{} of {records}", build_records());
    assert_eq!(tree_digest(&trial.scenario()), sources);
    assert_eq!(trial.scratch_copies(), [""; 0]);

    let run = trial.journal();
    assert_eq!((run.builds.len(), run.starts.len()), (16, 8));
    let end = run.end.as_ref().unwrap();
    assert_eq!((end.stop, end.left_behind.len()), (StopReason::Complete, 0));
    for build in &run.builds {
        assert!(build.outcome.is_ok() && build.duration_ns.is_some(), "{build:?}");
        let meant = match (build.step.as_str(), build.key.variant.as_str()) {
            ("cold", "naive") => 3,
            ("cold", _) => 4,
            ("edit source", "naive") => 2,
            ("edit source", _) => 1,
            _ => 0,
        };
        assert_eq!(build.rebuilt(), meant, "{build:?}");
    }
    let install_is_cached = |variant: &str| -> Vec<bool> {
        let instructions = builds(&run, variant, "edit source");
        let instructions = instructions.iter().flat_map(|build| &build.instructions);
        instructions
            .filter(|instruction| instruction.name.starts_with("RUN "))
            .map(|instruction| instruction.cached)
            .collect()
    };
    assert_eq!(install_is_cached("naive"), [false, false]);
    assert_eq!(install_is_cached("ordered"), [true, true]);
    for start in &run.starts {
        // What is seen from within, and what users see.
        let (seen, other) = if start.tier.is_inside() {
            (start.ready, start.client)
        } else {
            (start.client, start.ready)
        };
        assert!(start.outcome.is_ok() && other.is_none(), "{start:?}");
        // The server is not ready before then.
        assert!(seen.unwrap().value_ns.0 >= 20_000_000, "{start:?}");
    }

    let report = trial.report();
    let read = |name: &str| fs::read_to_string(report.join(name)).unwrap();
    for line in read("journal.jsonl").lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        assert!(record["kind"].is_string(), "{line}");
    }
    let summary: Value = serde_json::from_str(&read("summary.json")).unwrap();
    assert!(summary.is_object());
    let mut samples = csv::Reader::from_path(report.join("samples.csv")).unwrap();
    let rows: Vec<csv::StringRecord> = samples.records().map(Result::unwrap).collect();
    assert!(rows.len() >= 16 + 4, "{}", rows.len());
    for name in ["summary.md", "report.html"] {
        let text = read(name);
        assert!(text.contains("naive") && text.contains("ordered"), "{name}");
    }
    let charts: Vec<_> = fs::read_dir(&report)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "svg"))
        .collect();
    assert!(!charts.is_empty());
    for chart in &charts {
        let svg = fs::read_to_string(chart).unwrap();
        assert!(
            svg.contains("<svg") && is_well_formed(&svg),
            "{}",
            chart.display()
        );
        let shown = format!("{}\n", chart.display());
        assert!(ended.stdout.contains(&shown), "{}", ended.stdout);
    }
    assert!(ended.stdout.contains("edit source"), "{}", ended.stdout);
}

#[test]
fn a_run_leaves_the_image_that_is_to_be_kept_and_no_other() {
    let Some(_daemon) = daemon() else { return };
    let trial = trial(&SCENARIO.replace("question = ", "keep = [\"ordered\"]\nquestion = "));
    let before = Inventory::take();

    let ended = trial.run(&["--quick"]);
    let after = Inventory::take();
    let run = trial.journal();
    let variant = run
        .header
        .variants
        .iter()
        .find(|variant| variant.name == "ordered");
    let kept = builds(&run, "ordered", "touch source")[0].image.clone();
    let images = docker(&["image", "ls", "--quiet", "--no-trunc", &variant.unwrap().image]);
    let references = docker(&[
        "image",
        "ls",
        "--format",
        "{{.Repository}}:{{.Tag}}",
        &variant.unwrap().image,
    ]);
    for reference in references.lines() {
        docker_output(&["rmi", reference]);
    }
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(images, kept.unwrap().id);
    assert_eq!(after.since(&before).len(), 1, "{:?}", after.since(&before));
    assert_eq!(before.since(&after), [""; 0]);
    assert_eq!(Inventory::take(), before);
}

#[test]
fn the_check_of_charts_tells_broken_ones() {
    for (xml, well_formed) in [
        ("<?xml?><svg a=\"1\"><g/><text>a &lt; b</text></svg>\n", true),
        ("<svg><g></svg>", false),
        ("<svg><text>a & b</text></svg>", false),
        ("<svg a=\"1><g/></svg>", false),
        ("<svg></svg>>", false),
    ] {
        assert_eq!(is_well_formed(xml), well_formed, "{xml}");
    }
}
