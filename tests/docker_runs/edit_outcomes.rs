//! What each kind of edit makes a build do: as the scenario expects, in every round, and as the docker command does.

use std::fs;
use std::path::Path;

use seatrial::results::{Status, StopReason};
use seatrial::scenario::{Expectation, Nonce, Overrides, Scenario, ScenarioInput, Source, check};
use seatrial::workspace::{Scratch, apply};

use crate::daemon::{daemon, unique};
use crate::fixture_tree::write_files;
use crate::on_disk::OnDisk;
use crate::side_by_side::{Builders, Cached};
use crate::trial::{Trial, builds};

const DOCKERFILE: &str = "ARG BALLAST
FROM ${BALLAST}
COPY side.txt /side.txt
COPY docs /docs
COPY app /app
COPY . /all
";

const PATCH: &str = "\
diff --git a/app/main.py b/app/main.py
--- a/app/main.py
+++ b/app/main.py
@@ -1,2 +1,3 @@
 print('tide')
+print('{{nonce}}')
 # The end.
diff --git a/docs/a.md b/docs/extra/a.md
similarity index 100%
rename from docs/a.md
rename to docs/extra/a.md
";

/// Every edit stacks on those before it. The nonce of the second step makes all that follows unique to its round.
const SCENARIO: &str = r##"
schema = 1
title = "Every kind of edit"
question = "Does each do what it says?"

[context]
path = "context"

[base.ballast]
ballast = true

[[variant]]
name = "only"
dockerfile = "context/Dockerfile"

[build]
rounds = 2
warmups = 0

[[build.step]]
name = "cold"
cache = { layers = "empty", context = "absent" }

[[build.step]]
name = "append and prepend"
edit = [
  { append = "app/main.py", text = "# {{nonce}}\n" },
  { prepend = "docs/a.md", text = "{{nonce}}\n" },
]
expect = { rebuilt = ["COPY docs", "COPY app", "COPY . /all"] }

[[build.step]]
name = "replace and write"
edit = [
  { replace = "app/main.py", find = "rest", with = "{{nonce}}" },
  { write = "app/new/file", text = "{{nonce}}" },
]
expect = { rebuilt = ["COPY app", "COPY . /all"] }

[[build.step]]
name = "touch"
edit = [{ touch = "app/main.py" }, { touch = "docs" }]
expect = "cached"

[[build.step]]
name = "rename"
edit = [{ rename = "app/main.py", to = "app/start.py" }]
expect = { rebuilt = ["COPY app"] }

[[build.step]]
name = "rename back"
edit = [{ rename = "app/start.py", to = "app/main.py" }]
expect = "cached"

[[build.step]]
name = "copy a folder"
edit = [{ copy = "docs", to = "app/docs" }]
expect = { rebuilt = ["COPY app"] }

[[build.step]]
name = "delete the copy"
edit = [{ delete = "app/docs" }]
expect = "cached"

[[build.step]]
name = "chmod"
edit = [{ chmod = "tool", mode = "0755" }]
expect = { rebuilt = ["COPY . /all"] }

[[build.step]]
name = "chmod back"
edit = [{ chmod = "tool", mode = "0644" }]
expect = "cached"

[[build.step]]
name = "run"
edit = [{ run = "echo $SEATRIAL_NONCE > app/made; rm app/new/file; mv tool app" }]
expect = { rebuilt = ["COPY app"] }

[[build.step]]
name = "run without a change"
edit = [{ run = "touch app/*; cat app/main.py" }]
expect = "cached"

[[build.step]]
name = "patch"
edit = [{ patch = "edits/01.patch" }]
expect = { rebuilt = ["COPY docs", "COPY app"] }
"##;

/// The files of a scenario's folder.
fn files(scenario: &str) -> Vec<(&'static str, String)> {
    vec![
        ("scenario.toml", scenario.to_owned()),
        ("edits/01.patch", PATCH.to_owned()),
        ("context/Dockerfile", DOCKERFILE.to_owned()),
        ("context/side.txt", "side".to_owned()),
        (
            "context/app/main.py",
            "print('tide')\n# The end.\n\n# The rest.\n".to_owned(),
        ),
        ("context/docs/a.md", "a\n".to_owned()),
        ("context/tool", "#!\n".to_owned()),
    ]
}

fn trial(scenario: &str) -> Trial {
    let files = files(scenario);
    let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    Trial::new(&files)
}

