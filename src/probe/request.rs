//! The bytes of the request, made once.

use super::watching::{Expected, Request};
use crate::scenario::{HttpReadiness, NetworkReadiness};

impl Request {
    /// Makes the request for `readiness`.
    pub(super) fn new(readiness: &NetworkReadiness) -> Self {
        match readiness {
            NetworkReadiness::Http(http) => Self::http(http),
            NetworkReadiness::Tcp(_) => Self {
                bytes: Vec::new(),
                response: None,
            },
        }
    }

    /// The Host field is the same on every address, and one that applications which check it accept most often.
    fn http(readiness: &HttpReadiness) -> Self {
        let mut bytes = format!("{} ", readiness.method).into_bytes();
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
        let body = readiness.body_contains.as_ref();
        let fields = readiness.headers.iter();
        Self {
            bytes,
            response: Some(Expected {
                statuses: readiness.status.iter().map(|status| status.statuses()).collect(),
                fields: fields
                    .map(|(name, value)| (name.clone(), value.clone().into_bytes()))
                    .collect(),
                body_contains: body.map(|text| text.as_bytes().to_vec()),
                bodiless: readiness.method == "HEAD",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(path: &str) -> String {
        let request = Request::new(&NetworkReadiness::Http(HttpReadiness::of(path, 80)));
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
