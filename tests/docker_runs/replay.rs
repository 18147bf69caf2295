//! Replays: which instructions every commit of a known repository runs again, in every round the same.

use std::path::Path;

use seatrial::results::{BuildSample, Run};

use crate::daemon::{daemon, unique};
use crate::inventory::Inventory;
use crate::repository::{COMMITS, Repository};
use crate::support::docker;
use crate::trial::{Trial, builds};

const ORDERED: &str = r#"
ARG BALLAST
FROM ${BALLAST}
COPY requirements.txt /requirements.txt
RUN ["/ballast", "work", "--cpu", "20ms", "--files", "5", "--bytes", "20KiB", "--input", "/requirements.txt", "--output", "/opt"]
COPY . /srv
RUN ["/ballast", "work", "--cpu", "5ms", "--files", "2", "--bytes", "10KiB", "--input", "/srv/app/main.txt", "--output", "/out"]
"#;

const HEAD: &str = r#"
schema = 1
title = "Commits"
[base.ballast]
ballast = true
[replay]
repo = "repo"
range = "begin..main"
[build]
rounds = 2
warmups = 0
timeout = "2m"
[[variant]]
name = "ordered"
dockerfile = "ordered.Dockerfile"
"#;

/// A scenario whose repository lies in its folder, with these keys before the others and the rest of its variant.
fn trial(keys: &str, rest: &str) -> (Trial, Repository) {
    let trial = Trial::new(&[
        ("scenario.toml", &format!("{keys}{HEAD}{rest}")),
        ("ordered.Dockerfile", ORDERED),
    ]);
    let repository = Repository::with_history(&trial.scenario().join("repo"), &unique("replay"));
    (trial, repository)
}

/// The instructions that ran of a sample, by their first two words; `None` for a commit that was free.
fn ran(sample: &BuildSample) -> Option<Vec<String>> {
    assert!(sample.outcome.is_ok(), "{}: {:?}", sample.step, sample.outcome);
    if let Some(reason) = &sample.free {
        assert_eq!(reason, "the commit changes nothing that the ignore rules keep");
        assert!(
            sample.duration_ns.is_none() && sample.instructions.is_empty(),
            "{sample:?}"
        );
        return None;
    }
    assert!(sample.duration_ns.is_some(), "{sample:?}");
    let ran = sample
        .instructions
        .iter()
        .filter(|instruction| !instruction.cached);
    Some(
        ran.map(|instruction| instruction.name.split(' ').take(2).collect::<Vec<_>>().join(" "))
            .filter(|name| !name.starts_with("FROM"))
            .map(|name| {
                if name.starts_with("RUN") {
                    "RUN".to_owned()
                } else {
                    name
                }
            })
            .collect(),
    )
}

/// Holds what ran in each round against what a hand worked out.
fn assert_ran(
    run: &Run,
    variant: &str,
    base: &[&str],
    expected: impl Fn(&str) -> Option<&'static [&'static str]>,
) {
    for step in &run.header.steps {
        let samples = builds(run, variant, step);
        assert_eq!(
            samples.len(),
            usize::try_from(run.header.rounds).unwrap(),
            "{variant}, {step}"
        );
        for sample in samples {
            let expected = match step.as_str() {
                "base" => Some(base),
                commit => expected(&commit[9..]),
            };
            let expected =
                expected.map(|names| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
            assert_eq!(
                ran(sample),
                expected,
                "{variant}, {step}, round {}",
                sample.key.round
            );
        }
    }
}

const SOURCE: &str = "Edit the source";
const REQUIREMENT: &str = "Change a requirement";
const IGNORED: &str = "Edit an ignored file";

#[test]
fn every_commit_runs_the_same_instructions_in_every_round() {
    let Some(_daemon) = daemon() else { return };
    let (trial, repository) = trial("keep = [\"ordered\"]\n", "");
    let untouched = repository.git(&["status", "--porcelain", "--ignored"]);
    let before = Inventory::take();
    let ended = trial.run(&[]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let run = trial.journal();

    let names: Vec<&str> = run.header.steps.iter().skip(1).map(|step| &step[9..]).collect();
    assert_eq!(names, COMMITS);
    let replay = run.header.replay.as_ref().unwrap();
    assert_eq!(replay.base.hash, repository.git(&["rev-parse", "begin"]));
    assert_eq!(
        replay.commits.last().unwrap().commit.hash,
        repository.git(&["rev-parse", "main"])
    );
    let all: &[&str] = &["COPY requirements.txt", "RUN", "COPY .", "RUN"];
    assert_ran(&run, "ordered", all, |commit| match commit {
        IGNORED => None,
        REQUIREMENT => Some(all),
        _ => Some(&["COPY .", "RUN"]),
    });
    assert!(COMMITS.contains(&SOURCE));

    // The last image holds the last commit, and nothing that the ignore rules drop.
    let last = run.builds.iter().rfind(|build| build.image.is_some());
    let image = format!("{}:{}", run.header.variants[0].image, last.unwrap().key.order);
    let folder = tempfile::tempdir().unwrap();
    let (copied, archived) = (folder.path().join("copied"), folder.path().join("archived"));
    let container = docker(&["create", &image, "/ballast"]);
    docker(&["cp", &format!("{container}:/srv"), copied.to_str().unwrap()]);
    docker(&["rm", &container]);
    repository.archive("main", &archived);
    std::fs::remove_dir_all(archived.join("docs")).unwrap();
    assert_eq!(differences(&copied, &archived), "");
    docker(&["rmi", &image]);

    let is_base = |thing: &String| thing.starts_with("image seatrial/");
    let left: Vec<_> = Inventory::take()
        .since(&before)
        .into_iter()
        .filter(|thing| !is_base(thing))
        .collect();
    assert_eq!(left, [""; 0]);
    assert_eq!(repository.git(&["status", "--porcelain", "--ignored"]), untouched);
    assert!(ended.stdout.contains("over 9 commits, "), "{}", ended.stdout);
    assert!(trial.report().join("commits.svg").is_file());
}

/// What `diff` says of two folders.
fn differences(one: &Path, other: &Path) -> String {
    let mut diff = std::process::Command::new("diff");
    let output = diff
        .args(["-r", "--no-dereference"])
        .args([one, other])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_classic_builder_replays_as_well_and_a_commit_that_does_not_build_is_no_end() {
    let Some(_daemon) = daemon() else { return };
    let (trial, repository) = trial("", "builder = \"classic\"\n");
    repository.git(&["rm", "--quiet", "requirements.txt"]);
    repository.commit("Break the build");
    repository.write("requirements.txt", &unique("again"));
    repository.commit("Mend the build");
    // Each instruction makes an image here, which takes its time; rounds and the commits before are the other test's
    // business.
    repository.git(&["tag", "--force", "begin", "HEAD~5"]);
    let before = Inventory::take();
    let ended = trial.run(&["--rounds", "1"]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert_eq!(Inventory::take().since(&before), [""; 0]);
    let run = trial.journal();
    let outcomes: Vec<_> = run
        .builds
        .iter()
        .map(|build| (&build.step, build.outcome.is_ok()))
        .collect();
    for (step, is_ok) in outcomes {
        assert_eq!(is_ok, !step.ends_with("Break the build"), "{step}");
    }
    let all: &[&str] = &["COPY requirements.txt", "RUN", "COPY .", "RUN"];
    let mut whole = run.clone();
    whole
        .header
        .steps
        .retain(|step| !step.ends_with("Break the build"));
    assert_ran(&whole, "ordered", all, |commit| match commit {
        "Mend the build" => Some(all),
        _ => Some(&["COPY .", "RUN"]),
    });
}
