//! How a connection is made: without blocking, so that it can be bounded and given up, and such that its end leaves nothing
//! behind. The ballast has a module of the same name and function, without any dependency.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with, sockopt};

use super::watching::{AttemptEnd, Miss, SLICE, Stamp, missed, remaining};

/// Connects a socket whose close resets the connection, so that no attempt leaves a port in `TIME_WAIT`.
pub(crate) fn open(
    target: SocketAddr,
    connect_by: Stamp,
    cancel: &AtomicBool,
) -> Result<TcpStream, AttemptEnd> {
    let stream = unconnected(target).map_err(|_| Miss::Local)?;
    match connect(&stream, &target) {
        Ok(()) => {}
        Err(Errno::INPROGRESS) => await_connection(&stream, connect_by, cancel)?,
        Err(errno) => return Err(missed(&errno.into()).into()),
    }
    stream.set_nonblocking(false).map_err(|_| Miss::Local)?;
    Ok(stream)
}

fn unconnected(target: SocketAddr) -> io::Result<TcpStream> {
    let family = match target {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    #[cfg(target_os = "linux")]
    let flags = SocketFlags::CLOEXEC;
    #[cfg(not(target_os = "linux"))]
    let flags = SocketFlags::empty();
    let stream = TcpStream::from(socket_with(family, SocketType::STREAM, flags, None)?);
    stream.set_nodelay(true)?;
    sockopt::set_socket_linger(&stream, Some(Duration::ZERO))?;
    // A blocking connect could be neither cancelled nor bounded.
    stream.set_nonblocking(true)?;
    Ok(stream)
}

fn await_connection(stream: &TcpStream, connect_by: Stamp, cancel: &AtomicBool) -> Result<(), AttemptEnd> {
    loop {
        let left = remaining(connect_by, cancel)?;
        let timeout = Timespec {
            tv_sec: 0,
            tv_nsec: i64::try_from(left.unwrap_or_default().min(SLICE).0).unwrap_or(0),
        };
        match poll(&mut [PollFd::new(stream, PollFlags::OUT)], Some(&timeout)) {
            // Looked at even where the time is up: this thread may have waited longer for a processor than the
            // connection took.
            Ok(0) if left.is_none() => return Err(Miss::ConnectTimeout.into()),
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => {
                return match stream.take_error() {
                    Ok(None) => Ok(()),
                    Ok(Some(error)) => Err(missed(&error).into()),
                    Err(_) => Err(Miss::Local.into()),
                };
            }
            Err(_) => return Err(Miss::Local.into()),
        }
    }
}
