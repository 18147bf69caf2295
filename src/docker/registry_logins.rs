//! The user's logins to registries: for bases that are pulled, and for what a build fetches by itself
//! (`moby.filesync.v1.Auth/Credentials`).
//!
//! They are found as the docker command finds them, in its `config.json` and by its helper programs, each time the
//! daemon asks for one; none is kept, stored or shown.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bollard::auth::DockerCredentials;
use bollard_buildkit_proto::moby::filesync::v1::auth_server::Auth;
use bollard_buildkit_proto::moby::filesync::v1::{
    CredentialsRequest, CredentialsResponse, FetchTokenRequest, FetchTokenResponse, GetTokenAuthorityRequest,
    GetTokenAuthorityResponse, VerifyTokenAuthorityRequest, VerifyTokenAuthorityResponse,
};
use serde::Deserialize;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tonic::{Request, Response, Status};

/// The method, as a session announces it.
pub(super) const METHODS: [&str; 1] = ["/moby.filesync.v1.Auth/Credentials"];

/// Docker Hub's registry, and the name that its login goes by.
const HUB: (&str, &str) = ("registry-1.docker.io", "https://index.docker.io/v1/");

/// The user name of a helper's answer that is a token.
const TOKEN_USER: &str = "<token>";

/// How long a helper may take; it may ask the user to unlock something.
const HELPER_PATIENCE: Duration = Duration::from_secs(60);

/// Looks logins up.
#[derive(Clone, Copy, Debug)]
pub(super) struct RegistryLogins;

/// The parts of the docker command's configuration that are about logins.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DockerConfig {
    auths: HashMap<String, StoredLogin>,
    cred_helpers: HashMap<String, String>,
    creds_store: Option<String>,
}

/// A login in the configuration itself.
#[derive(Default, Deserialize)]
#[serde(default)]
struct StoredLogin {
    /// User name and password with a colon between them, in base64.
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
}

/// A helper's answer.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelpersLogin {
    username: String,
    secret: String,
}

/// A login. Without a user name the secret is a token.
#[derive(Default, PartialEq, Eq)]
struct Login {
    username: String,
    secret: String,
}

#[tonic::async_trait]
impl Auth for RegistryLogins {
    async fn credentials(
        &self,
        request: Request<CredentialsRequest>,
    ) -> Result<Response<CredentialsResponse>, Status> {
        let login = login_to(&request.into_inner().host).await?;
        // Without a login the registry is asked as anybody may ask it.
        let login = login.unwrap_or_default();
        Ok(Response::new(CredentialsResponse {
            username: login.username,
            secret: login.secret,
        }))
    }

    async fn fetch_token(
        &self,
        _request: Request<FetchTokenRequest>,
    ) -> Result<Response<FetchTokenResponse>, Status> {
        Err(no_tokens())
    }

    async fn get_token_authority(
        &self,
        _request: Request<GetTokenAuthorityRequest>,
    ) -> Result<Response<GetTokenAuthorityResponse>, Status> {
        Err(no_tokens())
    }

    async fn verify_token_authority(
        &self,
        _request: Request<VerifyTokenAuthorityRequest>,
    ) -> Result<Response<VerifyTokenAuthorityResponse>, Status> {
        Err(no_tokens())
    }
}

/// Tells the builder to fetch tokens itself, with the login.
fn no_tokens() -> Status {
    Status::unavailable("tokens are not fetched by the session")
}

/// The login to a registry.
async fn login_to(host: &str) -> Result<Option<Login>, Status> {
    let server = if host == HUB.0 { HUB.1 } else { host };
    let config = read_config()?;
    match config.helper_of(server) {
        Some(helper) => ask_helper(helper, server).await,
        None => config.login_to(server),
    }
}

/// The login to the registry of a reference, for an image that the engine pulls.
///
/// # Errors
///
/// What is wrong with the docker command's configuration or its helper.
pub(super) async fn credentials_for(reference: &str) -> Result<Option<DockerCredentials>, io::Error> {
    let host = registry_of(reference);
    let login = login_to(host).await;
    let login = login.map_err(|status| io::Error::other(status.message().to_owned()))?;
    Ok(login.map(|Login { username, secret }| {
        let is_token = username.is_empty();
        DockerCredentials {
            serveraddress: Some(host.to_owned()),
            password: (!is_token).then(|| secret.clone()),
            identitytoken: is_token.then_some(secret),
            username: Some(username),
            ..DockerCredentials::default()
        }
    }))
}

/// The registry of a reference: its first part, where that can be a host, else Docker Hub
/// (`splitDockerDomain` of `distribution/reference`).
fn registry_of(reference: &str) -> &str {
    match reference.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => match host {
            "docker.io" | "index.docker.io" => HUB.0,
            host => host,
        },
        _ => HUB.0,
    }
}

/// Where the docker command keeps its configuration.
fn config_path() -> Option<PathBuf> {
    let is_set = |path: &std::ffi::OsString| !path.is_empty();
    let folder = std::env::var_os("DOCKER_CONFIG")
        .filter(is_set)
        .map(PathBuf::from);
    let home = || Some(PathBuf::from(std::env::var_os("HOME").filter(is_set)?).join(".docker"));
    Some(folder.or_else(home)?.join("config.json"))
}

