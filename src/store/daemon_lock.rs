//! One run at a time on a daemon: two would disturb each other's times and take each other's build records for their
//! own.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::digest::Digest;

/// Holds a daemon until it is dropped, or until the process ends in whatever way.
#[derive(Debug)]
pub struct DaemonLock {
    file: File,
}

/// Why a daemon cannot be held.
#[derive(Debug, thiserror::Error)]
pub enum HoldDaemon {
    /// Another run holds it.
    #[error("another seatrial run holds this daemon: {holder}")]
    Held {
        /// What the other run wrote about itself.
        holder: String,
    },
    /// The lock's file cannot be used.
    #[error("cannot use the lock `{}`", path.display())]
    OpenLock {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl HoldDaemon {
    /// What may help.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Held { .. } => vec!["wait until it has ended, or give --wait".to_owned()],
            Self::OpenLock { .. } => Vec::new(),
        }
    }
}

impl DaemonLock {
    /// Holds the daemon with this id, if nobody else does. `folder` is shared by all users of the machine; `holder`
    /// says to others who holds it.
    ///
    /// # Errors
    ///
    /// Where another process holds it, or the lock's file cannot be used.
    pub fn hold(folder: &Path, daemon_id: &str, holder: &str) -> Result<Self, HoldDaemon> {
        let path = folder.join(format!("seatrial-daemon-{}.lock", Digest::of(daemon_id).short()));
        let refused = |source| HoldDaemon::OpenLock {
            path: path.clone(),
            source,
        };
        // Another user's file can be read and not written, which is enough to lock it.
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o666)
            .open(&path);
        let mut file = match opened {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                File::open(&path).map_err(refused)?
            }
            opened => opened.map_err(refused)?,
        };
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                let mut holder = String::new();
                // What it says is a courtesy; that it is held is certain.
                let _ = file.read_to_string(&mut holder);
                let holder = holder
                    .lines()
                    .next()
                    .unwrap_or("it does not say which")
                    .to_owned();
                return Err(HoldDaemon::Held { holder });
            }
            Err(errno) => return Err(refused(errno.into())),
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{holder}"));
        // Only who made the file can write into it; the lock holds all the same.
        let _ = written;
        Ok(Self { file })
    }
}

impl Drop for DaemonLock {
    fn drop(&mut self) {
        // A name left in it would be shown as the holder's by whoever reads it between two runs.
        let _ = self.file.set_len(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_is_held_by_one_at_a_time_and_others_are_told_by_whom() {
        let folder = tempfile::tempdir().unwrap();
        let held = DaemonLock::hold(folder.path(), "ID:1", "process 7, quickstart").unwrap();
        let refused = DaemonLock::hold(folder.path(), "ID:1", "process 8").unwrap_err();
        assert_eq!(
            refused.to_string(),
            "another seatrial run holds this daemon: process 7, quickstart"
        );
        assert!(DaemonLock::hold(folder.path(), "ID:2", "process 8").is_ok());
        drop(held);
        assert!(DaemonLock::hold(folder.path(), "ID:1", "process 8").is_ok());
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = DaemonLock::hold(Path::new("/nonexistent"), "ID", "me").unwrap_err();
        assert!(
            error.to_string().contains("/nonexistent/seatrial-daemon-"),
            "{error}"
        );
    }
}
