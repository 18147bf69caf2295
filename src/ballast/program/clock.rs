//! Clock readings as nanoseconds, comparable with those of other processes on the same kernel.
//!
//! `std::time::Instant` reads the same clock and does not give the number away.

use std::ffi::c_int;

const CLOCK_MONOTONIC: c_int = 1;
const CLOCK_PROCESS_CPUTIME_ID: c_int = 2;

/// `struct timespec` of a 64-bit target, which the build script sees to.
#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

unsafe extern "C" {
    fn clock_gettime(clock: c_int, time: *mut Timespec) -> c_int;
}

/// Nanoseconds of `CLOCK_MONOTONIC`, which the host and its containers share.
pub(crate) fn monotonic() -> u64 {
    read(CLOCK_MONOTONIC)
}

/// Nanoseconds of CPU time this process has used.
pub(crate) fn cpu() -> u64 {
    read(CLOCK_PROCESS_CPUTIME_ID)
}

fn read(clock: c_int) -> u64 {
    let mut time = Timespec {
        seconds: 0,
        nanoseconds: 0,
    };
    // SAFETY: `time` is a live, writable `struct timespec` of this target's C library, whose two fields
    // are 64-bit integers. Both clocks exist on every Linux, so the call cannot fail; if it did, zero stays.
    unsafe { clock_gettime(clock, &raw mut time) };
    // Neither clock is negative.
    time.seconds.unsigned_abs() * 1_000_000_000 + time.nanoseconds.unsigned_abs()
}