#[test]
fn every_kind_of_edit_does_what_its_step_expects_in_every_round() {
    let Some(_daemon) = daemon() else { return };
    let trial = trial(SCENARIO);
    let ended = trial.run(&[]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let run = trial.journal();
    assert_eq!(run.builds.len(), 2 * 13);
    for build in &run.builds {
        assert_eq!(build.outcome, Status::Ok, "{} of {:?}", build.step, build.key);
    }
}

#[test]
fn a_patch_that_fits_in_the_first_round_only_fails_the_others_by_name() {
    let Some(_daemon) = daemon() else { return };
    let reports = tempfile::tempdir().unwrap();
    // A command that reads how far the run has come: its journal holds no build of this step before the first one.
    let scenario = format!(
        r#"{}
[[build.step]]
name = "sometimes"
edit = [
  {{ run = "cat {}/*/journal.jsonl 2>/dev/null | grep kind.:.build | grep -c sometimes > app/rounds; true" }},
  {{ patch = "edits/02.patch" }},
]

[[build.step]]
name = "after"
"#,
        SCENARIO
            .split("[[build.step]]\nname = \"append and")
            .next()
            .unwrap(),
        reports.path().join("runs").display()
    );
    let trial = trial(&scenario).reporting_to(&reports.path().join("runs"));
    let patch = "--- a/app/rounds\n+++ b/app/rounds\n@@ -1 +1 @@\n-0\n+none\n";
    write_files(&trial.scenario(), &[("edits/02.patch", patch)]);
    let ended = trial.run(&[]);
    assert_eq!(ended.code, Some(1), "{}{}", ended.stdout, ended.stderr);
    let run = trial.journal();
    assert_eq!(run.end.as_ref().map(|end| end.stop), Some(StopReason::Complete));
    let outcomes = |step: &str| -> Vec<_> {
        let samples = builds(&run, "only", step);
        samples.iter().map(|build| build.outcome.clone()).collect()
    };
    assert_eq!(outcomes("cold"), [Status::Ok, Status::Ok]);
    let misfit = Status::Failed {
        reason: "edits/02.patch:3: the hunk does not fit `app/rounds`".to_owned(),
    };
    assert_eq!(outcomes("sometimes"), [Status::Ok, misfit]);
    let not_tried = Status::Invalid {
        reason: "step `sometimes` before it failed".to_owned(),
    };
    assert_eq!(outcomes("after"), [Status::Ok, not_tried]);
}

fn scenario(folder: &Path) -> Scenario {
    let path = folder.join("scenario.toml");
    let source = Source {
        text: fs::read_to_string(&path).unwrap(),
        path,
    };
    let files = OnDisk(folder.to_owned());
    let input = ScenarioInput {
        name: "edits",
        source,
        defaults: None,
        files: &files,
        surroundings: &files,
    };
    let checked = check(&input, &Overrides::default());
    assert_eq!(checked.problems, []);
    checked.scenario.unwrap()
}

/// Whether what was cached is what the step expects.
fn meets(expect: &Expectation, cached: &Cached) -> bool {
    match expect {
        Expectation::Cached => cached.values().all(|cached| *cached),
        Expectation::Rebuilt(texts) => texts.iter().all(|text| {
            let found = cached
                .iter()
                .find(|(name, _)| name.contains(&format!("] {text}")));
            found.is_some_and(|(_, cached)| !cached)
        }),
    }
}

#[test]
fn the_docker_command_finds_after_every_edit_what_the_step_expects() {
    let Some(_daemon) = daemon() else { return };
    let token = unique("kinds");
    let builders = Builders::new(&token);
    let folder = tempfile::tempdir().unwrap();
    let scratch = Scratch::create(&std::env::temp_dir()).unwrap();
    let mut copies = ["command", "ours"].map(|side| {
        let source = folder.path().join(side);
        let files = files(SCENARIO);
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        write_files(&source, &files);
        write_files(&source, &[("context/side.txt", &format!("{token} {side}"))]);
        scratch.copy_context(&source.join("context"), &[], side).unwrap()
    });
    for step in scenario(&folder.path().join("ours")).build.steps {
        let nonce = Nonce::of(&token, 1, "only", &step.name);
        for copy in &mut copies {
            for edit in &step.edits {
                apply(copy, edit, &nonce).unwrap_or_else(|error| panic!("{edit}: {error}"));
            }
        }
        let command = builders.docker_command(copies[0].path());
        let ours = builders.ours(copies[1].path());
        assert_eq!(ours, command, "{}", step.name);
        assert_eq!(command.len(), 4, "{command:?}");
        if let Some(expect) = &step.expect {
            assert!(meets(expect, &command), "{}: {command:?}", step.name);
        }
    }
}
