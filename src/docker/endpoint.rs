//! Where the daemon listens.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::address::Address;
use super::choice::{DaemonChoice, Surroundings, Target};
use super::dial::Dialer;
use super::tunnel::Tunnel;

/// The address of a daemon, and the socket of this machine over which it is reached.
#[derive(Clone, Debug)]
pub struct Endpoint {
    address: String,
    socket: PathBuf,
    /// What leads from the socket to a daemon elsewhere.
    tunnel: Option<Arc<Tunnel>>,
}

/// Why there is no daemon to talk to.
#[derive(Debug, thiserror::Error)]
pub enum ConnectEngine {
    /// The address is of a kind that this version cannot use.
    #[error(
        "the daemon's address `{address}` cannot be used, expected `unix:///path/to/docker.sock`, `tcp://host:port` or \
         `ssh://user@host`"
    )]
    ReadAddress {
        /// The address as it was given, without a password.
        address: String,
    },
    /// There is no context of that name.
    #[error("there is no docker context `{name}` in {}", contexts.display())]
    FindContext {
        /// The name.
        name: String,
        /// Where contexts are.
        contexts: PathBuf,
    },
    /// A file of the docker command is not what it should be.
    #[error("cannot read {}", path.display())]
    ReadConfig {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The context says that anybody may pose as the daemon.
    #[error(
        "the docker context `{name}` skips the check of the daemon's certificate, which seatrial does not"
    )]
    SkipVerify {
        /// The context.
        name: String,
    },
    /// A certificate or key cannot be used.
    #[error("cannot use {}: {why}", path.display())]
    ReadCertificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The daemon's certificate, or ours, was refused.
    #[error("the daemon at `{address}` and this machine do not trust each other")]
    TrustDaemon {
        /// The daemon's address.
        address: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// ssh did not lead to a daemon.
    #[error("ssh does not lead to a docker daemon at `{address}`: {said}")]
    RunSsh {
        /// The daemon's address.
        address: String,
        /// The last that ssh said.
        said: String,
    },
    /// The socket or port did not take the connection.
    #[error("no docker daemon answers at `{address}`")]
    OpenSocket {
        /// The daemon's address.
        address: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The daemon took the connection and gave no useful answer.
    #[error("the docker daemon at `{address}` does not answer `{request}`")]
    AskDaemon {
        /// The daemon's address.
        address: String,
        /// What it was asked.
        request: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl ConnectEngine {
    /// What may help.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::ReadAddress { .. } => "leave DOCKER_HOST unset for the default socket",
            Self::FindContext { .. } => "`docker context ls` lists those that there are",
            Self::ReadConfig { .. } => {
                "the docker command writes this file; `docker context ls` tells whether it can read it"
            }
            Self::SkipVerify { .. } => {
                "give the context the certificate of the daemon's authority: `docker context update --docker ca=…`"
            }
            Self::ReadCertificate { .. } => {
                "DOCKER_CERT_PATH, or the context, must name a folder with ca.pem, cert.pem and key.pem"
            }
            Self::TrustDaemon { .. } => {
                "the daemon's certificate must be for this very host name and signed by ca.pem, and ours by an authority \
                 that the daemon knows"
            }
            Self::RunSsh { .. } => {
                "see whether `ssh HOST docker version` works, without a question being asked"
            }
            Self::OpenSocket { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
                "join the group that owns the socket, or run as a user who may use it"
            }
            Self::OpenSocket { .. } | Self::AskDaemon { .. } => {
                "start the daemon, or name another one in DOCKER_HOST"
            }
        };
        vec![hint.to_owned()]
    }
}

impl Endpoint {
    /// The socket that the docker command uses by default.
    pub const DEFAULT: &'static str = "unix:///var/run/docker.sock";

    /// Takes the address from the value of `DOCKER_HOST`, or the default where it is unset or empty.
    ///
    /// # Errors
    ///
    /// For an address that is not a unix socket.
    pub fn from_docker_host(value: Option<&str>) -> Result<Self, ConnectEngine> {
        let address = value.filter(|value| !value.is_empty()).unwrap_or(Self::DEFAULT);
        match Address::parse(address) {
            Some(Address::Unix(socket)) => Ok(Self::of_socket(socket)),
            _ => Err(ConnectEngine::ReadAddress {
                address: address.to_owned(),
            }),
        }
    }

    /// The daemon that the command line, the environment and the docker command's contexts name. Where it is not behind
    /// a socket of this machine, a tunnel to it is opened and tried.
    ///
    /// # Errors
    ///
    /// Where they name none that can be used, or it is not reached.
    pub async fn open(choice: &DaemonChoice) -> Result<Self, ConnectEngine> {
        let target = Surroundings::of_process().target(choice)?;
        if let Target {
            address: Address::Unix(socket),
            ..
        } = target
        {
            return Ok(Self::of_socket(socket));
        }
        let dialer = Dialer::new(&target)?;
        let address = target.address.to_string();
        dialer.try_out().await?;
        match Tunnel::open(dialer) {
            Ok(tunnel) => Ok(Self {
                address,
                socket: tunnel.socket(),
                tunnel: Some(Arc::new(tunnel)),
            }),
            Err(source) => Err(ConnectEngine::OpenSocket { address, source }),
        }
    }

    /// Whether the daemon that is meant is not behind a socket of this machine. Nothing is connected for it.
    ///
    /// # Errors
    ///
    /// Where no daemon is named that can be used.
    pub fn leads_elsewhere(choice: &DaemonChoice) -> Result<bool, ConnectEngine> {
        let target = Surroundings::of_process().target(choice)?;
        Ok(!matches!(target.address, Address::Unix(_)))
    }

    fn of_socket(socket: PathBuf) -> Self {
        Self {
            address: socket.display().to_string(),
            socket,
            tunnel: None,
        }
    }

    /// The address as it is shown: a socket by its path.
    pub(super) fn address(&self) -> String {
        self.address.clone()
    }

    /// Whether the daemon is not behind a socket of this machine.
    pub(super) const fn is_elsewhere(&self) -> bool {
        self.tunnel.is_some()
    }

    /// The socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_unix_sockets_and_names_what_it_cannot_use() {
        for (value, socket) in [
            (None, Some("/var/run/docker.sock")),
            (Some(""), Some("/var/run/docker.sock")),
            (
                Some("unix:///run/user/1000/docker.sock"),
                Some("/run/user/1000/docker.sock"),
            ),
            (Some("unix://relative"), None),
            (Some("tcp://127.0.0.1:2375"), None),
            (Some("nonsense"), None),
        ] {
            let endpoint = Endpoint::from_docker_host(value);
            match (endpoint, socket) {
                (Ok(endpoint), Some(socket)) => assert_eq!(endpoint.socket(), Path::new(socket), "{value:?}"),
                (Err(error), None) => {
                    assert!(error.to_string().contains(value.unwrap_or_default()), "{error}");
                }
                (endpoint, _) => panic!("{value:?} gave {endpoint:?}"),
            }
        }
    }
}
