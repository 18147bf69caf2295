//! Programs besides docker that some tests need.

use crate::support::{is_set, tell_skip};

/// The variable under which a test that lacks a program fails.
const SKIP_NOTHING: &str = "SEATRIAL_SKIP_NOTHING";

/// Whether a test that needs a program besides docker is to go on: it is not asked of everybody who runs the tests, but
/// where `SEATRIAL_SKIP_NOTHING=1` says so.
#[must_use]
pub(crate) fn program_or_skip(program: &str, package: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let is_there = std::env::split_paths(&folders).any(|folder| folder.join(program).is_file());
    if !is_there {
        let why = format!("`{program}` is missing: install Debian's `{package}`");
        assert!(!is_set(SKIP_NOTHING), "{why}");
        tell_skip(&why);
    }
    is_there
}
