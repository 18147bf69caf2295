//! Reading a response as it arrives, as far as a match needs it.
//!
//! The framing rules are those of RFC 9112: sections 4 (status line), 5 (fields), 6.3 (length of the body) and
//! 7.1 (chunks). Bytes are taken one at a time, so how they were cut into reads cannot change the result.

use super::miss::Miss;
use super::request::Expected;

/// The longest head, all interim responses included.
const MAX_HEAD: usize = 64 << 10;
/// The most of a body that is looked at.
const MAX_BODY: usize = 1 << 20;
/// The longest line that gives a chunk's size, extensions included.
const MAX_CHUNK_LINE: usize = 4 << 10;

/// What a response turned out to be.
pub(crate) type Reply = Result<u16, Miss>;

/// Takes the bytes of one response and says as early as possible whether it matches.
#[derive(Debug)]
pub(crate) struct ResponseReader<'a> {
    expected: &'a Expected,
    /// Which of the fields that are looked for were not seen yet.
    missing: Vec<bool>,
    state: State,
    /// The line being read: of the head, or of a chunk's size.
    line: Vec<u8>,
    /// Bytes of heads so far.
    head_bytes: usize,
    /// How many heads have begun, interim ones included.
    heads_begun: u32,
    status: u16,
    framing: Framing,
    body: Vec<u8>,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug)]
enum State {
    StatusLine,
    Field,
    /// Body bytes up to a known end.
    Sized(u64),
    /// Body bytes up to the end of the connection.
    UntilClose,
    ChunkSize,
    Chunk(u64),
    ChunkEnd,
    Done(Reply),
}

/// How the head says where the body ends.
#[derive(Clone, Copy, Debug, Default)]
struct Framing {
    length: Option<u64>,
    /// Whether the last transfer coding is `chunked`; another one makes the body last until the connection closes.
    /// A length beside either has no meaning.
    chunked: Option<bool>,
}

impl<'a> ResponseReader<'a> {
    /// Begins to read a response.
    pub(crate) fn new(expected: &'a Expected) -> Self {
        Self {
            expected,
            missing: Vec::new(),
            state: State::StatusLine,
            line: Vec::new(),
            head_bytes: 0,
            heads_begun: 0,
            status: 0,
            framing: Framing::default(),
            body: Vec::new(),
        }
    }

    /// How many heads have begun: where it grew in a read, that read held the first byte of a response.
    pub(crate) const fn heads_begun(&self) -> u32 {
        self.heads_begun
    }

