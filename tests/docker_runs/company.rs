//! Others on the same daemon: a second run, and containers and builds that are nobody's run.

use std::process::Command;

use rustix::process::Signal;
use seatrial::results::{BuildSample, Neighbours};

use crate::daemon::{Images, daemon, unique};
use crate::fixture_tree::write_files;
use crate::inventory::Inventory;
use crate::records::Records;
use crate::support::{docker, docker_output, output_of, text};
use crate::trial::{Trial, builds, process_runs, until};
use crate::users_cache::hits;

/// A scenario whose steps each stay so many milliseconds in an instruction that has `token` and the step's name in its
/// command line.
fn trial(token: &str, steps: &[(&str, u32)]) -> Trial {
    let work = |name: &str, millis: u32| format!("\"{millis}ms\", \"--output\", \"/{token}-{name}\"");
    let first = work("none", 0);
    let mut previous = first.clone();
    let steps = steps.iter().map(|(name, millis)| {
        let next = work(name, *millis);
        let state = if previous == first {
            "layers = \"empty\", context = \"absent\""
        } else {
            "layers = \"primed\""
        };
        let step = format!(
            "[[build.step]]\nname = \"{name}\"\ncache = {{ {state} }}\n\
             edit = [{{ replace = \"Dockerfile\", find = '{previous}', with = '{next}' }}]\n"
        );
        previous = next;
        step
    });
    let steps: String = steps.collect();
    let scenario = format!(
        "schema = 1\ntitle = \"Company\"\nquestion = \"Is it noticed?\"\ncontext.path = \"context\"\n\
         base.ballast.ballast = true\nvariant = [{{ name = \"only\", dockerfile = \"context/Dockerfile\" }}]\n\
         [build]\nrounds = 1\nwarmups = 0\n{steps}"
    );
    let dockerfile = format!(
        "ARG BALLAST\nFROM ${{BALLAST}}\nCOPY input.txt /input.txt\nRUN [\"/ballast\", \"work\", \"--sleep\", {first}]\n"
    );
    Trial::new(&[
        ("scenario.toml", &scenario),
        ("context/Dockerfile", &dockerfile),
        ("context/input.txt", token),
    ])
}

#[test]
fn a_second_run_on_a_daemon_says_who_holds_it_or_waits_for_its_turn() {
    let Some(_daemon) = daemon() else { return };
    let token = unique("two-runs");
    let before = Inventory::take();
    let first = trial(&token, &[("long", 600_000)]);
    let second = trial(&unique("two-runs-second"), &[("short", 1)]).beside(&first);
    let holding = first.start(&[]);
    until("the first run builds", || process_runs(&format!("{token}-long")));

    let refused = second.run(&[]);
    assert_eq!(refused.code, Some(5), "{refused:?}");
    let holder = format!(
        "another seatrial run holds this daemon: process {}, ",
        holding.id()
    );
    assert!(
        refused.stderr.contains(&holder) && refused.stderr.contains("--wait"),
        "{}",
        refused.stderr
    );
    assert!(!second.reports().exists(), "nothing was begun");

    let waiting = second.start(&["--wait"]);
    until("the second run waits", || {
        waiting.said().contains(&format!("waiting: {holder}"))
    });
    assert!(!second.reports().exists(), "nothing was begun");
    holding.signal(Signal::INT);
    assert_eq!(holding.wait().code, Some(130));
    let ended = waiting.wait();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(second.journal().builds.iter().all(|build| build.outcome.is_ok()));
    assert_eq!(Inventory::take(), before);
}

/// Those of the only build of a step.
fn neighbours(sample: &BuildSample) -> Neighbours {
    assert!(sample.outcome.is_ok(), "{:?}", sample.outcome);
    sample.neighbours.unwrap()
}

#[test]
fn containers_and_builds_of_others_are_noticed_while_they_run_and_their_records_are_left() {
    let Some(_daemon) = daemon() else { return };
    let records = Records::new();
    let before = Inventory::take();
    let token = unique("company");
    let images = Images::default();
    let base = images.import_ballast(&token);
    let trial = trial(&token, &[("alone", 1), ("company", 3_000), ("again", 1)]);
    let containers_before = docker(&["ps", "--quiet"]).lines().count();

    let running = trial.start(&[]);
    until("the second step builds", || {
        process_runs(&format!("{token}-company"))
    });
    let ran = docker_output(&[
        "run", "--rm", &base, "/ballast", "work", "--sleep", "10ms", "--output", "/x",
    ]);
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    let folder = tempfile::tempdir().unwrap();
    let dockerfile = format!("FROM {base}\nCOPY theirs.txt /\n");
    write_files(
        folder.path(),
        &[("Dockerfile", &dockerfile), ("theirs.txt", &token)],
    );
    let theirs = images.tag(&format!("{token}:theirs"));
    let build = || {
        let mut command = Command::new("docker");
        command
            .env("DOCKER_BUILDKIT", "1")
            .args(["build", "--progress", "plain", "--tag", &theirs])
            .arg(folder.path());
        let output = output_of(&mut command);
        assert!(output.status.success(), "{}", text(&output.stderr));
        hits(&text(&output.stderr))
    };
    assert_eq!(build(), (0, 1), "nothing of it was there before");
    let ended = running.wait();
    assert_eq!(ended.code, Some(0), "{ended:?}");

    let run = trial.journal();
    let of = |step: &str| neighbours(builds(&run, "only", step)[0]);
    let alone = u32::try_from(containers_before).unwrap();
    assert_eq!(of("alone").containers, Some(alone));
    assert_eq!(of("company").containers, Some(alone + 1));
    assert_eq!(of("again").containers, Some(alone));
    if let Some(builds) = of("alone").builds {
        assert_eq!(
            (builds, of("company").builds, of("again").builds),
            (0, Some(1), Some(0))
        );
        // What appeared meanwhile may be theirs: all of it is there still.
        let doubtful: Vec<_> = run.build_records.iter().flat_map(|seen| &seen.doubtful).collect();
        let left = Inventory::take().since(&before);
        let stays = |id: &&&String| {
            let record = format!("build record {id} ");
            left.iter().any(|thing| thing.starts_with(&record))
        };
        assert!(!doubtful.is_empty(), "{:?}", run.build_records);
        assert_eq!(doubtful.iter().filter(stays).count(), doubtful.len(), "{left:?}");
    }
    drop(records);
}
