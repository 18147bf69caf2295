//! The clock that answers are stamped by: the raw monotonic one, which the rest of a run reads as well.

use rustix::time::{ClockId, clock_gettime};

use crate::unit::Nanos;

/// An instant of `CLOCK_MONOTONIC`, since an unspecified start.
pub(super) fn now() -> Nanos {
    let time = clock_gettime(ClockId::Monotonic);
    let part = |value: i64| u64::try_from(value).unwrap_or_default();
    Nanos::from_secs(part(time.tv_sec)) + Nanos(part(time.tv_nsec))
}
