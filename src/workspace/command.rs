//! Running a command that is let into one folder.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::scenario::Nonce;
use crate::unit::Nanos;

/// How often a command is looked at while it runs.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// How much of a log is shown: lines, and characters of a line.
const TAIL_LINES: usize = 8;
const TAIL_COLUMNS: usize = 200;

/// How many bytes at the end of a log are looked at for its tail.
const TAIL_BYTES: u64 = 16 * 1024;

/// What every command may write besides its folders.
const DEVICES: [&str; 6] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/tty",
    "/dev/random",
    "/dev/urandom",
];

/// A command did not end well.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// Its own folder could not be made or removed, or its log not be kept.
    #[error("cannot keep a folder and a log for the command")]
    Prepare {
        /// What the system said.
        source: io::Error,
    },
    /// It could not be kept out of the rest of the file system.
    #[error("cannot confine the command to the context")]
    Confine {
        /// What the system said.
        source: io::Error,
    },
    /// There is no shell, or nothing more can be started.
    #[error("cannot start `/bin/sh`")]
    Start {
        /// What the system said.
        source: io::Error,
    },
    /// It ended with another exit code than 0, or by a signal.
    #[error("it ended with {status}, expected exit code 0; {log}")]
    Exit {
        /// Exit code or signal, in words.
        status: String,
        /// The end of what it printed, in words.
        log: String,
    },
    /// It took too long and was killed.
    #[error("it was killed after its timeout of {timeout}; {log}")]
    Timeout {
        /// How long it was given.
        timeout: Nanos,
        /// The end of what it printed, in words.
        log: String,
    },
}

/// Has `/bin/sh` run `command` in the folder `context`, and waits for its end.
///
/// Its environment is `PATH` as it is here, `HOME` and `TMPDIR`, which are the folder `home`, `LANG=C.UTF-8` and the
/// nonce; it has no input. Where the kernel has Landlock, which Linux has from 5.13, it can write below these two
/// folders only, root or not; it can read what this user can. What it starts in its process group is killed when it
/// ends.
pub(super) fn run(
    command: &str,
    context: &Path,
    home: &Path,
    nonce: &Nonce,
    timeout: Nanos,
) -> Result<(), CommandError> {
    let prepare = |source| CommandError::Prepare { source };
    let mut log = tempfile::tempfile_in(home).map_err(prepare)?;
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", command])
        .current_dir(context)
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("HOME", home)
        .env("TMPDIR", home)
        .env("LANG", "C.UTF-8")
        .env(Nonce::VARIABLE, nonce.as_str())
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(prepare)?)
        .stderr(log.try_clone().map_err(prepare)?)
        .process_group(0);
    let child = start_confined(shell, &[context, home])?;
    let ended = wait(child, Duration::from_nanos(timeout.0)).map_err(prepare)?;
    let log = match ended {
        Some(status) if status.success() => return Ok(()),
        _ => tail(&mut log).map_err(prepare)?,
    };
    Err(match ended {
        Some(status) => CommandError::Exit {
            status: in_words(status),
            log,
        },
        None => CommandError::Timeout { timeout, log },
    })
}

/// Starts the command from a thread that gives up its rights first: what a thread gave up its children lack, and the
/// rest of this process keeps.
fn start_confined(mut command: Command, writable: &[&Path]) -> Result<Child, CommandError> {
    std::thread::scope(|scope| {
        let starting = scope.spawn(move || {
            confine(writable).map_err(|source| CommandError::Confine { source })?;
            command.spawn().map_err(|source| CommandError::Start { source })
        });
        starting.join().unwrap_or_else(|_| {
            Err(CommandError::Start {
                source: io::Error::other("the thread that was to start it panicked"),
            })
        })
    })
}

/// Takes from this thread the right to write anywhere but below these folders, as far as the kernel can.
#[cfg(target_os = "linux")]
fn confine(writable: &[&Path]) -> io::Result<()> {
    use landlock::{ABI, AccessFs, Ruleset, RulesetAttr, RulesetCreatedAttr, Scope, path_beneath_rules};

    let changes = AccessFs::from_write(ABI::V3);
    let confined = || {
        Ruleset::default()
            .handle_access(changes)?
            .scope(Scope::Signal)?
            .create()?
            .add_rules(path_beneath_rules(writable, changes))?
            .add_rules(path_beneath_rules(DEVICES, changes))?
            .restrict_self()
    };
    confined().map(drop).map_err(io::Error::other)
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
fn confine(_writable: &[&Path]) -> io::Result<()> {
    Ok(())
}

/// Waits for the end, and ends what is left of the process group then; `None` where the time was up.
fn wait(mut child: Child, timeout: Duration) -> io::Result<Option<ExitStatus>> {
    let id = Pid::from_child(&child);
    let began = Instant::now();
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let mut in_time = true;
    while in_time && waitid(WaitId::Pid(id), look)?.is_none() {
        std::thread::sleep(LOOK_EVERY);
        in_time = began.elapsed() < timeout;
    }
    // The child was not taken note of yet, so that its number is nobody else's. That all are gone is no failure.
    let _ = kill_process_group(id, Signal::KILL);
    let status = child.wait()?;
    Ok(in_time.then_some(status))
}

/// How a process ended.
pub(super) fn in_words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}

/// The last lines of a log, as part of a sentence.
pub(super) fn tail(log: &mut File) -> io::Result<String> {
    let length = log.seek(SeekFrom::End(0))?;
    log.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    log.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = VecDeque::new();
    for line in text.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
        if lines.len() == TAIL_LINES {
            lines.pop_front();
        }
        let line: String = line.chars().take(TAIL_COLUMNS).collect();
        lines.push_back(format!("`{}`", line.escape_debug()));
    }
    Ok(if lines.is_empty() {
        "it printed nothing".to_owned()
    } else {
        format!("its log ends in {}", Vec::from(lines).join(", "))
    })
}
