//! The daemon through a port with TLS, through ssh and through contexts: everything goes the same way.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use seatrial::digest::Digest;
use seatrial::results::BuildSample;
use seatrial::scenario::ProbeTier;
use seatrial::unit::Nanos;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::daemon::daemon;
use crate::inventory::Inventory;
use crate::programs::program_or_skip;
use crate::support::output_of;
use crate::tls_front::{Certificates, TlsFront};
use crate::trial::{Trial, until};

/// `seatrial doctor`, which asks, builds and opens sessions.
fn doctor() -> Command {
    let mut command = program("doctor");
    command.arg("--json");
    command
}

/// The program with nothing of the machine's own docker settings.
fn program(subcommand: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seatrial"));
    // The tests hold the daemon in the usual place for temporary files.
    command
        .arg(subcommand)
        .env("TMPDIR", env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null());
    for name in [
        "DOCKER_HOST",
        "DOCKER_CONTEXT",
        "DOCKER_TLS_VERIFY",
        "DOCKER_CERT_PATH",
    ] {
        command.env_remove(name);
    }
    command
}

/// Everything that needs the daemon was answered, builds by both among it.
fn assert_reached(output: &Output) {
    let shown = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    let all: Value = serde_json::from_slice(&output.stdout).unwrap();
    let finding = |topic: &str| {
        let findings = all["findings"].as_array().unwrap();
        let found = findings.iter().find(|finding| finding["topic"] == topic);
        found.unwrap_or_else(|| panic!("{topic}: {all:#}")).clone()
    };
    assert_eq!(finding("daemon")["level"], "ok");
    assert_eq!(finding("place")["level"], "warning", "it is not known to be here");
    let overhead = finding("overhead")["found"].as_str().unwrap().to_owned();
    assert!(overhead.starts_with("a small cached build takes"), "{overhead}");
}

