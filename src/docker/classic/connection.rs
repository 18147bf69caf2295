//! The connection of one classic build: the tar goes out, the answer is read to its end, whoever still waits for it.

use std::net::Shutdown;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper::client::conn::http1;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

use super::AskClassic;
use super::context_tar::{ContextTar, Unsendable};
use super::made_images::{MadeImages, Taken};
use super::step_log::StepLog;
use crate::causes::in_one_line;
use crate::docker::Endpoint;
use crate::docker::watched_build::GivenUpBuilds;
use crate::unit::ByteSize;

/// How long the end of a build that was given up is waited for.
const END_OF_BUILD: Duration = Duration::from_secs(20);

/// Chunks of the tar that wait for the wire.
const CHUNKS_AHEAD: usize = 4;

/// What is said about a build, by both ends.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// What the builder says.
    pub(super) log: StepLog,
    /// Why the conversation ended early.
    pub(super) broken: Option<String>,
    /// How long the tar was, once it is sent.
    pub(super) tar: Option<ByteSize>,
}

/// A build at the daemon. Dropped before its end it is ended there, and becomes one of those that were given up.
#[derive(Debug)]
pub(super) struct Connection {
    told: Arc<Mutex<Told>>,
    end: Option<JoinHandle<()>>,
    socket: StdUnixStream,
    given_up: GivenUpBuilds,
}

impl Connection {
    /// Asks for a build.
    pub(super) async fn open(
        endpoint: &Endpoint,
        path: &str,
        tar: ContextTar,
        began: Instant,
        given_up: &GivenUpBuilds,
        made: &MadeImages,
    ) -> Result<Self, AskClassic> {
        let stream = UnixStream::connect(endpoint.socket())
            .await
            .and_then(UnixStream::into_std)
            .map_err(AskClassic::Connect)?;
        let socket = stream.try_clone().map_err(AskClassic::Connect)?;
        let stream = UnixStream::from_std(stream).map_err(AskClassic::Connect)?;
        let told = Arc::<Mutex<Told>>::default();
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("Host", "docker")
            .header("Content-Type", "application/x-tar")
            .body(send(tar, &told))
            .map_err(AskClassic::Address)?;
        let (taken, made) = (Arc::clone(&told), made.clone());
        let end = tokio::spawn(async move {
            let mut followed = Taken::default();
            let follow = |log: &StepLog| made.follow(log, &mut followed);
            let read = converse(stream, request, &taken, began, follow).await;
            let mut told = locked(&taken);
            told.log.end(began.elapsed().into());
            if let Err(error) = read {
                // What the sending side says is the cause of what the wire says.
                let error = super::build::broken_off(&error);
                told.broken.get_or_insert(error);
            }
            made.over();
        });
        Ok(Self {
            told,
            end: Some(end),
            socket,
            given_up: given_up.clone(),
        })
    }

    /// Waits for the end of the build.
    pub(super) async fn ended(&mut self) {
        if let Some(end) = &mut self.end {
            // The task neither panics nor is it aborted.
            let _ = end.await;
            self.end = None;
        }
    }

    /// Ends the build at the daemon, and waits until it is done with it.
    pub(super) async fn give_up(&mut self) {
        self.hang_up();
        // A daemon that hangs is no reason to hang as well.
        let _ = tokio::time::timeout(END_OF_BUILD, self.ended()).await;
    }

    /// What was said so far.
    pub(super) fn told(&self) -> MutexGuard<'_, Told> {
        locked(&self.told)
    }

    /// The daemon takes the end of what we send for our leaving, and ends the build; what it still says can be read.
    fn hang_up(&self) {
        // It may be closed already.
        let _ = self.socket.shutdown(Shutdown::Write);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            self.hang_up();
            self.given_up.add(end);
        }
    }
}

/// Packs the tar on a thread of its own, as fast as the wire takes it.
fn send(tar: ContextTar, told: &Arc<Mutex<Told>>) -> BoxBody<Bytes, Unsendable> {
    let (chunks, stream) = mpsc::channel::<Result<Frame<Bytes>, Unsendable>>(CHUNKS_AHEAD);
    let told = Arc::clone(told);
    tokio::task::spawn_blocking(move || {
        let sent = tar.write(|chunk| chunks.blocking_send(Ok(Frame::data(chunk))).is_ok());
        match sent {
            Ok(length) => locked(&told).tar = Some(length),
            Err(Unsendable::Cancelled) => {}
            Err(error) => {
                locked(&told).broken = Some(in_one_line(&error));
                let _ = chunks.blocking_send(Err(error));
            }
        }
    });
    BodyExt::boxed(StreamBody::new(ReceiverStream::new(stream)))
}

/// Sends the request and reads the answer to its end.
async fn converse(
    stream: UnixStream,
    request: Request<BoxBody<Bytes, Unsendable>>,
    told: &Mutex<Told>,
    began: Instant,
    mut follow: impl FnMut(&StepLog),
) -> Result<(), hyper::Error> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request).await;
    let read = async {
        let mut body = answer?.into_body().into_data_stream();
        let mut rest = Vec::new();
        while let Some(chunk) = body.next().await {
            let at = began.elapsed().into();
            rest.extend_from_slice(&chunk?);
            while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = rest.drain(..=end).collect();
                let mut told = locked(told);
                told.log.take(&line, at);
                follow(&told.log);
            }
        }
        // The last line, where it has no end; a refusal has none.
        let mut told = locked(told);
        told.log.take(&rest, began.elapsed().into());
        follow(&told.log);
        Ok(())
    };
    let read = read.await;
    drop(sender);
    connection.abort();
    read
}

/// Nothing here leaves a half-made value behind when it panics.
fn locked(told: &Mutex<Told>) -> MutexGuard<'_, Told> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}
