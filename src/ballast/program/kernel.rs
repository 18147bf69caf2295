//! What watching asks of the kernel and the standard library does not offer: its clocks, exact sleeps, and the socket by
//! which it tells who listens. The library's probe has a module of the same name and functions.

use std::ffi::{c_int, c_long, c_ulong, c_void};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _};
use std::time::Duration;

use crate::clock;
use crate::watching::{Scheduling, Stamp};

const PR_SET_TIMERSLACK: c_int = 29;
const CLOCK_MONOTONIC: c_int = 1;
const TIMER_ABSTIME: c_int = 1;
const EINTR: c_int = 4;
const AF_NETLINK: c_int = 16;
const SOCK_DGRAM: c_int = 2;
const SOCK_CLOEXEC: c_int = 0o2_000_000;
const NETLINK_SOCK_DIAG: c_int = 4;
const SOL_SOCKET: c_int = 1;
const SO_RCVTIMEO: c_int = 20;

/// The numbers of `sched_getattr(2)` and `sched_setattr(2)`, which the C library has no functions for.
const SCHED_GETATTR_AND_SETATTR: Option<(c_long, c_long)> = if cfg!(target_arch = "x86_64") {
    Some((315, 314))
} else if cfg!(any(target_arch = "aarch64", target_arch = "riscv64")) {
    Some((275, 274))
} else {
    None
};

/// Nanoseconds in a second.
const SECOND: i64 = 1_000_000_000;

/// `struct timespec` and, with microseconds, `struct timeval` of a 64-bit target.
#[repr(C)]
struct Time {
    seconds: i64,
    fraction: i64,
}

unsafe extern "C" {
    fn prctl(option: c_int, ...) -> c_int;
    fn clock_nanosleep(clock: c_int, flags: c_int, request: *const Time, left: *mut Time) -> c_int;
    fn socket(family: c_int, kind: c_int, protocol: c_int) -> c_int;
    fn syscall(number: c_long, ...) -> c_long;
    fn setsockopt(socket: c_int, level: c_int, name: c_int, value: *const c_void, length: u32) -> c_int;
}

/// Nanoseconds of `CLOCK_MONOTONIC`.
pub(crate) fn monotonic() -> i64 {
    clock::monotonic().cast_signed()
}

/// Nanoseconds of processor time that this thread has used; the program watches on its only one.
pub(crate) fn thread_time() -> i64 {
    clock::cpu().cast_signed()
}

/// Lets this thread's sleeps end as close to their instant as the kernel can. Where it refuses, they are only less exact.
pub(crate) fn sharpen_sleeps() {
    let nanosecond: c_ulong = 1;
    // SAFETY: this option takes one number, and changes nothing but the slack of this thread's timers.
    unsafe { prctl(PR_SET_TIMERSLACK, nanosecond) };
    ask_for_short_turns();
}

/// Asks for short turns on a processor.
fn ask_for_short_turns() {
    let Some((get, set)) = SCHED_GETATTR_AND_SETATTR else { return };
    let mut scheduling = Scheduling::default();
    let size = size_of::<Scheduling>();
    // SAFETY: the kernel writes at most `size` bytes, and the live struct has as many.
    let told = unsafe { syscall(get, 0, &raw mut scheduling, size, 0) };
    if told == 0 {
        let wanted = scheduling.in_short_turns();
        // SAFETY: the kernel reads as many bytes of the live struct as it says itself.
        unsafe { syscall(set, 0, &raw const wanted, 0) };
    }
}

/// Sleeps until `instant`; returns at once where it has passed.
pub(crate) fn sleep_until(instant: Stamp) {
    let request = Time {
        seconds: instant.0 / SECOND,
        fraction: instant.0 % SECOND,
    };
    // SAFETY: `request` is a live `struct timespec`, and of an absolute sleep nothing is left to be told.
    while unsafe { clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &raw const request, std::ptr::null_mut()) }
        == EINTR
    {}
}

/// A socket by which the kernel of this network namespace tells of sockets (`sock_diag(7)`). Who reads from it waits for
/// this long at most.
pub(crate) fn diagnostics(patience: Duration) -> io::Result<File> {
    // SAFETY: numbers alone are passed.
    let descriptor = unsafe { socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG) };
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was made by the call above, and nobody else has it.
    let socket = unsafe { File::from_raw_fd(descriptor) };
    let timeout = Time {
        seconds: patience.as_secs().cast_signed(),
        fraction: i64::from(patience.subsec_micros()),
    };
    let length = u32::try_from(size_of::<Time>()).unwrap_or_default();
    // SAFETY: the descriptor is that of an open socket, and `timeout` a live `struct timeval` of the length that is given.
    let set = unsafe {
        setsockopt(
            socket.as_raw_fd(),
            SOL_SOCKET,
            SO_RCVTIMEO,
            (&raw const timeout).cast(),
            length,
        )
    };
    if set == 0 { Ok(socket) } else { Err(io::Error::last_os_error()) }
}
