//! Points in time for readers.

use jiff::Timestamp;

use super::untrusted::plain_line;

/// A moment to the second; what is no moment stays as it stands in the run.
pub(super) fn moment(utc: &str) -> String {
    utc.parse::<Timestamp>().map_or_else(
        |_| plain_line(utc),
        |instant| instant.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_to_the_second_and_what_is_none_as_it_is() {
        assert_eq!(
            moment("2026-11-22T00:08:43.393922022Z"),
            "2026-11-22 00:08:43 UTC"
        );
        assert_eq!(moment("yes\u{1b}[31mterday"), plain_line("yes\u{1b}[31mterday"));
    }
}
