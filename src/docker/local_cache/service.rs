//! Serving a local cache to the daemon: `containerd.services.content.v1.Content`.
//!
//! A build asks whether a blob is there, reads parts of it and writes new ones, as `contentserver` of containerd
//! serves them and as its content proxy, the daemon's side, expects it. It asks for nothing else of the service.

use std::convert::Infallible;
use std::future::ready;
use std::io::Read as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::body::Body;
use tonic::codegen::{Body as HttpBody, Service, StdError};
use tonic::metadata::MetadataMap;
use tonic::server::{Grpc, NamedService};
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use tower::service_fn;

use super::blobs::{BlobError, BlobWriter, Blobs};
use super::messages::{
    Info, InfoRequest, InfoResponse, ReadContentRequest, ReadContentResponse, WriteAction,
    WriteContentRequest, WriteContentResponse,
};
use crate::digest::Digest;

const INFO: &str = "/containerd.services.content.v1.Content/Info";
const READ: &str = "/containerd.services.content.v1.Content/Read";
const WRITE: &str = "/containerd.services.content.v1.Content/Write";

/// The methods, as a session announces them.
pub(in crate::docker) const METHODS: [&str; 3] = [INFO, READ, WRITE];

/// The metadata key that names a store (`GRPCHeaderID` of buildkit's `session/content`).
const STORE_KEY: &str = "buildkit-attachable-store-id";

/// What the name of a local cache has before it there (`contentStoreIDPrefix` of buildkit's `cache/remotecache/local`).
const STORE_PREFIX: &str = "local:";

/// The most bytes of one message, as containerd's server sends them.
const CHUNK_BYTES: usize = 1 << 20;

/// Messages that wait for the wire.
const MESSAGES_AHEAD: usize = 2;

/// Serves one local cache.
#[derive(Clone, Debug)]
pub(in crate::docker) struct ContentServer {
    name: &'static str,
    blobs: Arc<Blobs>,
}

type Future<T> = Pin<Box<dyn std::future::Future<Output = T> + Send>>;

impl ContentServer {
    /// Serves these blobs by this name.
    pub(super) fn new(name: &'static str, blobs: Arc<Blobs>) -> Self {
        Self { name, blobs }
    }

    fn info(&self, request: &Request<InfoRequest>) -> Result<Response<InfoResponse>, Status> {
        self.choose(request.metadata())?;
        let digest = digest(&request.get_ref().digest)?;
        let size = self.blobs.size(digest)?;
        Ok(Response::new(InfoResponse {
            info: Some(Info {
                digest: digest.to_string(),
                size: i64::try_from(size).unwrap_or(i64::MAX),
            }),
        }))
    }

