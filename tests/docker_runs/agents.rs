//! An ssh agent of this machine, forwarded into a build.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::daemon::daemon;
use crate::inventory::Inventory;
use crate::support::{output_of, text};
use crate::trial::{Trial, until};
use crate::witness::{Kept, witness};

const SCENARIO: &str = r#"
schema = 1
title = "Agents"
context = { path = "context" }
keep = ["asks"]

[[variant]]
name = "asks"
dockerfile = "Dockerfile"
ssh = "default"

[build]
rounds = 1
warmups = 0

[[build.step]]
name = "first"
cache = { layers = "empty", context = "absent" }
"#;

const DOCKERFILE: &str = r#"FROM scratch
COPY witness /witness
RUN --mount=type=ssh,required=true ["/witness", "note", "keys", "keys"]
RUN --mount=type=ssh ["/witness", "note", "forgotten", "forget-keys"]
"#;

/// An agent, ended when dropped.
struct Agent {
    process: Child,
    socket: PathBuf,
}

impl Agent {
    fn start(folder: &Path) -> Self {
        let socket = folder.join("agent.sock");
        let process = Command::new("ssh-agent")
            .args(["-D", "-a"])
            .arg(&socket)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("ssh-agent of OpenSSH, which this test needs, cannot be started: {error}")
            });
        until("the agent listens", || UnixStream::connect(&socket).is_ok());
        Self { process, socket }
    }

    fn add(&self, key: &Path) {
        let added = output_of(
            Command::new("ssh-add")
                .env("SSH_AUTH_SOCK", &self.socket)
                .arg(key),
        );
        assert!(added.status.success(), "{}", text(&added.stderr));
    }

    /// The public keys that `ssh-add` lists, in base64.
    fn keys(&self) -> Vec<String> {
        let listed = output_of(
            Command::new("ssh-add")
                .env("SSH_AUTH_SOCK", &self.socket)
                .arg("-L"),
        );
        let listed = text(&listed.stdout);
        let keys = listed.lines().filter_map(|line| line.split(' ').nth(1));
        keys.map(str::to_owned).collect()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Base64 in hex digits, by programs of the system.
fn in_hex(base64: &str) -> String {
    let mut decode = Command::new("sh");
    let script = "printf %s \"$1\" | base64 --decode | od -A n -t x1 -v | tr -d ' \\n'";
    decode.args(["-c", script, "sh", base64]);
    text(&output_of(&mut decode).stdout)
}

#[test]
fn a_build_sees_the_keys_of_the_agent_and_cannot_take_them_away() {
    let Some(_daemon) = daemon() else { return };
    let folder = tempfile::tempdir().unwrap();
    let agent = Agent::start(folder.path());
    for (name, kind) in [("one", "ed25519"), ("two", "ecdsa")] {
        let key = folder.path().join(name);
        let made = output_of(
            Command::new("ssh-keygen")
                .args(["-q", "-N", "", "-C", "seatrial-test", "-t", kind, "-f"])
                .arg(&key),
        );
        assert!(made.status.success(), "{}", text(&made.stderr));
        agent.add(&key);
    }
    let keys = agent.keys();
    assert_eq!(keys.len(), 2);
    let trial = Trial::new(&[
        ("scenario.toml", SCENARIO),
        ("Dockerfile", DOCKERFILE),
        ("context/note.txt", ""),
    ])
    .with_variable("SSH_AUTH_SOCK", &agent.socket.display().to_string());
    std::fs::copy(witness(), trial.scenario().join("context/witness")).unwrap();
    let before = Inventory::take();

    let ended = trial.run(&[]);
    let kept = Kept::of(&trial.journal(), "asks");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let expected: String = keys.iter().map(|key| in_hex(key) + "\n").collect();
    assert_eq!(kept.note("keys"), expected);
    // SSH_AGENT_FAILURE, and the keys are still there.
    assert_eq!(kept.note("forgotten"), "5");
    assert_eq!(agent.keys(), keys);
    drop(kept);
    assert_eq!(Inventory::take(), before);

    // Without its agent the scenario has a mistake, and nothing is built.
    drop(agent);
    let ended = trial.run(&[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended.stderr.contains("scenario.toml:10:7") && ended.stderr.contains("the ssh agent `default`"),
        "{}",
        ended.stderr
    );
}
