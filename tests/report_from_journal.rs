//! Everything after the journal, from journals of real runs: the reports come out whole, the same each time, and say
//! what the journal says. A folder below `tests/fixtures/runs` with a `journal.jsonl` is a case.
//!
//! The journal is read here as plain JSON, not through the program's own types.

#[path = "support/command/mod.rs"]
mod command;
#[path = "support/journal.rs"]
mod journal;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use command::{Seatrial, Told, scratch};
use journal::{Fixture, fixtures};
use serde_json::Value;

/// The journal's name within the folder of its run.
const JOURNAL: &str = "journal.jsonl";

/// A copy of a run's folder that holds the journal alone.
struct Copy {
    folder: PathBuf,
    _parent: tempfile::TempDir,
}

impl Copy {
    fn of(fixture: &Fixture) -> Self {
        Self::with_journal(&fixture.name, &fixture.text)
    }

    fn with_journal(name: &str, text: &str) -> Self {
        let parent = scratch();
        let folder = parent.path().join(name);
        fs::create_dir(&folder).expect("a folder in a new one");
        fs::write(folder.join(JOURNAL), text).expect("a file in a new folder");
        Self {
            folder,
            _parent: parent,
        }
    }

    fn report(&self) -> Told {
        let parent = self.folder.parent().expect("a folder in a folder");
        Seatrial::line("report")
            .arg(&self.folder)
            .redact(parent, 'r')
            .run()
    }

    /// Every file but the journal, by name.
    fn outputs(&self) -> BTreeMap<String, Vec<u8>> {
        let files = fs::read_dir(&self.folder).expect("the folder of the run");
        let files = files.map(|entry| entry.expect("an entry of it").path());
        files
            .map(|path| {
                let name = path.file_name().expect("a name").to_string_lossy().into_owned();
                (name, fs::read(&path).expect("a file of the run"))
            })
            .filter(|(name, _)| name != JOURNAL)
            .collect()
    }

    fn output(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).expect("an output in UTF-8")
    }
}

#[test]
fn every_output_is_made_again_and_the_journal_is_left_alone() {
    for fixture in fixtures() {
        let copy = Copy::of(&fixture);
        let told = copy.report();
        assert_eq!(told.code, Some(0), "{}: {told}", fixture.name);
        let mut expected = vec![
            "builds.svg",
            "layers.svg",
            "phases.svg",
            "report.html",
            "samples.csv",
            "size-start.svg",
            "starts.svg",
            "summary.json",
            "summary.md",
            "timeline.svg",
        ];
        let is_start = |line: &str| line.starts_with(r#"{"kind":"start""#);
        if fixture.text.lines().any(is_start) {
            expected.push("start-phases.svg");
        }
        expected.sort_unstable();
        let outputs = copy.outputs();
        let names: Vec<_> = outputs.keys().map(String::as_str).collect();
        assert_eq!(names, expected, "{}", fixture.name);
        for (name, bytes) in &outputs {
            assert!(!bytes.is_empty(), "{}/{name} is empty", fixture.name);
        }
        let paths: Vec<_> = told.stdout.lines().rev().take(expected.len()).collect();
        for name in &expected {
            let is_told = paths.iter().any(|path| path.ends_with(&format!("/{name}")));
            assert!(is_told, "{name} is not told:\n{told}");
        }
        assert_eq!(copy.output(JOURNAL), fixture.text, "{}", fixture.name);
    }
}

#[test]
fn the_same_journal_gives_the_same_bytes_wherever_it_lies_and_however_often() {
    for fixture in fixtures() {
        let (here, there) = (Copy::of(&fixture), Copy::of(&fixture));
        assert_eq!(here.report().code, Some(0));
        assert_eq!(there.report().code, Some(0));
        let first = here.outputs();
        let differ: Vec<_> = there
            .outputs()
            .into_iter()
            .filter(|(name, bytes)| first.get(name) != Some(bytes))
            .map(|(name, _)| name)
            .collect();
        assert!(
            differ.is_empty(),
            "{}: {differ:?} depend on the place",
            fixture.name
        );
        assert_eq!(here.report().code, Some(0));
        let again = here.outputs();
        let differ: Vec<_> = again
            .iter()
            .filter(|(name, bytes)| first.get(*name) != Some(bytes))
            .collect();
        assert!(
            differ.is_empty(),
            "{}: {:?} depend on the time",
            fixture.name,
            differ.len()
        );
    }
}

/// A snapshot per fixture; a new one is written with `INSTA_UPDATE=always` and then read.
#[test]
fn the_table_tells_what_the_run_found() {
    for fixture in fixtures() {
        let copy = Copy::of(&fixture);
        let told = copy.report();
        for line in told.stdout.lines().filter(|line| !line.starts_with("rrr")) {
            let sentence = told.stdout.starts_with(line);
            assert!(
                sentence || line.chars().count() <= 80,
                "{}: wider than 80 columns: {line}",
                fixture.name
            );
        }
        assert!(
            !told.stdout.contains('\u{1b}'),
            "{}: escape sequences in a pipe",
            fixture.name
        );
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(format!("report-{}", fixture.name), told);
        });
    }
}

