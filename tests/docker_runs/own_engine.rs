//! An engine of a test's own, which may be frozen and killed; the one that everybody uses never is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, Signal, geteuid, kill_process};

use crate::soak::soaking;
use crate::support::{is_set, output_of, tell_skip, text};

/// An engine by `.ci/engine`, with a small disk of its own; removed when dropped.
pub(crate) struct OwnEngine {
    name: String,
    /// Its `DOCKER_HOST`.
    pub(crate) host: String,
    client: PathBuf,
}

impl OwnEngine {
    /// Starts it; nothing, and a word about it, where it would have to be fetched first and nobody asked for that.
    pub(crate) fn start_or_skip(size: &str) -> Option<Self> {
        let is_here = home().join("root-forky/usr/sbin/dockerd").exists();
        let why = if std::env::var_os("DOCKER_HOST").is_some() {
            // The tests run on another engine then, and have run on the installed one.
            "an engine of its own is started beside the installed one alone"
        } else if !geteuid().is_root() {
            "an engine of its own needs root"
        } else if is_here || soaking() || is_set("SEATRIAL_SKIP_NOTHING") {
            return Some(Self::start(size));
        } else {
            "there is no second engine yet: `.ci/engine start` fetches one, SEATRIAL_SOAK=1 has it fetched"
        };
        tell_skip(why);
        None
    }

    fn start(size: &str) -> Self {
        let name = format!("test-{}", std::process::id() % 1_000_000);
        let mut this = Self {
            host: String::new(),
            client: PathBuf::new(),
            name,
        };
        this.host = engine(&["start", "--size", size, &this.name]);
        this.client = PathBuf::from(engine(&["client", &this.name])).join("docker");
        this
    }

    /// Starts it again after its daemon was killed.
    pub(crate) fn start_again(&self) {
        engine(&["start", &self.name]);
    }

    /// Sends its daemon a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = fs::read_to_string(home().join(&self.name).join("pid")).unwrap();
        let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Its own docker command's output, which must succeed.
    pub(crate) fn docker(&self, arguments: &[&str]) -> String {
        let output = output_of(
            Command::new(&self.client)
                .args(["--host", &self.host])
                .args(arguments),
        );
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Images and containers, one a line.
    pub(crate) fn held(&self) -> String {
        let images = self.docker(&["images", "--all", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"]);
        let containers = self.docker(&["ps", "--all", "--format", "{{.Names}} {{.Image}}"]);
        format!("{images}{containers}")
    }
}

impl Drop for OwnEngine {
    fn drop(&mut self) {
        // A daemon that is frozen does not end when it is told to.
        if let Ok(pid) = fs::read_to_string(home().join(&self.name).join("pid"))
            && let Some(pid) = pid.trim().parse().ok().and_then(Pid::from_raw)
        {
            let _ = kill_process(pid, Signal::CONT);
        }
        let _ = script(&["remove", &self.name]).status();
    }
}

/// Where `.ci/engine` keeps its engines.
fn home() -> PathBuf {
    std::env::var_os("SEATRIAL_ENGINE_HOME").map_or_else(
        || {
            let home = std::env::var_os("HOME").unwrap_or_else(|| "/root".into());
            Path::new(&home).join(".cache/seatrial/engines")
        },
        PathBuf::from,
    )
}

fn script(arguments: &[&str]) -> Command {
    let mut command = Command::new("bash");
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/engine"))
        .args(arguments);
    command
}

/// What `.ci/engine` prints; it must succeed. Its output goes to files: the daemon that it starts keeps a pipe open.
fn engine(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let [stdout, stderr] = ["stdout", "stderr"].map(|name| folder.path().join(name));
    let status = script(arguments)
        .stdout(fs::File::create(&stdout).unwrap())
        .stderr(fs::File::create(&stderr).unwrap())
        .status()
        .unwrap();
    let [stdout, stderr] = [stdout, stderr].map(|path| fs::read_to_string(path).unwrap());
    assert!(status.success(), "{arguments:?}: {stderr}");
    stdout.trim().to_owned()
}
