//! Making answers as slow as a line is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::clock;
use super::line::Line;
use crate::scenario::PullShape;
use crate::unit::Nanos;

/// How much of a line's bandwidth is sent at once,
const SENT_AT_ONCE: Nanos = Nanos(100_000);

/// and the least and the most of it in bytes.
const SHAPED_CHUNK: (u64, u64) = (16 << 10, 128 << 10);

/// How much is sent at once over one that has none.
const PLAIN_CHUNK: usize = 256 << 10;

/// How much of a line's bandwidth may wait in the system's own buffer.
const BUFFERED: Nanos = Nanos::from_millis(10);

/// The least and the most that it is asked to hold. Segments of the loopback address have 64 KiB, and a receiver may keep
/// its word that one came for 40 ms: with less than some of them a line of 100 Mbit/s carries a fifth of that.
const BUFFER_BYTES: (u64, u64) = (256 << 10, 1 << 20);

/// The line that a registry's answers go over. Clones are the same line.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    shape: PullShape,
    line: Option<Arc<Mutex<Line>>>,
}

/// An answer that is under way on a line.
#[derive(Debug)]
pub(super) struct Sender {
    line: Option<Arc<Mutex<Line>>>,
}

impl Shape {
    pub(super) fn new(shape: PullShape) -> Self {
        let line = |bandwidth| Arc::new(Mutex::new(Line::new(bandwidth)));
        Self {
            shape,
            line: shape.bandwidth.map(line),
        }
    }

    /// How long every answer is held back.
    pub(super) fn latency(&self) -> Option<Nanos> {
        self.shape.latency.filter(|latency| *latency > Nanos::ZERO)
    }

    /// How much is sent at once.
    pub(super) fn chunk(&self) -> usize {
        self.of_line(SENT_AT_ONCE, SHAPED_CHUNK).unwrap_or(PLAIN_CHUNK)
    }

    /// How much the system is to hold of what was sent and not taken; absent, as it likes.
    pub(super) fn buffer(&self) -> Option<usize> {
        self.of_line(BUFFERED, BUFFER_BYTES)
    }

    /// What a line carries in a time, within bounds.
    fn of_line(&self, time: Nanos, (least, most): (u64, u64)) -> Option<usize> {
        let bandwidth = self.shape.bandwidth?;
        usize::try_from(bandwidth.bytes_in(time).clamp(least, most)).ok()
    }

    /// Begins an answer.
    pub(super) fn enter(&self) -> Sender {
        if let Some(line) = &self.line {
            locked(line).enter(clock::now());
        }
        Sender {
            line: self.line.clone(),
        }
    }
}

impl Sender {
    /// Waits until so many bytes have gone over the line.
    pub(super) fn wait(&self, bytes: usize) {
        let Some(line) = &self.line else { return };
        let gone = locked(line).send(clock::now(), bytes as u64);
        let wait = gone.saturating_since(clock::now());
        if wait > Nanos::ZERO {
            std::thread::sleep(wait.into());
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        if let Some(line) = &self.line {
            locked(line).leave();
        }
    }
}

fn locked(line: &Mutex<Line>) -> MutexGuard<'_, Line> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::PullProfile;

    #[test]
    fn pieces_and_what_waits_in_the_system_are_parts_of_the_line_within_bounds() {
        for (profile, chunk, buffer) in [
            (PullProfile::Lan, 125_000, 1 << 20),
            (PullProfile::Cloud, 16 << 10, 1 << 20),
            (PullProfile::Office, 16 << 10, 256 << 10),
            (PullProfile::Edge, 16 << 10, 256 << 10),
        ] {
            let shape = Shape::new(profile.shape());
            assert_eq!(
                (shape.chunk(), shape.buffer()),
                (chunk, Some(buffer)),
                "{profile:?}"
            );
        }
        let none = Shape::new(PullShape::default());
        assert_eq!(
            (none.buffer(), none.latency(), none.chunk()),
            (None, None, PLAIN_CHUNK)
        );
        none.enter().wait(1 << 30);
    }
}
