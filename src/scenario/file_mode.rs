//! The permission bits of a file.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// Permission bits with set-user-id, set-group-id and sticky; written in octal digits.
///
/// ```
/// use seatrial::scenario::FileMode;
/// let mode: FileMode = "755".parse()?;
/// assert_eq!((mode.bits(), mode.to_string().as_str()), (0o755, "0755"));
/// # Ok::<(), seatrial::scenario::ParseFileModeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileMode(u32);

/// A text is no mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected three or four octal digits, such as 0755")]
pub struct ParseFileModeError;

impl FileMode {
    /// The bits, at most `0o7777`.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }
}

impl FromStr for FileMode {
    type Err = ParseFileModeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_octal =
            matches!(text.len(), 3 | 4) && text.bytes().all(|digit| (b'0'..=b'7').contains(&digit));
        let bits = is_octal.then(|| u32::from_str_radix(text, 8).ok()).flatten();
        bits.map(Self).ok_or(ParseFileModeError)
    }
}

impl fmt::Display for FileMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04o}", self.0)
    }
}

impl Serialize for FileMode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_octal_digits_and_nothing_else() {
        for (text, mode) in [
            ("755", Some("0755")),
            ("0644", Some("0644")),
            ("4711", Some("4711")),
            ("000", Some("0000")),
            ("7777", Some("7777")),
            ("75", None),
            ("0o755", None),
            ("+755", None),
            ("789", None),
            ("00755", None),
            ("u+x", None),
            ("", None),
        ] {
            let parsed = text.parse::<FileMode>().ok().map(|mode| mode.to_string());
            assert_eq!(parsed.as_deref(), mode, "{text:?}");
        }
    }
}
