//! A command that could not do its work, with its causes and what may help.

use std::error::Error;
use std::io::{self, Write};

use super::ExitCode;
use crate::causes::in_one_line;

/// Why a command ended early.
#[derive(Debug)]
pub struct Failure {
    code: ExitCode,
    error: Box<dyn Error + Send + Sync>,
    hints: Vec<String>,
}

impl Failure {
    /// A failure without hints.
    pub fn new(code: ExitCode, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            code,
            error: error.into(),
            hints: Vec::new(),
        }
    }

    /// Adds what may help.
    #[must_use]
    pub fn with_hints(mut self, hints: impl IntoIterator<Item = String>) -> Self {
        self.hints.extend(hints);
        self
    }

    /// What the program exits with.
    #[must_use]
    pub const fn code(&self) -> ExitCode {
        self.code
    }

    /// The error with its causes behind it, in one line.
    pub(super) fn in_one_line(&self) -> String {
        in_one_line(&*self.error)
    }

    /// Writes `error:`, a `caused by:` for each cause, and a `hint:` for each hint.
    ///
    /// # Errors
    ///
    /// Where `out` cannot be written.
    pub fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.code == ExitCode::Done {
            return Ok(());
        }
        writeln!(out, "error: {}", self.error)?;
        let mut last = self.error.to_string();
        let mut cause = self.error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // A wrapper that shows its cause as its own text would say the same twice.
            if !last.ends_with(&text) {
                writeln!(out, "  caused by: {text}")?;
            }
            last = text;
            cause = error.source();
        }
        for hint in &self.hints {
            writeln!(out, "  hint: {hint}")?;
        }
        Ok(())
    }
}

/// Standard output that cannot be written. A reader that closed the pipe has what it wanted.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let code = if error.kind() == io::ErrorKind::BrokenPipe {
            ExitCode::Done
        } else {
            ExitCode::Failed
        };
        Self::new(code, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_shown_once_and_hints_last() {
        #[derive(Debug, thiserror::Error)]
        #[error("the outer step failed")]
        struct Outer(#[source] io::Error);

        let failure = Failure::new(ExitCode::Failed, Outer(io::Error::other("the disk is full")))
            .with_hints(["make room".to_owned()]);
        let mut out = Vec::new();
        failure.render(&mut out).unwrap();
        let expected = "error: the outer step failed\n  caused by: the disk is full\n  hint: make room\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
