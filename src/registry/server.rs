//! Serving what is offered over HTTP on the loopback address.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::net::sockopt::set_socket_send_buffer_size;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

use super::answer::{Shelf, answer};
use super::shape::Shape;

/// How long a client may take to ask, so that one that never does holds nothing.
const ASK_PATIENCE: Duration = Duration::from_secs(10);

/// How many clients are talked to at once. A daemon fetches three layers at once where nobody says otherwise.
const MOST_CLIENTS: usize = 64;

/// How long is waited after a connection could not be taken, as where there are too many open files.
const PAUSE: Duration = Duration::from_millis(20);

/// A server that ends when this is dropped, with every connection to it.
#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Begins to serve on a free port of the loopback address, which every daemon of this machine may talk to without TLS.
    pub(super) async fn start(shelf: Arc<Shelf>, shape: Shape) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        if let Some(bytes) = shape.buffer() {
            // Connections have what their listener has.
            set_socket_send_buffer_size(&listener, bytes)?;
        }
        let accepting = tokio::spawn(accept(listener, shelf, shape));
        Ok(Self { address, accepting })
    }

    /// Where it is.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shelf: Arc<Shelf>, shape: Shape) {
    let seats = Arc::new(Semaphore::new(MOST_CLIENTS));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(seat) = seats.clone().acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let (shelf, shape) = (shelf.clone(), shape.clone());
        connections.spawn(async move {
            serve(stream, shelf, shape).await;
            drop(seat);
        });
    }
}

async fn serve(stream: TcpStream, shelf: Arc<Shelf>, shape: Shape) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| answer(request, shelf.clone(), shape.clone()));
    // A client that goes away or talks nonsense is its own affair: what was not served is seen by what was counted.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(ASK_PATIENCE)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
