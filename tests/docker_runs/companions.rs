//! Companions on a real engine: reached from where the application is, looked after, and left by nobody.

use std::collections::BTreeSet;
use std::fs;

use rustix::process::Signal;
use seatrial::results::Status;

use crate::daemon::{daemon, unique};
use crate::inventory::Inventory;
use crate::soak::soaking;
use crate::started::started;
use crate::support::{docker, docker_output};
use crate::trial::{Trial, until};

/// A server that is started so often beside these companions. It asks the one that is named `weights` before it listens, and
/// ends where that does not answer; its body is that one's address.
fn trial(token: &str, samples: u32, companions: &str) -> Trial {
    let scenario = started(&format!(
        r#"samples = {samples}
timeout = "20s"
entrypoint = ["/ballast", "serve", "--ready-after", "500ms", "--ask", "{{{{companion.weights}}}}"]
command = ["--body", "{{{{companion.weights}}}}"]
env = {{ MODEL_URL = "http://{{{{companion.weights}}}}/model.bin" }}
ready = {{ http = "/health", port = 8000, body-contains = ":9000" }}
{companions}"#
    ));
    let dockerfile = "ARG BALLAST\nFROM ${BALLAST}\nCOPY input.txt /\n";
    Trial::new(&[
        ("scenario.toml", &scenario),
        ("Dockerfile", dockerfile),
        ("context/input.txt", token),
    ])
}

/// A companion of the ballast that serves with these flags and is ready so.
fn companion(name: &str, flags: &str, ready: &str, more: &str) -> String {
    format!(
        r#"
[[start.companion]]
name = "{name}"
base = "ballast"
entrypoint = ["/ballast", "serve", {flags}]
ready = {{ {ready} }}
{more}
"#
    )
}

/// A file server that takes a moment.
fn weights(more: &str) -> String {
    let flags = r#""--port", "9000", "--ready-after", "300ms", "--body", "weights""#;
    companion(
        "weights",
        flags,
        r#"http = "/health", port = 9000, body-contains = "weights""#,
        more,
    )
}

/// The running containers whose names hold this, by their ids.
fn running(name: &str) -> Vec<String> {
    let filter = format!("name={name}");
    let ids = docker(&["ps", "--no-trunc", "--filter", &filter, "--format", "{{.ID}}"]);
    ids.lines().map(str::to_owned).collect()
}

#[test]
fn an_application_reaches_its_companion_from_its_own_network_in_every_way_of_looking() {
    let Some(_daemon) = daemon() else { return };
    let token = unique("beside");
    let trial = trial(&token, 1, &weights(""));
    let before = Inventory::take();
    let mut trial_at_work = trial.start(&[]);
    let (mut companions, mut urls) = (BTreeSet::new(), BTreeSet::new());
    until("the run is over", || {
        companions.extend(running("-companion-weights"));
        for id in running("seatrial-") {
            let format = "{{range .Config.Env}}{{println .}}{{end}}";
            let told = docker_output(&["inspect", "--format", format, &id]);
            let told = String::from_utf8(told.stdout).unwrap();
            let urls_of = told.lines().filter_map(|line| line.strip_prefix("MODEL_URL="));
            urls.extend(urls_of.map(str::to_owned));
        }
        trial_at_work.has_ended()
    });
    let ended = trial_at_work.wait();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(Inventory::take(), before);

    let run = trial.journal();
    let tiers: BTreeSet<_> = run.starts.iter().map(|start| start.tier).collect();
    // Both by the published port and from within, where that is permitted; each has asked, or it would have ended.
    assert_eq!(run.starts.len(), tiers.len(), "{tiers:?}");
    assert!(run.starts.iter().all(|start| start.outcome.is_ok()));
    let [kept] = run.companions.as_slice() else {
        panic!("{:?}", run.companions);
    };
    assert_eq!(kept.name, "weights");
    assert_eq!(
        companions,
        BTreeSet::from([kept.container.clone()]),
        "one serves all starts"
    );
    let address = kept.address.as_ref().unwrap();
    assert!(address.ends_with(":9000"), "{address}");
    assert_eq!(urls, BTreeSet::from([format!("http://{address}/model.bin")]));
    assert_eq!(kept.image_id, run.bases[0].id);
    // It was there for none of the builds, and is nobody else's.
    let neighbours: Vec<_> = run
        .starts
        .iter()
        .map(|start| start.neighbours.unwrap().containers)
        .collect();
    assert_eq!(neighbours, vec![Some(0); tiers.len()]);
}

