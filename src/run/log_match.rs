//! Finding the line of a log that tells of readiness, as its bytes arrive.

use crate::scenario::{LogReadiness, LogStream};

/// As much of one line is looked at. What an application prints without ever ending the line is not held.
const LONGEST_LINE_BYTES: usize = 64 << 10;

/// Looks for the line among what both streams print, each of which has its own lines.
#[derive(Debug)]
pub(super) struct LogMatch<'a> {
    wanted: &'a LogReadiness,
    found: u32,
    stdout: Line,
    stderr: Line,
}

/// The line that a stream is at.
#[derive(Debug, Default)]
struct Line {
    bytes: Vec<u8>,
    /// Whether it holds the text.
    counted: bool,
}

impl<'a> LogMatch<'a> {
    pub(super) fn new(wanted: &'a LogReadiness) -> Self {
        Self {
            wanted,
            found: 0,
            stdout: Line::default(),
            stderr: Line::default(),
        }
    }

    /// Takes what was printed; whether the line that is looked for has been seen by now. It counts as soon as it holds the
    /// text, and once.
    pub(super) fn push(&mut self, stream: LogStream, bytes: &[u8]) -> bool {
        if self.wanted.stream.is_some_and(|wanted| wanted != stream) {
            return self.is_found();
        }
        let line = match stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        };
        let text = self.wanted.contains.as_bytes();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if !line.counted && line.extend_to(piece, text) {
                line.counted = true;
                self.found += 1;
            }
            if piece.ends_with(b"\n") {
                *line = Line::default();
            }
        }
        self.is_found()
    }

    fn is_found(&self) -> bool {
        self.found >= self.wanted.times
    }
}

impl Line {
    /// Makes the line longer; whether what it got completes `text`, which is not empty.
    fn extend_to(&mut self, piece: &[u8], text: &[u8]) -> bool {
        let room = LONGEST_LINE_BYTES.saturating_sub(self.bytes.len());
        let begin = self.bytes.len().saturating_sub(text.len());
        self.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        self.bytes[begin..]
            .windows(text.len().max(1))
            .any(|window| window == text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wanted(times: u32, stream: Option<LogStream>) -> LogReadiness {
        LogReadiness {
            contains: "ready".to_owned(),
            times,
            stream,
        }
    }

    fn out(wanted: &LogReadiness, pieces: &[&str]) -> Vec<bool> {
        let mut log = LogMatch::new(wanted);
        let pieces = pieces.iter();
        pieces
            .map(|piece| log.push(LogStream::Stdout, piece.as_bytes()))
            .collect()
    }

    #[test]
    fn a_line_counts_once_it_holds_the_text_and_no_more_than_once() {
        let first = wanted(1, None);
        assert_eq!(out(&first, &["rea", "dy"]), [false, true]);
        assert_eq!(out(&first, &["rea\ndy\n"]), [false]);
        let second = wanted(2, None);
        assert_eq!(
            out(&second, &["ready, ready\n", "so ", "ready", "\n"]),
            [false, false, true, true]
        );
    }

    #[test]
    fn the_streams_have_lines_of_their_own() {
        let either = wanted(1, None);
        let mut log = LogMatch::new(&either);
        assert!(!log.push(LogStream::Stdout, b"rea"));
        assert!(!log.push(LogStream::Stderr, b"dy\n"));
        assert!(log.push(LogStream::Stdout, b"dy\n"));
        let errors = wanted(1, Some(LogStream::Stderr));
        let mut log = LogMatch::new(&errors);
        assert!(!log.push(LogStream::Stdout, b"ready\n"));
        assert!(log.push(LogStream::Stderr, b"ready\n"));
    }

    #[test]
    fn a_line_without_end_is_not_held() {
        let first = wanted(1, None);
        let mut log = LogMatch::new(&first);
        for _ in 0..100 {
            assert!(!log.push(LogStream::Stdout, &[b'x'; 4096]));
        }
        assert!(log.stdout.bytes.len() <= LONGEST_LINE_BYTES);
        assert!(
            !log.push(LogStream::Stdout, b"ready"),
            "too far behind in its line"
        );
        assert!(log.push(LogStream::Stdout, b"\nready"));
    }

    proptest! {
        #[test]
        fn how_the_bytes_were_cut_changes_nothing(
            text in "[ready\n ]{0,60}",
            cuts in prop::collection::vec(0_usize..60, 0..6),
            times in 1_u32..4,
        ) {
            let wanted = wanted(times, None);
            let lines = text.split('\n').filter(|line| line.contains("ready")).count();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.push(text.len());
            cuts.sort_unstable();
            let mut log = LogMatch::new(&wanted);
            let mut found = false;
            let mut begin = 0;
            for end in cuts {
                found = log.push(LogStream::Stdout, &text.as_bytes()[begin..end]);
                begin = end;
            }
            prop_assert_eq!(found, lines >= times as usize);
        }
    }
}
