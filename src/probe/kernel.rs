//! What watching asks of the kernel and the standard library does not offer: its clocks, exact sleeps, and the socket by
//! which it tells who listens. The ballast has a module of the same name and functions, without any dependency.

#[cfg(target_os = "linux")]
use std::fs::File;
#[cfg(target_os = "linux")]
use std::io;
#[cfg(target_os = "linux")]
use std::time::Duration;

use rustix::time::{ClockId, Timespec, clock_gettime};

#[cfg(target_os = "linux")]
use super::watching::Scheduling;
use super::watching::Stamp;

/// Nanoseconds in a second.
const SECOND: i64 = 1_000_000_000;

/// Nanoseconds of `CLOCK_MONOTONIC`.
pub(crate) fn monotonic() -> i64 {
    nanoseconds(clock_gettime(ClockId::Monotonic))
}

/// Nanoseconds of processor time that this thread has used.
pub(crate) fn thread_time() -> i64 {
    nanoseconds(clock_gettime(ClockId::ThreadCPUTime))
}

fn nanoseconds(time: Timespec) -> i64 {
    time.tv_sec * SECOND + time.tv_nsec
}

/// Lets this thread's sleeps end as close to their instant as the kernel can: the default timer slack of 50 µs is
/// a quarter of the shortest poll interval, and a thread that asks for short turns does not wait for the turn of another to
/// end. Where the kernel refuses, sleeps are only less exact.
pub(crate) fn sharpen_sleeps() {
    #[cfg(target_os = "linux")]
    {
        let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
        ask_for_short_turns();
    }
}

/// Asks for short turns on a processor.
#[cfg(target_os = "linux")]
#[expect(
    unsafe_code,
    reason = "neither the standard library nor rustix offers these calls"
)]
fn ask_for_short_turns() {
    let mut scheduling = Scheduling::default();
    let size = size_of::<Scheduling>();
    // SAFETY: the kernel writes at most `size` bytes, and the live struct has as many.
    let told = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut scheduling, size, 0) };
    if told == 0 {
        let wanted = scheduling.in_short_turns();
        // SAFETY: the kernel reads as many bytes of the live struct as it says itself.
        unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const wanted, 0) };
    }
}

/// Sleeps until `instant`; returns at once where it has passed.
#[cfg(target_os = "linux")]
pub(crate) fn sleep_until(instant: Stamp) {
    let request = Timespec {
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
pub(crate) fn sleep_until(instant: Stamp) {
    std::thread::sleep(instant.since(Stamp::now()).into());
}

/// A socket by which the kernel of this thread's network namespace tells of sockets (`sock_diag(7)`). Who reads from it
/// waits for this long at most.
#[cfg(target_os = "linux")]
pub(crate) fn diagnostics(patience: Duration) -> io::Result<File> {
    use rustix::net::netlink::{self, SocketAddrNetlink};
    use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with, sockopt};

    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        Some(netlink::SOCK_DIAG),
    )?;
    connect(&socket, &SocketAddrNetlink::new(0, 0))?;
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(patience))?;
    Ok(File::from(socket))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::Nanos;

    #[test]
    fn sleeps_at_least_until_the_instant_and_not_at_all_for_one_that_has_passed() {
        let instant = Stamp::now().plus(Nanos::from_millis(2));
        sleep_until(instant);
        assert!(Stamp::now() >= instant);
        sleep_until(Stamp(0));
    }
}
