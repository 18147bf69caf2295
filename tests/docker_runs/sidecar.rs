//! Looking by a container in the measured one's network: what it sees, what it leaves, and for whom it is there.

use std::fs;

use rustix::process::{Signal, geteuid};
use seatrial::scenario::ProbeTier;
use serde_json::Value;

use crate::daemon::{daemon, unique};
use crate::inventory::Inventory;
use crate::probe_tiers::{looked_at, starts_by};
use crate::support::docker;
use crate::trial::{Trial, until};

const HEALTH: &str = r#"{ http = "/health", port = 8000 }"#;

/// Containers that look.
fn watching() -> Vec<String> {
    let names = docker(&["ps", "--all", "--format", "{{.Names}}"]);
    let names = names.lines().filter(|name| name.ends_with("-watch"));
    names.map(str::to_owned).collect()
}

#[test]
fn a_container_in_the_network_sees_the_first_moment_of_an_application() {
    let Some(_daemon) = daemon() else { return };
    let token = unique("sidecar");
    let ready = r#"{ http = "/health", port = 8000, status = ["2xx", 418], headers = { Content-Type = "text" }, body-contains = "up é" }"#;
    let flags = r#""--listen-after", "70ms", "--ready-after", "120ms", "--body", "it is up é""#;
    let trial = looked_at(&token, flags, ready, "");
    let before = Inventory::take();
    let ended = trial.run(&["--probe", "sidecar"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(Inventory::take(), before);

    let run = trial.journal();
    let probe = run.probe.as_ref().unwrap();
    assert_eq!(
        (probe.tier, probe.forced, probe.refused.len()),
        (ProbeTier::Sidecar, true, 0)
    );
    let (inside, published) = (
        starts_by(&run, ProbeTier::Sidecar),
        starts_by(&run, ProbeTier::Published),
    );
    assert_eq!((inside.len(), published.len()), (2, 2));
    for start in inside {
        let ready = start.ready.unwrap();
        assert!(!ready.left_censored);
        assert!(ready.value_ns.as_millis_f64() >= 120.0, "{start:?}");
        assert!(ready.low_ns <= ready.value_ns);
        assert!(
            start.attempts.0["refused"] > 0 && start.attempts.0["status:503"] > 0,
            "{start:?}"
        );
        // Without the kernel's record nobody knows when its program began.
        assert_eq!((start.app, start.client, start.runtime()), (None, None, None));
        assert_eq!(start.stamps, None);
        assert!(start.state.as_ref().unwrap().memory_bytes.is_some(), "{start:?}");
    }
}

#[test]
fn a_container_with_another_clock_tells_the_same_within_what_is_not_known_of_it() {
    let Some(_daemon) = daemon() else { return };
    if !geteuid().is_root() {
        return;
    }
    let token = unique("clock");
    let flags = r#""--listen-after", "70ms", "--ready-after", "120ms""#;
    let trial = looked_at(&token, flags, HEALTH, "").by_a_clock_that_is_ahead(5_000);
    let before = Inventory::take();
    let ended = trial.run(&["--probe", "sidecar"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(Inventory::take(), before);
    let run = trial.journal();
    let inside = starts_by(&run, ProbeTier::Sidecar);
    assert_eq!(inside.len(), 2);
    for start in inside {
        assert!(start.outcome.is_ok(), "{start:?}");
        let ready = start.ready.unwrap();
        // Either clock alone would be off by five thousand seconds.
        let took = ready.value_ns.as_millis_f64();
        assert!((120.0..60_000.0).contains(&took), "{start:?}");
        assert!(!ready.left_censored && ready.low_ns < ready.value_ns, "{start:?}");
        assert!(
            start.attempts.0["refused"] > 0 && start.attempts.0["status:503"] > 0,
            "{start:?}"
        );
    }
}

#[test]
fn a_listener_is_enough_where_that_is_what_counts() {
    let Some(_daemon) = daemon() else { return };
    let token = unique("sidecar-tcp");
    let trial = looked_at(&token, r#""--ready-after", "10m""#, "{ tcp = 8000 }", "");
    let before = Inventory::take();
    let ended = trial.run(&["--probe", "sidecar"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(Inventory::take(), before);
    let run = trial.journal();
    assert_eq!(run.starts.len(), 2);
    for start in starts_by(&run, ProbeTier::Sidecar) {
        assert!(
            start.outcome.is_ok() && !start.ready.unwrap().left_censored,
            "{start:?}"
        );
    }
}

#[test]
fn a_start_that_comes_to_nothing_leaves_no_container_that_looks() {
    let Some(_daemon) = daemon() else { return };
    for (flags, reason) in [
        (
            r#""--listen-after", "10m", "--crash-after", "50ms""#,
            "the container ended before it was ready, with exit code 1",
        ),
        (
            r#""--ready-after", "10m""#,
            "no matching response within 1.00 s; attempts met ",
        ),
        (
            r#""--path", "/elsewhere""#,
            "no matching response within 1.00 s; attempts met ",
        ),
    ] {
        let token = unique("sidecar-fails");
        let trial = looked_at(&token, flags, HEALTH, "timeout = \"1s\"");
        let before = Inventory::take();
        let ended = trial.run(&["--probe", "sidecar"]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert_eq!(Inventory::take(), before, "{flags}");
        let run = trial.journal();
        let inside = starts_by(&run, ProbeTier::Sidecar);
        assert_eq!(inside.len(), 2);
        for start in inside {
            let told = start.outcome.reason().unwrap();
            assert!(told.starts_with(reason), "{flags}: {told}");
            assert_eq!(start.ready, None);
        }
    }
}

#[test]
fn a_run_that_is_interrupted_or_killed_while_a_container_looks_leaves_none_that_clean_does_not_find() {
    let Some(_daemon) = daemon() else { return };
    for signal in [Signal::INT, Signal::KILL] {
        let token = unique("sidecar-ends");
        let trial = looked_at(&token, r#""--never""#, "{ tcp = 8000 }", "timeout = \"10m\"");
        let before = Inventory::take();
        let running = trial.start(&["--probe", "sidecar"]);
        // Not the one by which it is tried whether that is permitted.
        until("a container looks at a measured one", || {
            watching().iter().any(|name| name.ends_with("-network-watch"))
        });
        running.signal(signal);
        let ended = running.wait();
        if signal == Signal::KILL {
            assert_eq!(ended.code, None);
            assert_ne!(watching(), [""; 0]);
            let cleaned = trial.clean(&[]);
            assert_eq!(cleaned.code, Some(0), "{cleaned:?}");
        } else {
            assert_eq!(ended.code, Some(130), "{ended:?}");
        }
        assert_eq!(watching(), [""; 0], "{signal:?}");
        assert_eq!(Inventory::take(), before, "{signal:?}");
    }
}

#[test]
fn a_user_without_root_who_may_use_the_engine_looks_by_a_container() {
    let Some(_daemon) = daemon() else { return };
    let token = unique("member");
    let flags = r#""--listen-after", "70ms", "--ready-after", "120ms""#;
    let trial = looked_at(&token, flags, HEALTH, "");
    fs::create_dir_all(trial.reports()).unwrap();
    let trial = trial.by_a_member_of_the_engines_group();
    let before = Inventory::take();
    self_test(&trial);
    let ended = trial.run(&[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(Inventory::take(), before);

    let run = trial.journal();
    // What the self-test found here is taken over.
    let found = &run.calibration.as_ref().unwrap().calibrations;
    let found: Vec<_> = found
        .iter()
        .map(|found| (found.errors.tier, found.errors.n))
        .collect();
    let ways = [ProbeTier::Sidecar, ProbeTier::Ip, ProbeTier::Published];
    assert_eq!(found, ways.map(|way| (way, 4)));
    let probe = run.probe.as_ref().unwrap();
    assert_eq!((probe.tier, probe.forced), (ProbeTier::Sidecar, false));
    let [trace, netns] = probe.refused.as_slice() else {
        panic!("{:?}", probe.refused);
    };
    assert_eq!((trace.tier, netns.tier), (ProbeTier::Trace, ProbeTier::Netns));
    let other_user = "the network namespace of another user's process cannot be opened (/proc/";
    assert!(netns.reason.starts_with(other_user), "{}", netns.reason);
    for refused in [trace, netns] {
        let line = format!("not by `{}`: {}", refused.tier, refused.reason);
        assert!(ended.stderr.contains(&line), "{line}: {}", ended.stderr);
    }
    assert_eq!(run.starts.len(), 4);
    assert!(
        run.starts.iter().all(|start| start.outcome.is_ok()),
        "{:?}",
        run.starts
    );
    for start in starts_by(&run, ProbeTier::Sidecar) {
        assert!(
            start.ready.unwrap().value_ns.as_millis_f64() >= 120.0,
            "{start:?}"
        );
        let state = start.state.as_ref().unwrap();
        assert!(
            state.cpu_ns.is_some() && state.memory_bytes.is_some(),
            "{state:?}"
        );
        // What another user's processes read and hold open is not told, and no zero stands for it.
        assert_eq!(state.open_files, None, "{state:?}");
        assert_ne!(state.read_bytes.map(|bytes| bytes.0), Some(0), "{state:?}");
    }
    for start in starts_by(&run, ProbeTier::Published) {
        assert!(start.client.is_some(), "{start:?}");
    }
    // Its files are that user's own, and so is what it cleans.
    let cleaned = trial.clean(&[]);
    assert_eq!(cleaned.code, Some(0), "{cleaned:?}");
}

#[test]
fn a_user_without_root_is_told_that_an_image_cannot_be_put_out_of_memory() {
    let Some(_daemon) = daemon() else { return };
    if !geteuid().is_root() {
        return;
    }
    let token = unique("member-cold");
    let states = r#"cache = ["cold-pages", "warm", "restart"]"#;
    let trial = looked_at(&token, "\"--never\"", HEALTH, states);
    let scenario = trial.scenario().join("scenario.toml");
    let text = fs::read_to_string(&scenario).unwrap();
    fs::write(
        &scenario,
        text.replace(", \"--never\"", "")
            .replace("samples = 2", "samples = 1"),
    )
    .unwrap();
    let trial = trial.by_a_member_of_the_engines_group();
    let before = Inventory::take();
    let ended = trial.run(&[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(Inventory::take(), before);
    for start in starts_by(&trial.journal(), ProbeTier::Sidecar) {
        match start.cache.as_str() {
            "cold-pages" => {
                let reason = start.outcome.reason().unwrap();
                assert!(reason.starts_with("the image is not cold-pages: "), "{reason}");
            }
            _ => assert!(start.outcome.is_ok() && start.pages.is_none(), "{start:?}"),
        }
    }
}

/// Tries how well starts are timed, as the user of this trial, and leaves no run of it, but what it came to.
fn self_test(trial: &Trial) {
    let reports = trial.reports().to_str().unwrap().to_owned();
    let ended = trial.command(&["selftest"], &["-n", "3", "--json", "--reports", &reports]);
    // Three starts prove no bound: on a busy machine a median of three may miss its own.
    assert!(matches!(ended.code, Some(0 | 1)), "{ended:?}");
    let told: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(told["unasked"], serde_json::json!([]));
    let checks = told["checks"].as_array().unwrap();
    assert_eq!(checks[0]["tier"], "sidecar", "{told}");
    for (claim, found) in [
        ("matches before the server was ready", "0"),
        ("starts that were ready before the first look", "0"),
    ] {
        let check = checks
            .iter()
            .find(|check| check["tier"] == "sidecar" && check["claim"] == claim)
            .unwrap_or_else(|| panic!("{claim}: {told}"));
        // One start of each of five servers.
        assert_eq!(
            (&check["n"], &check["found"]),
            (&5.into(), &found.into()),
            "{check}"
        );
    }
    for run in trial.reports_of_runs() {
        fs::remove_dir_all(run).unwrap();
    }
}
