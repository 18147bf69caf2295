//! A run that was killed goes on where it was.

use std::fs;

use rustix::process::Signal;
use seatrial::results::{BuildSample, Run, StopReason};
use serde_json::Value;

use crate::daemon::{daemon, unique};
use crate::inventory::Inventory;
use crate::trial::{Trial, until};

fn trial(token: &str) -> Trial {
    let scenario = r#"
schema = 1
title = "Resumed"
question = "Is it the same plan?"

[context]
path = "context"

[base.ballast]
ballast = true

[[variant]]
name = "one"
dockerfile = "context/Dockerfile"

[[variant]]
name = "other"
dockerfile = "context/Dockerfile"

[build]
rounds = 2
warmups = 0

[[build.step]]
name = "cold"
cache = { layers = "empty", context = "absent" }

[[build.step]]
name = "edit"
edit = [{ append = "input.txt", text = "{{nonce}}\n" }]
expect = { rebuilt = ["COPY input.txt", "RUN"] }

[start]
samples = 1
warmups = 0
ready = { http = "/", port = 8000 }

[hooks]
setup = ["echo set up >> ../hooks"]
prepare = ["echo $SEATRIAL_VARIANT $SEATRIAL_ROUND $SEATRIAL_STEP >> ../hooks"]
cleanup = ["echo cleaned up >> ../hooks"]
"#;
    let dockerfile = "ARG BALLAST\nFROM ${BALLAST}\nCOPY input.txt /input.txt\n\
                      RUN [\"/ballast\", \"work\", \"--sleep\", \"500ms\", \"--output\", \"/out\"]\n\
                      CMD [\"/ballast\", \"serve\"]\n";
    Trial::new(&[
        ("scenario.toml", scenario),
        ("context/Dockerfile", dockerfile),
        ("context/input.txt", token),
    ])
}

/// Lines of the journal of this kind so far; the run may be writing it.
fn lines(trial: &Trial, kind: &str) -> Vec<String> {
    let text = fs::read_to_string(trial.report().join("journal.jsonl")).unwrap_or_default();
    let is_meant = |line: &&str| line.starts_with(&format!("{{\"kind\":\"{kind}\""));
    text.lines().filter(is_meant).map(str::to_owned).collect()
}

/// Variant and round of every turn of builds, in the order in which `seatrial plan` prints them.
fn planned(trial: &Trial) -> Vec<(String, u64)> {
    let scenario = trial.scenario().display().to_string();
    let told = trial.command(&["plan"], &["--json", "--seed", "1", &scenario]);
    assert_eq!(told.code, Some(0), "{told:?}");
    let plan: Value = serde_json::from_str(&told.stdout).unwrap();
    let parts = plan["parts"].as_array().unwrap().iter();
    let turns = parts.filter(|part| part["kind"] == "builds");
    turns
        .map(|turn| {
            let variant = turn["variant"].as_str().unwrap().to_owned();
            (variant, turn["round"].as_u64().unwrap())
        })
        .collect()
}

/// Variant and round of every turn of builds that counts, in order; each has its steps in theirs.
fn carried_out(run: &Run) -> Vec<(String, u64)> {
    let turns = run.builds.chunks(2).map(|turn| {
        let steps: Vec<_> = turn.iter().map(|build| build.step.as_str()).collect();
        assert_eq!(steps, ["cold", "edit"]);
        assert_eq!(turn[0].key.round, turn[1].key.round);
        (turn[0].key.variant.clone(), turn[0].key.round.into())
    });
    turns.collect()
}

#[test]
fn a_killed_run_goes_on_with_the_same_plan_and_loses_no_sample() {
    let Some(_daemon) = daemon() else { return };
    let before = Inventory::take();
    let trial = trial(&unique("resumed"));
    let running = trial.start(&[]);
    until("the first build of the second turn is kept", || {
        trial.has_report() && lines(&trial, "build").len() == 3
    });
    running.signal(Signal::KILL);
    assert_eq!(running.wait().code, None);
    let kept = lines(&trial, "build");
    assert_eq!(kept.len(), 3);

    let report = trial.report().display().to_string();
    let changed = trial.scenario().join("context/input.txt");
    let original = fs::read(&changed).unwrap();
    fs::write(&changed, "another").unwrap();
    let refused = trial.command(&["resume"], &[&report]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(
        refused
            .stderr
            .contains("`input.txt` in the context of `one` was changed"),
        "{refused:?}"
    );
    fs::write(&changed, original).unwrap();

    let ended = trial.command(&["resume"], &[&report]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(Inventory::take().since(&before), [""; 0]);
    assert_eq!(trial.scratch_copies(), [""; 0]);
    assert_eq!(
        lines(&trial, "build")[..3],
        kept,
        "what was on disk is there still"
    );
    let run = trial.journal();
    assert_eq!(run.end.as_ref().unwrap().stop, StopReason::Complete);
    assert_eq!(carried_out(&run), planned(&trial));
    assert!(run.builds.iter().all(|build| build.outcome.is_ok()), "{run:#?}");
    // One start by the published port and one from within, of each variant.
    assert_eq!((run.given_up.len(), run.starts.len()), (1, 4));
    assert!(run.starts.iter().all(|start| start.outcome.is_ok()), "{run:#?}");
    assert!(trial.report().join("report.html").exists());

    // A session begins with the setup and ends with the cleanup, unless it is killed.
    let hooks = fs::read_to_string(trial.scenario().join("../hooks")).unwrap();
    let around: Vec<_> = hooks.lines().filter(|line| line.ends_with(" up")).collect();
    assert_eq!(around, ["set up", "set up", "cleaned up"]);
    let prepared: Vec<_> = hooks.lines().filter(|line| !line.ends_with(" up")).collect();
    let of_build = |build: &BuildSample| format!("{} {} {}", build.key.variant, build.key.round, build.step);
    let resumed: Vec<_> = run.builds[2..].iter().map(of_build).collect();
    assert_eq!(prepared[prepared.len() - resumed.len()..], resumed);

    let again = trial.command(&["resume"], &[&report]);
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.stderr.contains("its plan is complete"), "{again:?}");
}