    fn read(
        &self,
        request: &Request<ReadContentRequest>,
    ) -> Result<Response<ReceiverStream<Result<ReadContentResponse, Status>>>, Status> {
        self.choose(request.metadata())?;
        let ReadContentRequest {
            digest: text,
            offset,
            size,
        } = request.get_ref();
        let digest = digest(text)?;
        // What is negative stands for nothing asked, as at containerd.
        let begin = u64::try_from(*offset).unwrap_or_default();
        let length = u64::try_from(*size).ok().filter(|size| *size > 0);
        let mut blob = self.blobs.open(digest, begin, length)?;
        let blobs = Arc::clone(&self.blobs);
        let (messages, stream) = mpsc::channel(MESSAGES_AHEAD);
        tokio::task::spawn_blocking(move || {
            let mut offset = begin;
            loop {
                let mut data = Vec::with_capacity(CHUNK_BYTES);
                let message = match (&mut blob).take(CHUNK_BYTES as u64).read_to_end(&mut data) {
                    Ok(0) => break,
                    Ok(_) => Ok(ReadContentResponse {
                        offset: i64::try_from(offset).unwrap_or(i64::MAX),
                        data,
                    }),
                    Err(error) => Err(Status::internal(format!("cannot read `{digest}`: {error}"))),
                };
                let length = message.as_ref().map_or(0, |message| message.data.len());
                // The daemon ends a read where it has what it needs.
                if messages.blocking_send(message).is_err() || length == 0 {
                    break;
                }
                offset += length as u64;
                blobs.note_served(digest, length);
            }
        });
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    fn write(
        &self,
        request: Request<Streaming<WriteContentRequest>>,
    ) -> Result<Response<ReceiverStream<Result<WriteContentResponse, Status>>>, Status> {
        self.choose(request.metadata())?;
        let blobs = Arc::clone(&self.blobs);
        let (answers, stream) = mpsc::channel(MESSAGES_AHEAD);
        let messages = request.into_inner();
        tokio::spawn(async move {
            if let Err(status) = take_blob(blobs, messages, &answers).await {
                // The daemon may be gone already; then nobody needs the reason.
                let _ = answers.send(Err(status)).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    /// Refuses what is meant for another store.
    fn choose(&self, metadata: &MetadataMap) -> Result<(), Status> {
        let id = metadata.get(STORE_KEY).and_then(|id| id.to_str().ok());
        match id.and_then(|id| id.strip_prefix(STORE_PREFIX)) {
            Some(name) if name == self.name => Ok(()),
            _ => Err(Status::not_found(format!(
                "no store is served as `{}`",
                id.unwrap_or_default()
            ))),
        }
    }
}

/// Takes one blob in, message by message; each is answered before the next one comes.
async fn take_blob(
    blobs: Arc<Blobs>,
    mut messages: Streaming<WriteContentRequest>,
    answers: &mpsc::Sender<Result<WriteContentResponse, Status>>,
) -> Result<(), Status> {
    let mut write = None;
    while let Some(message) = messages.message().await? {
        let blobs = Arc::clone(&blobs);
        let taken = tokio::task::spawn_blocking(move || {
            let write = match write {
                Some(write) => write,
                None => BlobWrite::begin(&blobs, &message)?,
            };
            write.take(&blobs, &message)
        });
        let (next, answer) = taken
            .await
            .map_err(|error| Status::internal(error.to_string()))??;
        let is_wanted = answers.send(Ok(answer)).await.is_ok();
        write = match next {
            Some(next) if is_wanted => Some(next),
            _ => break,
        };
    }
    Ok(())
}

/// A blob that is being written, and what is said of it.
#[derive(Debug)]
struct BlobWrite {
    writer: BlobWriter,
    total: i64,
    expected: Option<Digest>,
}

impl BlobWrite {
    /// By the first message. Blocking.
    fn begin(blobs: &Arc<Blobs>, first: &WriteContentRequest) -> Result<Self, Status> {
        if first.r#ref.is_empty() {
            return Err(Status::invalid_argument("the first message of a write names it"));
        }
        Ok(Self {
            writer: blobs.write()?,
            total: 0,
            expected: None,
        })
    }

    /// Takes one message and gives its answer, and the write where it goes on. Blocking.
    fn take(
        mut self,
        blobs: &Blobs,
        message: &WriteContentRequest,
    ) -> Result<(Option<Self>, WriteContentResponse), Status> {
        if !message.expected.is_empty() {
            let expected = digest(&message.expected)?;
            if blobs.size(expected).is_ok() {
                return Err(BlobError::Exists(expected).into());
            }
            self.expected = Some(expected);
        }
        if message.total > 0 {
            self.total = message.total;
        }
        let action = message.action();
        if action != WriteAction::Stat {
            let offset = u64::try_from(message.offset)
                .map_err(|_| Status::invalid_argument("a write begins at byte 0 or later"))?;
            self.writer.write(offset, &message.data)?;
        }
        let mut answer = WriteContentResponse {
            action: message.action,
            offset: i64::try_from(self.writer.written()).unwrap_or(i64::MAX),
            total: self.total,
            digest: String::new(),
        };
        if action != WriteAction::Commit {
            return Ok((Some(self), answer));
        }
        let total = u64::try_from(self.total).ok().filter(|total| *total > 0);
        answer.digest = self.writer.commit(total, self.expected)?.to_string();
        Ok((None, answer))
    }
}

fn digest(text: &str) -> Result<Digest, Status> {
    text.parse()
        .map_err(|error: crate::digest::ParseDigestError| Status::invalid_argument(error.to_string()))
}

impl From<BlobError> for Status {
    /// By the codes that containerd's side takes for the same things.
    fn from(error: BlobError) -> Self {
        let code = match &error {
            BlobError::Missing(_) => Code::NotFound,
            BlobError::Exists(_) => Code::AlreadyExists,
            BlobError::PastEnd { .. } | BlobError::Gap { .. } => Code::OutOfRange,
            BlobError::Size { .. } | BlobError::Content { .. } => Code::FailedPrecondition,
            BlobError::Io { .. } => Code::Internal,
        };
        Self::new(code, error.to_string())
    }
}

impl<B> Service<http::Request<B>> for ContentServer
where
    B: HttpBody + Send + 'static,
    B::Error: Into<StdError> + Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Future<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let server = self.clone();
        Box::pin(async move {
            Ok(match request.uri().path() {
                INFO => {
                    let info = service_fn(|request| ready(server.info(&request)));
                    Grpc::new(ProstCodec::default()).unary(info, request).await
                }
                READ => {
                    let read = service_fn(|request| ready(server.read(&request)));
                    let mut grpc = Grpc::new(ProstCodec::default());
                    grpc.server_streaming(read, request).await
                }
                WRITE => {
                    let write = service_fn(|request| ready(server.write(request)));
                    // The daemon sends up to half of what it takes itself.
                    let mut grpc = Grpc::new(ProstCodec::default()).max_decoding_message_size(usize::MAX);
                    grpc.streaming(write, request).await
                }
                path => Status::unimplemented(format!("`{path}` is not served")).into_http(),
            })
        })
    }
}

impl NamedService for ContentServer {
    const NAME: &'static str = "containerd.services.content.v1.Content";
}

#[cfg(test)]
mod tests {
    use std::fs;

    use hyper_util::rt::TokioIo;
    use tokio::net::UnixStream;
    use tonic::client::Grpc as Client;
    use tonic::codegen::http::uri::PathAndQuery;
    use tonic::transport::{Channel, Endpoint, Server, Uri};

    use super::*;

    /// A daemon's side of the service, and the folder that is served as `cache`.
    async fn connected() -> (tempfile::TempDir, Client<Channel>) {
        let folder = tempfile::tempdir().unwrap();
        let server = ContentServer::new("cache", Arc::new(Blobs::in_folder(folder.path())));
        let (near, far) = UnixStream::pair().unwrap();
        let incoming = tokio_stream::once(Ok::<_, std::io::Error>(far));
        tokio::spawn(
            Server::builder()
                .add_service(server)
                .serve_with_incoming(incoming),
        );
        let mut near = Some(near);
        let connector = service_fn(move |_: Uri| {
            let near = near.take().ok_or(std::io::ErrorKind::NotConnected);
            ready(near.map(TokioIo::new).map_err(std::io::Error::from))
        });
        let endpoint = Endpoint::from_static("http://session");
        let channel = endpoint.connect_with_connector(connector).await.unwrap();
        (folder, Client::new(channel))
    }

    fn to_store<M>(id: &str, message: M) -> Request<M> {
        let mut request = Request::new(message);
        request.metadata_mut().insert(STORE_KEY, id.parse().unwrap());
        request
    }

    async fn size(client: &mut Client<Channel>, store: &str, digest: &str) -> Result<i64, Status> {
        client.ready().await.unwrap();
        let request = to_store(
            store,
            InfoRequest {
                digest: digest.to_owned(),
            },
        );
        let path = PathAndQuery::from_static(INFO);
        let answer = client
            .unary(request, path, ProstCodec::<_, InfoResponse>::default())
            .await?;
        Ok(answer.into_inner().info.unwrap().size)
    }

    async fn content(
        client: &mut Client<Channel>,
        digest: Digest,
        offset: i64,
        size: i64,
    ) -> Result<Vec<u8>, Status> {
        client.ready().await.unwrap();
        let digest = digest.to_string();
        let request = to_store("local:cache", ReadContentRequest { digest, offset, size });
        let path = PathAndQuery::from_static(READ);
        let codec = ProstCodec::<_, ReadContentResponse>::default();
        let mut messages = client.server_streaming(request, path, codec).await?.into_inner();
        let mut content = Vec::new();
        while let Some(message) = messages.message().await? {
            assert_eq!(message.offset, offset + i64::try_from(content.len()).unwrap());
            content.extend(message.data);
        }
        Ok(content)
    }

    /// Sends these messages and gives the last answer.
    async fn write(
        client: &mut Client<Channel>,
        messages: Vec<WriteContentRequest>,
    ) -> Result<WriteContentResponse, Status> {
        client.ready().await.unwrap();
        let request = to_store("local:cache", tokio_stream::iter(messages));
        let path = PathAndQuery::from_static(WRITE);
        let codec = ProstCodec::<_, WriteContentResponse>::default();
        let mut answers = client.streaming(request, path, codec).await?.into_inner();
        let mut last = WriteContentResponse::default();
        while let Some(answer) = answers.message().await? {
            last = answer;
        }
        Ok(last)
    }

    fn message(action: WriteAction, offset: usize, data: &[u8]) -> WriteContentRequest {
        WriteContentRequest {
            action: action.into(),
            r#ref: "layer".to_owned(),
            offset: i64::try_from(offset).unwrap(),
            data: data.to_owned(),
            ..WriteContentRequest::default()
        }
    }

    fn files(folder: &tempfile::TempDir) -> usize {
        let blobs = folder.path().join("blobs/sha256");
        fs::read_dir(blobs).map_or(0, Iterator::count)
    }

    #[tokio::test]
    async fn a_blob_is_written_as_the_daemon_does_and_read_back() {
        let (folder, mut client) = connected().await;
        // More than one message takes by default.
        let data: Vec<u8> = (0..9_000_000_u32).map(|number| number.to_le_bytes()[1]).collect();
        let digest = Digest::of(&data);
        let said = |message| WriteContentRequest {
            total: 9_000_000,
            expected: digest.to_string(),
            ..message
        };
        let answer = write(
            &mut client,
            vec![
                said(message(WriteAction::Stat, 0, b"")),
                message(WriteAction::Write, 0, &data[..8_000_000]),
                message(WriteAction::Write, 8_000_000, &data[8_000_000..]),
                said(message(WriteAction::Commit, 9_000_000, b"")),
            ],
        );
        let answer = answer.await.unwrap();
        assert_eq!((answer.offset, answer.digest), (9_000_000, digest.to_string()));
        let size = size(&mut client, "local:cache", &digest.to_string()).await;
        assert_eq!(size.unwrap(), 9_000_000);
        assert_eq!(content(&mut client, digest, 0, 0).await.unwrap(), data);
        let part = content(&mut client, digest, 1_000, 2_000_000).await.unwrap();
        assert_eq!(part, data[1_000..2_001_000]);
        let again = write(&mut client, vec![said(message(WriteAction::Stat, 0, b""))]).await;
        assert_eq!(again.unwrap_err().code(), Code::AlreadyExists);
        assert_eq!(files(&folder), 1);
    }

    #[tokio::test]
    async fn a_write_that_is_given_up_or_wrong_leaves_nothing() {
        let (folder, mut client) = connected().await;
        let begun = message(WriteAction::Write, 0, b"some");
        assert_eq!(write(&mut client, vec![begun.clone()]).await.unwrap().offset, 4);
        let other = WriteContentRequest {
            expected: Digest::of(b"other").to_string(),
            ..message(WriteAction::Commit, 4, b"")
        };
        let refused = write(&mut client, vec![begun.clone(), other]).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        let gap = message(WriteAction::Commit, 9, b"");
        let refused = write(&mut client, vec![begun.clone(), gap]).await.unwrap_err();
        assert_eq!(refused.code(), Code::OutOfRange);
        let nameless = WriteContentRequest {
            r#ref: String::new(),
            ..begun
        };
        let refused = write(&mut client, vec![nameless]).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert_eq!(files(&folder), 0);
    }

    #[tokio::test]
    async fn nothing_but_blobs_of_the_store_is_served() {
        let (folder, mut client) = connected().await;
        fs::write(folder.path().join("secret"), "private").unwrap();
        let absent = Digest::of(b"absent").to_string();
        let hex = absent.trim_start_matches("sha256:");
        for (store, digest, code) in [
            ("local:cache", absent.as_str(), Code::NotFound),
            ("local:cache", "sha256:../../secret", Code::InvalidArgument),
            ("local:cache", "../../secret", Code::InvalidArgument),
            ("local:cache", hex, Code::InvalidArgument),
            ("local:cache", "", Code::InvalidArgument),
            ("local:other", absent.as_str(), Code::NotFound),
            ("cache", absent.as_str(), Code::NotFound),
        ] {
            let refused = size(&mut client, store, digest).await.unwrap_err();
            assert_eq!(refused.code(), code, "{store} {digest}: {refused}");
        }
        let escape = WriteContentRequest {
            expected: format!("sha256:../{}", &hex[..61]),
            ..message(WriteAction::Commit, 0, b"x")
        };
        let refused = write(&mut client, vec![escape]).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert_eq!(files(&folder), 0);
    }
}
