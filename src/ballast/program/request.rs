//! The head of an HTTP/1.1 request, as far as a readiness check needs it.

use std::io::{ErrorKind, Read};

/// A head longer than this is refused, not stored.
const LONGEST_HEAD: usize = 16 * 1024;

/// What a client asked for.
pub(crate) enum Request {
    /// `GET` of a path, without its query.
    Get(String),
    /// A request of another method.
    OtherMethod,
    /// Bytes that are no request, or too many of them.
    Malformed,
    /// The client left, or said nothing for too long.
    Gone,
}

impl Request {
    /// Reads one request head.
    pub(crate) fn read(stream: &mut impl Read) -> Self {
        let mut head = Vec::new();
        let mut chunk = [0; 1024];
        while !ends(&head) {
            if head.len() > LONGEST_HEAD {
                return Self::Malformed;
            }
            match stream.read(&mut chunk) {
                Ok(0) => return Self::Gone,
                Ok(count) => head.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Self::Gone,
            }
        }
        Self::parse(&head)
    }

    fn parse(head: &[u8]) -> Self {
        let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let Ok(line) = str::from_utf8(line) else {
            return Self::Malformed;
        };
        let words: Vec<&str> = line.trim_end_matches('\r').split(' ').collect();
        let [method, target, version] = words[..] else {
            return Self::Malformed;
        };
        if !version.starts_with("HTTP/1.") || !target.starts_with('/') {
            return Self::Malformed;
        }
        if method != "GET" {
            return Self::OtherMethod;
        }
        let path = target.split(['?', '#']).next().unwrap_or_default();
        Self::Get(path.to_owned())
    }
}

/// Whether the empty line that ends a head has arrived.
fn ends(head: &[u8]) -> bool {
    head.windows(4).any(|bytes| bytes == b"\r\n\r\n") || head.windows(2).any(|bytes| bytes == b"\n\n")
}