    /// Takes what one read gave; `Some` is final, and whatever follows is not looked at.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Option<Reply> {
        for &byte in bytes {
            self.take(byte);
            if let State::Done(reply) = self.state {
                return Some(reply);
            }
        }
        None
    }

    /// Says what the response is now that the connection has been closed.
    pub(crate) const fn close(&self) -> Reply {
        match self.state {
            State::Done(reply) => reply,
            // The whole body has been seen, and what was looked for was not in it.
            State::UntilClose => Err(Miss::Body),
            _ => Err(Miss::Eof),
        }
    }

    fn take(&mut self, byte: u8) {
        match self.state {
            State::StatusLine | State::Field => self.take_head(byte),
            State::Sized(left) => {
                self.take_body(byte);
                self.proceed(if left > 1 {
                    State::Sized(left - 1)
                } else {
                    State::Done(Err(Miss::Body))
                });
            }
            State::UntilClose => self.take_body(byte),
            State::ChunkSize => self.take_chunk_size(byte),
            State::Chunk(left) => {
                self.take_body(byte);
                self.proceed(if left > 1 {
                    State::Chunk(left - 1)
                } else {
                    State::ChunkEnd
                });
            }
            State::ChunkEnd => match byte {
                b'\r' => {}
                b'\n' => self.state = State::ChunkSize,
                _ => self.state = State::Done(Err(Miss::Body)),
            },
            State::Done(_) => {}
        }
    }

    /// Goes on to `next`, unless the result is known already.
    const fn proceed(&mut self, next: State) {
        if !matches!(self.state, State::Done(_)) {
            self.state = next;
        }
    }

    fn take_head(&mut self, byte: u8) {
        if matches!(self.state, State::StatusLine) && self.line.is_empty() {
            self.heads_begun += 1;
        }
        self.head_bytes += 1;
        if self.head_bytes > MAX_HEAD {
            self.state = State::Done(Err(Miss::Header));
            return;
        }
        self.line.push(byte);
        if matches!(self.state, State::StatusLine) && !agrees(&self.line, b"HTTP/1.") {
            // Said at once: something that never sends a line end would otherwise look like a slow response.
            self.state = State::Done(Err(Miss::Header));
        } else if byte == b'\n' {
            let line = std::mem::take(&mut self.line);
            let line = line.strip_suffix(b"\n").unwrap_or(&line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            self.state = match self.state {
                State::StatusLine => self.read_status_line(line),
                _ if line.is_empty() => self.end_head(),
                _ => self.read_field(line),
            };
        }
    }

    fn read_status_line(&mut self, line: &[u8]) -> State {
        match status_of(line) {
            Some(status) => {
                self.status = status;
                self.framing = Framing::default();
                self.missing = vec![true; self.expected.fields.len()];
                State::Field
            }
            None => State::Done(Err(Miss::Header)),
        }
    }

    fn read_field(&mut self, line: &[u8]) -> State {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            // The continuation of a field, an obsolete form that none of the fields below has a use for.
            return State::Field;
        }
        let Some(colon) = line.iter().position(|&byte| byte == b':') else {
            return State::Done(Err(Miss::Header));
        };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.is_empty() || name.iter().any(|byte| !byte.is_ascii_graphic()) {
            return State::Done(Err(Miss::Header));
        }
        for ((wanted, text), missing) in self.expected.fields.iter().zip(&mut self.missing) {
            if name.eq_ignore_ascii_case(wanted.as_bytes()) && holds(value, text) {
                *missing = false;
            }
        }
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = number(value, 10);
            let agrees = self.framing.length.is_none_or(|known| Some(known) == length);
            if length.is_none() || !agrees {
                return State::Done(Err(Miss::Header));
            }
            self.framing.length = length;
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            let last = value.rsplit(|&byte| byte == b',').next().unwrap_or(value);
            self.framing.chunked = Some(last.trim_ascii().eq_ignore_ascii_case(b"chunked"));
        }
        State::Field
    }

    fn end_head(&mut self) -> State {
        if (100..200).contains(&self.status) && self.status != 101 {
            return State::StatusLine;
        }
        let mut accepted = self.expected.statuses.iter();
        if !accepted.any(|statuses| statuses.contains(&self.status)) {
            return State::Done(Err(Miss::Status(self.status)));
        }
        if self.missing.contains(&true) {
            return State::Done(Err(Miss::Field));
        }
        match &self.expected.body_contains {
            None => return State::Done(Ok(self.status)),
            Some(wanted) if wanted.is_empty() => return State::Done(Ok(self.status)),
            Some(_) => {}
        }
        let bodiless = self.expected.bodiless || matches!(self.status, 101 | 204 | 304);
        match self.framing {
            _ if bodiless => State::Done(Err(Miss::Body)),
            Framing {
                chunked: Some(true), ..
            } => State::ChunkSize,
            Framing {
                chunked: None,
                length: Some(0),
            } => State::Done(Err(Miss::Body)),
            Framing {
                chunked: None,
                length: Some(length),
            } => State::Sized(length),
            Framing { .. } => State::UntilClose,
        }
    }

    fn take_chunk_size(&mut self, byte: u8) {
        self.line.push(byte);
        if self.line.len() > MAX_CHUNK_LINE {
            self.state = State::Done(Err(Miss::Body));
        } else if byte == b'\n' {
            let line = std::mem::take(&mut self.line);
            let size = line.split(|&byte| byte == b';').next().unwrap_or(&line);
            self.state = match number(size.trim_ascii(), 16) {
                // The last chunk: the whole body has been seen. Trailers cannot change that.
                Some(0) | None => State::Done(Err(Miss::Body)),
                Some(size) => State::Chunk(size),
            };
        }
    }

    fn take_body(&mut self, byte: u8) {
        self.body.push(byte);
        let wanted = self.expected.body_contains.as_deref().unwrap_or_default();
        if self.body.ends_with(wanted) {
            self.state = State::Done(Ok(self.status));
        } else if self.body.len() >= MAX_BODY {
            self.state = State::Done(Err(Miss::Body));
        }
    }
}

