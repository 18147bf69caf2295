//! What counts as started: each kind, with what it can tell.

use seatrial::results::StartSample;
use seatrial::scenario::ProbeTier;
use seatrial::unit::Nanos;

use crate::daemon::{daemon, unique};
use crate::inventory::Inventory;
use crate::started::started;
use crate::trial::{Ended, Trial};

/// How long the application takes before it is ready.
const WAIT: Nanos = Nanos::from_millis(200);

/// A program of ballast that is started once.
fn trial(dockerfile: &str, entrypoint: &str, ready: &str) -> (Trial, Ended) {
    let scenario = started(&format!(
        r#"samples = 1
timeout = "10s"
entrypoint = ["/ballast", {entrypoint}]
ready = {{ {ready} }}"#
    ));
    let token = unique("ready");
    let dockerfile = format!("ARG BALLAST\nFROM ${{BALLAST}}\nENV TOKEN={token}\n{dockerfile}\n");
    let trial = Trial::new(&[
        ("scenario.toml", &scenario),
        ("Dockerfile", &dockerfile),
        ("context/input.txt", "one\n"),
    ]);
    let ended = trial.run(&[]);
    (trial, ended)
}

/// A start that the engine told of, or that was looked at from within, and of which the published port tells nothing.
fn assert_told(trial: &Trial, ended: &Ended, tier: ProbeTier) -> StartSample {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let run = trial.journal();
    let [start] = &run.starts[..] else {
        panic!("{:?}", run.starts);
    };
    assert_eq!(start.tier, tier, "{start:?}");
    assert_eq!(start.client, None);
    let (ready, app) = (start.ready.unwrap(), start.app.unwrap());
    // The application waits from its begin on; what its end was is seen later and never earlier.
    assert!(app.value_ns >= WAIT, "{start:?}");
    assert!(
        app.low_ns <= app.value_ns && ready.value_ns > app.value_ns,
        "{start:?}"
    );
    start.clone()
}

#[test]
fn each_kind_of_readiness_is_seen_when_it_comes_and_not_before() {
    let Some(_daemon) = daemon() else { return };
    let before = Inventory::take();
    let serve = r#""serve", "--listen-after", "200ms""#;

    let (told, ended) = trial("", serve, "tcp = 8000");
    let start = assert_told(&told, &ended, ProbeTier::Trace);
    let listen = start.stamps.unwrap().listen_ns.unwrap();
    assert!(start.ready.unwrap().value_ns >= listen);

    let (told, ended) = trial("", serve, r#"log = "listening on", stream = "stdout""#);
    assert_told(&told, &ended, ProbeTier::Engine);

    let check = r#"HEALTHCHECK --interval=60s CMD ["/ballast", "ask"]"#;
    let (told, ended) = trial(check, serve, r#"health = true, every = "50ms""#);
    assert_told(&told, &ended, ProbeTier::Engine);

    let (told, ended) = trial("", serve, r#"exec = ["/ballast", "ask"]"#);
    let start = assert_told(&told, &ended, ProbeTier::Engine);
    assert!(!start.ready.unwrap().left_censored);
    assert!(start.attempts.0["exit:1"] > 0, "{start:?}");

    let work = r#""work", "--sleep", "200ms", "--output", "/out""#;
    let (told, ended) = trial("", work, "exit = [0]");
    let start = assert_told(&told, &ended, ProbeTier::Engine);
    assert_eq!(start.exit_code, Some(0));
    assert_eq!(Inventory::take(), before);
}
