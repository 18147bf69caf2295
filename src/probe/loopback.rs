//! A server on the loopback that misbehaves on request and records its own stamps: the oracle of the probe's tests.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use super::watching::Stamp;
use crate::unit::Nanos;

/// What the server does with a connection.
#[derive(Clone, Copy, Debug)]
pub(super) enum Behaviour {
    /// Resets it after the request.
    Reset,
    /// Closes it after the request.
    Eof,
    /// Never answers.
    Silent,
    /// Sends a head that never ends, a byte at a time.
    Trickle,
    /// Sends these bytes and closes.
    Send(&'static [u8]),
    /// Sends these bytes in packets of one byte each, and closes.
    ByteByByte(&'static [u8]),
    /// Sends a matching head and a body of that many bytes.
    Huge(usize),
    /// Waits that long before a matching response.
    SlowFirst(Nanos),
    /// Sends an interim response at once and a matching one that much later.
    InterimThen(Nanos),
    /// Answers 503, and from an instant that long after its start on 200. The instant is recorded.
    WarmingUp(Nanos),
    /// Answers 503 for ever.
    Unavailable,
}

/// The server's own record of one connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Served {
    /// After `accept` returned.
    pub(super) accepted: Stamp,
    /// Before the first byte of the final response was written.
    pub(super) responding: Stamp,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    connections: Mutex<usize>,
    ready: Mutex<Option<Stamp>>,
    served: Mutex<Vec<Served>>,
}

/// A running server; it ends when dropped.
#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// An address that nobody listens on, yet. Each call gives another host of the loopback network, so that neither
/// a test that runs beside this one nor the probe's own sockets can take the port meanwhile.
pub(super) fn unused_address() -> SocketAddr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let process = std::process::id().to_le_bytes();
    let host = Ipv4Addr::new(
        127,
        process[0] | 128,
        process[1],
        NEXT.fetch_add(1, Ordering::Relaxed),
    );
    let listener = TcpListener::bind((host, 0)).unwrap();
    listener.local_addr().unwrap()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

impl Server {
    /// Listens at once.
    pub(super) fn start(behaviour: Behaviour) -> Self {
        Self::start_now((Ipv4Addr::LOCALHOST, 0).into(), behaviour)
    }

    /// Listens at once, at `address`.
    pub(super) fn start_now(address: SocketAddr, behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        Self::serve(address, behaviour, move || listener)
    }

    /// Refuses connections at `address` for a while and then listens there.
    pub(super) fn start_at(address: SocketAddr, delay: Nanos, behaviour: Behaviour) -> Self {
        Self::serve(address, behaviour, move || {
            std::thread::sleep(delay.into());
            TcpListener::bind(address).unwrap()
        })
    }

    fn serve(
        address: SocketAddr,
        behaviour: Behaviour,
        listen: impl FnOnce() -> TcpListener + Send + 'static,
    ) -> Self {
        let shared = Arc::new(Shared::default());
        let thread = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || run(&listen(), behaviour, &shared)
        });
        Self {
            address,
            shared,
            thread: Some(thread),
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// When it began to answer 200; taken before the first such answer could be given, and after the last 503.
    pub(super) fn ready(&self) -> Stamp {
        lock(&self.shared.ready).expect("the server became ready")
    }

    /// Its records of all connections so far, of a behaviour that answers. The last one is written down after the
    /// response, which its client may have read by then, so this waits for it.
    pub(super) fn log(&self) -> Vec<Served> {
        loop {
            let log = lock(&self.shared.served).clone();
            if log.len() >= *lock(&self.shared.connections) {
                return log;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Returns once a connection has been accepted.
    pub(super) fn await_connection(&self) {
        while *lock(&self.shared.connections) == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A thread that waits for a connection is woken by one.
            while !thread.is_finished() {
                let _ = TcpStream::connect_timeout(&self.address, Duration::from_millis(50));
                std::thread::sleep(Duration::from_millis(1));
            }
            let _ = thread.join();
        }
    }
}

fn run(listener: &TcpListener, behaviour: Behaviour, shared: &Shared) {
    let started = Stamp::now();
    if !matches!(behaviour, Behaviour::WarmingUp(_)) {
        *lock(&shared.ready) = Some(started);
    }
    let mut kept = Vec::new();
    while let Ok((mut stream, _)) = listener.accept() {
        let accepted = Stamp::now();
        if shared.stop.load(Ordering::Relaxed) {
            return;
        }
        *lock(&shared.connections) += 1;
        let responding = answer(&mut stream, behaviour, started, shared);
        if let Ok(Some(responding)) = responding {
            lock(&shared.served).push(Served { accepted, responding });
        }
        if matches!(behaviour, Behaviour::Silent) {
            kept.push(stream);
        }
    }
}

/// Answers as it should; gives the stamp before the first byte of the final response.
fn answer(
    stream: &mut TcpStream,
    behaviour: Behaviour,
    started: Stamp,
    shared: &Shared,
) -> std::io::Result<Option<Stamp>> {
    const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    const BUSY: &[u8] = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
    let send = |stream: &mut TcpStream, bytes: &[u8]| {
        let now = Stamp::now();
        stream.write_all(bytes).map(|()| Some(now))
    };
    stream.set_nodelay(true)?;
    if matches!(behaviour, Behaviour::Reset) {
        // Closing with unread data resets the connection.
        let _ = stream.peek(&mut [0])?;
        return Ok(None);
    }
    let mut request = [0; 1024];
    let length = stream.read(&mut request)?;
    assert!(request[..length].starts_with(b"GET /"), "an unexpected request");
    match behaviour {
        Behaviour::Reset | Behaviour::Eof | Behaviour::Silent => Ok(None),
        Behaviour::Trickle => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nX: ")?;
            while !shared.stop.load(Ordering::Relaxed) {
                stream.write_all(b"x")?;
                std::thread::sleep(Duration::from_millis(5));
            }
            Ok(None)
        }
        Behaviour::Send(bytes) => send(stream, bytes),
        Behaviour::ByteByByte(bytes) => {
            let now = Stamp::now();
            for byte in bytes {
                stream.write_all(&[*byte])?;
            }
            Ok(Some(now))
        }
        Behaviour::Huge(size) => {
            let now = Stamp::now();
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n")?;
            for _ in 0..size / 4096 {
                stream.write_all(&[b'x'; 4096])?;
            }
            Ok(Some(now))
        }
        Behaviour::SlowFirst(wait) => {
            std::thread::sleep(wait.into());
            send(stream, OK)
        }
        Behaviour::InterimThen(wait) => {
            stream.write_all(b"HTTP/1.1 103 Early Hints\r\n\r\n")?;
            std::thread::sleep(wait.into());
            send(stream, OK)
        }
        Behaviour::WarmingUp(wait) => {
            let mut ready = lock(&shared.ready);
            if ready.is_none() && Stamp::now().since(started) >= wait {
                *ready = Some(Stamp::now());
            }
            let response = if ready.is_some() { OK } else { BUSY };
            drop(ready);
            send(stream, response)
        }
        Behaviour::Unavailable => send(stream, BUSY),
    }
}
