//! Turning an engine API connection into a raw byte stream.
//!
//! The engine answers `POST /grpc` and `POST /session` with `101` and leaves the connection to HTTP/2 without
//! encryption. bollard keeps its own upgrade private, so this is ours.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use super::Endpoint;

/// The longest answer to an upgrade that is read; the engine sends some 150 bytes.
const LONGEST_ANSWER: usize = 16 * 1024;

/// How long the engine may take for it: one that is frozen takes connections and says nothing.
const PATIENCE: Duration = Duration::from_secs(60);

/// Connects, asks for `path` to be upgraded, and returns the stream behind the engine's `101`.
///
/// # Errors
///
/// Where the socket refuses, the engine answers anything but `101` or not in time, or the connection ends before.
pub(super) async fn upgrade(
    endpoint: &Endpoint,
    path: &str,
    headers: &[(&str, &str)],
) -> io::Result<UnixStream> {
    match tokio::time::timeout(PATIENCE, ask(endpoint, path, headers)).await {
        Ok(answered) => answered,
        Err(_) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("`POST {path}` was not answered within {} s", PATIENCE.as_secs()),
        )),
    }
}

async fn ask(endpoint: &Endpoint, path: &str, headers: &[(&str, &str)]) -> io::Result<UnixStream> {
    let mut stream = UnixStream::connect(endpoint.socket()).await?;
    let mut request =
        format!("POST {path} HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n");
    for (name, value) in headers {
        // Writing to a string cannot fail.
        let _ = write!(request, "{name}: {value}\r\n");
    }
    request.push_str("Content-Length: 0\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;

    // Byte by byte: whatever follows the blank line belongs to HTTP/2, and the engine may send it at once.
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() == LONGEST_ANSWER {
            return Err(io::Error::other("the answer to the upgrade does not end"));
        }
        answer.push(stream.read_u8().await?);
    }
    let status = answer.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    if status == b"101" {
        Ok(stream)
    } else {
        let first_line = String::from_utf8_lossy(&answer);
        let first_line = first_line.lines().next().unwrap_or_default();
        Err(io::Error::other(format!(
            "`POST {path}` was answered with `{first_line}`, expected 101"
        )))
    }
}
