//! Several containers of one image, started at once.

use std::fs;

use seatrial::results::{BurstSample, Status};

use crate::daemon::daemon;
use crate::inventory::Inventory;
use crate::trial::Trial;

const SCENARIO: &str = r#"
schema = 1
title = "Bursts"
question = "When are all of them ready?"
context.path = "context"
base.ballast.ballast = true
variant = [{ name = "late", dockerfile = "late.Dockerfile" }, { name = "gone", dockerfile = "gone.Dockerfile" }]

[build]
rounds = 1
warmups = 0

[[build.step]]
name = "first"

[start]
samples = 1
warmups = 0
burst = [1, 3]
ready = { http = "/health", port = 8000 }
timeout = "20s"
"#;

const FILES: &[(&str, &str)] = &[
    ("scenario.toml", SCENARIO),
    ("context/kept.txt", "kept\n"),
    (
        "late.Dockerfile",
        "ARG BALLAST\nFROM ${BALLAST}\nCMD [\"/ballast\", \"serve\", \"--listen-after\", \"300ms\"]\n",
    ),
    (
        "gone.Dockerfile",
        "ARG BALLAST\nFROM ${BALLAST}\nCMD [\"/ballast\", \"serve\", \"--never\", \"--crash-after\", \"50ms\"]\n",
    ),
];

#[test]
fn all_containers_of_a_burst_are_seen_and_one_that_ends_makes_it_fail() {
    let Some(_daemon) = daemon() else { return };
    let trial = Trial::new(FILES);
    let before = Inventory::take();
    let ended = trial.run(&[]);
    // The starts and bursts of one variant failed, which is told by the exit code alone.
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(Inventory::take(), before);

    let run = trial.journal();
    let of = |variant: &str, containers: u32| -> &BurstSample {
        let is_wanted = |burst: &&BurstSample| burst.key.variant == variant && burst.containers == containers;
        run.bursts.iter().find(is_wanted).unwrap()
    };
    assert_eq!(run.bursts.len(), 4);
    for containers in [1, 3] {
        let burst = of("late", containers);
        assert_eq!(burst.outcome, Status::Ok, "{burst:?}");
        assert_eq!(burst.members.len(), containers as usize);
        for member in &burst.members {
            let ready = member.ready.unwrap();
            let started = member.started_ns.unwrap();
            assert!(
                member.called_ns <= started && started <= ready.value_ns,
                "{burst:?}"
            );
            // Its program waits so long before it listens, and begins after the call.
            assert!(
                ready.value_ns.0 >= member.called_ns.0 + 300_000_000 && ready.low_ns <= ready.value_ns,
                "{burst:?}"
            );
        }
        let memory = burst.memory_bytes.unwrap().0;
        assert!(memory > u64::from(containers) * 4096, "{burst:?}");
        assert!(burst.written_bytes.is_some(), "{burst:?}");
    }
    let failed = of("gone", 3);
    let reason = failed.outcome.reason().unwrap();
    assert!(
        reason.starts_with("container 1 of 3: the container ended before it was ready, with exit code 1"),
        "{reason}"
    );
    assert!(
        failed.members.iter().all(|member| member.ready.is_none()),
        "{failed:?}"
    );
    assert!(
        failed
            .log_tail
            .iter()
            .any(|line| line.contains("crashing as told")),
        "{failed:?}"
    );

    let report = |name: &str| fs::read_to_string(trial.report().join(name)).unwrap();
    let summary = report("summary.md");
    assert!(summary.contains("| 3 | late | "), "{summary}");
    assert!(summary.contains("gone, burst of 3, round 1"), "{summary}");
    assert!(report("burst.svg").contains("3 at once"));
    assert!(report("samples.csv").contains("burst.3.last"));
}
