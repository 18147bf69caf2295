//! A build session: the daemon calls back over a connection that we opened, to read the build's folders.

use std::collections::HashMap;
use std::io;
use std::net::Shutdown;
use std::os::unix::net::UnixStream as StdUnixStream;

use bollard_buildkit_proto::health::health_server::HealthServer;
use bollard_buildkit_proto::moby::buildkit::secrets::v1::secrets_server::SecretsServer;
use bollard_buildkit_proto::moby::filesync::packet::file_sync_server::FileSyncServer;
use bollard_buildkit_proto::moby::filesync::v1::auth_server::AuthServer;
use bollard_buildkit_proto::moby::sshforward::v1::ssh_server::SshServer;
use tokio::net::UnixStream;
use tokio::task::JoinHandle;
use tonic::transport::Server;

use super::Endpoint;
use super::agents::{self, ServedAgents};
use super::diff_copy::{Folders, ServedFolder};
use super::health::AlwaysServing;
use super::hijack::upgrade;
use super::local_cache::{self, LocalCache};
use super::registry_logins::{self, RegistryLogins};
use super::secrets::{self, ServedSecrets};
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
    /// The context and the named ones.
    contexts: Vec<ServedFolder>,
    server: JoinHandle<()>,
    /// Shares the connection with the server: shutting it down ends the session at the daemon at once, which
    /// stopping the server's task would not.
    connection: StdUnixStream,
}

impl Session {
    /// Opens a session that serves a build's folders and its local cache.
    ///
    /// # Errors
    ///
    /// Where the daemon does not take it.
    pub(super) async fn open(
        endpoint: &Endpoint,
        id: String,
        request: &BuildRequest,
        cache: Option<&LocalCache>,
    ) -> io::Result<Self> {
        let mut headers = vec![
            ("X-Docker-Expose-Session-Uuid", id.as_str()),
            ("X-Docker-Expose-Session-Name", "seatrial"),
            ("X-Docker-Expose-Session-Sharedkey", request.shared_key.as_str()),
        ];
        let mut methods = METHODS.to_vec();
        let grants = &request.grants;
        let secrets = (!grants.secrets.is_empty()).then(|| SecretsServer::new(ServedSecrets(grants.clone())));
        let agents = (!grants.agents.is_empty()).then(|| SshServer::new(ServedAgents(grants.clone())));
        let cache = cache.map(LocalCache::server);
        // As with the docker command, a build that was given none is told so by the method's absence.
        methods.extend(registry_logins::METHODS);
        methods.extend(secrets.iter().flat_map(|_| secrets::METHODS));
        methods.extend(agents.iter().flat_map(|_| agents::METHODS));
        methods.extend(cache.iter().flat_map(|_| local_cache::METHODS));
        headers.extend(
            methods
                .into_iter()
                .map(|method| ("X-Docker-Expose-Session-Grpc-Method", method)),
        );
        let stream = upgrade(endpoint, "/session", &headers).await?.into_std()?;
        let connection = stream.try_clone()?;
        let stream = UnixStream::from_std(stream)?;

        let context = ServedFolder::new(request.context.clone());
        let mut contexts = vec![context.clone()];
        let mut folders = HashMap::from([
            ("context".to_owned(), context),
            (
                "dockerfile".to_owned(),
                ServedFolder::new(request.dockerfile.clone()),
            ),
        ]);
        for (name, tree) in &request.named {
            let folder = ServedFolder::new(tree.clone());
            contexts.push(folder.clone());
            folders.insert(folder_name(name), folder);
        }
        let server = tokio::spawn(async move {
            let served = Server::builder()
                .add_service(HealthServer::new(AlwaysServing))
                .add_service(AuthServer::new(RegistryLogins))
                .add_optional_service(secrets)
                .add_optional_service(agents)
                .add_optional_service(cache)
                .add_service(FileSyncServer::new(Folders(folders)).max_decoding_message_size(usize::MAX))
                .serve_with_incoming(tokio_stream::once(Ok::<_, io::Error>(stream)));
            // A connection that breaks shows as the build's failure, which says more.
            let _ = served.await;
        });
        Ok(Self {
            id,
            contexts,
            server,
            connection,
        })
    }

    /// The id that a build names to use this session.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Bytes of the files that were sent so far, of the context and of the named ones.
    pub(super) fn context_sent(&self) -> ByteSize {
        self.contexts.iter().map(ServedFolder::sent).sum()
    }

    /// How the daemon asked for the files of the context itself so far.
    pub(super) fn context_transfer(&self) -> ContextTransfer {
        self.contexts
            .first()
            .map(ServedFolder::transfer)
            .unwrap_or_default()
    }
}

/// What the folder of a named context is asked for by: its name, unless another folder has it.
pub(super) fn folder_name(context: &str) -> String {
    match context {
        "context" | "dockerfile" => format!("_{context}"),
        name => name.to_owned(),
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It may be closed already.
        let _ = self.connection.shutdown(Shutdown::Both);
        self.server.abort();
    }
}
