//! Making answers as slow as a line is.

use std::sync::atomic::{AtomicU64, Ordering};
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
    asked: PullShape,
    line: Option<Arc<Mutex<Line>>>,
    /// How many answers were held back.
    held: Arc<AtomicU64>,
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
            asked: shape,
            line: shape.bandwidth.map(line),
            held: Arc::default(),
        }
    }

    /// How long the next answer is held back.
    pub(super) fn hold(&self) -> Option<Nanos> {
        let latency = self.asked.latency.unwrap_or_default();
        let jitter = self.asked.jitter.unwrap_or_default();
        let number = self.held.fetch_add(1, Ordering::Relaxed);
        let held = latency + Nanos(evenly(number, jitter.0));
        (held > Nanos::ZERO).then_some(held)
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
        let bandwidth = self.asked.bandwidth?;
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

/// A number from 0 to `most`, the same one for the same place in the sequence: `SplitMix64` (Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators", 2014).
fn evenly(place: u64, most: u64) -> u64 {
    let mut mixed = place.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    let scaled = (u128::from(mixed) * (u128::from(most) + 1)) >> 64;
    u64::try_from(scaled).unwrap_or(most)
}

fn locked(line: &Mutex<Line>) -> MutexGuard<'_, Line> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::PullProfile;

    #[test]
    fn answers_are_held_back_by_the_latency_and_by_what_varies_alike_in_every_run() {
        let shape = |latency, jitter| {
            Shape::new(PullShape {
                bandwidth: None,
                latency: Some(Nanos::from_millis(latency)),
                jitter: Some(Nanos::from_millis(jitter)),
            })
        };
        let held =
            |shape: &Shape| -> Vec<u64> { (0..1_000).map(|_| shape.hold().unwrap_or_default().0).collect() };
        let all = held(&shape(20, 10));
        assert_eq!(held(&shape(20, 10)), all);
        let (least, most) = (all.iter().min().unwrap(), all.iter().max().unwrap());
        assert!((20_000_000..20_100_000).contains(least), "{least}");
        assert!((29_900_000..=30_000_000).contains(most), "{most}");
        let mean = all.iter().sum::<u64>() / 1_000;
        assert!((24_500_000..25_500_000).contains(&mean), "{mean}");
        assert_eq!(shape(0, 0).hold(), None);
    }

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
            (none.buffer(), none.hold(), none.chunk()),
            (None, None, PLAIN_CHUNK)
        );
        none.enter().wait(1 << 30);
    }
}
