//! The line that answers go over: no more than so much in a time, all of them together.

use crate::unit::{Bandwidth, Nanos};

/// How far behind a sender may be and still catch up. A machine that looked away for longer has lost the time, as on a real
/// line.
const MOST_CREDIT: Nanos = Nanos::from_millis(10);

/// A line of a bandwidth, as a function of time alone: it is told when something is to be sent, and tells when the last bit
/// of it has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    bandwidth: Bandwidth,
    /// When everything that was sent so far has gone.
    free: Nanos,
    /// Answers that are under way.
    senders: u32,
}

impl Line {
    pub(super) const fn new(bandwidth: Bandwidth) -> Self {
        Self {
            bandwidth,
            free: Nanos::ZERO,
            senders: 0,
        }
    }

    /// An answer begins. Where none was under way nothing was saved up either.
    pub(super) fn enter(&mut self, now: Nanos) {
        if self.senders == 0 {
            self.free = self.free.max(now);
        }
        self.senders += 1;
    }

    /// An answer has ended.
    pub(super) fn leave(&mut self) {
        self.senders = self.senders.saturating_sub(1);
    }

    /// When so many bytes have gone that are to be sent now.
    pub(super) fn send(&mut self, now: Nanos, bytes: u64) -> Nanos {
        self.free = self.free.max(now - MOST_CREDIT) + self.bandwidth.time_of(bytes);
        self.free
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_after_the_other_takes_its_time_and_two_share_it() {
        // A byte takes a microsecond.
        let mut line = Line::new(Bandwidth(8_000_000));
        line.enter(Nanos(1_000));
        assert_eq!(line.send(Nanos(1_000), 16), Nanos(17_000));
        line.enter(Nanos(2_000));
        assert_eq!(line.send(Nanos(2_000), 4), Nanos(21_000));
        assert_eq!(line.send(Nanos(17_000), 1), Nanos(22_000));
        line.leave();
        line.leave();
        // Nothing is saved up while nobody sends.
        let later = Nanos::from_secs(1);
        line.enter(later);
        assert_eq!(line.send(later, 1), later + Nanos(1_000));
        // Who sends and is late catches up, and not by more than the most.
        let late = later + Nanos::from_millis(5);
        assert_eq!(line.send(late, 1), later + Nanos(2_000));
        let later = later + Nanos::from_secs(1);
        assert_eq!(line.send(later, 1), later - MOST_CREDIT + Nanos(1_000));
    }

    proptest! {
        /// Whenever who sends: in the time from the first to the last nothing more goes than the line carries.
        #[test]
        fn never_more_than_the_line_carries(
            bits in 1_000_000_u64..20_000_000_000,
            sent in prop::collection::vec((0_u64..30_000_000, 1_u64..20_000), 1..200),
        ) {
            let mut line = Line::new(Bandwidth(bits));
            let began = Nanos(1_000_000_000);
            line.enter(began);
            let (mut now, mut bytes, mut gone) = (began, 0, began);
            for (pause, size) in sent {
                now = now + Nanos(pause);
                bytes += size;
                gone = line.send(now, size);
                // Who sends waits until it has gone.
                now = now.max(gone);
            }
            prop_assert!(gone.saturating_since(began) >= Bandwidth(bits).time_of(bytes));
        }
    }
}
