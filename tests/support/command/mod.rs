//! The program run as a user runs it: exit code, standard output and standard error in one text.

mod told;

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

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
    pub(super) command: Command,
    redacted: Vec<(String, char)>,
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
            "GITHUB_ACTIONS",
            "GITHUB_STEP_SUMMARY",
        ] {
            command.env_remove(name);
        }
        command.env("DOCKER_HOST", NO_DAEMON).stdin(Stdio::null());
        Self {
            command,
            redacted: Vec::new(),
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

    /// Shows a path as so many of one letter, so that columns stay where they are.
    pub(crate) fn redact(mut self, path: &Path, letter: char) -> Self {
        self.redacted.push((path.display().to_string(), letter));
        self
    }

    /// Runs it with a terminal for its input and output, which are one text there.
    pub(crate) fn on_terminal(self, no_color: Option<&str>) -> Told {
        let mut words = vec![self.command.get_program().to_os_string()];
        words.extend(self.command.get_args().map(OsStr::to_os_string));
        let quoted: Vec<_> = words
            .iter()
            .map(|word| format!("'{}'", word.to_string_lossy().replace('\'', "'\\''")))
            .collect();
        // `script` of util-linux gives a program a terminal of its own.
        let mut script = Command::new("script");
        script
            .args(["--quiet", "--return", "--command", &quoted.join(" "), "/dev/null"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("DOCKER_HOST", NO_DAEMON)
            .env("TERM", "xterm")
            .env_remove("NO_COLOR")
            .stdin(Stdio::null());
        if let Some(value) = no_color {
            script.env("NO_COLOR", value);
        }
        let output = script.output().expect("the `script` program of util-linux");
        Told::new(&output, &self.redacted)
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Told {
        let output = self.command.output().expect("the program can be started");
        Told::new(&output, &self.redacted)
    }
}
