//! How many TCP sockets a network namespace has, read from what the kernel counts anyway.
//!
//! Reading it takes a fifth of the time of a connection that is refused, so that it can be looked at more often for the
//! same share of a processor.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

/// The files in which the kernel tells it, of the thread that opens them, and how the line of TCP begins in each.
const FILES: [(&str, &str); 2] = [
    ("/proc/thread-self/net/sockstat", "TCP: inuse "),
    ("/proc/thread-self/net/sockstat6", "TCP6: inuse "),
];

/// They are a few short lines; what is looked for is among the first.
const ENOUGH_BYTES: usize = 512;

/// The count of TCP sockets that are bound to be found: those that listen, and those with a connection.
#[derive(Debug)]
pub(crate) struct SocketCount {
    files: Vec<(File, &'static str)>,
}

impl SocketCount {
    /// Opens the count of this thread's network namespace; whoever reads it may be elsewhere. A kernel without IPv6 counts
    /// the sockets of the other version alone.
    ///
    /// # Errors
    ///
    /// Where a file is there and cannot be opened, or none is.
    pub(crate) fn open() -> io::Result<Self> {
        let mut files = Vec::new();
        for (path, line) in FILES {
            match File::open(path) {
                Ok(file) => files.push((file, line)),
                Err(error) if error.kind() == io::ErrorKind::NotFound && !files.is_empty() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self { files })
    }

    /// How many there are now; `None` where the kernel's words are others.
    pub(crate) fn now(&self) -> Option<u64> {
        let mut bytes = [0; ENOUGH_BYTES];
        self.files.iter().try_fold(0, |sum, (file, line)| {
            let length = file.read_at(&mut bytes, 0).ok()?;
            let text = std::str::from_utf8(&bytes[..length]).ok()?;
            Some(sum + count(text, line)?)
        })
    }
}

/// The number behind the words with which a line begins.
fn count(text: &str, line: &str) -> Option<u64> {
    let number = text.lines().find_map(|each| each.strip_prefix(line))?;
    number.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_number_is_found_behind_its_name() {
        let four = "sockets: used 9\nTCP: inuse 3 orphan 0 tw 12 alloc 5 mem 1\nUDP: inuse 7 mem 0\n";
        let six = "TCP6: inuse 14\nUDP6: inuse 2\n";
        assert_eq!(count(four, FILES[0].1), Some(3));
        assert_eq!(count(six, FILES[1].1), Some(14));
        assert_eq!(count(six, FILES[0].1), None);
        assert_eq!(count("TCP: inuse many", FILES[0].1), None);
    }

    /// Other tests of this process open and close sockets at the same time, so that the count is looked at again until it
    /// was seen above what it was before.
    #[cfg(target_os = "linux")]
    #[test]
    fn whoever_listens_is_counted() {
        let sockets = SocketCount::open().expect("a count");
        let seen = (0..200).any(|_| {
            let before = sockets.now().expect("a number");
            let listeners: Vec<_> = ["127.0.0.1:0", "0.0.0.0:0", "127.0.0.2:0"]
                .into_iter()
                .map(|address| TcpListener::bind(address).expect("a listener"))
                .collect();
            let with = sockets.now().expect("a number");
            drop(listeners);
            with == before + 3
        });
        assert!(seen);
    }
}
