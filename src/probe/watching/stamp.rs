//! An instant of the raw monotonic clock.

use super::super::kernel;
use crate::unit::Nanos;

/// An instant of `CLOCK_MONOTONIC`, in nanoseconds since an unspecified start.
///
/// `std::time::Instant` reads the same clock but hides the number, so that it cannot be set beside stamps that
/// another program on this kernel took of the same clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(pub i64);

impl Stamp {
    /// Reads the clock.
    #[must_use]
    pub fn now() -> Self {
        Self(kernel::monotonic())
    }

    /// The time since `earlier`, or zero where `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Nanos {
        Nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The instant that much later; saturates at the end of the clock.
    #[must_use]
    pub fn plus(self, duration: Nanos) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(duration.0).unwrap_or(i64::MAX)),
        )
    }
}

/// An instant of the same clock as the ports of a run have it.
impl From<Nanos> for Stamp {
    fn from(instant: Nanos) -> Self {
        Self(0).plus(instant)
    }
}

/// The instant as the ports of a run have it.
impl From<Stamp> for Nanos {
    fn from(stamp: Stamp) -> Self {
        stamp.since(Stamp(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_never_go_below_zero_and_sums_never_overflow() {
        assert_eq!(Stamp(10).since(Stamp(4)), Nanos(6));
        assert_eq!(Stamp(4).since(Stamp(10)), Nanos::ZERO);
        assert_eq!(Stamp(4).plus(Nanos(6)), Stamp(10));
        assert_eq!(Stamp(4).plus(Nanos(u64::MAX)), Stamp(i64::MAX));
    }
}
