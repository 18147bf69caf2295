//! Connections to a daemon that is not behind a socket of this machine.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::ConnectEngine;
use super::address::{Address, SshAddress};
use super::choice::Target;

/// Seconds that ssh may take to connect, as with the docker command.
const SSH_CONNECT_SECS: u32 = 30;

/// Seconds that ssh keeps its connection for the next call once the last has ended: enough between two calls of a run, and
/// soon gone after a run that was killed.
const SSH_IDLE_SECS: u32 = 10;

/// Asked on a first connection to see that a daemon is at its end.
const PING: &[u8] = b"GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n";

/// The most that is kept of what ssh says.
const SSH_SAYS_BYTES: u64 = 4096;

/// One connection.
pub(super) struct Connection {
    pub(super) reader: Box<dyn AsyncRead + Send + Unpin>,
    pub(super) writer: Box<dyn AsyncWrite + Send + Unpin>,
    /// The process that carries it; ended with it.
    pub(super) child: Option<Child>,
}

/// How connections to one daemon are made.
#[derive(Clone)]
pub(super) struct Dialer {
    address: Address,
    tls: Option<TlsConnector>,
    /// Where ssh keeps the socket of the one connection that all calls share: logging in anew for every call of the
    /// engine's API takes longer than most of the calls.
    shared_ssh: Option<Arc<TempDir>>,
}

impl std::fmt::Debug for Dialer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Dialer")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Dialer {
    /// Reads the certificates, where there are to be any.
    pub(super) fn new(target: &Target) -> Result<Self, ConnectEngine> {
        let tls = target.tls.as_deref().map(connector).transpose()?;
        let shared_ssh = if matches!(target.address, Address::Ssh(_)) {
            let folder = tempfile::Builder::new().prefix("seatrial-ssh-").tempdir();
            let address = target.address.to_string();
            let folder = folder.map_err(|source| ConnectEngine::OpenSocket { address, source })?;
            Some(Arc::new(folder))
        } else {
            None
        };
        Ok(Self {
            address: target.address.clone(),
            tls,
            shared_ssh,
        })
    }

    /// Makes a connection.
    pub(super) async fn dial(&self) -> io::Result<Connection> {
        match &self.address {
            Address::Unix(socket) => {
                let (reader, writer) = tokio::net::UnixStream::connect(socket).await?.into_split();
                Ok(Connection {
                    reader: Box::new(reader),
                    writer: Box::new(writer),
                    child: None,
                })
            }
            Address::Tcp { host, port } => {
                let port = Address::port_or_default(*port, self.tls.is_some());
                let stream = TcpStream::connect((host.as_str(), port)).await?;
                stream.set_nodelay(true)?;
                let Some(tls) = &self.tls else {
                    let (reader, writer) = stream.into_split();
                    return Ok(Connection {
                        reader: Box::new(reader),
                        writer: Box::new(writer),
                        child: None,
                    });
                };
                let name = ServerName::try_from(host.clone()).map_err(io::Error::other)?;
                let (reader, writer) = tokio::io::split(tls.connect(name, stream).await?);
                Ok(Connection {
                    reader: Box::new(reader),
                    writer: Box::new(writer),
                    child: None,
                })
            }
            Address::Ssh(ssh) => by_ssh(ssh, self.shared_ssh.as_deref().map(TempDir::path)),
        }
    }

    /// Makes a connection and asks whether a daemon is at its end, so that what fails is told before anything else is
    /// asked.
    pub(super) async fn try_out(&self) -> Result<(), ConnectEngine> {
        let failed = |source: io::Error| self.failure(source);
        let mut connection = self.dial().await.map_err(failed)?;
        let asked = async {
            connection.writer.write_all(PING).await?;
            connection.writer.flush().await?;
            connection.reader.read_u8().await
        };
        let Err(source) = asked.await else {
            return Ok(());
        };
        match connection.child {
            Some(mut child) => Err(ConnectEngine::RunSsh {
                address: self.address.to_string(),
                said: what_it_says(&mut child).await,
            }),
            None => Err(self.failure(source)),
        }
    }

    fn failure(&self, source: io::Error) -> ConnectEngine {
        let address = self.address.to_string();
        if matches!(self.address, Address::Ssh(_)) {
            let said = format!("ssh cannot be run: {source}");
            return ConnectEngine::RunSsh { address, said };
        }
        let is_tls = source
            .get_ref()
            .is_some_and(<dyn std::error::Error + Send + Sync>::is::<tokio_rustls::rustls::Error>);
        if is_tls {
            ConnectEngine::TrustDaemon { address, source }
        } else {
            ConnectEngine::OpenSocket { address, source }
        }
    }
}

