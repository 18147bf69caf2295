//! `ballast ask`: whether a service of the same container answers, as health checks ask it, and the asking for others.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::flags::{Flag, Flags, Takes};

pub(crate) const HELP: &str = "\
usage: ballast ask [flags]

  --port PORT             port to ask, of 127.0.0.1                         [8000]
  --path PATH             path to ask for                                   [/health]

Ends with exit code 0 where the answer is 200, and 1 where it is not or there is none.
";

pub(crate) const FLAGS: &[Flag] = &[
    Flag {
        name: "--port",
        takes: Takes::One,
    },
    Flag {
        name: "--path",
        takes: Takes::One,
    },
];

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks once.
pub(crate) fn ask(flags: &Flags) -> Result<(), String> {
    let port = flags.text("--port").unwrap_or("8000");
    let port: u16 = port
        .parse()
        .map_err(|_| format!("`{port}` is not a port, expected 1 to 65535"))?;
    let path = flags.text("--path").unwrap_or("/health");
    answers((Ipv4Addr::LOCALHOST, port).into(), path)
}

/// Asks a service once; an error says what is there in place of an answer of 200.
pub(crate) fn answers(address: SocketAddr, path: &str) -> Result<(), String> {
    let nobody = |error| format!("no answer at {address}: {error}");
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(nobody)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(nobody)?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(nobody)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(nobody)?;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) == Some("200") {
        return Ok(());
    }
    Err(format!("{address} answers `{status}`, expected the status 200"))
}
