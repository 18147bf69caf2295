//! An error and what caused it, as one sentence.

use std::error::Error;

/// The error's text with those of its causes behind it, parted by colons. A cause whose text ends the one before it,
/// as that of a wrapper does, is not said twice.
#[must_use]
pub fn in_one_line(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.ends_with(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum Fault {
        #[error("cannot read the file")]
        Read(#[source] std::io::Error),
        #[error(transparent)]
        Wrapped(#[from] std::num::ParseIntError),
        #[error("wrong: {0}")]
        Shown(#[source] std::num::ParseIntError),
    }

    #[test]
    fn causes_follow_their_error_and_nothing_is_said_twice() {
        let read = Fault::Read(std::io::Error::other("no such file"));
        assert_eq!(in_one_line(&read), "cannot read the file: no such file");
        let cause = || "x".parse::<u8>().unwrap_err();
        assert_eq!(
            in_one_line(&Fault::Wrapped(cause())),
            "invalid digit found in string"
        );
        assert_eq!(
            in_one_line(&Fault::Shown(cause())),
            "wrong: invalid digit found in string"
        );
    }
}
