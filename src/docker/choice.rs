//! Which daemon is meant: options, environment and contexts, in the order in which the docker command takes them
//! (`resolveContextName` in docker/cli's `cli/command/cli.go`).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::ConnectEngine;
use super::address::Address;
use crate::digest::Digest;

/// What was said on the command line.
#[derive(Clone, Debug, Default)]
pub struct DaemonChoice {
    /// The address of `--host`.
    pub host: Option<String>,
    /// The name of `--context`.
    pub context: Option<String>,
}

/// A daemon's address, and how it is made sure that it is the daemon's.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) address: Address,
    /// The folder with `ca.pem`, and `cert.pem` with `key.pem` where the daemon wants to know who asks.
    pub(super) tls: Option<PathBuf>,
}

/// What `~/.docker/config.json` says.
#[derive(Debug, Default, Deserialize)]
struct Config {
    #[serde(default, rename = "currentContext")]
    current_context: Option<String>,
}

/// What a context's `meta.json` says.
#[derive(Debug, Deserialize)]
struct Meta {
    #[serde(rename = "Endpoints")]
    endpoints: Endpoints,
}

#[derive(Debug, Deserialize)]
struct Endpoints {
    docker: DockerEndpoint,
}

#[derive(Debug, Deserialize)]
struct DockerEndpoint {
    #[serde(default, rename = "Host")]
    host: String,
    #[serde(default, rename = "SkipTLSVerify")]
    skip_tls_verify: bool,
}

/// The variables that the docker command reads, and its folder.
#[derive(Clone, Debug, Default)]
pub(super) struct Surroundings {
    pub(super) docker_host: Option<String>,
    pub(super) docker_context: Option<String>,
    pub(super) tls_verify: bool,
    pub(super) cert_path: Option<PathBuf>,
    pub(super) config: PathBuf,
}

impl Surroundings {
    pub(super) fn of_process() -> Self {
        let text = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let path = |name| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let home = || path("HOME").unwrap_or_default().join(".docker");
        Self {
            docker_host: text("DOCKER_HOST"),
            docker_context: text("DOCKER_CONTEXT"),
            tls_verify: text("DOCKER_TLS_VERIFY").is_some(),
            cert_path: path("DOCKER_CERT_PATH"),
            config: path("DOCKER_CONFIG").unwrap_or_else(home),
        }
    }

    /// The daemon that is meant.
    pub(super) fn target(&self, choice: &DaemonChoice) -> Result<Target, ConnectEngine> {
        let context = match (&choice.context, &choice.host) {
            (Some(name), _) => Some(name.clone()),
            (None, Some(_)) => None,
            (None, None) if self.docker_host.is_some() => None,
            (None, None) => match &self.docker_context {
                Some(name) => Some(name.clone()),
                None => self.current_context()?,
            },
        };
        if let Some(name) = context.filter(|name| name != "default") {
            return self.of_context(&name);
        }
        let host = choice.host.as_deref().or(self.docker_host.as_deref());
        let address = read(host.unwrap_or(super::Endpoint::DEFAULT))?;
        let folder = || self.cert_path.clone().unwrap_or_else(|| self.config.clone());
        let tls = (self.tls_verify && matches!(address, Address::Tcp { .. })).then(folder);
        Ok(Target { address, tls })
    }

    fn current_context(&self) -> Result<Option<String>, ConnectEngine> {
        let path = self.config.join("config.json");
        let config: Config = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Config::default(),
            read => parse(&path, read)?,
        };
        Ok(config.current_context.filter(|name| !name.is_empty()))
    }

    fn of_context(&self, name: &str) -> Result<Target, ConnectEngine> {
        let contexts = self.config.join("contexts");
        let id = Digest::of(name).hex();
        let path = contexts.join("meta").join(&id).join("meta.json");
        let meta: Meta = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ConnectEngine::FindContext {
                    name: name.to_owned(),
                    contexts,
                });
            }
            read => parse(&path, read)?,
        };
        let docker = meta.endpoints.docker;
        if docker.skip_tls_verify {
            return Err(ConnectEngine::SkipVerify {
                name: name.to_owned(),
            });
        }
        let tls = contexts.join("tls").join(&id).join("docker");
        Ok(Target {
            address: read(&docker.host)?,
            tls: tls.is_dir().then_some(tls),
        })
    }
}

fn read(address: &str) -> Result<Address, ConnectEngine> {
    Address::parse(address).ok_or_else(|| ConnectEngine::ReadAddress {
        address: without_password(address),
    })
}

