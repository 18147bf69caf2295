//! A program that writes down what an instruction of a build sees, and its notes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use seatrial::results::Run;

use crate::support::{docker, docker_output, output_of, text};

/// The program, linked without shared libraries so that it runs in an image that holds nothing else.
pub(crate) fn witness() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("witness");
        let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        rustc
            .args([
                "--edition",
                "2024",
                "-C",
                "target-feature=+crt-static",
                "-C",
                "strip=symbols",
                "-o",
            ])
            .arg(&path)
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/fixtures/programs/witness.rs"
            ));
        let built = output_of(&mut rustc);
        assert!(built.status.success(), "{}", text(&built.stderr));
        path
    })
}

/// The image that a run left for a variant which it was told to keep; removed when dropped.
pub(crate) struct Kept(String);

impl Kept {
    pub(crate) fn of(run: &Run, variant: &str) -> Self {
        let record = run.header.variants.iter().find(|record| record.name == variant);
        let filter = format!("reference={}:*", record.unwrap().image);
        let found = docker(&[
            "images",
            "--format",
            "{{.Repository}}:{{.Tag}}",
            "--filter",
            &filter,
        ]);
        assert!(
            !found.is_empty() && found.lines().count() == 1,
            "{variant}: {found:?}"
        );
        Self(found)
    }

    /// What the witness prints in a container of the image.
    pub(crate) fn run(&self, options: &[&str], arguments: &[&str]) -> String {
        let command = [&["run", "--rm"], options, &[&self.0, "/witness"], arguments].concat();
        text(&docker_output(&command).stdout)
    }

    /// One of the notes of the witness.
    pub(crate) fn note(&self, name: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("note");
        let container = docker(&["create", &self.0, "/witness"]);
        let copied = docker_output(&[
            "cp",
            &format!("{container}:/notes/{name}"),
            &copy.display().to_string(),
        ]);
        docker(&["rm", &container]);
        assert!(copied.status.success(), "{}", text(&copied.stderr));
        fs::read_to_string(copy).unwrap()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        docker_output(&["rmi", &self.0]);
    }
}