#[test]
fn a_companion_that_ends_at_once_fails_the_starts_with_its_log_and_leaves_the_builds() {
    let Some(_daemon) = daemon() else { return };
    let token = unique("beside-nobody");
    let crashing = companion(
        "weights",
        r#""--never", "--crash-after", "50ms""#,
        "tcp = 9000",
        "",
    );
    let trial = trial(&token, 1, &crashing);
    let before = Inventory::take();
    let ended = trial.run(&["--probe", "ip"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(Inventory::take(), before);
    let run = trial.journal();
    assert!(run.builds[0].outcome.is_ok());
    let [start] = run.starts.as_slice() else {
        panic!("{:?}", run.starts);
    };
    let reason = "the companion `weights` did not become ready: the container ended before it was ready, with exit code 1";
    let reason = reason.to_owned();
    assert_eq!(start.outcome, Status::Failed { reason });
    assert!(
        start
            .log_tail
            .iter()
            .any(|line| line.contains("crashing as told")),
        "{start:?}"
    );
}

#[test]
fn a_run_that_is_killed_or_interrupted_beside_a_companion_leaves_none_that_clean_does_not_find() {
    let Some(_daemon) = daemon() else { return };
    let signals: &[Signal] = if soaking() {
        &[Signal::KILL, Signal::INT]
    } else {
        &[Signal::KILL]
    };
    for &signal in signals {
        let token = unique("beside-ends");
        // The second is never ready, so that the first is there while it is waited for.
        let waits = weights("") + &companion("never", r#""--never""#, "tcp = 9000", "timeout = \"10m\"");
        let trial = trial(&token, 1, &waits);
        let before = Inventory::take();
        let trial_at_work = trial.start(&["--probe", "ip"]);
        until("the second companion runs", || {
            !running("-companion-never").is_empty()
        });
        trial_at_work.signal(signal);
        let ended = trial_at_work.wait();
        if signal == Signal::KILL {
            assert_eq!(ended.code, None);
            assert_eq!(running("-companion-").len(), 2);
            let cleaned = trial.clean(&[]);
            assert_eq!(cleaned.code, Some(0), "{cleaned:?}");
        } else {
            assert_eq!(ended.code, Some(130), "{ended:?}");
        }
        assert_eq!(Inventory::take(), before, "{signal:?}");
    }
}

#[test]
fn a_companion_that_somebody_kills_takes_the_starts_after_it_along() {
    if !soaking() {
        return;
    }
    let Some(_daemon) = daemon() else { return };
    let token = unique("beside-gone");
    let trial = trial(&token, 3, &weights(""));
    let before = Inventory::take();
    let trial_at_work = trial.start(&["--probe", "ip"]);
    until("the first start is over", || {
        let journal = trial.has_report().then(|| trial.report().join("journal.jsonl"));
        let journal = journal.and_then(|journal| fs::read_to_string(journal).ok());
        journal.is_some_and(|journal| journal.contains("\"kind\":\"start\""))
    });
    for id in running("-companion-weights") {
        docker(&["kill", &id]);
    }
    let ended = trial_at_work.wait();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(Inventory::take(), before);
    let starts = trial.journal().starts;
    assert_eq!(starts.len(), 3);
    assert!(starts[0].outcome.is_ok());
    let reason = "the companion `weights` is gone: it ended with exit code 137".to_owned();
    assert_eq!(starts[2].outcome, Status::Invalid { reason });
}

#[test]
fn companions_of_every_kind_of_readiness_are_waited_for() {
    if !soaking() {
        return;
    }
    let Some(_daemon) = daemon() else { return };
    let token = unique("beside-kinds");
    let serve = |port: u16| format!(r#""--port", "{port}", "--ready-after", "200ms""#);
    let all = [
        weights(""),
        companion("tcp", &serve(9001), "tcp = 9001", ""),
        companion("log", &serve(9002), r#"log = "listening on""#, "port = 9002"),
        companion(
            "exec",
            &serve(9003),
            r#"exec = ["/ballast", "ask", "--port", "9003"]"#,
            "",
        ),
    ];
    let trial = trial(&token, 1, &all.concat());
    let before = Inventory::take();
    let ended = trial.run(&[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(Inventory::take(), before);
    let addresses: Vec<_> = trial
        .journal()
        .companions
        .into_iter()
        .map(|kept| {
            (
                kept.name,
                kept.address
                    .map(|address| address.rsplit(':').next().unwrap().to_owned()),
            )
        })
        .collect();
    let told = |name: &str, port: Option<&str>| (name.to_owned(), port.map(str::to_owned));
    assert_eq!(
        addresses,
        [
            told("weights", Some("9000")),
            told("tcp", Some("9001")),
            told("log", Some("9002")),
            told("exec", None)
        ]
    );
}