#[test]
fn on_a_terminal_the_table_is_styled_unless_no_color_says_otherwise() {
    let copy = Copy::of(&fixtures()[0]);
    for (no_color, styled) in [(None, true), (Some(""), true), (Some("1"), false)] {
        let told = Seatrial::line("report").arg(&copy.folder).on_terminal(no_color);
        assert_eq!(told.code, Some(0), "{told}");
        assert_eq!(
            told.stdout.contains('\u{1b}'),
            styled,
            "NO_COLOR={no_color:?}: {told}"
        );
    }
}

#[test]
fn the_table_of_samples_has_a_row_for_each_metric_of_each_sample() {
    for fixture in fixtures() {
        let copy = Copy::of(&fixture);
        assert_eq!(copy.report().code, Some(0));
        let text = copy.output("samples.csv");
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let headers = reader.headers().expect("a header row").clone();
        let column = |name: &str| {
            headers
                .iter()
                .position(|header| header == name)
                .expect("a column")
        };
        let [order, metric, value, status] = ["order", "metric", "value", "status"].map(column);
        let mut rows: BTreeMap<u64, BTreeMap<String, u32>> = BTreeMap::new();
        for row in reader.records() {
            let row = row.expect("a row");
            let order = row[order].parse().expect("a number");
            *rows
                .entry(order)
                .or_default()
                .entry(row[metric].to_owned())
                .or_default() += 1;
            assert!(
                (&row[status] != "failed") || row[value].is_empty(),
                "{}: a failure has a number: {row:?}",
                fixture.name
            );
        }
        for sample in fixture.samples() {
            let mut expected: BTreeMap<String, u32> = BTreeMap::new();
            let mut expect = |metric: &str, count: usize| {
                *expected.entry(metric.to_owned()).or_default() += u32::try_from(count).expect("a few");
            };
            let measured = sample["outcome"]["status"] != "failed";
            let phases = sample["phases"]
                .as_array()
                .expect("phases")
                .iter()
                .filter(|_| measured);
            if sample["kind"] == "build" {
                let step = sample["step"].as_str().expect("a step");
                for metric in ["time", "rebuilt", "sent"] {
                    expect(&format!("step.{step}.{metric}"), 1);
                }
                for metric in ["context.size", "context.files", "image.size", "image.layers"] {
                    expect(metric, 1);
                }
                for phase in phases {
                    expect(
                        &format!("step.{step}.phase.{}", phase["name"].as_str().unwrap()),
                        1,
                    );
                }
                let instructions = sample["instructions"].as_array().unwrap().len();
                if measured && instructions > 0 {
                    expect("instruction.time", instructions);
                    expect("instruction.cached", instructions);
                    expect("instruction.log", instructions);
                }
            } else {
                expect("start.client", 1);
                if !sample["ready"].is_null() || sample["tier"] == "ip" {
                    expect("start.ready", 1);
                }
                for phase in phases {
                    expect(&format!("start.phase.{}", phase["name"].as_str().unwrap()), 1);
                }
            }
            let order = sample["key"]["order"].as_u64().unwrap();
            assert_eq!(
                rows.remove(&order),
                Some(expected),
                "{}: sample {order}",
                fixture.name
            );
        }
        assert!(rows.is_empty(), "{}: rows of no sample: {rows:?}", fixture.name);
    }
}

#[test]
fn the_summary_says_what_the_journal_says() {
    for fixture in fixtures() {
        let copy = Copy::of(&fixture);
        assert_eq!(copy.report().code, Some(0));
        let text = copy.output("summary.json");
        let printed = Seatrial::line("report --json").arg(&copy.folder).run();
        assert!(
            printed.data() == text,
            "{}: `--json` prints another summary",
            fixture.name
        );
        let summary: Value = serde_json::from_str(&text).expect("JSON");
        shape(&summary, &fixture);
        let estimates = summary["estimates"].as_array().expect("estimates");
        let mut compared = 0;
        for estimate in estimates {
            let key = estimate["metric"].as_str().expect("a metric");
            let Some(values) = fixture.counted(estimate["variant"].as_str().expect("a variant"), key) else {
                continue;
            };
            let place = format!("{}: {} {key}", fixture.name, estimate["variant"]);
            assert_eq!(estimate["n"], values.len(), "{place}");
            assert_eq!(estimate["min"].as_u64(), values.first().copied(), "{place}");
            assert_eq!(estimate["max"].as_u64(), values.last().copied(), "{place}");
            if estimate["status"] == "unstable" {
                assert_ne!(values.first(), values.last(), "{place}");
                assert!(estimate["value"].is_null(), "{place}");
            } else if values.len() % 2 == 1 {
                let median = values[values.len() / 2];
                #[expect(clippy::cast_precision_loss, reason = "nanoseconds of a build fit 52 bits")]
                let median = median as f64;
                assert_eq!(estimate["value"].as_f64(), Some(median), "{place}");
            }
            compared += 1;
        }
        assert!(compared > 0, "{}: no estimate was compared", fixture.name);
    }
}

