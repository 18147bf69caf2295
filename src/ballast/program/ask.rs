//! `ballast ask`: whether a service answers, of the same container where nothing else is said, as health checks ask it.

use std::io::{Read, Write};
use std::net::{IpAddr, TcpStream};
use std::time::Duration;

use crate::flags::{Flag, Flags, Takes};

pub(crate) const HELP: &str = "\
usage: ballast ask [flags]

  --address ADDRESS       address to ask, IPv4 or IPv6                      [127.0.0.1]
  --port PORT             port to ask                                       [8000]
  --path PATH             path to ask for                                   [/health]

Ends with exit code 0 where the answer is 200, and 1 where it is not or there is none.
";

pub(crate) const FLAGS: &[Flag] = &[
    Flag {
        name: "--address",
        takes: Takes::One,
    },
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
    let address = flags.text("--address").unwrap_or("127.0.0.1");
    let address: IpAddr = address
        .parse()
        .map_err(|_| format!("`{address}` is not an address, expected IPv4 or IPv6 as in `127.0.0.1`"))?;
    let path = flags.text("--path").unwrap_or("/health");
    let nobody = |error| format!("no answer on port {port}: {error}");
    let mut stream = TcpStream::connect((address, port)).map_err(nobody)?;
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
    Err(format!("port {port} answers `{status}`, expected the status 200"))
}
