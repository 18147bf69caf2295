//! How a connection is made, by what the standard library offers and one option that it does not. The library's probe has a
//! module of the same name and function.

use std::ffi::{c_int, c_void};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsRawFd as _;
use std::sync::atomic::AtomicBool;

use crate::watching::{AttemptEnd, Miss, Stamp, missed, remaining};

const SOL_SOCKET: c_int = 1;
const SO_LINGER: c_int = 13;

/// `struct linger`.
#[repr(C)]
struct Linger {
    on: c_int,
    seconds: c_int,
}

unsafe extern "C" {
    fn setsockopt(socket: c_int, level: c_int, name: c_int, value: *const c_void, length: u32) -> c_int;
}

/// Connects a socket whose close resets the connection, so that no attempt leaves a port in `TIME_WAIT`.
pub(crate) fn open(
    target: SocketAddr,
    connect_by: Stamp,
    cancel: &AtomicBool,
) -> Result<TcpStream, AttemptEnd> {
    let left = remaining(connect_by, cancel)?.ok_or(Miss::ConnectTimeout)?;
    let stream = TcpStream::connect_timeout(&target, left.into()).map_err(|error| missed(&error))?;
    stream.set_nodelay(true).map_err(|_| Miss::Local)?;
    let linger = Linger { on: 1, seconds: 0 };
    let length = u32::try_from(size_of::<Linger>()).unwrap_or_default();
    // SAFETY: the descriptor is that of an open socket, and `linger` a live `struct linger` of the length that is given.
    let set = unsafe {
        setsockopt(
            stream.as_raw_fd(),
            SOL_SOCKET,
            SO_LINGER,
            (&raw const linger).cast(),
            length,
        )
    };
    if set == 0 { Ok(stream) } else { Err(Miss::Local.into()) }
}
