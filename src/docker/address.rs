//! Addresses of daemons, as the docker command writes them.

use std::fmt;
use std::path::PathBuf;

/// The port of a daemon without and with TLS, where its address names none.
const PLAIN_PORT: u16 = 2375;
const TLS_PORT: u16 = 2376;

/// Where a daemon is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// A socket of this machine.
    Unix(PathBuf),
    /// A port of some machine.
    Tcp { host: String, port: Option<u16> },
    /// Whatever the docker command of another machine talks to.
    Ssh(SshAddress),
}

/// A machine that ssh reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SshAddress {
    pub(super) user: Option<String>,
    pub(super) host: String,
    pub(super) port: Option<u16>,
    /// The daemon's socket on that machine; its docker command's own choice where absent.
    pub(super) socket: Option<String>,
}

impl Address {
    /// Reads `unix:///path`, `tcp://host[:port]` or `ssh://[user@]host[:port][/path]`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        match scheme {
            "unix" if rest.starts_with('/') => Some(Self::Unix(PathBuf::from(rest))),
            "tcp" => {
                let (host, port) = host_and_port(rest.strip_suffix('/').unwrap_or(rest))?;
                Some(Self::Tcp { host, port })
            }
            "ssh" => {
                let (machine, path) = rest.split_once('/').unwrap_or((rest, ""));
                let (user, machine) = match machine.rsplit_once('@') {
                    Some((user, machine)) => (Some(user), machine),
                    None => (None, machine),
                };
                // A password in it would be seen by every user of the machine.
                let user_is_good = user.is_none_or(|user| !user.is_empty() && !user.contains([':', '@']));
                let (host, port) = host_and_port(machine)?;
                // What begins so would be an option of ssh.
                (user_is_good && !host.starts_with('-')).then(|| {
                    Self::Ssh(SshAddress {
                        user: user.map(str::to_owned),
                        host,
                        port,
                        socket: (!path.is_empty()).then(|| format!("/{path}")),
                    })
                })
            }
            _ => None,
        }
    }

    /// The port of a TCP address with or without TLS.
    pub(super) fn port_or_default(port: Option<u16>, tls: bool) -> u16 {
        port.unwrap_or(if tls { TLS_PORT } else { PLAIN_PORT })
    }
}

/// A host with or without a port; the host of an address of IPv6 stands in brackets.
fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        (
            host,
            if rest.is_empty() {
                None
            } else {
                Some(rest.strip_prefix(':')?)
            },
        )
    } else {
        match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    let port = match port {
        Some(port) => Some(port.parse().ok()?),
        None => None,
    };
    let is_host = !host.is_empty() && !host.contains(['/', '@', '?', '#', ' ']);
    is_host.then(|| (host.to_owned(), port))
}

/// As in errors: a socket by its path, another by its address.
impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = |port: Option<u16>| port.map_or_else(String::new, |port| format!(":{port}"));
        match self {
            Self::Unix(socket) => write!(formatter, "{}", socket.display()),
            Self::Tcp { host, port: at } if host.contains(':') => {
                write!(formatter, "tcp://[{host}]{}", port(*at))
            }
            Self::Tcp { host, port: at } => write!(formatter, "tcp://{host}{}", port(*at)),
            Self::Ssh(ssh) => {
                let user = ssh
                    .user
                    .as_ref()
                    .map_or_else(String::new, |user| format!("{user}@"));
                let socket = ssh.socket.as_deref().unwrap_or_default();
                write!(formatter, "ssh://{user}{}{}{socket}", ssh.host, port(ssh.port))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_docker_command_reads_and_shows_it_again() {
        for (text, shown) in [
            ("unix:///run/user/1000/docker.sock", "/run/user/1000/docker.sock"),
            ("tcp://127.0.0.1:2375", "tcp://127.0.0.1:2375"),
            ("tcp://builder.example", "tcp://builder.example"),
            ("tcp://builder.example:2376/", "tcp://builder.example:2376"),
            ("tcp://[::1]:2376", "tcp://[::1]:2376"),
            ("ssh://me@builder.example:22", "ssh://me@builder.example:22"),
            ("ssh://builder", "ssh://builder"),
            ("ssh://builder/run/docker.sock", "ssh://builder/run/docker.sock"),
        ] {
            let address = Address::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(address.to_string(), shown);
        }
    }

    #[test]
    fn anything_else_is_no_address() {
        for text in [
            "unix://relative",
            "nonsense",
            "tcp://",
            "tcp://host:port",
            "tcp://host:99999",
            "tcp://user@host",
            "tcp://[::1",
            "ssh://me:secret@host",
            "ssh://-oProxyCommand=sh",
            "ssh://@host",
            "npipe:////./pipe/docker_engine",
        ] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
    }
}