/// Whether `value` holds `text`, which may be empty.
fn holds(value: &[u8], text: &[u8]) -> bool {
    text.is_empty() || value.windows(text.len()).any(|window| window == text)
}

/// Whether one of the two begins with the other.
fn agrees(line: &[u8], beginning: &[u8]) -> bool {
    line.iter().zip(beginning).all(|(left, right)| left == right)
}

/// The status code of `HTTP/1.1 200 OK` or `HTTP/1.0 200`.
fn status_of(line: &[u8]) -> Option<u16> {
    let rest = line.strip_prefix(b"HTTP/1.")?;
    let [minor, b' ', digits @ ..] = rest else {
        return None;
    };
    let (digits, reason) = digits.split_at_checked(3)?;
    let well_formed = minor.is_ascii_digit() && (reason.is_empty() || reason[0] == b' ');
    let status = number(digits, 10).and_then(|status| u16::try_from(status).ok())?;
    (well_formed && (100..=999).contains(&status)).then_some(status)
}

/// Reads digits of a radix and nothing else: no sign, no space.
fn number(digits: &[u8], radix: u32) -> Option<u64> {
    if !digits.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::probe::watching::Request;
    use crate::scenario::{HttpReadiness, NetworkReadiness, StatusClass, StatusPattern};

    fn request(body_contains: Option<&str>) -> Expected {
        expected(HttpReadiness {
            status: [200, 204].map(StatusPattern::Code).to_vec(),
            body_contains: body_contains.map(str::to_owned),
            ..HttpReadiness::of("/", 80)
        })
    }

    fn expected(readiness: HttpReadiness) -> Expected {
        Request::new(&NetworkReadiness::Http(readiness)).response.unwrap()
    }

    /// Reads the pieces one after the other, then the end of the connection.
    fn read<'a>(request: &Expected, pieces: impl IntoIterator<Item = &'a [u8]>) -> Reply {
        let mut reader = ResponseReader::new(request);
        for piece in pieces {
            if let Some(reply) = reader.push(piece) {
                return reply;
            }
        }
        reader.close()
    }

    #[test]
    fn a_response_without_a_wanted_body_is_judged_by_its_head() {
        for (text, expected) in [
            ("HTTP/1.1 200 OK\r\n\r\n", Ok(200)),
            ("HTTP/1.0 200\r\n\r\n", Ok(200)),
            ("HTTP/1.1 204 No Content\nServer: x\n\n", Ok(204)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Ok(200)),
            (
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
                Ok(200),
            ),
            (
                "HTTP/1.1 301 Moved\r\nLocation: /x\r\n\r\n",
                Err(Miss::Status(301)),
            ),
            ("HTTP/1.1 503 Busy\r\n\r\n", Err(Miss::Status(503))),
            ("HTTP/1.1 101 Switching\r\n\r\n", Err(Miss::Status(101))),
            ("", Err(Miss::Eof)),
            ("HTTP/1.1 20", Err(Miss::Eof)),
            ("HTTP/1.1 200 OK\r\nServer: x\r\n", Err(Miss::Eof)),
            ("HTTP/1.1 100 Continue\r\n\r\n", Err(Miss::Eof)),
            ("SSH-2.0-OpenSSH_9.6\r\n", Err(Miss::Header)),
            ("h", Err(Miss::Header)),
            ("HTTP/2 200\r\n\r\n", Err(Miss::Header)),
            ("HTTP/1.1 2000 OK\r\n\r\n", Err(Miss::Header)),
            ("HTTP/1.1 +20 OK\r\n\r\n", Err(Miss::Header)),
            ("HTTP/1.1 099 OK\r\n\r\n", Err(Miss::Header)),
            ("HTTP/1.1  200 OK\r\n\r\n", Err(Miss::Header)),
            ("HTTP/1.1 200 OK\r\nno colon here\r\n\r\n", Err(Miss::Header)),
            ("HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n", Err(Miss::Header)),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n",
                Err(Miss::Header),
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
                Err(Miss::Header),
            ),
        ] {
            assert_eq!(read(&request(None), [text.as_bytes()]), expected, "{text:?}");
        }
    }

    #[test]
    fn wanted_fields_have_to_be_in_the_final_head_and_hold_what_is_wanted() {
        let wanted = expected(HttpReadiness {
            headers: [("x-ready", ""), ("Content-Type", "json")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            ..HttpReadiness::of("/", 80)
        });
        for (fields, reply) in [
            ("X-Ready: 1\r\ncontent-type: application/json\r\n", Ok(200)),
            (
                "x-ready:\r\nContent-Type: text/html\r\nContent-Type: a+json\r\n",
                Ok(200),
            ),
            ("x-ready: 1\r\nContent-Type: text/html\r\n", Err(Miss::Field)),
            ("Content-Type: application/json\r\n", Err(Miss::Field)),
            ("", Err(Miss::Field)),
        ] {
            let response = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
            assert_eq!(read(&wanted, [response.as_bytes()]), reply, "{fields:?}");
            // What an interim response says is not said of the final one.
            let interim = format!("HTTP/1.1 103 Hints\r\nX-Ready: 1\r\n\r\n{response}");
            assert_eq!(read(&wanted, [interim.as_bytes()]), reply, "{fields:?}");
        }
        let busy = b"HTTP/1.1 503 Busy\r\n\r\n";
        assert_eq!(read(&wanted, [busy.as_slice()]), Err(Miss::Status(503)));
    }

    #[test]
    fn a_class_of_statuses_and_an_answer_without_a_body_are_understood() {
        let head = expected(HttpReadiness {
            method: "HEAD".to_owned(),
            status: vec![StatusPattern::Class(StatusClass::Redirection)],
            body_contains: Some("ready".to_owned()),
            ..HttpReadiness::of("/", 80)
        });
        let moved = b"HTTP/1.1 302 Found\r\nContent-Length: 5\r\n\r\nready";
        assert_eq!(read(&head, [moved.as_slice()]), Err(Miss::Body));
        let found = b"HTTP/1.1 200 OK\r\n\r\n";
        assert_eq!(read(&head, [found.as_slice()]), Err(Miss::Status(200)));
    }

    #[test]
    fn a_wanted_body_is_found_across_chunks_and_within_its_framing_only() {
        for (text, expected) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n ready", Ok(200)),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nready",
                Err(Miss::Body),
            ),
            ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Err(Miss::Body)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nrea", Err(Miss::Eof)),
            ("HTTP/1.1 200 OK\r\n\r\nnow ready", Ok(200)),
            ("HTTP/1.1 200 OK\r\n\r\nnot yet", Err(Miss::Body)),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nrea\r\n2;x=y\r\ndy\r\n0\r\n\r\n",
                Ok(200),
            ),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, Chunked\r\n\r\nA\r\n1234567890\r\n0\r\n\r\n",
                Err(Miss::Body),
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n5\r\nready\r\n",
                Ok(200),
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfive\r\nready",
                Err(Miss::Body),
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nreadready",
                Err(Miss::Body),
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nre",
                Err(Miss::Eof),
            ),
            ("HTTP/1.1 204 No Content\r\n\r\nready", Err(Miss::Body)),
            ("HTTP/1.1 503 Busy\r\n\r\nready", Err(Miss::Status(503))),
        ] {
            assert_eq!(
                read(&request(Some("ready")), [text.as_bytes()]),
                expected,
                "{text:?}"
            );
        }
        assert_eq!(
            read(&request(Some("")), [b"HTTP/1.1 200 OK\r\n\r\n".as_slice()]),
            Ok(200)
        );
    }

    #[test]
    fn neither_a_head_nor_a_body_without_end_is_followed_for_ever() {
        let long_head = [b"HTTP/1.1 200 OK\r\nX: ".to_vec(), vec![b'x'; MAX_HEAD]].concat();
        assert_eq!(read(&request(None), [long_head.as_slice()]), Err(Miss::Header));

        let mut body = [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; MAX_BODY - 5]].concat();
        body.extend(b"ready");
        assert_eq!(read(&request(Some("ready")), [body.as_slice()]), Ok(200));
        body.insert(30, b'x');
        assert_eq!(read(&request(Some("ready")), [body.as_slice()]), Err(Miss::Body));
    }

    #[test]
    fn the_read_that_holds_the_first_byte_of_the_final_response_is_known() {
        let request = request(None);
        let mut reader = ResponseReader::new(&request);
        assert_eq!(reader.push(b"HTTP/1.1 103 Early Hints\r\n\r"), None);
        assert_eq!(reader.heads_begun(), 1);
        assert_eq!(reader.push(b"\n"), None);
        assert_eq!(reader.heads_begun(), 1);
        assert_eq!(reader.push(b"HTTP"), None);
        assert_eq!(reader.heads_begun(), 2);
        assert_eq!(reader.push(b"/1.1 200 OK\r\n\r\n"), Some(Ok(200)));
        assert_eq!(reader.heads_begun(), 2);
    }

    /// Something that looks enough like a response to reach deep into the reader.
    fn response() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just("HTTP/1.1 200 OK\r\n".to_owned()),
            Just("HTTP/1.1 100 Continue\r\n".to_owned()),
            Just("Transfer-Encoding: chunked\r\n".to_owned()),
            (0_u8..30).prop_map(|length| format!("Content-Length: {length}\r\n")),
            Just("\r\n".to_owned()),
            Just("\n".to_owned()),
            Just("ready".to_owned()),
            Just("rea\r\n2\r\ndy\r\n".to_owned()),
            "[0-9a-f]{1,3};?\r\n",
            "[ -~]{0,12}",
        ]
        .prop_map(String::into_bytes);
        let piece = prop_oneof![9 => piece, 1 => prop::collection::vec(any::<u8>(), 0..8)];
        let begin = prop::option::weighted(0.8, Just(b"HTTP/1.1 200 OK\r\n".to_vec()));
        (begin, prop::collection::vec(piece, 0..12))
            .prop_map(|(begin, pieces)| [begin.unwrap_or_default(), pieces.concat()].concat())
    }

    proptest! {
        #[test]
        fn how_the_bytes_are_cut_into_reads_changes_nothing(
            bytes in response(),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
            wanted in prop::option::of(Just("ready")),
        ) {
            let request = request(wanted);
            let whole = read(&request, [bytes.as_slice()]);
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|ends| &bytes[ends[0]..ends[1]]);
            prop_assert_eq!(read(&request, pieces), whole);
            prop_assert_eq!(read(&request, bytes.chunks(1)), whole);
        }

        #[test]
        fn a_body_is_found_in_whatever_chunks_it_comes(
            body in "[a-d]{1,60}",
            wanted in "[a-d]{1,3}",
            sizes in prop::collection::vec(1_usize..9, 60),
        ) {
            let mut text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned();
            let mut rest = body.as_str();
            for size in sizes {
                let (chunk, after) = rest.split_at(size.min(rest.len()));
                if !chunk.is_empty() {
                    text.extend([&format!("{:x}", chunk.len()), "\r\n", chunk, "\r\n"]);
                }
                rest = after;
            }
            text += "0\r\n\r\n";
            let expected = if body.contains(&wanted) { Ok(200) } else { Err(Miss::Body) };
            prop_assert_eq!(read(&request(Some(&wanted)), [text.as_bytes()]), expected);
        }

        #[test]
        fn arbitrary_bytes_are_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&request(Some("x")), [bytes.as_slice()]);
        }
    }
}
