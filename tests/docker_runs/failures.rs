//! What goes wrong is a result, or one clear error, and what was measured before it is kept.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::geteuid;
use seatrial::results::{BuildSample, Status, StopReason};
use seatrial::scenario::ProbeTier;

use crate::daemon::{daemon, unique};
use crate::inventory::Inventory;
use crate::soak::soaking;
use crate::support::{docker, docker_output};
use crate::trial::{Trial, builds, process_runs, until};

const HEAD: &str = r#"
schema = 1
title = "What fails"
question = "Is it told?"

[context]
path = "context"
"#;

/// The steps of all scenarios here that build.
const STEPS: &str = r#"
[[build.step]]
name = "first"
cache = { layers = "empty", context = "absent" }

[[build.step]]
name = "second"
edit = [{ append = "input.txt", text = "{{nonce}}\n" }]
"#;

const BALLAST: &str = "\n[base.ballast]\nballast = true\n";

fn variant(name: &str) -> String {
    format!("\n[[variant]]\nname = \"{name}\"\ndockerfile = \"{name}.Dockerfile\"\n")
}

fn dockerfile(instructions: &str) -> String {
    format!("ARG BALLAST\nFROM ${{BALLAST}}\nCOPY input.txt /input.txt\n{instructions}\n")
}

fn reason(status: &Status) -> &str {
    match status {
        Status::Failed { reason } => reason,
        _ => panic!("{status:?}"),
    }
}

