//! What the tests of several files need.

use std::io::{self, Write as _};
use std::process::{Command, Output};

/// The variable that skips every test which needs a Docker daemon.
const SKIP_DOCKER: &str = "SEATRIAL_SKIP_DOCKER";

/// Whether a test that needs the daemon is to go on. Without a daemon the test fails with one sentence;
/// a skip that was asked for is printed, past the capture of the test harness, so that it is never silent.
#[must_use]
pub(crate) fn docker_or_skip() -> bool {
    if std::env::var_os(SKIP_DOCKER).is_some_and(|value| value == "1") {
        let test = std::thread::current();
        let name = test.name().unwrap_or("a test");
        // Where stderr is closed there is nobody to tell.
        let _ = writeln!(io::stderr(), "skipped by {SKIP_DOCKER}=1: {name}");
        return false;
    }
    let version = Command::new("docker")
        .args(["version", "--format", "{{.Server.Version}}"])
        .output();
    let answers = version.as_ref().is_ok_and(|output| output.status.success());
    assert!(
        answers,
        "no Docker daemon answers the docker command, which this test needs: start one, or skip such tests with \
         {SKIP_DOCKER}=1 ({})",
        version.map_or_else(|error| error.to_string(), |output| text(&output.stderr))
    );
    true
}

/// Runs the docker command, which must succeed, and gives its stdout without surrounding white space.
pub(crate) fn docker(arguments: &[&str]) -> String {
    let output = docker_output(arguments);
    assert!(
        output.status.success(),
        "docker {} failed: {}",
        arguments.join(" "),
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// Runs the docker command, whatever comes of it.
pub(crate) fn docker_output(arguments: &[&str]) -> Output {
    Command::new("docker")
        .args(arguments)
        .output()
        .expect("the docker command can be started")
}

/// Bytes a program printed, as text without surrounding white space.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}
