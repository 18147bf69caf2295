//! A build session: the daemon calls back over a connection that we opened, to read the build's folders.

use std::collections::HashMap;
use std::io;
use std::net::Shutdown;
use std::os::unix::net::UnixStream as StdUnixStream;

use bollard_buildkit_proto::health::health_server::HealthServer;
use bollard_buildkit_proto::moby::filesync::packet::file_sync_server::FileSyncServer;
use tokio::net::UnixStream;
use tokio::task::JoinHandle;
use tonic::transport::Server;

use super::Endpoint;
use super::diff_copy::{Folders, ServedFolder};
use super::health::AlwaysServing;
use super::hijack::upgrade;
use crate::run::{BuildRequest, ContextTransfer};
use crate::unit::ByteSize;

/// What a session serves, by the names that the daemon calls.
const METHODS: [&str; 2] = [
    "/grpc.health.v1.Health/Check",
    "/moby.filesync.v1.FileSync/DiffCopy",
];

/// An open session. Dropping it closes it.
#[derive(Debug)]
pub(super) struct Session {
    id: String,
    context: ServedFolder,
    server: JoinHandle<()>,
    /// Shares the connection with the server: shutting it down ends the session at the daemon at once, which
    /// stopping the server's task would not.
    connection: StdUnixStream,
}

impl Session {
    /// Opens a session that serves a build's folders.
    ///
    /// # Errors
    ///
    /// Where the daemon does not take it.
    pub(super) async fn open(endpoint: &Endpoint, id: String, request: &BuildRequest) -> io::Result<Self> {
        let mut headers = vec![
            ("X-Docker-Expose-Session-Uuid", id.as_str()),
            ("X-Docker-Expose-Session-Name", "seatrial"),
            ("X-Docker-Expose-Session-Sharedkey", request.shared_key.as_str()),
        ];
        headers.extend(METHODS.map(|method| ("X-Docker-Expose-Session-Grpc-Method", method)));
        let stream = upgrade(endpoint, "/session", &headers).await?.into_std()?;
        let connection = stream.try_clone()?;
        let stream = UnixStream::from_std(stream)?;

        let context = ServedFolder::new(request.context.clone());
        let dockerfile = ServedFolder::new(request.dockerfile.clone());
        let folders = Folders(HashMap::from([
            ("context", context.clone()),
            ("dockerfile", dockerfile),
        ]));
        let server = tokio::spawn(async move {
            let served = Server::builder()
                .add_service(HealthServer::new(AlwaysServing))
                .add_service(FileSyncServer::new(folders).max_decoding_message_size(usize::MAX))
                .serve_with_incoming(tokio_stream::once(Ok::<_, io::Error>(stream)));
            // A connection that breaks shows as the build's failure, which says more.
            let _ = served.await;
        });
        Ok(Self {
            id,
            context,
            server,
            connection,
        })
    }

    /// The id that a build names to use this session.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Bytes of the context's files that were sent so far.
    pub(super) fn context_sent(&self) -> ByteSize {
        self.context.sent()
    }

    /// How the daemon asked for the context's files so far.
    pub(super) fn context_transfer(&self) -> ContextTransfer {
        self.context.transfer()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It may be closed already.
        let _ = self.connection.shutdown(Shutdown::Both);
        self.server.abort();
    }
}