#[test]
fn builds_that_fail_are_told_with_the_instruction_and_its_log_and_others_go_on() {
    let Some(_daemon) = daemon() else { return };
    let token = unique("sleeps");
    let scenario = [
        HEAD,
        BALLAST,
        &variant("good"),
        &variant("fails"),
        &variant("no-base"),
        &variant("sleeps"),
        "\n[build]\nrounds = 1\nwarmups = 0\ntimeout = \"5s\"\n",
        STEPS,
    ]
    .concat();
    let fails = r#"
# A comment in between.
RUN ["/ballast", "work", "--fail", "--output", "/out"]
RUN ["/ballast", "work", "--output", "/never"]"#;
    let sleeps = format!(r#"RUN ["/ballast", "work", "--sleep", "600s", "--output", "/{token}"]"#);
    let trial = Trial::new(&[
        ("scenario.toml", &scenario),
        ("context/input.txt", "one\n"),
        ("good.Dockerfile", &dockerfile("CMD [\"/ballast\", \"serve\"]")),
        ("fails.Dockerfile", &dockerfile(fails)),
        // Nobody listens there, so that no network is needed to be refused.
        (
            "no-base.Dockerfile",
            "FROM localhost:9/seatrial-test/no-such-base:1\nCOPY input.txt /\n",
        ),
        ("sleeps.Dockerfile", &dockerfile(&sleeps)),
    ]);
    let before = Inventory::take();

    let ended = trial.run(&[]);
    assert!(
        !process_runs(&token),
        "the instruction that took too long still runs"
    );
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(Inventory::take(), before);

    let run = trial.journal();
    assert_eq!(run.end.as_ref().unwrap().stop, StopReason::Complete);
    assert_eq!(run.builds.len(), 8);
    let one = |variant: &str, step: &str| -> &BuildSample { builds(&run, variant, step)[0] };
    for step in ["first", "second"] {
        assert!(one("good", step).outcome.is_ok(), "{:?}", one("good", step));
    }
    for variant in ["fails", "no-base", "sleeps"] {
        let first = one(variant, "first");
        assert!(matches!(first.outcome, Status::Failed { .. }), "{first:?}");
        assert!(first.duration_ns.is_none() && first.image.is_none(), "{first:?}");
        let second = one(variant, "second");
        let Status::Invalid { reason } = &second.outcome else {
            panic!("{second:?}");
        };
        assert!(reason.contains("`first`"), "{reason}");
    }

    let failure = one("fails", "first").failure.clone().unwrap();
    let place = (failure.file.as_deref(), failure.line);
    assert_eq!(place, (Some("fails.Dockerfile"), Some(6)), "{failure:?}");
    assert!(failure.instruction.unwrap().contains("--fail"));
    assert!(
        failure.log_tail.iter().any(|line| line.contains("ballast:")),
        "{:?}",
        failure.log_tail
    );
    assert!(
        ended.stderr.contains("fails.Dockerfile:6"),
        "the place of the failure is not told:\n{}",
        ended.stderr
    );
    let page = fs::read_to_string(trial.report().join("summary.md")).unwrap();
    assert!(page.contains("fails.Dockerfile line 6"), "{page}");

    let no_base = reason(&one("no-base", "first").outcome);
    assert!(no_base.contains("no-such-base"), "{no_base}");
    let sleeps = one("sleeps", "first");
    assert!(
        reason(&sleeps.outcome).contains("ended after 5"),
        "{:?}",
        sleeps.outcome
    );
    let failure = sleeps.failure.as_ref().unwrap();
    assert_eq!(failure.line, Some(4), "{failure:?}");
}

fn kill_the_one_to_be_killed() {
    until("the container that is to be killed runs", || {
        let containers = docker(&["ps", "--format", "{{.ID}} {{.Image}}"]);
        let killed = containers.lines().find(|line| line.contains("/killed:"));
        killed.is_some_and(|line| {
            let id = line.split(' ').next().unwrap_or_default();
            docker_output(&["kill", id]).status.success()
        })
    });
}

#[test]
fn starts_that_fail_are_counted_with_their_logs_and_are_never_a_number() {
    let Some(_daemon) = daemon() else { return };
    let names = ["good", "late", "broken", "crashes", "killed", "silent"];
    let variants: String = names.map(variant).concat();
    let scenario = [
        HEAD,
        BALLAST,
        &variants,
        "\n[build]\nrounds = 1\nwarmups = 0\n[[build.step]]\nname = \"first\"\ncache = { layers = \"empty\", context = \"absent\" }\n",
        "\n[start]\nsamples = 1\nwarmups = 0\ntimeout = \"1s\"\nready = { http = \"/health\", port = 8000 }\n",
    ]
    .concat();
    let flood = if soaking() { "1GiB" } else { "32MiB" };
    // Without a layer of its own: some storage drivers take a second for each.
    let program = |command: &str| format!("ARG BALLAST\nFROM ${{BALLAST}}\nENV TIDE=high\n{command}\n");
    let serve = |flags: &str| program(&format!("CMD [\"/ballast\", \"serve\"{flags}]"));
    let trial = Trial::new(&[
        ("scenario.toml", &scenario),
        ("context/input.txt", "one\n"),
        // It is busy three times, and prints more than any log should hold: neither is a reason not to count it.
        (
            "good.Dockerfile",
            &serve(&format!(", \"--busy\", \"3\", \"--flood\", \"{flood}\"")),
        ),
        ("late.Dockerfile", &serve(", \"--listen-after\", \"600s\"")),
        ("broken.Dockerfile", &serve(", \"--broken\"")),
        (
            "crashes.Dockerfile",
            &serve(", \"--never\", \"--crash-after\", \"300ms\""),
        ),
        ("killed.Dockerfile", &serve(", \"--never\", \"--body\", \"x\"")),
        ("silent.Dockerfile", &program("")),
    ]);
    let before = Inventory::take();

    let ways: [(&[&str], _); 2] = [
        (&["--probe", "ip"], None),
        (
            &["--variant", "good", "--variant", "broken", "--variant", "crashes"],
            Some(ProbeTier::Trace),
        ),
    ];
    for (arguments, tier) in ways {
        let running = trial.start(arguments);
        if tier.is_none() {
            kill_the_one_to_be_killed();
        }
        let ended = running.wait();
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert_eq!(Inventory::take(), before);

        let run = trial.journal();
        let starts: Vec<_> = run
            .starts
            .iter()
            .filter(|start| tier.is_none_or(|tier| start.tier == tier))
            .collect();
        let variants = if tier.is_none() { 6 } else { 3 };
        assert_eq!((run.builds.len(), starts.len()), (variants, variants));
        assert!(run.builds.iter().all(|build| build.outcome.is_ok()));
        let start_of = |variant: &str| starts.iter().find(|start| start.key.variant == variant).copied();
        let good = start_of("good").unwrap();
        assert!(good.outcome.is_ok(), "{good:?}");
        assert_eq!(good.attempts.0["status:503"], 3, "{good:?}");
        for (variant, exit_code, told, logged) in [
            ("late", None, "attempts met refused (", ""),
            ("broken", None, "status:500 (", "listening on"),
            ("crashes", Some(1), "exit code 1", "crashing as told"),
            ("killed", Some(137), "exit code 137", "never listening"),
            ("silent", None, "o command", ""),
        ] {
            let Some(start) = start_of(variant) else {
                assert!(tier.is_some());
                continue;
            };
            assert!(reason(&start.outcome).contains(told), "{start:?}");
            assert_eq!(
                (start.ready, start.client, start.app, start.exit_code),
                (None, None, None, exit_code),
                "{start:?}"
            );
            let log = start.log_tail.join("\n");
            assert!(log.contains(logged), "{start:?}");
            assert_eq!(log.is_empty(), logged.is_empty(), "{start:?}");
        }
        fs::remove_dir_all(trial.report()).unwrap();
    }
}

#[test]
fn a_base_that_cannot_be_had_ends_the_run_with_its_name_and_the_reason() {
    let Some(_daemon) = daemon() else { return };
    for (source, told) in [
        (
            "image = \"localhost:9/seatrial-test/no-such-base:1\"",
            "localhost:9",
        ),
        (
            "import = [\"sh\", \"-c\", \"echo the mirror is down >&2; exit 3\"]",
            "the mirror is down",
        ),
    ] {
        let base = format!("\n[base.python]\n{source}\n");
        let scenario = [HEAD, &base, &variant("good"), STEPS].concat();
        let trial = Trial::new(&[
            ("scenario.toml", &scenario),
            ("context/input.txt", "one\n"),
            (
                "good.Dockerfile",
                "ARG PYTHON\nFROM ${PYTHON}\nCOPY input.txt /\n",
            ),
        ]);
        let before = Inventory::take();
        let ended = trial.run(&["--quick"]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(
            ended.stderr.contains("`python`") && ended.stderr.contains(told),
            "{}",
            ended.stderr
        );
        assert_eq!(Inventory::take(), before);
        let run = trial.journal();
        assert_eq!(run.end.unwrap().stop, StopReason::Aborted);
        assert!(run.builds.is_empty());
    }
}

#[test]
fn reports_that_cannot_be_written_are_an_error_before_anything_is_measured() {
    let Some(_daemon) = daemon() else { return };
    let scenario = [HEAD, BALLAST, &variant("good"), STEPS].concat();
    let folder = tempfile::tempdir().unwrap();
    // A file in their place stops the superuser as well.
    let reports = folder.path().join("reports");
    fs::write(&reports, "no folder").unwrap();
    let trial = Trial::new(&[
        ("scenario.toml", &scenario),
        ("context/input.txt", "one\n"),
        ("good.Dockerfile", &dockerfile("")),
    ])
    .reporting_to(&reports);
    let ended = trial.run(&[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let place = reports.display().to_string();
    assert!(
        ended.stderr.contains(&place) && ended.stderr.contains("hint: "),
        "{}",
        ended.stderr
    );
    assert_eq!(fs::read_to_string(&reports).unwrap(), "no folder");
}

/// A file system in memory, unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(path: &Path, size: &str) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", size, "tmpfs"])
            .arg(path)
            .status();
        mounted
            .is_ok_and(|status| status.success())
            .then(|| Self(path.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a failed test may have left a program with an open file there.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_ends_the_run_with_what_was_measured_kept() {
    let Some(_daemon) = daemon() else { return };
    let folder = tempfile::tempdir().unwrap();
    let disk = geteuid()
        .is_root()
        .then(|| SmallDisk::mount(folder.path(), "size=16k"));
    let Some(_disk) = disk.flatten() else {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: a full disk needs the right to mount a small file system"
        );
        return;
    };
    let scenario = [
        HEAD,
        BALLAST,
        &variant("good"),
        "\n[build]\nrounds = 9\nwarmups = 0\n",
        STEPS,
    ]
    .concat();
    let trial = Trial::new(&[
        ("scenario.toml", &scenario),
        ("context/input.txt", "one\n"),
        ("good.Dockerfile", &dockerfile("")),
    ])
    .reporting_to(folder.path());
    let before = Inventory::take();

    let ended = trial.run(&[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(Inventory::take(), before);
    assert!(
        ended.stderr.contains("journal") && ended.stderr.contains("No space left"),
        "{}",
        ended.stderr
    );
    let run = trial.journal();
    assert!(!run.builds.is_empty() && run.builds.len() < 18, "{run:?}");
    assert!(run.builds.iter().all(|build| build.outcome.is_ok()), "{run:?}");
}
