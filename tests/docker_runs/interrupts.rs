//! A run that is interrupted cleans up after itself, and `clean` after one that was killed.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;
use seatrial::results::StopReason;

use crate::daemon::{daemon, unique};
use crate::inventory::Inventory;
use crate::soak::soaking;
use crate::support::docker;
use crate::trial::{Trial, process_runs, until};

/// The cache state of the first step: no build goes before it.
const EMPTY: &str = "cache = { layers = \"empty\" }\n";

/// Where a run stays until it is interrupted.
#[derive(Clone, Copy)]
enum StaysIn {
    /// In the RUN of its second build.
    SecondBuild,
    /// In its first start, after one build.
    FirstStart,
}

/// What a run of this scenario stays in is a process with `token` in its command line.
fn trial(token: &str, stays_in: StaysIn) -> Trial {
    let (work, serve, rest) = match stays_in {
        StaysIn::SecondBuild => (
            token,
            "x",
            "\n[[build.step]]\nname = \"second\"\nedit = [{ replace = \"Dockerfile\", find = \"300ms\", with = \"600s\" }]\n",
        ),
        StaysIn::FirstStart => (
            "out",
            token,
            "\n[start]\nsamples = 3\ntimeout = \"10m\"\nready = { http = \"/health\", port = 8000 }\n",
        ),
    };
    let scenario = [
        "schema = 1\ntitle = \"Interrupted\"\nquestion = \"Is it tidy?\"\n[context]\npath = \"context\"\n",
        "[base.ballast]\nballast = true\n",
        "[[variant]]\nname = \"only\"\ndockerfile = \"context/Dockerfile\"\n",
        "[build]\nrounds = 1\nwarmups = 0\n[[build.step]]\nname = \"first\"\n",
        EMPTY,
        rest,
    ]
    .concat();
    let dockerfile = [
        "ARG BALLAST\nFROM ${BALLAST}\nCOPY input.txt /input.txt\n",
        &format!(
            "RUN [\"/ballast\", \"work\", \"--sleep\", \"300ms\", \"--files\", \"300\", \"--output\", \"/{work}\"]\n"
        ),
        &format!("CMD [\"/ballast\", \"serve\", \"--never\", \"--body\", \"{serve}\"]\n"),
    ]
    .concat();
    Trial::new(&[
        ("scenario.toml", &scenario),
        ("context/Dockerfile", &dockerfile),
        ("context/input.txt", token),
    ])
}

/// The command line of an instruction or a container that stays.
fn marker(token: &str, stays_in: StaysIn) -> String {
    match stays_in {
        StaysIn::SecondBuild => format!("600s\0--files\x00300\0--output\0/{token}"),
        StaysIn::FirstStart => format!("--body\0{token}"),
    }
}

#[test]
fn an_interrupt_in_a_build_or_a_start_keeps_what_was_measured_and_leaves_nothing() {
    let Some(_daemon) = daemon() else { return };
    for (stays_in, signal) in [
        (StaysIn::SecondBuild, Signal::INT),
        (StaysIn::FirstStart, Signal::INT),
        (StaysIn::FirstStart, Signal::TERM),
    ] {
        let token = unique("interrupted");
        let trial = trial(&token, stays_in);
        let before = Inventory::take();

        let running = trial.start(&[]);
        until("the run stays in what takes long", || {
            process_runs(&marker(&token, stays_in))
        });
        running.signal(signal);
        let ended = running.wait();
        assert!(!process_runs(&token), "what was interrupted still runs");
        assert_eq!(ended.code, Some(130), "{ended:?}");
        assert_eq!(Inventory::take(), before);
        assert_eq!(trial.scratch_copies(), [""; 0]);

        let run = trial.journal();
        let end = run.end.as_ref().unwrap();
        assert_eq!((end.stop, end.left_behind.len()), (StopReason::Interrupted, 0));
        assert_eq!((run.builds.len(), run.starts.len()), (1, 0));
        assert!(run.builds[0].outcome.is_ok());
        assert!(trial.report().join("report.html").exists());
    }
}

