//! One attempt: a fresh socket, one request, one response.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::connection::open;
use super::miss::Miss;
use super::request::{Expected, Request};
use super::response::{Reply, ResponseReader};
use super::stamp::Stamp;
use crate::unit::Nanos;

/// How long a wait for the network goes on before cancellation and the deadline are looked at again. The request
/// stays outstanding meanwhile.
pub(crate) const SLICE: Nanos = Nanos::from_millis(50);

/// How long one attempt may go on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits<'a> {
    /// For the connection to be made.
    pub(crate) connect: Nanos,
    /// For the whole response, from the begin of the attempt on.
    pub(crate) request: Nanos,
    /// When the whole measurement ends.
    pub(crate) deadline: Stamp,
    /// Set by whoever has learnt that there is nothing to wait for any more.
    pub(crate) cancel: &'a AtomicBool,
}

/// One attempt that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// When it began, before its socket was made.
    pub(crate) began: Stamp,
    /// The first byte of a response that was whole and did not match.
    pub(crate) answered_otherwise: Option<Stamp>,
    /// How it ended.
    pub(crate) end: AttemptEnd,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptEnd {
    /// The response matched.
    Match {
        /// When the read returned that held the first byte of the response.
        first_byte: Stamp,
        /// Its status; absent where the connection was all that was looked for.
        status: Option<u16>,
    },
    /// It did not match, or none came in time.
    Miss(Miss),
    /// It was cancelled while outstanding.
    Cancelled,
}

/// Makes one attempt at `target`.
pub(crate) fn attempt(target: SocketAddr, request: &Request, limits: &Limits<'_>) -> Attempt {
    let began = Stamp::now();
    let (answered_otherwise, end) = match exchange(target, request, began, limits) {
        Ok((first_byte, Ok(status))) => (None, AttemptEnd::Match { first_byte, status }),
        Ok((first_byte, Err(miss))) => (miss.is_an_answer().then_some(first_byte), miss.into()),
        Err(end) => (None, end),
    };
    Attempt {
        began,
        answered_otherwise,
        end,
    }
}

impl From<Miss> for AttemptEnd {
    fn from(miss: Miss) -> Self {
        Self::Miss(miss)
    }
}

/// The first byte of what came, and its status where it matches.
fn exchange(
    target: SocketAddr,
    request: &Request,
    began: Stamp,
    limits: &Limits<'_>,
) -> Result<(Stamp, Result<Option<u16>, Miss>), AttemptEnd> {
    let connect_by = began.plus(limits.connect).min(limits.deadline);
    let mut stream = open(target, connect_by, limits.cancel)?;
    let Some(expected) = &request.response else {
        return Ok((Stamp::now(), Ok(None)));
    };
    let answer_by = began.plus(limits.request).min(limits.deadline);
    stream.write_all(&request.bytes).map_err(|error| missed(&error))?;
    let (first_byte, reply) = read_response(&mut stream, expected, answer_by, limits.cancel)?;
    Ok((first_byte, reply.map(Some)))
}

fn read_response(
    stream: &mut TcpStream,
    expected: &Expected,
    answer_by: Stamp,
    cancel: &AtomicBool,
) -> Result<(Stamp, Reply), AttemptEnd> {
    let mut reader = ResponseReader::new(expected);
    let mut buffer = [0; 16 << 10];
    let mut first_byte = None;
    let mut slice = Nanos::ZERO;
    loop {
        let left = remaining(answer_by, cancel)?.ok_or(Miss::Timeout)?;
        if slice != left.min(SLICE) {
            slice = left.min(SLICE);
            // Less than a microsecond would be rounded to zero, which means no timeout at all.
            let timeout = slice.max(Nanos(1_000));
            stream
                .set_read_timeout(Some(timeout.into()))
                .map_err(|_| Miss::Local)?;
        }
        let heads = reader.heads_begun();
        let read = stream.read(&mut buffer);
        let stamp = Stamp::now();
        let reply = match read {
            Ok(0) => Some(reader.close()),
            Ok(length) => reader.push(&buffer[..length]),
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted => None,
                _ => return Err(missed(&error).into()),
            },
        };
        if reader.heads_begun() > heads {
            first_byte = Some(stamp);
        }
        if let Some(reply) = reply {
            return Ok((first_byte.unwrap_or(stamp), reply));
        }
    }
}