/// What a reader of `summary.json` may rely on.
fn shape(summary: &Value, fixture: &Fixture) {
    let header = fixture.header();
    assert_eq!(summary["schema"], 1);
    assert_eq!(summary["tool"]["name"], "seatrial");
    assert_eq!(summary["run"]["id"], header["run_id"]);
    assert_eq!(summary["run"]["seed"], header["seed"]);
    assert_eq!(summary["run"]["quick"], header["quick"]);
    assert_eq!(summary["scenario"]["name"], header["scenario"]);
    assert_eq!(summary["scenario"]["hash"], header["scenario_digest"]);
    assert_eq!(summary["scenario"]["baseline"], header["baseline"]);
    assert_eq!(summary["scenario"]["steps"], header["steps"]);
    assert_eq!(summary["environment"]["engine"], header["environment"]["engine"]);
    let variants: BTreeSet<_> = header["variants"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|variant| &variant["name"])
        .map(Value::to_string)
        .collect();
    let metrics: BTreeSet<_> = summary["metrics"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|metric| metric["id"].to_string())
        .collect();
    for list in ["estimates", "samples"] {
        for item in summary[list].as_array().expect("a list") {
            assert!(variants.contains(&item["variant"].to_string()), "{list}: {item}");
            assert!(metrics.contains(&item["metric"].to_string()), "{list}: {item}");
        }
    }
    for comparison in summary["comparisons"].as_array().expect("a list") {
        assert!(
            metrics.contains(&comparison["metric"].to_string()),
            "{comparison}"
        );
        for side in ["a", "b"] {
            assert!(variants.contains(&comparison[side].to_string()), "{comparison}");
        }
        assert_eq!(comparison["a"], header["baseline"], "{comparison}");
    }
    assert_eq!(
        summary["verdict"]["comparable"].as_bool(),
        Some(!header["quick"].as_bool().expect("a flag"))
    );
}

#[test]
fn pages_and_charts_need_nothing_from_elsewhere_and_have_no_broken_numbers() {
    for fixture in fixtures() {
        let copy = Copy::of(&fixture);
        assert_eq!(copy.report().code, Some(0));
        for (name, bytes) in copy.outputs() {
            let text = String::from_utf8(bytes).expect("an output in UTF-8");
            let place = format!("{}/{name}", fixture.name);
            for broken in ["NaN", "inf ", "Infinity", "-0 ", "undefined"] {
                assert!(!text.contains(broken), "{place} has `{broken}`");
            }
            if name == "report.html" || Path::new(&name).extension().is_some_and(|kind| kind == "svg") {
                for remote in [
                    "src=\"http",
                    "src=\"//",
                    "url(http",
                    "<script",
                    "@import",
                    "<link",
                ] {
                    assert!(!text.contains(remote), "{place} has `{remote}`");
                }
            }
        }
    }
}

#[test]
fn a_journal_that_ends_anywhere_is_a_run_that_was_killed() {
    for fixture in fixtures() {
        let header = fixture.text.find('\n').expect("a header line") + 1;
        let step = (fixture.text.len() - header) / 7;
        for cut in (header..fixture.text.len()).step_by(step.max(1)) {
            // A cut inside a character would be no text here; a journal is cut in bytes.
            if !fixture.text.is_char_boundary(cut) {
                continue;
            }
            let copy = Copy::with_journal(&fixture.name, &fixture.text[..cut]);
            let told = copy.report();
            assert_eq!(told.code, Some(0), "{} cut at {cut}: {told}", fixture.name);
            assert!(
                told.stderr.contains("warning: the run was killed before its end"),
                "{} cut at {cut}: {told}",
                fixture.name
            );
            let summary: Value = serde_json::from_str(&copy.output("summary.json")).expect("JSON");
            let whole = fixture.text[..cut]
                .lines()
                .filter(|line| serde_json::from_str::<Value>(line).is_ok());
            let kept = whole
                .filter(|line| line.starts_with("{\"kind\":\"build\""))
                .count();
            let shown = summary["samples"].as_array().unwrap().iter();
            let shown: BTreeSet<_> = shown
                .filter(|sample| {
                    sample["metric"]
                        .as_str()
                        .is_some_and(|metric| metric.rsplit('.').next() == Some("time"))
                })
                .map(|sample| sample["order"].as_u64())
                .collect();
            assert_eq!(shown.len(), kept, "{} cut at {cut}", fixture.name);
        }
    }
}

