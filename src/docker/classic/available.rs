//! Whether an engine has the classic builder.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use crate::docker::Engine;

/// What an engine that has the builder says of a context without a Dockerfile, in any version: it looks for the file
/// before it does anything else.
const LOOKED_FOR: &str = "dockerfile";

/// The engine has no classic builder.
#[derive(Debug, thiserror::Error)]
#[error("this engine has no classic builder: it answers `{answer}` to a build that asks for it")]
pub struct NoClassicBuilder {
    answer: String,
}

impl NoClassicBuilder {
    /// What may help.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        vec![
            "give these variants `builder = \"buildkit\"`, choose others by `--variant`, or name another engine in \
             DOCKER_HOST"
                .to_owned(),
        ]
    }
}

impl Engine {
    /// Asks for a classic build of nothing.
    ///
    /// # Errors
    ///
    /// Where the engine does not take it for a build without a Dockerfile; nothing is built in any case.
    pub async fn require_classic(&self) -> Result<(), NoClassicBuilder> {
        let answer = match self.ask_for_nothing().await {
            Ok(answer) => answer,
            Err(error) => super::build::in_one_line(&*error),
        };
        if answer.to_lowercase().contains(LOOKED_FOR) {
            return Ok(());
        }
        let answer = answer.trim().to_owned();
        Err(NoClassicBuilder { answer })
    }

    async fn ask_for_nothing(&self) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        let stream = UnixStream::connect(self.endpoint.socket()).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let empty_tar = Bytes::from_static(&[0; 1024]);
        let request = Request::builder()
            .method(Method::POST)
            .uri("/build?version=1&dockerfile=Dockerfile")
            .header("Host", "docker")
            .header("Content-Type", "application/x-tar")
            .body(Full::new(empty_tar))?;
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        connection.abort();
        let text = String::from_utf8_lossy(&body).trim().to_owned();
        Ok(if text.is_empty() { status.to_string() } else { text })
    }
}
