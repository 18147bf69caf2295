//! Whether an engine has the classic builder.

use std::error::Error;
use std::path::Path;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use crate::causes::in_one_line;
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
        require(self.endpoint.socket()).await
    }
}

async fn require(socket: &Path) -> Result<(), NoClassicBuilder> {
    let answer = match ask_for_nothing(socket).await {
        Ok(answer) => answer,
        Err(error) => in_one_line(&*error),
    };
    if answer.to_lowercase().contains(LOOKED_FOR) {
        return Ok(());
    }
    Err(NoClassicBuilder { answer })
}

async fn ask_for_nothing(socket: &Path) -> Result<String, Box<dyn Error + Send + Sync>> {
    let stream = UnixStream::connect(socket).await?;
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::UnixListener;

    use super::*;

    /// What is said about an engine that answers like this.
    async fn said_of(answer: &'static str) -> Result<(), String> {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("docker.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let mut read = 0;
            while read < 1024 {
                read += stream.read(&mut request[read..]).await.unwrap();
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        let required = require(&socket).await;
        server.await.unwrap();
        required.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn an_engine_that_looks_for_no_dockerfile_has_no_classic_builder() {
        // As 20.10 and 28.5 answer.
        let has = "HTTP/1.1 400 Bad Request\r\nContent-Length: 66\r\n\r\n\
                   {\"message\":\"Cannot locate specified Dockerfile: Dockerfile\"}\r\n\r\n\r\n";
        assert_eq!(said_of(has).await, Ok(()));
        let has_not = "HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(
            said_of(has_not).await,
            Err("this engine has no classic builder: it answers `501 Not Implemented` to a build that asks for it".to_owned())
        );
    }
}