/// The same command line as the docker command's, but for the connection that is shared through a socket in `shared`.
fn by_ssh(ssh: &SshAddress, shared: Option<&Path>) -> io::Result<Connection> {
    let mut command = Command::new("ssh");
    command.args(["-o", &format!("ConnectTimeout={SSH_CONNECT_SECS}"), "-T"]);
    if let Some(shared) = shared {
        let socket = format!("ControlPath={}", shared.join("ssh.sock").display());
        let idle = format!("ControlPersist={SSH_IDLE_SECS}");
        command.args(["-o", "ControlMaster=auto", "-o", &socket, "-o", &idle]);
    }
    if let Some(user) = &ssh.user {
        command.args(["-l", user]);
    }
    if let Some(port) = ssh.port {
        command.args(["-p", &port.to_string()]);
    }
    command.args(["--", &ssh.host, "docker"]);
    if let Some(socket) = &ssh.socket {
        command.args(["--host", &format!("unix://{socket}")]);
    }
    let mut child = command
        .args(["system", "dial-stdio"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Ctrl-C is for this program: the connection must outlive it for tidying up.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let gone = || io::Error::other("a pipe to ssh is missing");
    Ok(Connection {
        reader: Box::new(child.stdout.take().ok_or_else(gone)?),
        writer: Box::new(child.stdin.take().ok_or_else(gone)?),
        child: Some(child),
    })
}

/// The last line that ssh wrote, which says what is wrong.
async fn what_it_says(child: &mut Child) -> String {
    let mut said = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        // What cannot be read is not told.
        let _ = stderr.take(SSH_SAYS_BYTES).read_to_end(&mut said).await;
    }
    let said = String::from_utf8_lossy(&said);
    let last = said
        .trim()
        .lines()
        .last()
        .unwrap_or("the connection ended without a word");
    last.trim().to_owned()
}

fn connector(folder: &Path) -> Result<TlsConnector, ConnectEngine> {
    let failed = |name: &str| {
        let path = folder.join(name);
        move |why: String| ConnectEngine::ReadCertificate { path, why }
    };
    let mut roots = RootCertStore::empty();
    for authority in certificates(&folder.join("ca.pem")).map_err(failed("ca.pem"))? {
        roots
            .add(authority)
            .map_err(|error| failed("ca.pem")(error.to_string()))?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| failed("ca.pem")(error.to_string()))?
        .with_root_certificates(roots);
    // Both or neither: a daemon may not want to know who asks.
    let (own, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    let config = if own.exists() || key.exists() {
        let own = certificates(&own).map_err(failed("cert.pem"))?;
        let key = PrivateKeyDer::from_pem_file(&key).map_err(|error| failed("key.pem")(error.to_string()))?;
        builder
            .with_client_auth_cert(own, key)
            .map_err(|error| failed("cert.pem")(error.to_string()))?
    } else {
        builder.with_no_client_auth()
    };
    Ok(TlsConnector::from(Arc::new(config)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let all = CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())?;
    let all: Vec<_> = all.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    if all.is_empty() {
        return Err("it holds no certificate".to_owned());
    }
    Ok(all)
}
