//! A user's own cached build with a cache mount, which no scenario may take anything from.

use std::collections::BTreeSet;
use std::process::Command;

use seatrial::results::StopReason;

use crate::daemon::{Images, daemon, unique};
use crate::fixture_tree::write_files;
use crate::inventory::Inventory;
use crate::records::Records;
use crate::support::{docker, output_of, text};
use crate::trial::Trial;

/// Cold, warm and after an edit, with a cache mount in both variants.
const SCENARIO: &str = r#"
schema = 1
title = "Beside the user"
question = "Does the user keep everything?"
context.path = "context"
base.ballast.ballast = true
variant = [{ name = "only", dockerfile = "Dockerfile" }]

[build]
rounds = 2
warmups = 0

[[build.step]]
name = "cold"
cache = { layers = "empty", mounts = "empty" }

[[build.step]]
name = "edited"
edit = [{ append = "input.txt", text = "{{nonce}}\n" }]
"#;

const DOCKERFILE: &str = r#"ARG BALLAST
FROM ${BALLAST}
COPY input.txt /input.txt
RUN --mount=type=cache,target=/cache ["/ballast", "work", "--files", "1", "--output", "/cache"]
"#;

#[test]
fn a_run_costs_the_user_nothing_of_what_is_cached() {
    let Some(_daemon) = daemon() else { return };
    let records = Records::new();
    let users = UsersBuild::make(&unique("beside"));
    let trial = Trial::new(&[
        ("scenario.toml", SCENARIO),
        ("Dockerfile", DOCKERFILE),
        ("context/input.txt", &unique("input")),
    ])
    .sparing();
    let before = Inventory::take();
    let ended = trial.run(&[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let left = Inventory::take().since(&before);
    assert!(users.still_hits());

    if !keeps_images_in_containerd() {
        assert_eq!(left, [""; 0], "{}", ended.stderr);
        assert!(users.mount_is_kept());
        return;
    }
    // There, removing any record would cost the user the hits above.
    let spared = format!(
        "left behind: {} records of the build cache: removing any",
        left.len()
    );
    assert!(ended.stderr.contains(&spared), "{left:?} {}", ended.stderr);
    assert!(
        left.iter().all(|thing| thing.starts_with("build record ")),
        "{left:?}"
    );
    let cleaned = trial.clean(&[]);
    let spared = format!("{} records of the build cache: removing any", left.len());
    assert!(cleaned.stdout.contains(&spared), "{cleaned:?}");
    assert!(users.still_hits());

    let cleaned = trial.clean(&["--prune-anyway"]);
    assert_eq!(cleaned.code, Some(0), "{cleaned:?}");
    assert_eq!(cleaned.stdout.lines().count(), left.len(), "{cleaned:?}");
    // Each build of the user's makes another image here.
    let left = Inventory::take().since(&before);
    assert!(
        !left.iter().any(|thing| thing.starts_with("build record ")),
        "{left:?}"
    );
    let end = trial.journal().end.unwrap();
    assert_eq!((end.stop, end.left_behind), (StopReason::Complete, Vec::new()));
    assert_eq!(trial.clean(&["--prune-anyway"]).stdout, "");
    assert!(
        !users.still_hits(),
        "the engine is mended: nothing has to be spared"
    );
    assert!(users.mount_is_kept());
    drop(records);
}

/// Whether the daemon has the containerd image store.
pub(crate) fn keeps_images_in_containerd() -> bool {
    docker(&["info", "--format", "{{.DriverStatus}}"]).contains("io.containerd.snapshotter")
}

/// A user's build: what it made is in the cache, and its cache mount holds something.
pub(crate) struct UsersBuild {
    folder: tempfile::TempDir,
    base: String,
    image: String,
    images: Images,
}

impl UsersBuild {
    /// Builds by the docker command; nothing of it was there before.
    pub(crate) fn make(token: &str) -> Self {
        let images = Images::default();
        let this = Self {
            folder: tempfile::tempdir().unwrap(),
            base: images.import_ballast(&format!("{token}-user")),
            image: images.tag(&format!("{token}-user:built")),
            images,
        };
        let mount = format!("--mount=type=cache,id={token},target=/cache");
        let dockerfile = |rest: &str| {
            format!(
                "ARG BASE\nFROM ${{BASE}}\nCOPY input.txt /input.txt\n\
                 RUN {mount} [\"/ballast\", \"work\", \"--input\", \"/input.txt\", \"--files\", \"1\", \"--bytes\", \"1KiB\", \
                 \"--output\", \"/cache\"]\n{rest}"
            )
        };
        // What is in the mount is read by an instruction that never ran before.
        let reads = format!(
            "RUN {mount} [\"/ballast\", \"work\", \"--input\", \"/cache/part-0000/file-000000.txt\", \"--output\", \"/seen\"]\n"
        );
        write_files(
            this.folder.path(),
            &[
                ("Dockerfile", &dockerfile("")),
                ("reads.Dockerfile", &dockerfile(&reads)),
                ("input.txt", token),
            ],
        );
        assert_eq!(
            this.build(),
            (0, 2),
            "both instructions run where nothing was there before"
        );
        this
    }

    /// Whether a build of the same finds all of it in the cache.
    pub(crate) fn still_hits(&self) -> bool {
        self.build() == (2, 0)
    }

    /// Whether the cache mount holds what the build put there; can be asked once.
    pub(crate) fn mount_is_kept(self) -> bool {
        let mut command = self.command("reads.Dockerfile", &self.images.tag("user:reads"));
        output_of(&mut command).status.success()
    }

    /// How many of the instructions came from the cache, and how many ran.
    fn build(&self) -> (usize, usize) {
        let output = output_of(&mut self.command("Dockerfile", &self.image));
        let log = text(&output.stderr);
        assert!(output.status.success(), "{log}");
        hits(&log)
    }

    fn command(&self, dockerfile: &str, image: &str) -> Command {
        let folder = self.folder.path();
        let mut command = Command::new("docker");
        command
            .env("DOCKER_BUILDKIT", "1")
            .args(["build", "--progress", "plain", "--tag", image])
            .args(["--build-arg", &format!("BASE={}", self.base), "--file"])
            .arg(folder.join(dockerfile))
            .arg(folder);
        command
    }
}

/// How many instructions of a build came from the cache, and how many ran, as the docker command tells it.
pub(crate) fn hits(log: &str) -> (usize, usize) {
    let numbers: BTreeSet<_> = log
        .lines()
        .filter_map(|line| {
            let (number, rest) = line.strip_prefix('#')?.split_once(' ')?;
            let is_one = rest.starts_with('[') && !rest.starts_with("[internal]") && !rest.contains(" FROM ");
            is_one.then(|| number.to_owned())
        })
        .collect();
    let is_cached = |number: &&String| log.lines().any(|line| line == format!("#{number} CACHED"));
    let cached = numbers.iter().filter(is_cached).count();
    (cached, numbers.len() - cached)
}
