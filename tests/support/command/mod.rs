//! The program run as a user runs it: exit code, standard output and standard error in one text.

mod fake_socket;
mod told;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) use fake_socket::{Answer, FakeSocket};
pub(crate) use told::Told;

/// Where no daemon listens: what every command gets that is not given another one, so that no test here reaches the
/// machine's own.
pub(crate) const NO_DAEMON: &str = "unix:///nonexistent/docker.sock";

/// A folder for one test. It stands in `/tmp` whatever the environment says, so that paths have the same width on
/// every machine.
pub(crate) fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/tmp").expect("a folder in /tmp")
}

/// A command line about to be run, in the project's folder unless it is told another.
#[derive(Debug)]
pub(crate) struct Seatrial {
    command: Command,
    redacted: Vec<(String, char)>,
    /// Where it runs, removed when it has ended.
    folder: Option<tempfile::TempDir>,
}

impl Seatrial {
    pub(crate) fn new<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seatrial"));
        command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
        // What the person at the keyboard has set is not what is tested.
        for name in [
            "NO_COLOR",
            "CLICOLOR",
            "CLICOLOR_FORCE",
            "COLUMNS",
            "LINES",
            "RUST_BACKTRACE",
        ] {
            command.env_remove(name);
        }
        command.env("DOCKER_HOST", NO_DAEMON).stdin(Stdio::null());
        Self {
            command,
            redacted: Vec::new(),
            folder: None,
        }
    }

    /// A command line without blanks inside its arguments.
    pub(crate) fn line(line: &str) -> Self {
        Self::new(line.split_whitespace())
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn daemon(self, socket: &FakeSocket) -> Self {
        let host = format!("unix://{}", socket.path().display());
        self.env("DOCKER_HOST", host).redact(socket.path(), 's')
    }

    /// Runs it in this folder, which goes when it has ended.
    pub(crate) fn within(mut self, folder: tempfile::TempDir) -> Self {
        self.command.current_dir(folder.path());
        self.folder = Some(folder);
        self
    }

    /// Shows a path as so many of one letter, so that columns stay where they are.
    pub(crate) fn redact(mut self, path: &Path, letter: char) -> Self {
        self.redacted.push((path.display().to_string(), letter));
        self
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Told {
        let output = self.command.output().expect("the program can be started");
        Told::new(&output, &self.redacted)
    }

    /// Runs it with a standard output that nobody reads.
    pub(crate) fn run_unread(mut self) -> Told {
        let mut child = self
            .command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("the program ends");
        Told::new(&output, &self.redacted)
    }

    /// The command itself, to be connected otherwise.
    pub(crate) fn into_command(self) -> Command {
        self.command
    }
}

/// A file of the fixtures, as a path from the project's folder.
pub(crate) fn fixture(path: &str) -> PathBuf {
    Path::new("tests/fixtures").join(path)
}
