//! Ending on SIGTERM and SIGINT.
//!
//! The kernel ignores the default action of a signal for process 1 of a container; without a handler
//! `docker stop` would wait its full ten seconds and kill.

use std::ffi::c_int;

const SIGINT: c_int = 2;
const SIGTERM: c_int = 15;

unsafe extern "C" {
    fn signal(number: c_int, handler: extern "C" fn(c_int)) -> usize;
    fn _exit(status: c_int) -> !;
}

extern "C" fn end(_number: c_int) {
    // SAFETY: `_exit` takes any status and is async-signal-safe: it runs no destructor and takes no lock.
    unsafe { _exit(0) }
}

/// From here on SIGTERM and SIGINT end the process at once, with exit code 0.
pub(crate) fn end_on_stop_signals() {
    for number in [SIGTERM, SIGINT] {
        // SAFETY: `end` is a function for the whole life of the process and async-signal-safe, and both
        // signals may be caught. A refusal leaves the default action in place, which outside a container
        // ends the process as well.
        unsafe { signal(number, end) };
    }
}
