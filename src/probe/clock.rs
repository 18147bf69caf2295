//! The raw monotonic clock, and sleeping until an instant of it.

use rustix::time::{ClockId, clock_gettime};

use crate::unit::Nanos;

/// Nanoseconds in a second.
const SECOND: i64 = 1_000_000_000;

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
        let time = clock_gettime(ClockId::Monotonic);
        Self(time.tv_sec * SECOND + time.tv_nsec)
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

/// The CPU time that this thread has used.
pub(super) fn thread_cpu_time() -> Nanos {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Stamp(time.tv_sec * SECOND + time.tv_nsec).since(Stamp(0))
}

/// Lets this thread's sleeps end as close to their instant as the kernel can: the default timer slack of 50 µs is
/// a quarter of the shortest poll interval. Where the kernel refuses, sleeps are only less exact.
pub(super) fn sharpen_sleeps() {
    #[cfg(target_os = "linux")]
    {
        let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
    }
}

/// Sleeps until `instant`; returns at once where it has passed.
#[cfg(target_os = "linux")]
pub(super) fn sleep_until(instant: Stamp) {
    let request = rustix::time::Timespec {
        tv_sec: instant.0 / SECOND,
        tv_nsec: instant.0 % SECOND,
    };
    // An absolute sleep that a signal interrupted is simply asked for again. No other error can come from a
    // valid clock and a normalised instant, and if one did, polling early is better than not at all.
    while rustix::thread::clock_nanosleep_absolute(ClockId::Monotonic, &request)
        == Err(rustix::io::Errno::INTR)
    {}
}

/// Sleeps until `instant`; returns at once where it has passed.
#[cfg(not(target_os = "linux"))]
pub(super) fn sleep_until(instant: Stamp) {
    std::thread::sleep(instant.since(Stamp::now()).into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleeps_at_least_until_the_instant_and_not_at_all_for_one_that_has_passed() {
        let instant = Stamp::now().plus(Nanos::from_millis(2));
        sleep_until(instant);
        assert!(Stamp::now() >= instant);
        sleep_until(Stamp(0));
    }

    #[test]
    fn differences_never_go_below_zero_and_sums_never_overflow() {
        assert_eq!(Stamp(10).since(Stamp(4)), Nanos(6));
        assert_eq!(Stamp(4).since(Stamp(10)), Nanos::ZERO);
        assert_eq!(Stamp(4).plus(Nanos(6)), Stamp(10));
        assert_eq!(Stamp(4).plus(Nanos(u64::MAX)), Stamp(i64::MAX));
    }
}
