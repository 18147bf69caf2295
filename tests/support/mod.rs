//! What the tests of several files need.

mod limited;

use std::io::{self, Write as _};
use std::process::{Command, Output};

pub(crate) use limited::output_of;

/// The variable that skips every test which needs a Docker daemon.
const SKIP_DOCKER: &str = "SEATRIAL_SKIP_DOCKER";

/// Whether a test that needs the daemon is to go on. Without a daemon the test fails with one sentence;
/// a skip that was asked for is printed, past the capture of the test harness, so that it is never silent.
#[must_use]
pub(crate) fn docker_or_skip() -> bool {
    if is_set(SKIP_DOCKER) {
        tell_skip(&format!("by {SKIP_DOCKER}=1"));
        return false;
    }
    let version = docker_output(&["version", "--format", "{{.Server.Version}}"]);
    assert!(
        version.status.success(),
        "no Docker daemon answers the docker command, which this test needs: start one, or skip such tests with \
         {SKIP_DOCKER}=1 ({})",
        text(&version.stderr)
    );
    true
}

/// Whether a variable of the environment is `1`.
pub(crate) fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| value == "1")
}

/// Says, past the capture of the test harness, that this test does not run.
pub(crate) fn tell_skip(why: &str) {
    let test = std::thread::current();
    let name = test.name().unwrap_or("a test");
    // Where stderr is closed there is nobody to tell.
    let _ = writeln!(io::stderr(), "skipped, {why}: {name}");
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
    output_of(Command::new("docker").args(arguments))
}

/// Bytes a program printed, as text without surrounding white space.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}
