//! `ballast serve`: a small HTTP server that becomes ready when it is told to.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::crash::Crash;
use crate::flags::{Flag, Flags, Takes};
use crate::request::Request;
use crate::timeline::Timeline;
use crate::{ask, clock, duration, say, signal, size};

pub(crate) const HELP: &str = "\
usage: ballast serve [flags]

  --port PORT             port to listen on; 0 takes a free one             [8000]
  --bind ADDRESS          address to listen on, IPv4 or IPv6                [0.0.0.0]
  --ask ADDRESS:PORT      ask another such service for /health first, and end with exit code 1
                          where the answer is not 200
  --listen-after TIME     wait this long before it listens                  [0ms]
  --ready-after TIME      answer 503 until this long has gone by            [0ms]
  --broken                answer 500 to every request
  --busy COUNT            answer 503 to this many requests before           [0]
  --flood SIZE            print lines of this size in all once it listens   [0]
  --path PATH             the path that tells readiness                     [/health]
  --body TEXT             what the path answers when ready                  [ok]
  --crash-after TIME      end with exit code 1 this long after the start of main
  --crash-signal NAME     with --crash-after: end by a signal, abort or kill, instead
  --never                 stay alive and never listen

GET of PATH or / gives 200 once ready and 503 before; GET of /timeline gives the program's own
CLOCK_MONOTONIC instants as JSON; any other path gives 404. Prints `listening on ADDRESS:PORT`.
SIGTERM and SIGINT end it with exit code 0.
";

pub(crate) const FLAGS: &[Flag] = &[
    Flag {
        name: "--port",
        takes: Takes::One,
    },
    Flag {
        name: "--bind",
        takes: Takes::One,
    },
    Flag {
        name: "--ask",
        takes: Takes::One,
    },
    Flag {
        name: "--listen-after",
        takes: Takes::One,
    },
    Flag {
        name: "--ready-after",
        takes: Takes::One,
    },
    Flag {
        name: "--broken",
        takes: Takes::Nothing,
    },
    Flag {
        name: "--busy",
        takes: Takes::One,
    },
    Flag {
        name: "--flood",
        takes: Takes::One,
    },
    Flag {
        name: "--path",
        takes: Takes::One,
    },
    Flag {
        name: "--body",
        takes: Takes::One,
    },
    Flag {
        name: "--crash-after",
        takes: Takes::One,
    },
    Flag {
        name: "--crash-signal",
        takes: Takes::One,
    },
    Flag {
        name: "--never",
        takes: Takes::Nothing,
    },
];

/// A client that is silent for this long is let go.
const PATIENCE: Duration = Duration::from_secs(10);

/// How the service behaves; delays count from the start of `main`.
pub(crate) struct Options {
    port: u16,
    bind: IpAddr,
    ask: Option<SocketAddr>,
    listen_after: Duration,
    ready_after: Duration,
    broken: bool,
    busy: u64,
    flood: usize,
    path: String,
    body: String,
    crash: Option<CrashAfter>,
    never: bool,
}

struct CrashAfter {
    delay: Duration,
    crash: Crash,
}

impl Options {
    pub(crate) fn from_flags(flags: &Flags) -> Result<Self, String> {
        let port = flags.read("--port", |text| {
            text.parse()
                .map_err(|_| format!("`{text}` is not a port, expected 0 to 65535"))
        })?;
        let bind = flags.read("--bind", |text| {
            text.parse()
                .map_err(|_| format!("`{text}` is not an address, expected IPv4 or IPv6 as in `127.0.0.1`"))
        })?;
        let path = flags.read("--path", |text| {
            if text.starts_with('/') && !text.contains(['?', '#', ' ']) {
                Ok(text.to_owned())
            } else {
                Err(format!(
                    "`{text}` is not a path, expected one that begins with `/`"
                ))
            }
        })?;
        let delay = flags.read("--crash-after", duration::parse)?;
        let crash = flags.read("--crash-signal", Crash::parse)?;
        if crash.is_some() && delay.is_none() {
            return Err("`--crash-signal` expects `--crash-after` beside it".to_owned());
        }
        Ok(Self {
            port: port.unwrap_or(8000),
            bind: bind.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            ask: flags.read("--ask", |text| {
                text.parse()
                    .map_err(|_| format!("`{text}` is not an address with a port, as in `127.0.0.1:8000`"))
            })?,
            listen_after: flags.read("--listen-after", duration::parse)?.unwrap_or_default(),
            ready_after: flags.read("--ready-after", duration::parse)?.unwrap_or_default(),
            broken: flags.has("--broken"),
            busy: flags
                .read("--busy", |text| {
                    text.parse()
                        .map_err(|_| format!("`{text}` is not a number of requests"))
                })?
                .unwrap_or(0),
            flood: flags.read("--flood", size::parse)?.unwrap_or(0),
            path: path.unwrap_or_else(|| "/health".to_owned()),
            body: flags.text("--body").unwrap_or("ok").to_owned(),
            crash: delay.map(|delay| CrashAfter {
                delay,
                crash: crash.unwrap_or(Crash::Exit),
            }),
            never: flags.has("--never"),
        })
    }
}

