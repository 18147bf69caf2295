//! The end of what an instruction logs.

use std::collections::VecDeque;

/// How many lines of a vertex's log are kept.
const LOG_TAIL_LINES: usize = 100;

/// The longest line of a log that is kept, in bytes.
const LOG_LINE_BYTES: usize = 4 * 1024;

/// The last lines that a vertex logged.
#[derive(Debug, Default)]
pub(super) struct LogTail {
    pub(super) bytes: u64,
    complete: VecDeque<String>,
    partial: Vec<u8>,
}

impl LogTail {
    /// Takes a piece of the log in.
    pub(super) fn push(&mut self, text: &[u8]) {
        self.bytes += text.len() as u64;
        for byte in text {
            if *byte == b'\n' {
                let line = std::mem::take(&mut self.partial);
                if self.complete.len() == LOG_TAIL_LINES {
                    self.complete.pop_front();
                }
                self.complete.push_back(visible(&line));
            } else if self.partial.len() < LOG_LINE_BYTES {
                self.partial.push(*byte);
            }
        }
    }

    /// The last lines, the unfinished one included.
    pub(super) fn lines(&self) -> Vec<String> {
        let partial = (!self.partial.is_empty()).then(|| visible(&self.partial));
        self.complete.iter().cloned().chain(partial).collect()
    }
}

/// A line as a terminal would leave it: what follows the last carriage return.
fn visible(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let line = line.trim_end_matches('\r');
    line.rsplit('\r').next().unwrap_or_default().to_owned()
}
