//! What a command runs in: its environment, its daemon, its folder, and who reads what it prints.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;

use crate::command::{Seatrial, Told};
use crate::fake_socket::FakeSocket;

impl Seatrial {
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn daemon(self, socket: &FakeSocket) -> Self {
        let host = format!("unix://{}", socket.path().display());
        self.env("DOCKER_HOST", host).redact(socket.path(), 's')
    }

    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
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
        Told::new(&output, &[])
    }
}

impl Told {
    /// Asserts that no line of either stream is wider than a pipe's 80 columns, and that there is no escape sequence.
    pub(crate) fn fits_a_pipe(&self) {
        for line in self.stdout.lines().chain(self.stderr.lines()) {
            assert!(line.chars().count() <= 80, "wider than 80 columns: {line}");
            assert!(!line.contains('\u{1b}'), "an escape sequence in a pipe: {line:?}");
        }
    }
}