/// The configuration; an empty one where there is none. What is wrong with it is told without what stands in it.
fn read_config() -> Result<DockerConfig, Status> {
    let Some(path) = config_path() else {
        return Ok(DockerConfig::default());
    };
    let shown = path.display();
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(DockerConfig::default()),
        Err(error) => {
            return Err(Status::failed_precondition(format!(
                "cannot read `{shown}`: {error}"
            )));
        }
    };
    serde_json::from_slice(&text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Status::failed_precondition(format!(
            "{shown}:{line}:{column}: this is no configuration of the docker command"
        ))
    })
}

impl DockerConfig {
    /// The helper that is asked for a server's login.
    fn helper_of(&self, server: &str) -> Option<&str> {
        let own = self.cred_helpers.get(server).map(String::as_str);
        own.or(self.creds_store.as_deref())
            .filter(|helper| !helper.is_empty())
    }

    /// The login that the configuration itself holds.
    fn login_to(&self, server: &str) -> Result<Option<Login>, Status> {
        let exact = self.auths.get(server);
        let by_host = || {
            let entry = self
                .auths
                .iter()
                .find(|(key, _)| host_of(key) == host_of(server))?;
            Some(entry.1)
        };
        let Some(stored) = exact.or_else(by_host) else {
            return Ok(None);
        };
        stored.login().map(Some).ok_or_else(|| {
            Status::failed_precondition(format!(
                "the docker command's login to `{server}` is no user name and password in base64"
            ))
        })
    }
}

impl StoredLogin {
    fn login(&self) -> Option<Login> {
        if !self.identitytoken.is_empty() {
            return Some(Login {
                username: String::new(),
                secret: self.identitytoken.clone(),
            });
        }
        if self.auth.is_empty() {
            return Some(Login {
                username: self.username.clone(),
                secret: self.password.clone(),
            });
        }
        let decoded = String::from_utf8(BASE64_STANDARD.decode(&self.auth).ok()?).ok()?;
        let (username, secret) = decoded.split_once(':')?;
        Some(Login {
            username: username.to_owned(),
            secret: secret.trim_end_matches('\0').to_owned(),
        })
    }
}

/// The host of a server that may be written as an address.
fn host_of(server: &str) -> &str {
    let server = server
        .strip_prefix("https://")
        .or_else(|| server.strip_prefix("http://"))
        .unwrap_or(server);
    server.split('/').next().unwrap_or(server)
}

/// Asks a helper program of the docker command; it says no where it has no login. What it prints is not shown.
async fn ask_helper(helper: &str, server: &str) -> Result<Option<Login>, Status> {
    let program = format!("docker-credential-{helper}");
    let failed = |how: String| Status::failed_precondition(format!("`{program} get` for `{server}` {how}"));
    let asked = async {
        let mut child = Command::new(&program)
            .arg("get")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(server.as_bytes()).await?;
        }
        child.wait_with_output().await
    };
    let output = tokio::time::timeout(HELPER_PATIENCE, asked)
        .await
        .map_err(|_| failed(format!("gave no answer within {} s", HELPER_PATIENCE.as_secs())))?
        .map_err(|error| failed(format!("cannot be run: {error}")))?;
    if !output.status.success() {
        return Ok(None);
    }
    let login: HelpersLogin =
        serde_json::from_slice(&output.stdout).map_err(|_| failed("printed no login".to_owned()))?;
    Ok(Some(Login {
        username: if login.username == TOKEN_USER {
            String::new()
        } else {
            login.username
        },
        secret: login.secret,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> DockerConfig {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn logins_are_found_by_server_and_by_host() {
        // "someone:p:w" in base64, with the NULs that old versions padded with.
        let config = config(
            r#"{"auths": {
                "plain.example:5000": {"auth": "c29tZW9uZTpwOncAAA=="},
                "https://address.example/v1/": {"username": "u", "password": "p"},
                "token.example": {"auth": "c29tZW9uZTpwOnc=", "identitytoken": "t"},
                "broken.example": {"auth": "%"}
            }}"#,
        );
        for (server, expected) in [
            ("plain.example:5000", Some(("someone", "p:w"))),
            ("address.example", Some(("u", "p"))),
            ("token.example", Some(("", "t"))),
            ("plain.example", None),
        ] {
            let login = config.login_to(server).ok().flatten();
            let found = login
                .as_ref()
                .map(|login| (login.username.as_str(), login.secret.as_str()));
            assert_eq!(found, expected, "{server}");
        }
        let broken = config.login_to("broken.example").err().unwrap();
        assert!(broken.message().contains("broken.example"), "{broken}");
    }

    #[test]
    fn the_registry_of_a_reference_is_its_first_part_where_that_is_a_host() {
        for (reference, registry) in [
            ("python:3", HUB.0),
            ("someone/python:3", HUB.0),
            ("docker.io/library/python", HUB.0),
            ("localhost/x", "localhost"),
            ("127.0.0.1:5000/x", "127.0.0.1:5000"),
            ("ghcr.io/a/b@sha256:00", "ghcr.io"),
        ] {
            assert_eq!(registry_of(reference), registry, "{reference}");
        }
    }

    #[test]
    fn a_servers_own_helper_goes_before_the_one_of_all() {
        let config = config(r#"{"credHelpers": {"a.example": "one", "b.example": ""}, "credsStore": "all"}"#);
        assert_eq!(config.helper_of("a.example"), Some("one"));
        assert_eq!(config.helper_of("c.example"), Some("all"));
        assert_eq!(DockerConfig::default().helper_of("a.example"), None);
    }
}
