//! How starts are looked at: from within and by the published port, and what each can and cannot tell.

use std::fs;

use seatrial::results::{Run, StartSample};
use seatrial::scenario::ProbeTier;
use serde_json::Value;

use crate::daemon::{daemon, unique};
use crate::inventory::Inventory;
use crate::started::started;
use crate::trial::Trial;

/// A server that is started twice, with these flags and these settings of `[start]`.
fn trial(token: &str, flags: &str, settings: &str) -> Trial {
    looked_at(token, flags, r#"{ http = "/health", port = 8000 }"#, settings)
}

/// The same, ready where that is so.
pub(crate) fn looked_at(token: &str, flags: &str, ready: &str, settings: &str) -> Trial {
    let scenario = started(&format!(
        r#"samples = 2
entrypoint = ["/ballast", "serve", {flags}]
ready = {ready}
{settings}"#
    ));
    // An image of its own without a layer of its own: some storage drivers take a second for each.
    let dockerfile = format!("ARG BALLAST\nFROM ${{BALLAST}}\nENV TOKEN={token}\n");
    Trial::new(&[
        ("scenario.toml", &scenario),
        ("Dockerfile", &dockerfile),
        ("context/input.txt", "one\n"),
    ])
}

pub(crate) fn starts_by(run: &Run, tier: ProbeTier) -> Vec<&StartSample> {
    run.starts.iter().filter(|start| start.tier == tier).collect()
}

/// Instances of tracefs, where it is mounted.
fn instances() -> Vec<String> {
    let entries = fs::read_dir("/sys/kernel/tracing/instances")
        .into_iter()
        .flatten();
    entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn the_kernels_record_parts_a_start_into_the_runtimes_share_and_the_applications() {
    let Some(_daemon) = daemon() else { return };
    let token = unique("trace");
    let trial = trial(
        &token,
        r#""--listen-after", "70ms", "--ready-after", "120ms""#,
        "",
    );
    let before = (Inventory::take(), instances());
    let ended = trial.run(&[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!((Inventory::take(), instances()), before);

    let run = trial.journal();
    let probe = run.probe.as_ref().unwrap();
    assert_eq!(
        (probe.tier, probe.forced, probe.refused.len()),
        (ProbeTier::Trace, false, 0)
    );
    assert_eq!(run.starts.len(), 4, "{:?}", run.starts);
    for start in starts_by(&run, ProbeTier::Trace) {
        let (ready, app, stamps) = (
            start.ready.unwrap(),
            start.app.unwrap(),
            start.stamps.as_ref().unwrap(),
        );
        let [exec, listen, connection] =
            [stamps.exec_ns, stamps.listen_ns, stamps.connection_ns].map(Option::unwrap);
        assert_eq!(start.client, None);
        assert!(!ready.left_censored);
        assert!(
            exec < listen && listen <= connection && connection < ready.value_ns,
            "{start:?}"
        );
        // The program counts both from its own main, which comes a little after the kernel's exec.
        assert!((listen - exec).as_millis_f64() >= 70.0, "{start:?}");
        assert!(
            app.value_ns.as_millis_f64() >= 120.0 && app.low_ns >= listen - exec,
            "{start:?}"
        );
        // One start, cut in two at the same instant.
        assert_eq!(start.runtime().unwrap() + app.value_ns, ready.value_ns);
        let programs: Vec<_> = stamps
            .programs
            .iter()
            .map(|program| program.path.as_str())
            .collect();
        assert_eq!(programs, ["/ballast"]);
        assert_eq!(stamps.programs[0].began_ns, exec);
        let parts = ["runtime", "listen", "answer", "warm-up"].map(|name| {
            let part = start.phases.iter().find(|phase| phase.name == name).unwrap();
            part.duration_ns
        });
        assert_eq!(parts[0] + parts[1] + parts[2] + parts[3], ready.value_ns);
        // It answers 503 as soon as it listens, and 200 50 ms later.
        assert!(parts[3].as_millis_f64() >= 40.0, "{start:?}");
        assert_eq!(start.answered_otherwise_ns, Some(parts[0] + parts[1] + parts[2]));
        assert!(start.attempts.0["status:503"] > 0, "{:?}", start.attempts);
    }
    for start in starts_by(&run, ProbeTier::Published) {
        assert!(
            start.client.is_some() && start.ready.is_none() && start.stamps.is_none(),
            "{start:?}"
        );
    }
    // Both ways are in both rounds.
    for tier in [ProbeTier::Trace, ProbeTier::Published] {
        let rounds: Vec<_> = starts_by(&run, tier)
            .iter()
            .map(|start| start.key.round)
            .collect();
        assert_eq!(rounds, [1, 2], "{tier}");
    }
    let summary: Value =
        serde_json::from_slice(&fs::read(trial.report().join("summary.json")).unwrap()).unwrap();
    let told = summary.to_string();
    for metric in ["start.app", "start.runtime", "start.ready", "start.client"] {
        assert!(told.contains(metric), "{metric}");
    }
}

#[test]
fn an_application_on_loopback_alone_is_found_and_named() {
    let Some(_daemon) = daemon() else { return };
    for tier in [ProbeTier::Netns, ProbeTier::Sidecar] {
        finds_loopback_by(tier);
    }
}

fn finds_loopback_by(tier: ProbeTier) {
    let token = unique("loopback");
    let trial = trial(&token, r#""--bind", "127.0.0.1""#, "timeout = \"2s\"");
    let before = Inventory::take();
    let ended = trial.run(&["--probe", tier.as_str()]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(Inventory::take(), before);
    let run = trial.journal();
    assert!(run.probe.as_ref().unwrap().forced);
    let (inside, published) = (starts_by(&run, tier), starts_by(&run, ProbeTier::Published));
    assert_eq!((inside.len(), published.len()), (2, 2));
    for start in inside {
        assert_eq!(
            start.outcome.reason(),
            Some("listens on 127.0.0.1 only, where no published port reaches it; let it listen on 0.0.0.0")
        );
        assert_eq!(start.ready, None, "what does not count is no number");
    }
    for start in published {
        let reason = start.outcome.reason().unwrap();
        assert!(
            reason.starts_with("no matching response within 2.00 s; attempts met "),
            "{reason}"
        );
    }
}

#[test]
fn a_self_test_holds_every_start_against_the_servers_own_instants() {
    let Some(_daemon) = daemon() else { return };
    let trial = Trial::new(&[]);
    let before = Inventory::take();
    fs::create_dir_all(trial.reports()).unwrap();
    let reports = trial.reports().to_str().unwrap().to_owned();
    let ended = trial.command(
        &["selftest"],
        &["-n", "3", "--probe", "trace", "--json", "--reports", &reports],
    );
    // Three starts prove no bound: on a busy machine a median of three may miss its own.
    assert!(matches!(ended.code, Some(0 | 1)), "{ended:?}");
    assert_eq!(Inventory::take(), before);
    let told: Value = serde_json::from_str(&ended.stdout).unwrap();
    let kept: Value =
        serde_json::from_slice(&fs::read(trial.reports().join("selftest.json")).unwrap()).unwrap();
    assert_eq!(told, kept);
    assert_eq!(told["unasked"], serde_json::json!([]));
    let checks = told["checks"].as_array().unwrap();
    for tier in ["trace", "published"] {
        let check = |claim: &str| {
            checks
                .iter()
                .find(|check| check["tier"] == tier && check["claim"] == claim)
                .unwrap_or_else(|| panic!("{tier}: {claim}: {told}"))
        };
        // One start of each of five servers.
        let early = check("matches before the server was ready");
        assert_eq!(
            (&early["n"], &early["found"], &early["verdict"]),
            (&5.into(), &"0".into(), &"kept".into()),
            "{early}"
        );
        // 99 of 100 hold it, which five cannot show: a machine that stands still for a moment is not within anybody's claim.
        let held = check("the true instant is in the interval");
        assert_eq!((&held["n"], &held["verdict"]), (&5.into(), &"too_few".into()));
        let found = held["found"].as_str().unwrap();
        assert!(found == "5 of 5" || found.starts_with("4 of 5, "), "{held}");
    }
}