/// The daemon stores an image in some hundred milliseconds; whatever it has done of that when it hears of the end,
/// nothing may stay.
#[test]
fn an_interrupt_while_the_image_is_stored_leaves_nothing() {
    let Some(_daemon) = daemon() else { return };
    // The first build is that of a step, or the one before it that fills the cache and is not measured.
    let moments = [(0, EMPTY), (150, ""), (700, ""), (150, EMPTY), (400, EMPTY)];
    for (delay_ms, first_step) in &moments[..if soaking() { 5 } else { 3 }] {
        let token = unique("stored");
        let trial = trial(&token, StaysIn::SecondBuild);
        let scenario = trial.scenario().join("scenario.toml");
        let text = fs::read_to_string(&scenario).unwrap();
        fs::write(&scenario, text.replacen(EMPTY, first_step, 1)).unwrap();
        let before = Inventory::take();

        let running = trial.start(&[]);
        until("the instruction runs", || process_runs(&token));
        until("the instruction has run", || !process_runs(&token));
        std::thread::sleep(Duration::from_millis(*delay_ms));
        running.signal(Signal::INT);
        let ended = running.wait();
        assert_eq!(ended.code, Some(130), "{delay_ms} ms: {ended:?}");
        // What the daemon still does by itself would be done by then.
        std::thread::sleep(Duration::from_millis(1_500));
        let left = Inventory::take().since(&before);
        assert_eq!(left, [""; 0], "{delay_ms} ms after the instruction");
    }
}

#[test]
fn what_a_killed_run_left_is_removed_by_clean_and_nothing_else() {
    let Some(_daemon) = daemon() else { return };
    for stays_in in [StaysIn::SecondBuild, StaysIn::FirstStart] {
        let token = unique("killed");
        let trial = trial(&token, stays_in);
        let before = Inventory::take();

        let running = trial.start(&[]);
        until("the run stays in what takes long", || {
            process_runs(&marker(&token, stays_in))
        });
        let others = trial.clean(&[]);
        assert_eq!(others.code, Some(0), "{others:?}");
        assert!(
            others.stdout.contains("still running, left alone"),
            "{}",
            others.stdout
        );
        let copies = trial.scratch_copies();
        assert_eq!(copies.len(), 1, "{copies:?}");
        running.signal(Signal::KILL);
        assert_eq!(running.wait().code, None);
        if matches!(stays_in, StaysIn::SecondBuild) {
            // The daemon hears of it by the connections that broke.
            until("the build has ended with the run", || !process_runs(&token));
        }

        let run = trial.journal();
        assert!(run.end.is_none() && run.builds.len() == 1, "{run:?}");
        let built = run.header.variants[0].image.clone();
        let left = Inventory::take().since(&before);
        assert!(!left.is_empty());

        let dry = trial.clean(&["--dry-run"]);
        assert_eq!(Inventory::take().since(&before), left);
        assert_eq!(trial.scratch_copies(), copies);
        let ended = trial.clean(&[]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(Inventory::take(), before);
        assert_eq!(trial.scratch_copies(), [""; 0]);
        assert_eq!(dry.stdout.replace("would remove", "removed"), ended.stdout);
        assert_eq!(
            ended.stdout.lines().count(),
            left.len() + copies.len(),
            "{} {left:?}",
            ended.stdout
        );
        assert!(
            ended.stdout.contains(&format!("removed image {built}:")),
            "{}",
            ended.stdout
        );
        let containers = matches!(stays_in, StaysIn::FirstStart);
        assert_eq!(ended.stdout.contains("removed container "), containers);
        assert_eq!(
            docker(&["ps", "--quiet", "--filter", &format!("name={token}")]),
            ""
        );
        assert_eq!(
            trial.clean(&[]).stdout,
            "",
            "a second time there is nothing to do"
        );
    }
}