/// Serves until a signal or the wished crash; `started` is the instant `main` was entered.
pub(crate) fn serve(options: Options, started: u64) -> Result<(), String> {
    signal::end_on_stop_signals();
    let timeline = Arc::new(Timeline::default());
    timeline.main.note(started);

    if let Some(CrashAfter { delay, crash }) = options.crash {
        spawn(move || {
            sleep_until(started + duration::nanos(delay));
            say("crashing as told\n");
            crash.happen()
        })
        .map_err(|error| format!("cannot start a thread: {error}"))?;
    }
    if options.never {
        say("never listening, as told\n");
        loop {
            thread::park();
        }
    }

    if let Some(address) = options.ask {
        ask::answers(address, "/health")?;
    }
    rehearse();
    let rehearsed = clock::monotonic();
    sleep_until(rehearsed + duration::nanos(options.listen_after));
    timeline.listen_call.note(clock::monotonic());
    let listener = TcpListener::bind((options.bind, options.port))
        .map_err(|error| format!("cannot listen on {} port {}: {error}", options.bind, options.port))?;
    let listening = clock::monotonic();
    timeline.listen.note(listening);
    // A service is not ready before it listens, whatever was asked for.
    timeline
        .ready
        .note(listening.max(rehearsed + duration::nanos(options.ready_after)));
    if let Ok(address) = listener.local_addr() {
        say(&format!("listening on {address}\n"));
    }

    if options.flood > 0 {
        spawn(move || flood(options.flood)).map_err(|error| format!("cannot start a thread: {error}"))?;
    }

    let service = Arc::new(Service {
        broken: options.broken,
        busy: AtomicU64::new(options.busy),
        path: options.path,
        body: options.body,
        timeline,
    });
    loop {
        let Ok((stream, _)) = listener.accept() else {
            // Out of descriptors or memory, or a client that left: the next moment may be better.
            thread::sleep(Duration::from_millis(1));
            continue;
        };
        let accepted = clock::monotonic();
        service.timeline.first_accept.note(accepted);
        let service = Arc::clone(&service);
        // Where no thread can be had the connection is dropped, as an overloaded service does.
        let _ = spawn(move || service.answer(stream, accepted));
    }
}

struct Service {
    broken: bool,
    /// How many requests are still answered with 503, whatever the time is.
    busy: AtomicU64,
    path: String,
    body: String,
    timeline: Arc<Timeline>,
}

struct Response {
    status: &'static str,
    content_type: &'static str,
    body: String,
}

impl Service {
    fn answer(&self, mut stream: TcpStream, accepted: u64) {
        let _ = stream.set_read_timeout(Some(PATIENCE));
        let _ = stream.set_write_timeout(Some(PATIENCE));
        let request = Request::read(&mut stream);
        let is_get = matches!(request, Request::Get(_));
        let Some(response) = self.response(request) else {
            return;
        };
        let head = format!(
            "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            response.status,
            response.content_type,
            response.body.len(),
        );
        let answer = [head.as_bytes(), response.body.as_bytes()].concat();
        if response.status == OK {
            // Before it is written: the client may have it before this thread runs again.
            self.timeline.answered_accept.note(accepted);
            self.timeline.first_ok.note(clock::monotonic());
        }
        // One write, so that the answer leaves in as few packets as it can.
        let _ = stream.write_all(&answer);
        let _ = stream.shutdown(Shutdown::Write);
        if !is_get {
            // Closing with unread bytes resets the connection, and the client would lose the answer.
            discard(&mut stream);
        }
    }

    fn response(&self, request: Request) -> Option<Response> {
        let text = |status, body: &str| Response {
            status,
            content_type: "text/plain",
            body: body.to_owned(),
        };
        Some(match request {
            Request::Gone => return None,
            Request::Malformed => text("400 Bad Request", "not a request\n"),
            _ if self.broken => text("500 Internal Server Error", "broken, as told\n"),
            Request::OtherMethod => text("405 Method Not Allowed", "only GET\n"),
            Request::Get(path) if path == self.path || path == "/" => {
                let was_busy = self
                    .busy
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                    .is_ok();
                if !was_busy && self.timeline.is_ready() {
                    text(OK, &self.body)
                } else {
                    text("503 Service Unavailable", "not ready\n")
                }
            }
            Request::Get(path) if path == "/timeline" => Response {
                status: TIMELINE_OK,
                content_type: "application/json",
                body: self.timeline.json(),
            },
            Request::Get(_) => text("404 Not Found", "no such path\n"),
        })
    }
}

const OK: &str = "200 OK";
/// A reason phrase of its own keeps the reading of the timeline out of the timeline.
const TIMELINE_OK: &str = "200 Timeline";

/// Prints lines of this many bytes in all, as fast as they are taken.
fn flood(bytes: usize) {
    const LINE: &[u8] = b"the tide is high, the tide is low, the tide is what the tables say it is, and so on\n";
    let lines = LINE.repeat(1024);
    let mut stdout = std::io::stdout().lock();
    let mut left = bytes;
    while left > 0 {
        let piece = &lines[..lines.len().min(left)];
        if stdout.write_all(piece).is_err() {
            return;
        }
        left -= piece.len();
    }
}

/// Reads and forgets what the client still sends, up to a bound.
fn discard(stream: &mut TcpStream) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
    let mut chunk = [0; 4096];
    for _ in 0..256 {
        if !matches!(stream.read(&mut chunk), Ok(1..)) {
            return;
        }
    }
}

fn sleep_until(instant: u64) {
    loop {
        let now = clock::monotonic();
        if now >= instant {
            return;
        }
        thread::sleep(Duration::from_nanos(instant - now));
    }
}

/// Answers nobody, in a thread as each request has one. The first thread of a program and its first lines take longer than
/// later ones, for the memory that is set up for them; who listens here has that behind him, so that how late a probe sees an
/// answer is of the probe.
fn rehearse() {
    let heard = spawn(|| {
        let request = Request::read(&mut &b"GET / HTTP/1.1\r\n\r\n"[..]);
        std::hint::black_box(matches!(request, Request::Get(_)));
    });
    // Where no thread can be had there is none to wait for.
    let _ = heard.map(thread::JoinHandle::join);
}

fn spawn(work: impl FnOnce() + Send + 'static) -> std::io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().stack_size(128 * 1024).spawn(work)
}
