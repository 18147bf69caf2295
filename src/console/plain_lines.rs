//! Progress as plain lines, for logs, pipes and those who asked for no decoration.

use std::io::Write;
use std::time::Duration;

use crate::unit::Nanos;

/// No two lines of progress come closer together than this, so that a log of a long run stays short.
const QUIET: Duration = Duration::from_secs(5);

/// Writes a line now and then. Time is given from outside, as elapsed since the begin.
#[derive(Debug)]
pub(super) struct PlainLines<W> {
    out: W,
    total: u64,
    done: u64,
    /// When the last unit ended.
    reached: Duration,
    last: Option<Duration>,
}

impl<W: Write> PlainLines<W> {
    pub(super) const fn new(out: W, total: u64) -> Self {
        Self {
            out,
            total,
            done: 0,
            reached: Duration::ZERO,
            last: None,
        }
    }

    /// A unit has begun.
    pub(super) fn started(&mut self, elapsed: Duration, text: &str) {
        self.line(elapsed, text);
    }

    /// A unit has ended. The line of the last one is always written.
    pub(super) fn finished(&mut self, elapsed: Duration, text: &str) {
        self.done += 1;
        self.reached = elapsed;
        if self.done >= self.total {
            self.last = None;
        }
        self.line(elapsed, text);
    }

    /// So many units will not come.
    pub(super) fn left_out(&mut self, units: u64) {
        self.total = self.total.saturating_sub(units);
    }

    /// Something that must be read; always written.
    pub(super) fn note(&mut self, text: &str) {
        self.write(&one_line(text));
    }

    fn line(&mut self, elapsed: Duration, text: &str) {
        if self.last.is_some_and(|last| elapsed.saturating_sub(last) < QUIET) {
            return;
        }
        self.last = Some(elapsed);
        let left = remaining(elapsed, self.reached, self.done, self.total)
            .map(|left| format!(", about {} left", whole_seconds(left)))
            .unwrap_or_default();
        let (done, total) = (self.done, self.total);
        let shown = whole_seconds(elapsed);
        self.write(&format!(
            "[{done}/{total}] {shown} elapsed{left}: {}",
            one_line(text)
        ));
    }

    fn write(&mut self, line: &str) {
        // A stderr that nobody reads any more is no reason to end a measurement.
        let _ = writeln!(self.out, "{line}");
    }
}

/// What is left, if the remaining units take as long as those before did on average, the last of which ended at
/// `reached`; `None` before the first one has ended.
pub(super) fn remaining(elapsed: Duration, reached: Duration, done: u64, total: u64) -> Option<Duration> {
    if done == 0 {
        return None;
    }
    let left = u128::from(total.saturating_sub(done));
    let nanos = reached.as_nanos().saturating_mul(left) / u128::from(done);
    let at_reached = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
    Some(at_reached.saturating_sub(elapsed.saturating_sub(reached)))
}

/// A duration for people: elapsed and remaining time do not need tenths, and would flicker with them.
pub(super) fn whole_seconds(duration: Duration) -> String {
    match duration.as_secs() {
        secs @ 0..100 => format!("{secs} s"),
        secs => Nanos::from_secs(secs).to_string(),
    }
}

/// Replaces what would move the cursor or break the line: names come from files, and messages from the daemon.
pub(super) fn one_line(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written when `play` has its way with eight units.
    fn written(play: impl FnOnce(&mut PlainLines<&mut Vec<u8>>)) -> Vec<String> {
        let mut out = Vec::new();
        play(&mut PlainLines::new(&mut out, 8));
        let text = String::from_utf8(out).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn lines_are_at_least_a_few_seconds_apart_and_say_how_far_it_is() {
        let lines = written(|lines| {
            lines.started(secs(0), "naive: cold, round 1");
            lines.finished(secs(4), "naive: cold, round 1");
            lines.started(secs(4), "ordered: cold, round 1");
            lines.finished(secs(6), "ordered: cold, round 1");
            lines.started(secs(7), "naive: edit, round 1");
            lines.started(secs(11), "ordered: edit, round 1");
        });
        assert_eq!(
            lines,
            [
                "[0/8] 0 s elapsed: naive: cold, round 1",
                "[2/8] 6 s elapsed, about 18 s left: ordered: cold, round 1",
                "[2/8] 11 s elapsed, about 13 s left: ordered: edit, round 1",
            ]
        );
    }

    #[test]
    fn the_last_unit_and_notes_are_always_written() {
        let lines = written(|lines| {
            for _ in 0..8 {
                lines.finished(secs(1), "a start");
            }
            lines.note("the machine is busy: load 3.2");
        });
        assert_eq!(
            lines,
            [
                "[1/8] 1 s elapsed, about 7 s left: a start",
                "[8/8] 1 s elapsed, about 0 s left: a start",
                "the machine is busy: load 3.2",
            ]
        );
    }

    #[test]
    fn text_cannot_move_the_cursor() {
        let lines = written(|lines| lines.note("one\ntwo\r\u{1b}[2Jthree"));
        assert_eq!(lines, ["one two  [2Jthree"]);
    }

    #[test]
    fn nothing_is_said_about_the_rest_before_something_has_ended() {
        for (elapsed, reached, done, expected) in [
            (10, 0, 0, None),
            (10, 10, 1, Some(70)),
            (14, 10, 1, Some(66)),
            (99, 10, 1, Some(0)),
            (10, 10, 8, Some(0)),
            (10, 10, 9, Some(0)),
        ] {
            let left = remaining(secs(elapsed), secs(reached), done, 8);
            assert_eq!(
                left,
                expected.map(secs),
                "{done} done by {reached} s, seen at {elapsed} s"
            );
        }
        let endless = remaining(Duration::MAX, Duration::MAX, 1, u64::MAX);
        assert_eq!(endless, Some(Duration::from_nanos(u64::MAX)));
    }

    #[test]
    fn seconds_are_whole_and_long_times_are_readable() {
        for (millis, expected) in [
            (0, "0 s"),
            (59_999, "59 s"),
            (61_000, "61 s"),
            (125_400, "2 min 05 s"),
        ] {
            assert_eq!(
                whole_seconds(Duration::from_millis(millis)),
                expected,
                "{millis} ms"
            );
        }
    }
}
