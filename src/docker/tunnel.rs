//! A socket of this machine that leads to a daemon elsewhere, so that everything goes one way: calls of the engine's API,
//! builds and their sessions.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::io::{AsyncWriteExt as _, copy};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet};

use super::dial::{Connection, Dialer};

/// The open tunnel; closed and removed when dropped.
#[derive(Debug)]
pub(super) struct Tunnel {
    /// Only this user may enter it.
    folder: TempDir,
    carrier: JoinHandle<()>,
}

impl Tunnel {
    /// Opens it.
    pub(super) fn open(dialer: Dialer) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("seatrial-tunnel-").tempdir()?;
        let listener = UnixListener::bind(folder.path().join("docker.sock"))?;
        let carrier = tokio::spawn(async move {
            // Dropped with this task, and every connection with it.
            let mut connections = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let dialer = dialer.clone();
                connections.spawn(async move {
                    // One that cannot be made ends the near side, which says what was asked.
                    if let Ok(far) = dialer.dial().await {
                        carry(near, far).await;
                    }
                });
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { folder, carrier })
    }

    /// Where it begins.
    pub(super) fn socket(&self) -> PathBuf {
        self.folder().join("docker.sock")
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.carrier.abort();
    }
}

/// Carries bytes both ways. An end of one way is passed on, since builds and attached sessions use the other still.
async fn carry(near: UnixStream, far: Connection) {
    let (mut near_reader, mut near_writer) = near.into_split();
    let Connection {
        reader: mut far_reader,
        writer: mut far_writer,
        child: _child,
    } = far;
    let out = async move {
        // Whatever breaks is seen at both ends.
        let _ = copy(&mut near_reader, &mut far_writer).await;
        let _ = far_writer.shutdown().await;
        // The end of a pipe is told only by closing it.
        drop(far_writer);
    };
    let back = async move {
        let _ = copy(&mut far_reader, &mut near_writer).await;
        let _ = near_writer.shutdown().await;
    };
    tokio::join!(out, back);
}