#[test]
fn folders_that_hold_no_readable_run_are_told_with_two() {
    let missing = scratch();
    let told = Seatrial::line("report")
        .arg(missing.path().join("run"))
        .redact(missing.path(), 'r')
        .run();
    insta::assert_snapshot!(told, @"
    exit 2
    --- stderr
    error: cannot load the run in rrrrrrrrrrrrrrr/run
      caused by: cannot read the journal rrrrrrrrrrrrrrr/run/journal.jsonl
      caused by: No such file or directory (os error 2)
      hint: name the folder of a run, such as reports/<utc>-<scenario>
    ");
    let empty = Copy::with_journal("run", "");
    insta::assert_snapshot!(empty.report(), @"
    exit 2
    --- stderr
    error: cannot make a run of the journal in rrrrrrrrrrrrrrr/run
      caused by: the journal does not begin with a run header
    ");
    let text = &fixtures()[0].text;
    let newer = Copy::with_journal("run", &text.replacen("\"schema\":1", "\"schema\":2", 1));
    insta::assert_snapshot!(newer.report(), @"
    exit 2
    --- stderr
    error: cannot make a run of the journal in rrrrrrrrrrrrrrr/run
      caused by: the journal has schema 2, expected 1
    ");
    let mut lines: Vec<&str> = text.lines().collect();
    lines.insert(2, "not a record");
    let broken = Copy::with_journal("run", &(lines.join("\n") + "\n"));
    insta::assert_snapshot!(broken.report(), @"
    exit 2
    --- stderr
    error: cannot load the run in rrrrrrrrrrrrrrr/run
      caused by: rrrrrrrrrrrrrrr/run/journal.jsonl:3:2: the line is not a record of a journal
      caused by: expected ident at line 1 column 2
      hint: the journal was changed by something else, or written by another version; the lines before line 3 are whole
    ");
    for copy in [&empty, &newer, &broken] {
        assert!(
            copy.outputs().is_empty(),
            "something was written of a run that cannot be read"
        );
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_told_with_one() {
    let fixture = &fixtures()[0];
    let copy = Copy::of(fixture);
    // Where the table of samples is to be, a folder stands that is not empty: this holds for root too.
    let taken = copy.folder.join("samples.csv");
    fs::create_dir_all(taken.join("full")).unwrap();
    let told = copy.report();
    assert_eq!(told.code, Some(1), "{told}");
    assert!(told.stderr.contains("samples.csv"), "{told}");
    assert!(Path::new(&taken).is_dir());
}

/// Runs `compare` on folders of fixtures, and reads what it tells as JSON.
fn compared(folders: &[&Copy]) -> (Value, Told) {
    let mut line = Seatrial::line("compare --json");
    for folder in folders {
        line = line.arg(&folder.folder);
    }
    let told = line.run();
    assert_eq!(told.code, Some(0), "{told}");
    (serde_json::from_str(&told.stdout).expect("JSON"), told)
}

fn rows(verdicts: &Value) -> &Vec<Value> {
    verdicts["rows"].as_array().expect("rows")
}

#[test]
fn a_run_against_itself_is_neither_worse_nor_better() {
    for fixture in fixtures() {
        let copy = Copy::of(&fixture);
        let (verdicts, told) = compared(&[&copy, &copy]);
        assert_eq!(told.stderr, "", "{}", fixture.name);
        let mut timed = 0;
        for row in rows(&verdicts) {
            assert_eq!(row["baseline"], row["candidate"], "{row}");
            let metric = row["metric"].as_str().expect("a key");
            let variant = row["candidate"].as_str().expect("a name");
            assert!(
                ["same", "inconclusive", "insufficient", "failed", "unstable"]
                    .contains(&row["status"].as_str().unwrap()),
                "{}: {row}",
                fixture.name
            );
            if let (Some(counted), true) = (fixture.counted(variant, metric), row["estimate"].is_object()) {
                timed += 1;
                assert_eq!(
                    row["estimate"]["n"],
                    serde_json::json!([counted.len(), counted.len()]),
                    "{row}"
                );
                assert_eq!(row["estimate"]["ratio"].as_f64(), Some(1.0), "{row}");
                assert_eq!(row["estimate"]["p"].as_f64(), Some(1.0), "{row}");
            }
        }
        let judged = rows(&verdicts)
            .iter()
            .filter(|row| row["estimate"].is_object())
            .count();
        assert!(timed > 0 || judged == 0, "{}: {told}", fixture.name);
    }
}

#[test]
fn times_of_another_image_store_are_not_compared_and_bytes_are() {
    let all = fixtures();
    let named = |name: &str| {
        Copy::of(
            all.iter()
                .find(|fixture| fixture.name == name)
                .expect("a fixture"),
        )
    };
    let before = named("quickstart-28.5-overlay2");
    let after = named("quickstart-28.5-containerd");
    let (verdicts, told) = compared(&[&before, &after]);
    assert!(
        told.stderr
            .starts_with("warning: times are not compared: image store is "),
        "{told}"
    );
    let mut seen = BTreeMap::<&str, usize>::new();
    for row in rows(&verdicts) {
        let timed = row["kind"] == "timed";
        let status = row["status"].as_str().expect("a status");
        *seen.entry(status).or_default() += 1;
        if timed {
            assert_eq!(status, "not_comparable", "{row}");
            assert!(
                row["detail"].as_str().unwrap().starts_with("image store: "),
                "{row}"
            );
        } else {
            // Compressed layers are a few bytes more or less, by the times in them.
            assert!(row["values"].is_array() || status == "unstable", "{row}");
        }
    }
    assert!(seen["not_comparable"] > 0 && seen["same"] > 0, "{seen:?}");
}

#[test]
fn every_other_variant_has_a_row_against_the_baseline_for_each_metric_of_the_run() {
    for fixture in fixtures() {
        let copy = Copy::of(&fixture);
        let (verdicts, _) = compared(&[&copy]);
        let header = fixture.header();
        let baseline = &header["baseline"];
        for row in rows(&verdicts) {
            assert_eq!(&row["baseline"], baseline);
        }
        for variant in header["variants"].as_array().unwrap() {
            let name = &variant["name"];
            for step in header["steps"].as_array().unwrap() {
                let metric = format!("step.{}.time", step.as_str().unwrap());
                let of_it = |row: &&Value| &row["candidate"] == name && row["metric"] == metric.as_str();
                let expected = usize::from(name != baseline);
                let found = rows(&verdicts).iter().filter(of_it).count();
                assert_eq!(found, expected, "{}: {name} {metric}", fixture.name);
            }
        }
    }
}

#[test]
fn a_folder_without_a_run_cannot_be_compared() {
    let missing = scratch();
    let copy = Copy::of(&fixtures()[0]);
    let told = Seatrial::line("compare")
        .arg(&copy.folder)
        .arg(missing.path().join("run"))
        .redact(missing.path(), 'r')
        .run();
    insta::assert_snapshot!(told, @"
    exit 2
    --- stderr
    error: cannot load the run in rrrrrrrrrrrrrrr/run
      caused by: cannot read the journal rrrrrrrrrrrrrrr/run/journal.jsonl
      caused by: No such file or directory (os error 2)
      hint: name the folder of a run, such as reports/<utc>-<scenario>
    ");
}

/// A journal with each of its records changed by `change`, which gets its kind.
fn changed(text: &str, change: impl Fn(&str, &mut Value)) -> String {
    let lines = text.lines().map(|line| {
        let mut record: Value = serde_json::from_str(line).expect("a record");
        let kind = record["kind"].as_str().expect("a kind").to_owned();
        change(&kind, &mut record);
        format!("{record}\n")
    });
    lines.collect()
}

/// The journal of a run in which everything that edits of the source took is so many hundredths as long, with these gates.
fn slower(text: &str, percent: u64, gates: &Value) -> String {
    let longer = |duration: &mut Value| {
        if let Some(nanos) = duration.as_u64() {
            *duration = (nanos * percent / 100).into();
        }
    };
    changed(text, |kind, record| {
        if kind == "run" {
            record["gates"] = gates.clone();
        }
        if kind == "build" && record["step"] == "edit source" {
            longer(&mut record["duration_ns"]);
            for instruction in record["instructions"].as_array_mut().expect("instructions") {
                longer(&mut instruction["duration_ns"]);
            }
        }
    })
}

/// Runs `gate` on a copy of a run, against another one.
fn gated(options: &str, run: &Copy, against: &Copy) -> Told {
    Seatrial::line(&format!("gate {options}"))
        .arg(&run.folder)
        .arg("--against")
        .arg(&against.folder)
        .redact(run.folder.parent().expect("a folder in a folder"), 'r')
        .run()
}

fn quick_start() -> Fixture {
    let mut all = fixtures().into_iter();
    all.find(|fixture| fixture.name == "quickstart-28.5-overlay2")
        .expect("the fixture")
}

#[test]
fn a_gate_ends_with_3_where_something_is_worse_than_it_allows_and_names_the_instruction() {
    let fixture = quick_start();
    let before = Copy::of(&fixture);
    let gates = serde_json::json!([{
        "metric": "step.edit source.time", "worse_by": { "share": 0.05 }, "at_least": 10_000_000,
    }]);
    let named = |variant: &str| format!("{variant} · step.edit source.time is ");
    for (percent, code, outcome) in [(100, 0, "ok"), (150, 3, "regressed"), (50, 0, "ok")] {
        let after = Copy::with_journal("after", &slower(&fixture.text, percent, &gates));
        let told = gated("", &after, &before);
        assert_eq!(told.code, Some(code), "{percent}: {told}");
        let verdict: Value = serde_json::from_str(&after.output("verdict.json")).unwrap();
        assert_eq!(verdict["outcome"], outcome, "{percent}");
        assert_eq!(verdict["exit_code"], code, "{percent}");
        assert_eq!(
            verdict["rulings"].as_array().unwrap().len(),
            2,
            "one for each variant"
        );
        assert_eq!(
            told.stdout.contains(&named("naive")),
            code == 3,
            "{percent}: {told}"
        );
        assert_eq!(
            told.stdout.contains("most of it in `RUN"),
            code == 3,
            "{percent}: {told}"
        );
        let never = gated("--fail-on none --json", &after, &before);
        assert_eq!(never.code, Some(0), "{percent}: {never}");
        let printed: Value = serde_json::from_str(&never.stdout).unwrap();
        assert_eq!(
            (&printed["outcome"], &printed["exit_code"]),
            (&serde_json::json!(outcome), &serde_json::json!(0))
        );
    }
}

#[test]
fn a_job_of_github_gets_annotations_and_a_summary_and_nobody_else_does() {
    let fixture = quick_start();
    let before = Copy::of(&fixture);
    let gates = serde_json::json!([{ "metric": "step.edit source.time", "worse_by": { "share": 0.05 } }]);
    let after = Copy::with_journal("after", &slower(&fixture.text, 150, &gates));
    let parent = scratch();
    let summary = parent.path().join("summary.md");
    fs::write(&summary, "# Before\n").unwrap();
    let gate = |in_job: &str| {
        let mut line = Seatrial::line("gate --json")
            .arg(&after.folder)
            .arg("--against")
            .arg(&before.folder);
        line.command
            .env("GITHUB_ACTIONS", in_job)
            .env("GITHUB_STEP_SUMMARY", &summary);
        line.run()
    };
    let told = gate("false");
    assert!(!told.stderr.contains("::error"), "{told}");
    assert_eq!(fs::read_to_string(&summary).unwrap(), "# Before\n");
    let told = gate("true");
    assert_eq!(told.code, Some(3), "{told}");
    let error = "::error title=quickstart%3A step.edit source.time::naive · step.edit source.time is ";
    assert!(told.stderr.contains(error), "{told}");
    assert!(
        serde_json::from_str::<Value>(&told.stdout).is_ok(),
        "nothing else there: {told}"
    );
    let written = fs::read_to_string(&summary).unwrap();
    assert!(written.starts_with("# Before\n## "), "{written}");
    assert!(written.contains("**Worse than allowed**"), "{written}");
    assert!(
        written.ends_with("<!-- seatrial-gate:quickstart -->\n"),
        "{written}"
    );
}

#[test]
fn what_another_machine_took_is_not_judged_and_what_it_stored_is() {
    let fixture = quick_start();
    let before = Copy::of(&fixture);
    let gates = serde_json::json!([
        { "metric": "step.edit source.time", "worse_by": { "share": 0.05 } },
        { "metric": "image.layers" },
    ]);
    let elsewhere = changed(&slower(&fixture.text, 300, &gates), |kind, record| {
        if kind == "run" {
            record["environment"]["cpu"] = "Another CPU".into();
        }
    });
    let after = Copy::with_journal("after", &elsewhere);
    let told = gated("--all", &after, &before);
    assert_eq!(told.code, Some(0), "{told}");
    assert!(
        told.stderr
            .starts_with("warning: times are not compared: processor is "),
        "{told}"
    );
    assert!(told.stdout.contains("not comparable, processor is "), "{told}");
    assert!(told.stdout.contains("image.layers"), "{told}");
    assert_eq!(gated("--strict", &after, &before).code, Some(4));
}

#[test]
fn budgets_need_no_other_run_and_a_run_without_gates_says_how_to_have_some() {
    let fixture = quick_start();
    for (at_most, code) in [(1_u64, 3), (1 << 40, 0)] {
        let gates = serde_json::json!([{ "metric": "image.size", "at_most": at_most }]);
        let run = Copy::with_journal("run", &slower(&fixture.text, 100, &gates));
        let told = Seatrial::line("gate --all").arg(&run.folder).run();
        assert_eq!(told.code, Some(code), "{told}");
        let stands = if code == 3 {
            "over its budget"
        } else {
            "within its budget"
        };
        assert!(told.stdout.replace("\n    ", " ").contains(stands), "{told}");
    }
    let run = Copy::with_journal("run", &slower(&fixture.text, 100, &serde_json::json!([])));
    let told = Seatrial::line("gate").arg(&run.folder).run();
    insta::assert_snapshot!(told, @"
    exit 0
    --- stdout
    nothing was judged

    --- stderr
    hint: say in `[gate]` of the scenario which metric may become how much worse
    ");
    assert_eq!(
        Seatrial::line("gate --strict").arg(&run.folder).run().code,
        Some(4)
    );
}

/// So many nights of the quick start, the last ones slower, in a history, and the last of them.
fn nights(history: &Path, percents: &[u64], gates: &Value) -> Copy {
    nights_of("quickstart", history, percents, gates)
}

/// The same under the name of another scenario.
fn nights_of(scenario: &str, history: &Path, percents: &[u64], gates: &Value) -> Copy {
    let fixture = quick_start();
    let mut last = None;
    for (number, percent) in percents.iter().enumerate() {
        // Nights are never quite alike.
        let noise = [0, 1, 2, 1, 0, 2][number % 6];
        let text = changed(&slower(&fixture.text, percent + noise, gates), |kind, record| {
            if kind == "run" {
                record["run_id"] = format!("night-{number:02}").into();
                if scenario != "quickstart" {
                    record["scenario"] = scenario.into();
                    record["run_id"] = format!("{scenario}-{number:02}").into();
                }
                record["started_utc"] = format!("2026-03-{:02}T02:00:00Z", number + 1).into();
            }
        });
        let copy = Copy::with_journal("night", &text);
        let told = in_history("history add", history).arg(&copy.folder).run();
        assert_eq!(told.code, Some(0), "{told}");
        last = Some(copy);
    }
    last.expect("a night at least")
}

fn in_history(line: &str, history: &Path) -> Seatrial {
    Seatrial::line(line)
        .arg("--history")
        .arg(history)
        .arg("--project")
        .arg("<script>, ../x")
}

#[test]
fn a_night_is_judged_by_those_before_it_and_stays_worse_until_that_is_accepted() {
    let parent = scratch();
    let history = parent.path().join("history");
    let gates = serde_json::json!([
        { "metric": "step.edit source.time", "worse_by": { "share": 0.05 }, "at_least": 0 },
        { "metric": "image.layers" },
    ]);
    let gate = |run: &Copy, more: &str| {
        in_history(&format!("gate {more}"), &history)
            .arg(&run.folder)
            .run()
    };
    let mut percents = vec![100; 8];
    let warming_up = nights(&history, &percents, &gates);
    let told = gate(&warming_up, "--all");
    assert_eq!(told.code, Some(0), "{told}");
    assert!(told.stdout.contains("7 runs before it, 1 more needed"), "{told}");
    assert_eq!(gate(&warming_up, "--strict").code, Some(4));

    percents.extend([100, 100, 150]);
    let suspected = nights(&history, &percents, &gates);
    let told = gate(&suspected, "");
    assert_eq!(told.code, Some(0), "{told}");
    assert!(
        told.stdout.contains("out of the ordinary, for the first time"),
        "{told}"
    );
    assert_eq!(gate(&suspected, "--fail-on suspect").code, Some(3));

    percents.push(150);
    let confirmed = nights(&history, &percents, &gates);
    let told = gate(&confirmed, "");
    assert_eq!(told.code, Some(3), "{told}");
    assert!(
        told.stdout
            .replace("\n    ", " ")
            .contains("worse than the runs before it, since night-10"),
        "{told}"
    );

    let accepted = in_history(
        "history accept quickstart --run night-10 --reason=compiler",
        &history,
    )
    .run();
    assert_eq!(accepted.code, Some(0), "{accepted}");
    let told = gate(&confirmed, "");
    assert_eq!(told.code, Some(0), "{told}");
    assert!(told.stdout.contains("one run before it, 7 more"), "{told}");

    let listed = in_history("history list", &history).run();
    assert_eq!(listed.stdout.lines().count(), 13, "{listed}");
    let shown = in_history("history show quickstart", &history).run();
    assert!(shown.stdout.contains("quickstart, machine "), "{shown}");
    let csv = in_history(
        "history csv quickstart --variant naive --metric image.layers --step cold",
        &history,
    )
    .run();
    assert_eq!(csv.stdout.lines().count(), 3, "from the accepted night on: {csv}");
    assert!(
        csv.stdout
            .starts_with("time,commit,image.layers\n2026-03-11T02:00:00Z,night-10,"),
        "{csv}"
    );
    let inside: Vec<_> = fs::read_dir(parent.path()).unwrap().collect();
    assert_eq!(inside.len(), 1, "whatever the project is called");
}

#[test]
fn who_accepts_what_is_not_there_is_told_so() {
    let parent = scratch();
    let history = parent.path().join("history");
    let empty = in_history("history accept quickstart --reason r", &history).run();
    assert_eq!(empty.code, Some(2), "{empty}");
    assert!(
        empty
            .stderr
            .contains("the history has no run of the scenario `quickstart`"),
        "{empty}"
    );
    nights(&history, &[100], &serde_json::json!([]));
    for more in ["--run night-99", "--metric start.hot", "--variant fast"] {
        let told = in_history(&format!("history accept quickstart --reason r {more}"), &history).run();
        assert_eq!(told.code, Some(2), "{more}: {told}");
    }
    let none = in_history("history accept quickstart --reason=", &history).run();
    assert_eq!(none.code, Some(2), "a reason is none that is empty: {none}");
}

/// A run in a form for another program.
fn exported(format: &str, run: &Copy) -> String {
    let told = Seatrial::line(&format!("export {format}")).arg(&run.folder).run();
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""), "{told}");
    told.stdout
}

/// The median of an odd number of nanoseconds, in seconds to the microsecond.
fn median_seconds(mut nanos: Vec<u64>) -> f64 {
    nanos.sort_unstable();
    assert_eq!(nanos.len() % 2, 1, "the middle one");
    (nanos[nanos.len() / 2] as f64 / 1e3).round() / 1e6
}

#[test]
fn every_form_for_another_program_has_the_medians_of_the_journal() {
    for fixture in fixtures() {
        let run = Copy::of(&fixture);
        let bencher: Value = serde_json::from_str(&exported("bencher", &run)).unwrap();
        let github: Value = serde_json::from_str(&exported("github-benchmark", &run)).unwrap();
        let metrics = exported("openmetrics", &run);
        assert!(metrics.ends_with("\n# EOF\n"), "{metrics}");
        assert!(
            exported("csv", &run).starts_with("schema,run_id,"),
            "{}",
            fixture.name
        );
        let header = fixture.header();
        let scenario = header["scenario"].as_str().unwrap();
        let mut seen = 0;
        for variant in header["variants"].as_array().unwrap() {
            let variant = variant["name"].as_str().unwrap();
            for step in header["steps"].as_array().unwrap() {
                let step = step.as_str().unwrap();
                let Some(counted) = fixture.counted(variant, &format!("step.{step}.time")) else {
                    continue;
                };
                if counted.len() % 2 == 0 {
                    continue;
                }
                let median = median_seconds(counted);
                seen += 1;
                let told = &bencher[format!("{scenario}/{variant}/{step}")]["build-time"]["value"];
                assert_eq!(told.as_f64(), Some(median), "{step}");
                let name = format!("{scenario}/{variant} step.{step}.time");
                let entry = github
                    .as_array()
                    .unwrap()
                    .iter()
                    .find(|entry| entry["name"] == name.as_str());
                assert_eq!(entry.expect("an entry")["value"].as_f64(), Some(median), "{step}");
                let line = format!(
                    "seatrial_step_time_seconds{{scenario=\"{scenario}\",variant=\"{variant}\",step=\"{step}\",stat=\"median\"}} {median}"
                );
                assert!(metrics.lines().any(|other| other == line), "{line}\n{metrics}");
            }
        }
        assert!(seen > 0, "{}", fixture.name);
    }
}

#[test]
fn rulings_are_cases_of_junit() {
    let fixture = quick_start();
    let before = Copy::of(&fixture);
    let gates = serde_json::json!([
        { "metric": "step.edit source.time", "worse_by": { "share": 0.05 } },
        { "metric": "image.layers" },
        { "metric": "start.app.cold-pages" },
    ]);
    let after = Copy::with_journal("after", &slower(&fixture.text, 150, &gates));
    let path = after.folder.join("junit.xml");
    let told = gated(&format!("--junit {}", path.display()), &after, &before);
    assert_eq!(told.code, Some(3), "{told}");
    let xml = fs::read_to_string(path).unwrap();
    // The layers have a ruling for each of five steps.
    for (what, count) in [
        ("<testcase ", 14),
        ("<failure ", 1),
        ("<skipped", 2),
        ("<error ", 0),
    ] {
        assert_eq!(xml.matches(what).count(), count, "{what} in {xml}");
    }
}

#[test]
fn a_night_in_which_the_control_was_slower_too_is_the_machines() {
    let parent = scratch();
    let history = parent.path().join("history");
    let gates = serde_json::json!([
        { "metric": "step.edit source.time", "worse_by": { "share": 0.05 }, "at_least": 0 },
    ]);
    let percents = [&[100; 10][..], &[150, 150]].concat();
    let run = nights(&history, &percents, &gates);
    let gate = |more: &str| {
        in_history(&format!("gate {more}"), &history)
            .arg(&run.folder)
            .run()
    };
    assert_eq!(gate("").code, Some(3));
    let missing = gate("--control control");
    assert_eq!(missing.code, Some(3), "{missing}");
    assert!(
        missing
            .stderr
            .starts_with("warning: the history has no run of the control `control`"),
        "{missing}"
    );
    nights_of("control", &history, &percents, &gates);
    let moved = gate("--control control --all");
    assert_eq!(moved.code, Some(0), "{moved}");
    assert!(
        moved.stdout.contains("out of the ordinary, as the machine was"),
        "{moved}"
    );
    assert!(
        moved
            .stderr
            .replace("\n  ", " ")
            .contains("the machine was slower than usual: "),
        "{moved}"
    );
    assert_eq!(gate("--control control --fail-on suspect").code, Some(3));
}
