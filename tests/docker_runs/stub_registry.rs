//! A registry that answers as a test says: a fault at the edge, made on purpose.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a registry is asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Such as `GET`.
    pub(crate) method: String,
    /// Such as `/v2/team/image/manifests/1`.
    pub(crate) path: String,
    /// The login, as the header carries it.
    pub(crate) login: Option<String>,
}

/// What it does then.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Answers with a status, headers (each with its line end) and a body.
    Says(&'static str, String, Vec<u8>),
    /// Says nothing for so long, or until the client is gone.
    Silence(Duration),
    /// Hands the request on to the registry at this address.
    Passes(String),
}

impl Answer {
    /// A status without anything.
    pub(crate) fn status(status: &'static str) -> Self {
        Self::Says(status, String::new(), Vec::new())
    }
}

/// A registry at a port of the loopback address; it ends with the test's process.
pub(crate) struct StubRegistry {
    /// Its host and port.
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl StubRegistry {
    /// Starts one that answers by this.
    pub(crate) fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let (kept, answer) = (Arc::clone(&asked), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
                // A client that is gone needs no answer.
                std::thread::spawn(move || serve(stream, &kept, &*answer));
            }
        });
        Self { address, asked }
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// The first byte of a client that speaks TLS.
const TLS_HANDSHAKE: u8 = 22;

/// Answers the one request of a connection.
fn serve(
    mut stream: TcpStream,
    kept: &Mutex<Vec<Asked>>,
    answer: &(impl Fn(&Asked) -> Answer + ?Sized),
) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
        if head == [TLS_HANDSHAKE] {
            // As a server without TLS answers, by which clients know that it has none.
            return stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        }
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let mut words = text.split(' ').map(str::to_owned);
    let asked = Asked {
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        login: text.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("authorization")
                .then(|| value.to_owned())
        }),
    };
    kept.lock().unwrap().push(asked.clone());
    match answer(&asked) {
        Answer::Says(status, headers, body) => {
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n"
            )?;
            if asked.method != "HEAD" {
                stream.write_all(&body)?;
            }
            // Closed with a body unread, the connection would be reset, and the answer could be lost with it.
            stream.shutdown(std::net::Shutdown::Write)?;
            io::copy(&mut stream, &mut io::sink()).map(drop)
        }
        Answer::Silence(longest) => {
            stream.set_read_timeout(Some(longest))?;
            io::copy(&mut stream, &mut io::sink()).map(drop)
        }
        Answer::Passes(address) => pass(stream, &text, &address),
    }
}

/// Hands a request on, whose head is read already; one for each connection.
fn pass(stream: TcpStream, head: &str, address: &str) -> io::Result<()> {
    let mut upstream = TcpStream::connect(address)?;
    let kept = head.lines().filter(|line| {
        let name = line.split(':').next().unwrap_or_default();
        !line.is_empty() && !name.eq_ignore_ascii_case("connection")
    });
    let lines: Vec<&str> = kept.chain(["Connection: close"]).collect();
    write!(upstream, "{}\r\n\r\n", lines.join("\r\n"))?;
    let (mut from, mut to) = (stream.try_clone()?, upstream.try_clone()?);
    from.set_read_timeout(None)?;
    std::thread::spawn(move || io::copy(&mut from, &mut to));
    let mut back = stream;
    io::copy(&mut upstream, &mut back)?;
    back.shutdown(std::net::Shutdown::Both)
}
