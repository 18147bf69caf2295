//! Asking a server of the self-test for its own instants.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::analyze::OwnTimeline;

/// Such a server answers at once.
const PATIENCE: Duration = Duration::from_secs(5);

/// The server's name and its instants.
pub(super) fn ask_server(address: SocketAddr) -> io::Result<(String, OwnTimeline)> {
    // First the instants: each question is a connection that it takes.
    let instants = get(address, "/timeline")?;
    let timeline = serde_json::from_slice(&instants).map_err(io::Error::other)?;
    let name = get(address, "/health")?;
    Ok((String::from_utf8_lossy(&name).into_owned(), timeline))
}

fn get(address: SocketAddr, path: &str) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(
        format!("GET {path} HTTP/1.1\r\nHost: selftest\r\nConnection: close\r\n\r\n").as_bytes(),
    )?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response)?;
    let end_of_head = response.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let end_of_head = end_of_head.ok_or_else(|| io::Error::other("the answer has no end of its head"))?;
    Ok(response.split_off(end_of_head + 4))
}
