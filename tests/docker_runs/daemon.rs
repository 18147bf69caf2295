//! The daemon, for one test at a time.

use std::fs::File;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{FlockOperation, flock};
use seatrial::ballast::BallastImage;
use seatrial::store::{DaemonLock, HoldDaemon};

use crate::support::{docker, docker_or_skip, docker_output};
use crate::trial::until;

/// The daemon is this test's until this is dropped.
pub(crate) struct Daemon {
    _tests: File,
    _runs: DaemonLock,
}

/// Waits until no other test of this program, and no run of anybody else on this machine, uses the daemon; `None`
/// where such tests are to be skipped.
pub(crate) fn daemon() -> Option<Daemon> {
    if !docker_or_skip() {
        return None;
    }
    let folder = std::env::temp_dir();
    let tests = File::create(folder.join("seatrial-tests-with-a-daemon.lock")).unwrap();
    flock(&tests, FlockOperation::LockExclusive).unwrap();
    // The runs of the tests look for this lock in temporary folders of their own.
    let id = docker(&["info", "--format", "{{.ID}}"]);
    let mut runs = None;
    until("no other run holds the daemon", || {
        let held = DaemonLock::hold(&folder, &id, "the tests of seatrial");
        assert!(!matches!(held, Err(HoldDaemon::OpenLock { .. })), "{held:?}");
        runs = held.ok();
        runs.is_some()
    });
    runs.map(|runs| Daemon {
        _tests: tests,
        _runs: runs,
    })
}

/// Text that no other test and no other run of this test uses.
pub(crate) fn unique(what: &str) -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    format!("{what}-{}-{}", std::process::id(), since.unwrap().as_nanos())
}

/// References that are removed when the test ends, also when it fails.
#[derive(Default)]
pub(crate) struct Images(Mutex<Vec<String>>);

impl Images {
    /// The ballast, imported under a name of its own.
    pub(crate) fn import_ballast(&self, token: &str) -> String {
        let reference = self.tag(&format!("{token}:ballast"));
        let mut import = Command::new("docker")
            .args(["import", "-", &reference])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let image = BallastImage::embedded().unwrap();
        import.stdin.take().unwrap().write_all(image.rootfs()).unwrap();
        assert!(import.wait().unwrap().success());
        reference
    }

    /// A reference that no other image of this test has: one that is taken from an image leaves that without a name.
    pub(crate) fn tag(&self, name: &str) -> String {
        let mut references = self.0.lock().unwrap();
        let reference = format!("seatrial-test/{name}-{}", references.len());
        references.push(reference.clone());
        reference
    }

    /// Those whose name holds one of these; somebody else removes them.
    pub(crate) fn take_those_of(&self, parts: &[&str]) -> Vec<String> {
        let is_taken = |reference: &mut String| parts.iter().any(|part| reference.contains(part));
        self.0.lock().unwrap().extract_if(.., is_taken).collect()
    }
}

impl Drop for Images {
    fn drop(&mut self) {
        // Also after a test that failed while it held them.
        let references = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for reference in references.iter() {
            docker_output(&["rmi", reference]);
        }
    }
}

/// What both give, which work at the same time.
pub(crate) fn at_once<A, B: Send>(here: impl FnOnce() -> A, beside: impl FnOnce() -> B + Send) -> (A, B) {
    std::thread::scope(|scope| {
        let beside = scope.spawn(beside);
        (here(), beside.join().expect("what it says is above"))
    })
}
