//! Where a daemon runs: on this machine or elsewhere.

use std::path::{Path, PathBuf};

use bollard::models::SystemInfo;

use super::{Endpoint, Engine};

/// Where a daemon runs, going by what it says of itself.
#[derive(Clone, Debug, Default)]
pub(super) struct DaemonPlace {
    is_here: bool,
    data_root: Option<PathBuf>,
}

impl DaemonPlace {
    /// A daemon is here where it runs on this machine's kernel: the socket of one in a virtual machine is here as well.
    pub(super) fn of(endpoint: &Endpoint, info: &SystemInfo) -> Self {
        let system = rustix::system::uname();
        let kernel = system.release().to_string_lossy();
        let is_here = !endpoint.is_elsewhere() && info.kernel_version.as_deref() == Some(&*kernel);
        let data_root = info.docker_root_dir.as_ref().map(PathBuf::from);
        Self { is_here, data_root }
    }
}

impl Engine {
    /// Whether the daemon runs on this machine, so that what this machine says of itself is true of the daemon's, and
    /// its containers can be reached from here.
    #[must_use]
    pub const fn is_here(&self) -> bool {
        self.place.is_here
    }

    /// Whether the daemon is reached by a tunnel: its containers publish their ports on another machine.
    #[must_use]
    pub const fn is_elsewhere(&self) -> bool {
        self.endpoint.is_elsewhere()
    }

    /// The socket that the daemon is reached over.
    #[must_use]
    pub fn socket(&self) -> &Path {
        self.endpoint.socket()
    }

    /// The folder in which the daemon keeps its data, where this machine shows it.
    #[must_use]
    pub fn data_root(&self) -> Option<&Path> {
        let data_root = self.place.data_root.as_deref();
        data_root.filter(|folder| self.is_here() && folder.exists())
    }
}
