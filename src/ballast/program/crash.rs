//! Ways for a service to end that nobody asked for.

use std::ffi::c_int;
use std::process;

const SIGKILL: c_int = 9;

unsafe extern "C" {
    fn kill(process: c_int, number: c_int) -> c_int;
}

/// How the process ends.
#[derive(Clone, Copy)]
pub(crate) enum Crash {
    /// Exit code 1.
    Exit,
    /// SIGABRT. Process 1 of a container cannot be ended by a signal it sends itself; `abort` then
    /// executes an invalid instruction, which is seen from outside as SIGSEGV or SIGILL.
    Abort,
    /// SIGKILL, as the kernel does when memory runs out.
    Kill,
}

impl Crash {
    /// Reads a name; refuses `kill` where it could have no effect.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        match name {
            "abort" => Ok(Self::Abort),
            "kill" if process::id() == 1 => Err(
                "`--crash-signal kill` has no effect on process 1 of a container; \
                 start it with an init (`docker run --init`) or use `abort`"
                    .to_owned(),
            ),
            "kill" => Ok(Self::Kill),
            other => Err(format!(
                "`{other}` is not a signal to crash by, expected `abort` or `kill`"
            )),
        }
    }

    /// Ends the process.
    pub(crate) fn happen(self) -> ! {
        match self {
            Self::Exit => process::exit(1),
            Self::Abort => process::abort(),
            Self::Kill => {
                let own = c_int::try_from(process::id()).unwrap_or(0);
                // SAFETY: a plain system call on integers. Zero would name the own process group,
                // which ends this process too.
                unsafe { kill(own, SIGKILL) };
                process::abort()
            }
        }
    }
}