fn parse<T: for<'text> Deserialize<'text>>(
    path: &Path,
    read: io::Result<Vec<u8>>,
) -> Result<T, ConnectEngine> {
    let parsed = read.and_then(|bytes| serde_json::from_slice(&bytes).map_err(io::Error::from));
    parsed.map_err(|source| ConnectEngine::ReadConfig {
        path: path.to_owned(),
        source,
    })
}

/// An address as it may be shown.
fn without_password(address: &str) -> String {
    match (address.find("://"), address.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => {
            let (before, after) = (&address[..scheme + 3], &address[at..]);
            format!("{before}…{after}")
        }
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of the docker command with two contexts.
    fn folder(current: Option<&str>) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        if let Some(current) = current {
            let config = format!("{{\"auths\":{{}},\"currentContext\":\"{current}\"}}");
            fs::write(folder.path().join("config.json"), config).unwrap();
        }
        for (name, host) in [("near", "unix:///near.sock"), ("far", "tcp://far.example:9")] {
            let id = Digest::of(name).hex();
            let meta = folder.path().join("contexts/meta").join(&id);
            fs::create_dir_all(&meta).unwrap();
            let text = format!(
                "{{\"Name\":\"{name}\",\"Metadata\":{{}},\"Endpoints\":{{\"docker\":{{\"Host\":\"{host}\",\"SkipTLSVerify\":false}}}}}}"
            );
            fs::write(meta.join("meta.json"), text).unwrap();
        }
        let tls = folder.path().join("contexts/tls").join(Digest::of("far").hex());
        fs::create_dir_all(tls.join("docker")).unwrap();
        folder
    }

    fn text(text: &str) -> Option<String> {
        (!text.is_empty()).then(|| text.to_owned())
    }

    #[test]
    fn the_nearest_word_counts_as_for_the_docker_command() {
        // --host, --context, DOCKER_HOST, DOCKER_CONTEXT, currentContext
        for (host, context, docker_host, docker_context, current, address) in [
            ("unix:///a", "", "unix:///b", "near", "far", "/a"),
            ("", "far", "unix:///b", "near", "near", "tcp://far.example:9"),
            ("", "default", "unix:///b", "near", "far", "/b"),
            ("", "", "unix:///b", "near", "far", "/b"),
            ("", "", "", "near", "far", "/near.sock"),
            ("", "", "", "", "far", "tcp://far.example:9"),
            ("", "", "", "default", "far", "/var/run/docker.sock"),
            ("", "", "", "", "", "/var/run/docker.sock"),
        ] {
            let folder = folder(text(current).as_deref());
            let surroundings = Surroundings {
                docker_host: text(docker_host),
                docker_context: text(docker_context),
                config: folder.path().to_owned(),
                ..Surroundings::default()
            };
            let choice = DaemonChoice {
                host: text(host),
                context: text(context),
            };
            let target = surroundings.target(&choice).unwrap();
            assert_eq!(target.address.to_string(), address);
            assert_eq!(target.tls.is_some(), address.contains("far"), "{address}");
        }
    }

    #[test]
    fn tls_of_the_environment_is_for_ports_alone() {
        let surroundings = |host: &str, cert_path: &str| Surroundings {
            docker_host: text(host),
            tls_verify: true,
            cert_path: text(cert_path).map(PathBuf::from),
            config: PathBuf::from("/config"),
            ..Surroundings::default()
        };
        for (host, cert_path, tls) in [
            ("tcp://a", "/certs", Some("/certs")),
            ("tcp://a", "", Some("/config")),
            ("unix:///a", "/certs", None),
        ] {
            let target = surroundings(host, cert_path)
                .target(&DaemonChoice::default())
                .unwrap();
            assert_eq!(target.tls.as_deref(), tls.map(Path::new), "{host} {cert_path}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_named_and_no_password_with_it() {
        let folder = folder(None);
        let surroundings = Surroundings {
            config: folder.path().to_owned(),
            ..Surroundings::default()
        };
        let refused = |host: &str, context: &str| {
            let choice = DaemonChoice {
                host: text(host),
                context: text(context),
            };
            surroundings.target(&choice).unwrap_err()
        };
        let password = refused("ssh://me:s3cr3t@host", "").to_string();
        assert!(password.contains("`ssh://…@host`"), "{password}");
        assert!(refused("", "nowhere").to_string().contains("`nowhere`"));
        fs::write(folder.path().join("config.json"), "{").unwrap();
        assert!(refused("", "").to_string().ends_with("config.json"));
    }
}
