//! The bytes of the request, made once.

use crate::scenario::HttpReadiness;

/// The request, ready to be written, and what its response has to be.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// What goes over the wire.
    pub(super) bytes: Vec<u8>,
    /// The accepted status codes.
    pub(super) status: Vec<u16>,
    /// What the body must hold; `None` leaves the body unread.
    pub(super) body_contains: Option<Vec<u8>>,
}

impl Request {
    /// Makes the request for `readiness`.
    ///
    /// The Host field is the same on every address, and one that applications which check it accept most often.
    pub(super) fn new(readiness: &HttpReadiness) -> Self {
        let mut bytes = b"GET ".to_vec();
        for byte in readiness.path.bytes() {
            // A space or a line end would end the request line; what is not ASCII has no place in it.
            if byte.is_ascii_graphic() {
                bytes.push(byte);
            } else {
                bytes.extend(format!("%{byte:02X}").bytes());
            }
        }
        bytes.extend(
            concat!(
                " HTTP/1.1\r\nHost: localhost\r\nUser-Agent: seatrial/",
                env!("CARGO_PKG_VERSION"),
                "\r\nAccept: */*\r\nConnection: close\r\n\r\n",
            )
            .bytes(),
        );
        Self {
            bytes,
            status: readiness.status.clone(),
            body_contains: readiness
                .body_contains
                .as_ref()
                .map(|text| text.as_bytes().to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(path: &str) -> String {
        let request = Request::new(&HttpReadiness {
            path: path.to_owned(),
            port: 80,
            status: vec![200],
            body_contains: None,
        });
        let text = String::from_utf8(request.bytes).unwrap();
        assert!(text.ends_with("\r\nConnection: close\r\n\r\n"), "{text:?}");
        text.split("\r\n").next().unwrap().to_owned()
    }

    #[test]
    fn a_path_cannot_break_out_of_the_request_line() {
        for (path, expected) in [
            ("/health?deep=1", "GET /health?deep=1 HTTP/1.1"),
            ("/a b", "GET /a%20b HTTP/1.1"),
            ("/a\r\nX: y", "GET /a%0D%0AX:%20y HTTP/1.1"),
            ("/é", "GET /%C3%A9 HTTP/1.1"),
        ] {
            assert_eq!(line(path), expected, "{path:?}");
        }
    }
}
