//! Who listens on a port of this thread's network namespace, asked of the kernel in one message (`sock_diag(7)`).
//!
//! A dump of listeners alone walks their own hash and not that of every connection, so that it takes some tens of
//! microseconds where `/proc/net/tcp` takes milliseconds.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::super::kernel;

/// `AF_INET`.
const INET: u8 = 2;
/// `AF_INET6`.
const INET6: u8 = 10;

/// `SOCK_DIAG_BY_FAMILY`, the type of request and of its answers.
const BY_FAMILY: u16 = 20;
/// `NLM_F_REQUEST | NLM_F_DUMP`.
const DUMP: u16 = 0x301;
/// `NLMSG_ERROR`.
const ERROR: u16 = 2;
/// `NLMSG_DONE`.
const DONE: u16 = 3;
/// `IPPROTO_TCP`.
const TCP: u8 = 6;
/// A mask of the one state `TCP_LISTEN`.
const LISTEN: u32 = 1 << 10;
/// The head of each message.
const HEAD_BYTES: usize = 16;
/// Head and `inet_diag_req_v2`.
const REQUEST_BYTES: usize = 72;
/// Where in an answer the address stands that is listened on: behind the head, four bytes of state and two ports.
const SOURCE_AT: usize = HEAD_BYTES + 8;
/// The kernel answers at once.
const PATIENCE: Duration = Duration::from_secs(1);

/// A connection to the kernel of the network namespace in which it was opened.
#[derive(Debug)]
pub(crate) struct Listeners {
    socket: File,
    buffer: Vec<u8>,
}

impl Listeners {
    /// Opens a connection in this thread's network namespace.
    pub(crate) fn open() -> io::Result<Self> {
        let socket = kernel::diagnostics(PATIENCE)?;
        Ok(Self {
            socket,
            buffer: vec![0; 32 << 10],
        })
    }

    /// The addresses on which `port` is listened on. One socket for both families is told as IPv6 alone.
    pub(crate) fn on(&mut self, port: u16) -> io::Result<Vec<IpAddr>> {
        let mut found = Vec::new();
        for family in [INET, INET6] {
            // One write is one message, and one read gives one.
            self.socket.write_all(&request(family, port))?;
            loop {
                let length = self.socket.read(&mut self.buffer)?;
                if read_answers(&self.buffer[..length], &mut found)? {
                    break;
                }
            }
        }
        Ok(found)
    }
}

/// Asks for the listeners of a family on a port.
fn request(family: u8, port: u16) -> [u8; REQUEST_BYTES] {
    let mut request = [0; REQUEST_BYTES];
    let mut put = |at: usize, bytes: &[u8]| request[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &u32::try_from(REQUEST_BYTES).unwrap_or_default().to_ne_bytes());
    put(4, &BY_FAMILY.to_ne_bytes());
    put(6, &DUMP.to_ne_bytes());
    put(HEAD_BYTES, &[family, TCP]);
    put(HEAD_BYTES + 4, &LISTEN.to_ne_bytes());
    put(HEAD_BYTES + 8, &port.to_be_bytes());
    request
}

/// Adds what a datagram tells, and says whether it is the last one.
fn read_answers(datagram: &[u8], found: &mut Vec<IpAddr>) -> io::Result<bool> {
    let mut rest = datagram;
    while !rest.is_empty() {
        let broken = || io::Error::new(io::ErrorKind::InvalidData, "the kernel's answer breaks off");
        let (head, _) = rest.split_first_chunk::<HEAD_BYTES>().ok_or_else(broken)?;
        let length = u32::from_ne_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let message = rest.get(..length).filter(|message| message.len() >= HEAD_BYTES);
        let message = message.ok_or_else(broken)?;
        match u16::from_ne_bytes([head[4], head[5]]) {
            DONE => return Ok(true),
            ERROR => {
                let code = message.get(HEAD_BYTES..HEAD_BYTES + 4).ok_or_else(broken)?;
                let code = i32::from_ne_bytes([code[0], code[1], code[2], code[3]]);
                return Err(io::Error::from_raw_os_error(code.saturating_neg()));
            }
            BY_FAMILY => {
                let source = message
                    .get(SOURCE_AT..)
                    .and_then(<[u8]>::first_chunk::<16>)
                    .ok_or_else(broken)?;
                found.push(if message[HEAD_BYTES] == INET {
                    let [a, b, c, d, ..] = *source;
                    Ipv4Addr::new(a, b, c, d).into()
                } else {
                    Ipv6Addr::from(*source).into()
                });
            }
            _ => {}
        }
        // Messages begin at multiples of four.
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// One answer to a dump, recorded on Linux 6.18: `127.0.0.1:8765` listens.
    const RECORDED: [u8; 88] = {
        let mut bytes = [0; 88];
        bytes[0] = 88;
        bytes[4] = 20;
        bytes[6] = 2;
        bytes[HEAD_BYTES] = 2;
        bytes[HEAD_BYTES + 1] = 10;
        bytes[HEAD_BYTES + 4] = 0x22;
        bytes[HEAD_BYTES + 5] = 0x3d;
        bytes[SOURCE_AT] = 127;
        bytes[SOURCE_AT + 3] = 1;
        bytes
    };

    #[test]
    fn the_kernel_tells_who_listens_and_where() {
        let mut listeners = Listeners::open().unwrap();
        let four = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = four.local_addr().unwrap().port();
        assert_eq!(listeners.on(port).unwrap(), [IpAddr::V4(Ipv4Addr::LOCALHOST)]);
        drop(four);
        assert_eq!(listeners.on(port).unwrap(), Vec::<IpAddr>::new());
        // Where this machine has no IPv6 at all there is nothing to be told.
        if let Ok(six) = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)) {
            let port = six.local_addr().unwrap().port();
            assert_eq!(listeners.on(port).unwrap(), [IpAddr::V6(Ipv6Addr::UNSPECIFIED)]);
        }
    }

    #[test]
    fn answers_are_read_one_after_the_other_until_the_last() {
        let mut done = [0; 20];
        done[0] = 20;
        done[4] = 3;
        let mut found = Vec::new();
        assert!(!read_answers(&RECORDED, &mut found).unwrap());
        assert!(read_answers(&[RECORDED.as_slice(), &done].concat(), &mut found).unwrap());
        assert_eq!(found, [IpAddr::V4(Ipv4Addr::LOCALHOST); 2]);
    }

    #[test]
    fn a_refusal_and_a_broken_answer_are_errors() {
        let mut refusal = [0; 36];
        refusal[0] = 36;
        refusal[4] = 2;
        refusal[HEAD_BYTES..HEAD_BYTES + 4].copy_from_slice(&(-2_i32).to_ne_bytes());
        let read = |bytes: &[u8]| read_answers(bytes, &mut Vec::new());
        assert_eq!(read(&refusal).unwrap_err().raw_os_error(), Some(2));
        for cut in [1, 15, 20, 40, 87] {
            assert_eq!(
                read(&RECORDED[..cut]).unwrap_err().kind(),
                io::ErrorKind::InvalidData,
                "{cut}"
            );
        }
        let mut endless = RECORDED;
        endless[0] = 0;
        assert!(read(&endless).is_err());
    }

    #[test]
    fn a_request_has_the_layout_of_the_kernels_header_files() {
        let request = request(INET, 8765);
        assert_eq!(request[..8], [72, 0, 0, 0, 20, 0, 1, 3]);
        assert_eq!(request[16..28], [2, 6, 0, 0, 0, 4, 0, 0, 0x22, 0x3d, 0, 0]);
        assert!(request[28..].iter().all(|byte| *byte == 0));
    }
}
