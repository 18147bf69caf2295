//! Sockets at which no Docker daemon listens.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;

/// What comes back from the socket.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// Nothing, and the connection stays open.
    Silence,
    /// The connection is closed at once.
    Close,
    /// These bytes, whatever was asked, and the connection is closed.
    Bytes(&'static str),
}

/// A socket in a folder of its own.
#[derive(Debug)]
pub(crate) struct FakeSocket {
    path: PathBuf,
    /// Kept where nobody answers, so that connections can be counted.
    listener: Option<UnixListener>,
    _folder: tempfile::TempDir,
}

impl FakeSocket {
    /// A socket that answers like this until the test ends.
    pub(crate) fn answering(answer: Answer) -> Self {
        let folder = crate::command::scratch();
        let path = folder.path().join("docker.sock");
        let listener = UnixListener::bind(&path).expect("a socket in a new folder");
        let listener = match answer {
            Answer::Silence => Some(listener),
            Answer::Close => {
                thread::spawn(move || listener.incoming().for_each(drop));
                None
            }
            Answer::Bytes(bytes) => {
                thread::spawn(move || {
                    for stream in listener.incoming().flatten() {
                        answer_once(stream, bytes);
                    }
                });
                None
            }
        };
        Self {
            path,
            listener,
            _folder: folder,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether anybody has connected to a silent socket.
    pub(crate) fn was_touched(&self) -> bool {
        let listener = self.listener.as_ref().expect("a silent socket");
        listener.set_nonblocking(true).expect("a socket of our own");
        match listener.accept() {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
                false
            }
        }
    }
}

fn answer_once(mut stream: UnixStream, bytes: &str) {
    // A connection that is closed before it asks for anything is none of our business.
    let mut request = [0; 4096];
    if stream.read(&mut request).is_ok_and(|read| read > 0) {
        let _ = stream.write_all(bytes.as_bytes());
    }
}
