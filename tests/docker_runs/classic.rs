//! Builds by the classic builder beside those of the docker command with `DOCKER_BUILDKIT=0`.
//!
//! As in `cached_flags`, each side builds a tree of its own, which differ in `side.txt` alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use seatrial::docker::{Endpoint, Engine};
use seatrial::results::Status;
use seatrial::run::{BuildReport, BuildRequest, Builder as _};
use seatrial::scenario::BuilderKind;
use seatrial::unit::Nanos;
use seatrial::workspace::ServedTree;
use tokio::runtime::Runtime;

use crate::daemon::{Images, at_once, daemon, unique};
use crate::fixture_tree::{age, odd_tree, set_mode, write_files};
use crate::inventory::Inventory;
use crate::soak::soaking;
use crate::support::{docker, docker_output, text};
use crate::trial::{Trial, builds, process_runs, start_of, until};

const DOCKERFILE: &str = r#"ARG BALLAST
FROM ${BALLAST} AS build
COPY side.txt /side.txt
WORKDIR /src
COPY requirements.txt ./
RUN ["/ballast", "work", "--input", "requirements.txt", "--output", "/packages", "--files", "2", "--bytes", "1KiB"]
COPY app/*.py app/

FROM ${BALLAST}
COPY side.txt /side-of-the-service.txt
ENV MODE=serve
COPY --from=build /packages /packages
COPY config.toml docs/*.md /srv/
COPY . .
CMD ["/ballast", "serve"]
"#;

/// One change of a tree, and the steps that must run again, by number; worked out by hand.
type Edit = (&'static str, fn(&Path), &'static [u32]);

/// How many of the edits the ordinary form of the test makes.
const ORDINARY: usize = 6;

const EDITS: [Edit; 10] = [
    (
        "nothing was built before",
        |_| {},
        &[3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14],
    ),
    ("nothing", |_| {}, &[]),
    (
        "source",
        |tree| fs::write(tree.join("app/main.py"), "print('edited')\n").unwrap(),
        &[7, 13, 14],
    ),
    ("touch", |tree| age(&tree.join("config.toml"), 1_000), &[]),
    (
        "ignored file",
        |tree| fs::write(tree.join("trace.log"), "more\n").unwrap(),
        &[],
    ),
    (
        "mode",
        |tree| set_mode(&tree.join("config.toml"), 0o755),
        &[12, 13, 14],
    ),
    (
        "new file that a glob takes",
        |tree| write_files(tree, &[("docs/two.md", "two")]),
        &[12, 13, 14],
    ),
    (
        "back to an earlier tree",
        |tree| fs::remove_file(tree.join("docs/two.md")).unwrap(),
        &[],
    ),
    (
        "requirement",
        |tree| fs::write(tree.join("requirements.txt"), "tide==2.0\n").unwrap(),
        &[5, 6, 7, 11, 12, 13, 14],
    ),
    (
        "comment in the Dockerfile, which `COPY . .` copies",
        |tree| fs::write(tree.join("Dockerfile"), format!("{DOCKERFILE}# a comment\n")).unwrap(),
        &[13, 14],
    ),
];

fn tree(folder: &Path, side: &str) {
    write_files(
        folder,
        &[
            ("Dockerfile", DOCKERFILE),
            (".dockerignore", "*.log\n!kept.log\n"),
            ("side.txt", side),
            ("requirements.txt", "tide==1.0\n"),
            ("app/main.py", "print('tide')\n"),
            ("config.toml", "port = 8000\n"),
            ("docs/one.md", "one\n"),
            ("kept.log", "kept\n"),
            ("trace.log", "trace\n"),
        ],
    );
}

/// What both sides build on, and what they leave.
struct Sides {
    token: String,
    base: String,
    images: Images,
    engine: Engine,
    runtime: Runtime,
    /// Short ids of the images that the docker command's builds name, oldest first.
    theirs: Mutex<Vec<String>>,
}

impl Sides {
    fn new(token: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let host = std::env::var("DOCKER_HOST").ok();
        let endpoint = Endpoint::from_docker_host(host.as_deref()).unwrap();
        let engine = runtime.block_on(Engine::connect(endpoint)).unwrap();
        let images = Images::default();
        Self {
            token: token.to_owned(),
            base: images.import_ballast(token),
            images,
            engine,
            runtime,
            theirs: Mutex::default(),
        }
    }

    /// Builds by the docker command; whether each step came from the cache, but for those before a base is known.
    fn docker_command(&self, folder: &Path) -> BTreeMap<u32, bool> {
        let image = self.images.tag(&format!("{}:command", self.token));
        let build_arg = format!("BALLAST={}", self.base);
        let output = Command::new("docker")
            .env("DOCKER_BUILDKIT", "0")
            .args(["build", "--tag", &image, "--build-arg", &build_arg])
            .arg(folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        let mut cached = BTreeMap::new();
        let mut current = None;
        for line in text(&output.stdout).lines() {
            if let Some((position, instruction)) =
                line.strip_prefix("Step ").and_then(|rest| rest.split_once(" : "))
            {
                let number = position.split('/').next().unwrap().parse().unwrap();
                let measured = !instruction.starts_with("FROM") && number > 1;
                current = measured.then_some(number);
                cached.extend(current.map(|number| (number, false)));
            } else if line == " ---> Using cache"
                && let Some(number) = current
            {
                cached.insert(number, true);
            } else if let Some(id) = line.strip_prefix(" ---> ")
                && id.len() == 12
                && current.is_some()
            {
                self.theirs.lock().unwrap().push(id.to_owned());
            }
        }
        assert!(!cached.is_empty(), "{}", text(&output.stdout));
        cached
    }

    fn request(&self, folder: &Path) -> BuildRequest {
        let tree = Arc::new(ServedTree::new(folder.to_owned()));
        BuildRequest {
            builder: BuilderKind::Classic,
            dockerfile_in_context: Some("Dockerfile".to_owned()),
            args: BTreeMap::from([("BALLAST".to_owned(), self.base.clone())]),
            ..BuildRequest::of_folder(
                tree,
                "",
                self.images.tag(&format!("{}:ours", self.token)),
                Nanos::from_secs(120),
            )
        }
    }

    fn build(&self, request: &BuildRequest) -> BuildReport {
        self.runtime.block_on(self.engine.build(request)).unwrap()
    }

    fn remove_ours(&self) {
        let made = self.engine.made_images();
        let removed = self.runtime.block_on(self.engine.remove_made_images(&made));
        removed.unwrap();
    }

    /// Builds by our own client.
    fn ours(&self, folder: &Path) -> BTreeMap<u32, bool> {
        let request = self.request(folder);
        let report = self.build(&request);
        assert_eq!(report.fault, None);
        let id = docker(&["inspect", "--format", "{{.Id}}", &request.image]);
        assert_eq!(report.image_id.as_deref(), Some(id.as_str()));
        cached(&report)
    }
}

impl Drop for Sides {
    fn drop(&mut self) {
        // A base whose name is taken while something is made of it stays without one.
        for reference in self.images.take_those_of(&[":ours", ":command"]) {
            docker_output(&["rmi", "--no-prune", &reference]);
        }
        self.remove_ours();
        let theirs = self.theirs.lock().unwrap_or_else(PoisonError::into_inner);
        for id in theirs.iter().rev() {
            docker_output(&["rmi", "--no-prune", id]);
        }
    }
}

/// Whether each step came from the cache.
fn cached(report: &BuildReport) -> BTreeMap<u32, bool> {
    let number = |name: &str| name["Step ".len()..].split('/').next().unwrap().parse().unwrap();
    let instructions = report.instructions.iter();
    instructions
        .map(|instruction| (number(&instruction.vertex_name), instruction.cached))
        .collect()
}

fn that_ran(cached: &BTreeMap<u32, bool>) -> Vec<u32> {
    let ran = cached.iter().filter(|(_, cached)| !**cached);
    ran.map(|(number, _)| *number).collect()
}

#[test]
fn edit_by_edit_the_same_steps_run_as_with_the_docker_command_and_nothing_is_left() {
    let Some(_daemon) = daemon() else { return };
    let before = Inventory::take();
    let token = unique("classic");
    let sides = Sides::new(&token);
    let folder = tempfile::tempdir().unwrap();
    let trees = ["command", "ours"].map(|side| folder.path().join(side));
    for side in &trees {
        tree(side, &format!("{token} {}", side.display()));
    }
    // This builder stores an image for each instruction, which takes a second each on some engines.
    let edits = if soaking() { &EDITS[..] } else { &EDITS[..ORDINARY] };
    let mut made = 0;
    for (name, apply, runs) in edits {
        made += runs.len();
        for tree in &trees {
            apply(tree);
        }
        let (ours, command) = at_once(|| sides.ours(&trees[1]), || sides.docker_command(&trees[0]));
        assert_eq!(ours, command, "{name}");
        assert_eq!(that_ran(&ours), *runs, "{name}");
    }
    // Nothing of theirs goes with what is ours.
    let count = |ids: &[String]| {
        ids.iter()
            .filter(|id| docker_output(&["inspect", id]).status.success())
            .count()
    };
    let (ours, theirs) = (sides.engine.made_images(), sides.theirs.lock().unwrap().clone());
    assert!(
        ours.len() >= made && count(&ours) == ours.len(),
        "{made} {ours:?}"
    );
    for reference in sides.images.take_those_of(&[":ours"]) {
        docker(&["rmi", "--no-prune", &reference]);
    }
    sides.remove_ours();
    assert_eq!((count(&ours), sides.engine.made_images()), (0, Vec::new()));
    assert_eq!(count(&theirs), theirs.len());
    drop(sides);
    assert_eq!(Inventory::take().since(&before), [""; 0]);
}

#[test]
fn what_one_side_built_the_other_finds_in_the_cache_whatever_the_tree_holds() {
    let Some(_daemon) = daemon() else { return };
    let before = Inventory::take();
    let token = unique("classic-keys");
    let sides = Sides::new(&token);
    let folder = tempfile::tempdir().unwrap();
    let in_turn = |first: &str, ours_first: bool| {
        let tree = folder.path().join(first);
        odd_tree(&tree, &format!("{token} {first} first"));
        let build = |ours: bool| {
            if ours {
                sides.ours(&tree)
            } else {
                sides.docker_command(&tree)
            }
        };
        let before = build(ours_first);
        assert!(before.values().all(|cached| !cached), "{first}: {before:?}");
        let found = build(!ours_first);
        assert!(found.values().all(|cached| *cached), "{first}: {found:?}");
        assert_eq!(found.len(), before.len());
    };
    at_once(|| in_turn("command", false), || in_turn("ours", true));
    drop(sides);
    assert_eq!(Inventory::take().since(&before), [""; 0]);
}

#[test]
fn a_build_ends_at_the_daemon_where_it_fails_or_its_time_is_up_or_nobody_waits_for_it() {
    let Some(_daemon) = daemon() else { return };
    let before = Inventory::take();
    let token = unique("classic-ends");
    let sides = Sides::new(&token);
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path();
    let dockerfile = |last: &str| format!("ARG BALLAST\nFROM ${{BALLAST}}\nCOPY side.txt /\n{last}\n");
    let sleeps = format!(r#"RUN ["/ballast", "work", "--sleep", "100s", "--output", "/{token}"]"#);
    write_files(
        tree,
        &[
            ("side.txt", &token),
            ("Dockerfile", &dockerfile("RUN [\"/ballast\", \"sink\"]")),
        ],
    );

    let request = sides.request(tree);
    let report = sides.build(&request);
    let fault = report.fault.unwrap();
    assert_eq!(
        fault.vertex_name.as_deref(),
        Some("Step 4/4 : RUN [\"/ballast\", \"sink\"]")
    );
    assert!(
        fault.message.contains("returned a non-zero code: 2"),
        "{}",
        fault.message
    );
    assert!(
        fault.log_tail[0].starts_with("ballast: unknown subcommand `sink`"),
        "{:?}",
        fault.log_tail
    );
    assert_eq!((report.image_id, fault.timed_out), (None, false));

    write_files(tree, &[("Dockerfile", &dockerfile(&sleeps))]);
    let mut request = sides.request(tree);
    request.timeout = Nanos::from_secs(2);
    let report = sides.build(&request);
    let fault = report.fault.unwrap();
    assert!(fault.timed_out, "{}", fault.message);
    assert!(fault.vertex_name.unwrap().starts_with("Step 4/4 : RUN"));
    assert_eq!(
        report
            .instructions
            .iter()
            .map(|told| told.cached)
            .collect::<Vec<_>>(),
        [true, false]
    );
    assert!(!process_runs(&token), "the step runs on");

    request.timeout = Nanos::from_secs(100);
    sides.runtime.block_on(async {
        let at_work = async {
            while !process_runs(&token) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::select! {
            built = sides.engine.build(&request) => panic!("{built:?}"),
            () = at_work => {}
        }
        sides.engine.settle().await;
    });
    until("the step of a build that nobody waits for has ended", || {
        !process_runs(&token)
    });

    write_files(tree, &[("Dockerfile", "FROM scratch\nRNU x\n")]);
    let request = sides.request(tree);
    let fault = sides.build(&request).fault.unwrap();
    assert!(
        fault.message.to_lowercase().contains("unknown instruction: rnu"),
        "{}",
        fault.message
    );
    drop(sides);
    assert_eq!(Inventory::take().since(&before), [""; 0]);
}

#[test]
fn a_matrix_of_both_builders_is_measured_side_by_side_and_leaves_nothing() {
    const SCENARIO: &str = r##"
schema = 1
title = "Both builders"
question = "Which one is faster?"
context.path = "context"
base.ballast.ballast = true

[[variant]]
name = "app"
dockerfile = "Dockerfile"

[matrix]
builder = ["buildkit", "classic"]

[build]
rounds = 2
warmups = 0

[[build.step]]
name = "cold"
cache = { layers = "empty", context = "absent" }

[[build.step]]
name = "edit"
edit = [{ append = "app/main.py", text = "# {{nonce}}\n" }]
expect = { rebuilt = ["COPY app"] }

[[build.step]]
name = "touch"
edit = [{ touch = "app/main.py" }]
expect = "cached"

[start]
samples = 1
warmups = 0
ready = { http = "/health", port = 8000 }
"##;
    const DOCKERFILE: &str = r#"ARG BALLAST
FROM ${BALLAST} AS made
COPY requirements.txt /in/
RUN ["/ballast", "work", "--input", "/in", "--output", "/out", "--files", "2", "--bytes", "1KiB"]

FROM ${BALLAST}
COPY --from=made /out /out
COPY app /app
CMD ["/ballast", "serve"]
"#;
    let Some(_daemon) = daemon() else { return };
    let before = Inventory::take();
    let trial = Trial::new(&[
        ("scenario.toml", SCENARIO),
        ("Dockerfile", DOCKERFILE),
        ("context/app/main.py", "print('tide')\n"),
        ("context/app/other.py", "print('ebb')\n"),
        ("context/requirements.txt", "tide==1.0\n"),
    ]);
    let ended = trial.run(&[]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(Inventory::take().since(&before), [""; 0]);
    let run = trial.journal();
    assert_eq!(run.header.environment.builder, "buildkit, classic");
    for (variant, cold, edit) in [
        (
            "app-buildkit",
            &[true, true, true, true][..],
            &[false, false, false, true][..],
        ),
        (
            "app-classic",
            &[true, true, true, true, true],
            &[false, false, false, true, true],
        ),
    ] {
        for (step, expected) in [("cold", cold), ("edit", edit)] {
            for build in builds(&run, variant, step) {
                assert_eq!(build.outcome, Status::Ok, "{variant} {step}");
                let ran: Vec<_> = build.instructions.iter().map(|told| !told.cached).collect();
                assert_eq!(ran, expected, "{variant} {step}: {:?}", build.instructions);
                let lines: Vec<_> = build.instructions.iter().map(|told| told.line).collect();
                assert_eq!(lines[..4], [Some(3), Some(4), Some(7), Some(8)], "{variant}");
                assert!(build.instructions.iter().all(|told| told.duration_ns.is_some()));
            }
        }
        let touched = builds(&run, variant, "touch");
        assert!(
            touched.iter().all(|build| build.outcome == Status::Ok),
            "{touched:?}"
        );
        assert_eq!(start_of(&run, variant).outcome, Status::Ok);
    }
    // A touched file is sent again by one, and everything by the other.
    let [file, everything] = ["app-buildkit", "app-classic"].map(|variant| {
        let touched = builds(&run, variant, "touch");
        touched[0].context.as_ref().unwrap().sent_bytes.0
    });
    assert!(0 < file && file < everything, "{file} {everything}");
    // One per instruction that ran: five and two in each round.
    assert_eq!(run.made_images.len(), 2 * (5 + 2), "{:?}", run.made_images);

    // Blocks of 512 bytes: two for each of five small files (the Dockerfile and an ignore file are put in from outside),
    // one for the folder, two at the end.
    let table = fs::read_to_string(trial.report().join("samples.csv")).unwrap();
    let is_tar = |line: &&str| line.contains(",context.tar,");
    let tars: Vec<_> = table.lines().filter(is_tar).collect();
    assert_eq!(tars.len(), 2 * 3, "{tars:?}");
    assert!(
        tars.iter()
            .all(|line| line.contains("app-classic") && line.contains(",6656,")),
        "{tars:?}"
    );
}
