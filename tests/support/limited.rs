//! Other programs, which must not hang a test.

use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// How long another program may take; far beyond what any takes.
const LIMIT: Duration = Duration::from_secs(120);

/// Runs a command to its end and gives what it printed; it is killed where it takes too long, and the test fails.
pub(crate) fn output_of(command: &mut Command) -> Output {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
    let id = Pid::from_child(&child);
    let (ended, end) = mpsc::channel::<()>();
    let watchdog = std::thread::spawn(move || {
        let hung = matches!(end.recv_timeout(LIMIT), Err(mpsc::RecvTimeoutError::Timeout));
        hung && kill_process(id, Signal::KILL).is_ok()
    });
    let output = child
        .wait_with_output()
        .expect("the program's output can be read");
    drop(ended);
    let hung = watchdog.join().expect("the watchdog ends");
    assert!(!hung, "{command:?} took longer than {LIMIT:?}: {output:?}");
    output
}
