//! The connection to one daemon, and what kind of daemon it is.

use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, Docker};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::classic::MadeImages;
use super::neighbours::Heard;
use super::place::DaemonPlace;
use super::watched_build::GivenUpBuilds;
use super::{ConnectEngine, Endpoint};
use crate::results::{Environment, ImageStore};
use crate::unit::ByteSize;

/// How long an API call may take until its response's headers; builds and waits do not go through it.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(120);

/// How long a daemon may take to say what it is. One that is busy answers late; one that never does must not hold the
/// command for ever.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// A daemon that answered.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(super) docker: Docker,
    pub(super) endpoint: Endpoint,
    pub(super) store: ImageStore,
    /// Shared by clones, which talk to the same daemon.
    pub(super) given_up: GivenUpBuilds,
    /// Shared by clones as well.
    pub(super) made_images: MadeImages,
    /// The engine's version.
    pub(super) version: String,
    /// Likewise.
    pub(super) heard: Heard,
    id: String,
    pub(super) place: DaemonPlace,
}

impl Engine {
    /// Connects and asks what kind of daemon it is.
    ///
    /// # Errors
    ///
    /// Where nothing answers at the endpoint, or not in time.
    pub async fn connect(endpoint: Endpoint) -> Result<Self, ConnectEngine> {
        let address = endpoint.address();
        match timeout(PATIENCE, Self::ask(endpoint)).await {
            Ok(answered) => answered,
            Err(_) => Err(ConnectEngine::AskDaemon {
                address,
                request: "GET /version",
                source: format!("there was no answer within {} s", PATIENCE.as_secs()).into(),
            }),
        }
    }

    async fn ask(endpoint: Endpoint) -> Result<Self, ConnectEngine> {
        // bollard reports a missing socket and a refused one alike; the operating system does not.
        UnixStream::connect(endpoint.socket())
            .await
            .map_err(|source| ConnectEngine::OpenSocket {
                address: endpoint.address(),
                source,
            })?;
        let asked = |request: &'static str| {
            let address = endpoint.address();
            move |source: bollard::errors::Error| ConnectEngine::AskDaemon {
                address,
                request,
                source: Box::new(source),
            }
        };
        let docker = Docker::connect_with_socket(
            &endpoint.socket().to_string_lossy(),
            CALL_TIMEOUT.as_secs(),
            API_DEFAULT_VERSION,
        )
        .map_err(asked("GET /version"))?
        .negotiate_version()
        .await
        .map_err(asked("GET /version"))?;
        let info = docker.info().await.map_err(asked("GET /info"))?;
        // The containerd store names itself in the driver's status; a storage driver never does.
        let containerd = info
            .driver_status
            .iter()
            .flatten()
            .flatten()
            .any(|text| text.starts_with("io.containerd.snapshotter"));
        let store = if containerd {
            ImageStore::Containerd
        } else {
            ImageStore::Graphdriver
        };
        let place = DaemonPlace::of(&endpoint, &info);
        Ok(Self {
            docker,
            endpoint,
            store,
            heard: Heard::default(),
            id: info.id.unwrap_or_default(),
            place,
            given_up: GivenUpBuilds::default(),
            made_images: MadeImages::default(),
            version: info.server_version.unwrap_or_default(),
        })
    }

    /// What tells this daemon from every other.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What stands next to every number: versions, store, machine.
    ///
    /// # Errors
    ///
    /// Where the daemon does not answer.
    pub async fn environment(&self) -> Result<Environment, ConnectEngine> {
        let asked = |request: &'static str| {
            let address = self.endpoint.address();
            move |source: bollard::errors::Error| ConnectEngine::AskDaemon {
                address,
                request,
                source: Box::new(source),
            }
        };
        let version = self.docker.version().await.map_err(asked("GET /version"))?;
        let info = self.docker.info().await.map_err(asked("GET /info"))?;
        let components = version
            .components
            .unwrap_or_default()
            .into_iter()
            .filter(|component| component.name != "Engine")
            .map(|component| (component.name, component.version))
            .collect();
        let unknown = || "unknown".to_owned();
        Ok(Environment {
            engine: version.version.unwrap_or_else(unknown),
            api: version.api_version.unwrap_or_else(unknown),
            builder: "buildkit".to_owned(),
            store: self.store,
            export_waits_for_second: self.store == ImageStore::Graphdriver
                && !native_diff(
                    info.driver.as_deref(),
                    info.driver_status.as_deref().unwrap_or_default(),
                ),
            storage_driver: info.driver.unwrap_or_else(unknown),
            os: info.os_type.unwrap_or_else(unknown),
            kernel: format!(
                "{}, {}",
                info.operating_system.unwrap_or_else(unknown),
                info.kernel_version.unwrap_or_else(unknown)
            ),
            architecture: info.architecture.unwrap_or_else(unknown),
            cpu: None,
            is_virtual: None,
            cpus: info.ncpu.and_then(|count| u32::try_from(count).ok()),
            memory_bytes: info
                .mem_total
                .and_then(|bytes| u64::try_from(bytes).ok())
                .map(ByteSize),
            components,
            load_1m: None,
        })
    }
}

/// Whether a storage driver tells the difference of two layers by itself.
fn native_diff(driver: Option<&str>, status: &[Vec<String>]) -> bool {
    let native_overlay_diff = status
        .iter()
        .find(|pair| pair.first().is_some_and(|name| name == "Native Overlay Diff"))
        .and_then(|pair| pair.get(1));
    match (driver, native_overlay_diff) {
        (_, Some(native)) => native == "true",
        (Some("fuse-overlayfs" | "vfs"), None) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_driver_or_its_status_tells_whether_layers_are_compared_natively() {
        let status = |value: &str| vec![vec!["Native Overlay Diff".to_owned(), value.to_owned()]];
        for (driver, status, native) in [
            ("overlay2", status("true"), true),
            ("overlay2", status("false"), false),
            ("fuse-overlayfs", Vec::new(), false),
            ("vfs", Vec::new(), false),
            ("btrfs", Vec::new(), true),
        ] {
            assert_eq!(native_diff(Some(driver), &status), native, "{driver} {status:?}");
        }
    }
}
