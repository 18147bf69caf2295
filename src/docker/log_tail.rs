//! The last lines that an instruction logged.

use std::collections::VecDeque;

/// How many lines of an instruction's log are kept.
const LOG_TAIL_LINES: usize = 100;

/// The longest line of a log that is kept, in bytes.
const LOG_LINE_BYTES: usize = 4 * 1024;

/// The last lines, and how many bytes there were in all.
#[derive(Debug, Default)]
pub(super) struct LogTail {
    bytes: u64,
    complete: VecDeque<String>,
    partial: Vec<u8>,
}

impl LogTail {
    /// Bytes that were logged.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes what was logged next.
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

    /// The lines that are kept, one without an end among them.
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
