//! What a command told and how it ended.

use std::fmt;
use std::process::Output;

/// What a command told and how it ended. Shown, it is all of it in one text, for a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Told {
    pub(crate) fn new(output: &Output, redacted: &[(String, char)]) -> Self {
        let shown = |bytes: &[u8]| {
            let mut text = String::from_utf8(bytes.to_vec()).expect("text in UTF-8");
            for (path, letter) in redacted {
                let mark = letter.to_string().repeat(path.len());
                text = text.replace(path, &mark);
            }
            text
        };
        Self {
            code: output.status.code(),
            stdout: shown(&output.stdout),
            stderr: shown(&output.stderr),
        }
    }

    /// Asserts that it ended well and gives what it printed.
    pub(crate) fn data(self) -> String {
        assert_eq!(self.code, Some(0), "{self}");
        self.stdout
    }
}

impl fmt::Display for Told {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => writeln!(formatter, "exit {code}")?,
            None => writeln!(formatter, "killed")?,
        }
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                writeln!(formatter, "--- {name}\n{text}")?;
            }
        }
        Ok(())
    }
}