/// What was said of a daemon that is not reached.
fn refusal(command: &mut Command) -> String {
    let output = output_of(command);
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn over_tls_by_the_environment_and_by_a_context() {
    let Some(_daemon) = daemon() else { return };
    let before = Inventory::take();
    let certificates = Certificates::new();
    let front = TlsFront::of_daemon(&certificates);
    let mut by_environment = doctor();
    by_environment
        .env("DOCKER_HOST", front.address())
        .env("DOCKER_TLS_VERIFY", "1")
        .env("DOCKER_CERT_PATH", certificates.folder());
    assert_reached(&output_of(&mut by_environment));

    let config = context("far", &front.address(), Some(certificates.folder()));
    fs::write(
        config.path().join("config.json"),
        json!({ "currentContext": "far" }).to_string(),
    )
    .unwrap();
    let reports = config.path().join("reports");
    let asked = output_of(
        program("clean")
            .arg("--reports")
            .arg(reports)
            .env("DOCKER_CONFIG", config.path()),
    );
    assert!(asked.status.success(), "{asked:?}");
    assert_eq!(Inventory::take().since(&before), [""; 0]);

    // The same name from another authority is not the daemon.
    let others = Certificates::new();
    let said = refusal(by_environment.env("DOCKER_CERT_PATH", others.folder()));
    assert!(said.contains("do not trust each other"), "{said}");
    assert!(
        said.contains("invalid peer certificate") && said.contains("hint: "),
        "{said}"
    );
    fs::remove_file(certificates.folder().join("ca.pem")).unwrap();
    let said = refusal(by_environment.env("DOCKER_CERT_PATH", certificates.folder()));
    assert!(
        said.contains("ca.pem") && said.contains("DOCKER_CERT_PATH"),
        "{said}"
    );
}

/// A folder of the docker command with one context.
fn context(name: &str, host: &str, certificates: Option<&Path>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let id = Digest::of(name).hex();
    let meta = folder.path().join("contexts/meta").join(&id);
    fs::create_dir_all(&meta).unwrap();
    let text = json!({ "Name": name, "Metadata": {}, "Endpoints": { "docker": { "Host": host, "SkipTLSVerify": false } } });
    fs::write(meta.join("meta.json"), text.to_string()).unwrap();
    if let Some(certificates) = certificates {
        let tls = folder.path().join("contexts/tls").join(&id).join("docker");
        fs::create_dir_all(&tls).unwrap();
        for file in ["ca.pem", "cert.pem", "key.pem"] {
            fs::copy(certificates.join(file), tls.join(file)).unwrap();
        }
    }
    folder
}

/// Named in full: it is not on every user's path, and wants to be started so.
const SSHD: &str = "/usr/sbin/sshd";

/// An ssh server on a free port of loopback with throw-away keys; ended when dropped.
struct SshServer {
    folder: TempDir,
    port: u16,
    server: Child,
}

impl SshServer {
    /// `None` where none is installed and the test is to be skipped.
    fn start() -> Option<Self> {
        if !program_or_skip("ssh", "openssh-client") || !program_or_skip(SSHD, "openssh-server") {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for key in ["host", "user"] {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(path(key))
                .status()
                .unwrap();
            assert!(made.success());
        }
        fs::copy(path("user.pub"), path("authorized")).unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let at = |name: &str| path(name).display().to_string();
        // Whatever is asked for, only this command runs: the docker of the tests, on their daemon.
        let docker_path = std::env::var("PATH").unwrap();
        let docker_host = std::env::var("DOCKER_HOST").unwrap_or_default();
        fs::write(
            path("login"),
            format!("#!/bin/sh\nexport PATH='{docker_path}' DOCKER_HOST='{docker_host}'\nexec $SSH_ORIGINAL_COMMAND\n"),
        )
        .unwrap();
        fs::set_permissions(path("login"), fs::Permissions::from_mode(0o755)).unwrap();
        let config = format!(
            "HostKey {}\nAuthorizedKeysFile {}\nPidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n\
             ForceCommand {}\n",
            at("host"),
            at("authorized"),
            at("login")
        );
        fs::write(path("sshd_config"), config).unwrap();
        let server = Command::new(SSHD)
            .args([
                "-D",
                "-e",
                "-o",
                "ListenAddress=127.0.0.1",
                "-p",
                &port.to_string(),
                "-f",
            ])
            .arg(path("sshd_config"))
            .stdin(Stdio::null())
            .stderr(fs::File::create(path("sshd.log")).unwrap())
            .spawn()
            .unwrap();
        // The user's own settings and known hosts are left alone.
        fs::create_dir(path("bin")).unwrap();
        let wrapper = format!(
            "#!/bin/sh\nexec /usr/bin/ssh -F none -i {} -o IdentitiesOnly=yes -o UserKnownHostsFile={} \
             -o StrictHostKeyChecking=accept-new -o BatchMode=yes \"$@\"\n",
            at("user"),
            at("known")
        );
        fs::write(path("bin/ssh"), wrapper).unwrap();
        fs::set_permissions(path("bin/ssh"), fs::Permissions::from_mode(0o755)).unwrap();
        until("the ssh server listens", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Some(Self { folder, port, server })
    }

    fn path(&self) -> String {
        let bin = self.folder.path().join("bin");
        format!("{}:{}", bin.display(), std::env::var("PATH").unwrap())
    }
}

impl Drop for SshServer {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

const SCENARIO: &str = r#"
schema = 1
title = "From afar"
question = "Is it reached?"

[base.ballast]
ballast = true

[context]
path = "."

[[variant]]
name = "only"
dockerfile = "Dockerfile"

[build]
rounds = 1
warmups = 0

[[build.step]]
name = "first"
cache = { layers = "empty", context = "absent" }

[[build.step]]
name = "again"

[start]
samples = 1
warmups = 0
entrypoint = ["/ballast", "serve", "--listen-after", "50ms"]
ready = { http = "/health", port = 8000 }
"#;

#[test]
fn over_ssh_by_an_option_and_what_ssh_says_where_it_fails() {
    let Some(_daemon) = daemon() else { return };
    let before = Inventory::take();
    let Some(server) = SshServer::start() else { return };
    let address = format!("ssh://127.0.0.1:{}", server.port);
    let trial = Trial::new(&[
        ("scenario.toml", SCENARIO),
        (
            "Dockerfile",
            "ARG BALLAST\nFROM ${BALLAST}\nCOPY scenario.toml /\n",
        ),
    ])
    .with_variable("PATH", &server.path());
    let ended = trial.run(&["--host", &address]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let run = trial.journal();
    let steps: Vec<_> = run.builds.iter().map(|build| build.step.as_str()).collect();
    assert_eq!(steps, ["first", "again"]);
    assert!(run.builds.iter().all(|build| build.outcome.is_ok()), "{run:#?}");
    let cached = |build: &BuildSample| build.instructions.iter().all(|instruction| instruction.cached);
    assert_eq!(run.builds.iter().map(cached).collect::<Vec<_>>(), [false, true]);
    // Nothing on this machine is the daemon's, its ports included: one of its containers looks.
    let probe = run.probe.as_ref().unwrap_or_else(|| panic!("{ended:?} {run:?}"));
    assert_eq!(probe.tier, ProbeTier::Sidecar);
    assert!(
        probe
            .refused
            .iter()
            .all(|refused| refused.reason == "the daemon is not on this machine"),
        "{probe:?}"
    );
    let [start] = run.starts.as_slice() else {
        panic!("{:?}", run.starts);
    };
    assert!(start.outcome.is_ok(), "{start:?}");
    assert_eq!((start.tier, start.client), (ProbeTier::Sidecar, None));
    assert!(
        start.ready.unwrap().value_ns >= Nanos::from_millis(50),
        "{start:?}"
    );
    assert_eq!(Inventory::take().since(&before), [""; 0]);
    // All calls share one connection.
    let log = fs::read_to_string(server.folder.path().join("sshd.log")).unwrap();
    assert_eq!(log.matches("Accepted publickey").count(), 1, "{log}");

    fs::remove_file(server.folder.path().join("user")).unwrap();
    let ended = trial.command(&["doctor"], &["--json", "--host", &address]);
    assert_eq!(ended.code, Some(5), "{ended:?}");
    let said = ended.stderr;
    assert!(
        said.contains("ssh does not lead to a docker daemon at") && said.contains("Permission denied"),
        "{said}"
    );
    assert!(said.contains("hint: see whether"), "{said}");
}
