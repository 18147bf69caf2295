//! A user's own cached build with a cache mount, which no scenario may take anything from.

use std::collections::BTreeSet;
use std::process::Command;

use crate::daemon::Images;
use crate::fixture_tree::write_files;
use crate::support::{output_of, text};

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