/// What is left until `end`: `None` where it has passed, and an error where the measurement was cancelled.
pub(crate) fn remaining(end: Stamp, cancel: &AtomicBool) -> Result<Option<Nanos>, AttemptEnd> {
    if cancel.load(Ordering::Relaxed) {
        return Err(AttemptEnd::Cancelled);
    }
    let left = end.since(Stamp::now());
    Ok((left > Nanos::ZERO).then_some(left))
}

/// The class of an error of the network.
pub(crate) fn missed(error: &io::Error) -> Miss {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Miss::Refused,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            Miss::Reset
        }
        io::ErrorKind::TimedOut => Miss::ConnectTimeout,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => {
            Miss::Unreachable
        }
        _ => Miss::Local,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};
    use std::time::Duration;

    use super::*;
    use crate::probe::loopback::{self, Behaviour, Server};
    use crate::scenario::{HttpReadiness, NetworkReadiness};

    fn request(body_contains: Option<&str>) -> Request {
        Request::new(&NetworkReadiness::Http(HttpReadiness {
            body_contains: body_contains.map(str::to_owned),
            ..HttpReadiness::of("/health", 80)
        }))
    }

    fn ask(target: SocketAddr, request: &Request, request_limit: Nanos) -> Attempt {
        let limits = Limits {
            connect: Nanos::from_secs(5),
            request: request_limit,
            deadline: Stamp::now().plus(Nanos::from_secs(60)),
            cancel: &AtomicBool::new(false),
        };
        attempt(target, request, &limits)
    }

    #[test]
    fn every_misbehaviour_has_its_class() {
        let patient = Nanos::from_secs(30);
        for (behaviour, wanted, limit, expected) in [
            (Behaviour::Reset, None, patient, Miss::Reset),
            (Behaviour::Eof, None, patient, Miss::Eof),
            (Behaviour::Silent, None, Nanos::from_millis(80), Miss::Timeout),
            (Behaviour::Trickle, None, Nanos::from_millis(80), Miss::Timeout),
            (Behaviour::Send(b"garbage"), None, patient, Miss::Header),
            (
                Behaviour::Send(b"HTTP/1.1 200 OK\r\nbroken\r\n\r\n"),
                None,
                patient,
                Miss::Header,
            ),
            (
                Behaviour::Send(b"HTTP/1.1 200 OK\r\nServer: half"),
                None,
                patient,
                Miss::Eof,
            ),
            (
                Behaviour::Send(b"HTTP/1.1 503 Busy\r\n\r\n"),
                None,
                patient,
                Miss::Status(503),
            ),
            (
                Behaviour::Send(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"),
                None,
                patient,
                Miss::Status(302),
            ),
            (
                Behaviour::Send(b"HTTP/1.1 200 OK\r\n\r\nwarming"),
                Some("ready"),
                patient,
                Miss::Body,
            ),
            (Behaviour::Huge(2 << 20), Some("ready"), patient, Miss::Body),
        ] {
            let server = Server::start(behaviour);
            let ended = ask(server.address(), &request(wanted), limit);
            assert_eq!(ended.end, AttemptEnd::Miss(expected), "{behaviour:?}");
        }
    }

    #[test]
    fn what_answers_in_an_odd_way_still_matches() {
        for (behaviour, wanted) in [
            (Behaviour::Send(b"HTTP/1.0 200 OK\r\n\r\n"), None),
            (
                Behaviour::Send(b"HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\nready"),
                Some("ready"),
            ),
            (
                Behaviour::ByteByByte(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nready"),
                Some("ready"),
            ),
            (
                Behaviour::Send(
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nrea\r\n2\r\ndy\r\n0\r\n\r\n",
                ),
                Some("ready"),
            ),
            // The body is not asked for, so nobody waits for its end.
            (Behaviour::Huge(64 << 20), None),
        ] {
            let server = Server::start(behaviour);
            let ended = ask(server.address(), &request(wanted), Nanos::from_secs(30));
            assert!(
                matches!(
                    ended.end,
                    AttemptEnd::Match {
                        status: Some(200),
                        ..
                    }
                ),
                "{behaviour:?}: {ended:?}"
            );
        }
    }

    #[test]
    fn where_a_connection_is_all_that_is_looked_for_nothing_is_asked() {
        let server = Server::start(Behaviour::Silent);
        let connect = Request::new(&NetworkReadiness::Tcp(server.address().port()));
        let ended = ask(server.address(), &connect, Nanos::from_secs(30));
        let AttemptEnd::Match { status: None, .. } = ended.end else {
            panic!("{ended:?}");
        };
        let nobody = ask(loopback::unused_address(), &connect, Nanos::from_secs(5));
        assert_eq!(nobody.end, AttemptEnd::Miss(Miss::Refused));
    }

    #[test]
    fn nobody_listening_is_refused() {
        let target = loopback::unused_address();
        assert_eq!(
            ask(target, &request(None), Nanos::from_secs(5)).end,
            AttemptEnd::Miss(Miss::Refused)
        );
    }

    #[test]
    fn a_slow_first_byte_is_waited_for_and_stamped_after_the_server_sent_it() {
        let server = Server::start(Behaviour::SlowFirst(Nanos::from_millis(120)));
        let ended = ask(server.address(), &request(None), Nanos::from_secs(30));
        let AttemptEnd::Match { first_byte, .. } = ended.end else {
            panic!("{ended:?}");
        };
        let log = server.log();
        assert_eq!(
            log.len(),
            1,
            "the request was not repeated while it was outstanding"
        );
        assert!(ended.began <= log[0].accepted, "{ended:?} {log:?}");
        assert!(log[0].responding <= first_byte, "{ended:?} {log:?}");
    }

    #[test]
    fn the_stamp_is_that_of_the_final_response_not_of_an_interim_one() {
        let server = Server::start(Behaviour::InterimThen(Nanos::from_millis(60)));
        let ended = ask(server.address(), &request(None), Nanos::from_secs(30));
        let AttemptEnd::Match { first_byte, .. } = ended.end else {
            panic!("{ended:?}");
        };
        assert!(server.log()[0].responding <= first_byte, "{ended:?}");
    }

    #[test]
    fn a_silent_server_holds_up_neither_cancellation_nor_the_deadline() {
        let server = Server::start(Behaviour::Silent);
        let request = request(None);
        let cancel = AtomicBool::new(false);
        let mut limits = Limits {
            connect: Nanos::from_secs(5),
            request: Nanos::from_secs(3_600),
            deadline: Stamp::now().plus(Nanos::from_secs(3_600)),
            cancel: &cancel,
        };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                server.await_connection();
                cancel.store(true, Ordering::Relaxed);
            });
            assert_eq!(
                attempt(server.address(), &request, &limits).end,
                AttemptEnd::Cancelled
            );
        });
        cancel.store(false, Ordering::Relaxed);
        limits.deadline = Stamp::now().plus(Nanos::from_millis(70));
        assert_eq!(
            attempt(server.address(), &request, &limits).end,
            AttemptEnd::Miss(Miss::Timeout)
        );
    }

    #[test]
    fn a_full_backlog_is_a_connection_that_is_not_made_in_time() {
        // A listener that never accepts: once its queue is full, further connections stay unanswered.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        rustix::net::listen(&listener, 0).unwrap();
        let target = listener.local_addr().unwrap();
        let _filling: Vec<_> = (0..4)
            .map(|_| TcpStream::connect_timeout(&target, Duration::from_millis(50)))
            .collect();
        let limits = Limits {
            connect: Nanos::from_millis(60),
            request: Nanos::from_secs(30),
            deadline: Stamp::now().plus(Nanos::from_secs(30)),
            cancel: &AtomicBool::new(false),
        };
        assert_eq!(
            attempt(target, &request(None), &limits).end,
            AttemptEnd::Miss(Miss::ConnectTimeout)
        );
    }
}
