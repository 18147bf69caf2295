//! Where the daemon listens.

use std::path::{Path, PathBuf};

/// The address of a daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    socket: PathBuf,
}

/// Why there is no daemon to talk to.
#[derive(Debug, thiserror::Error)]
pub enum ConnectEngine {
    /// The address is of a kind that this version cannot use.
    #[error("the daemon's address `{address}` cannot be used, expected `unix:///path/to/docker.sock`")]
    ReadAddress {
        /// The address as it was given.
        address: String,
    },
    /// The socket did not take the connection.
    #[error("no docker daemon answers at `{}`", socket.display())]
    OpenSocket {
        /// The socket.
        socket: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The daemon took the connection and gave no useful answer.
    #[error("the docker daemon at `{}` does not answer `{request}`", socket.display())]
    AskDaemon {
        /// The socket.
        socket: PathBuf,
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
        match self {
            Self::ReadAddress { .. } => {
                vec!["set DOCKER_HOST to a unix socket, or leave it unset for the default one".to_owned()]
            }
            Self::OpenSocket { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
                vec!["join the group that owns the socket, or run as a user who may use it".to_owned()]
            }
            Self::OpenSocket { .. } | Self::AskDaemon { .. } => {
                vec!["start the daemon, or name another one in DOCKER_HOST".to_owned()]
            }
        }
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
        match address.strip_prefix("unix://") {
            Some(path) if path.starts_with('/') => Ok(Self {
                socket: PathBuf::from(path),
            }),
            _ => Err(ConnectEngine::ReadAddress {
                address: address.to_owned(),
            }),
        }
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
