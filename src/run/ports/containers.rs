//! Containers of the daemon.

use std::net::SocketAddr;

use super::EngineFault;
use crate::scenario::ContainerOptions;

/// Containers of the daemon.
pub trait Containers: Sync {
    /// Creates a container that publishes its port on loopback, and returns its id.
    fn create_container(
        &self,
        request: &ContainerRequest,
    ) -> impl Future<Output = Result<String, EngineFault>> + Send;

    /// Starts a container.
    fn start_container(&self, id: &str) -> impl Future<Output = Result<(), EngineFault>> + Send;

    /// Where a started container can be reached.
    fn addresses(&self, id: &str, port: u16) -> impl Future<Output = Result<Addresses, EngineFault>> + Send;

    /// Waits until a started container is not running any more; one that has ended already is told at once.
    fn wait_for_end(&self, id: &str) -> impl Future<Output = Result<ContainerEnd, EngineFault>> + Send;

    /// The last lines that a container logged.
    fn log_tail(&self, id: &str) -> impl Future<Output = Result<Vec<String>, EngineFault>> + Send;

    /// Kills and removes a container; one that is not there counts as removed.
    fn remove_container(&self, id: &str) -> impl Future<Output = Result<(), EngineFault>> + Send;

    /// Ids of the containers that carry the label of a run.
    fn containers_of_run(
        &self,
        run_id: &str,
    ) -> impl Future<Output = Result<Vec<String>, EngineFault>> + Send;
}

/// A container, as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerRequest {
    /// Its name.
    pub name: String,
    /// The run that it belongs to.
    pub run_id: String,
    /// Its image.
    pub image: String,
    /// What it is started with besides; the sources of bind mounts are absolute.
    pub options: ContainerOptions,
    /// The port that it listens on; published on a free port of loopback.
    pub port: u16,
}

/// Where a started container can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Its own address; absent where it has none, as on the host's network.
    pub container: Option<SocketAddr>,
    /// The published port; absent where the container is gone already.
    pub published: Option<SocketAddr>,
}

/// How a container ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContainerEnd {
    /// Its exit code.
    pub exit_code: i64,
    /// Whether the kernel killed it for want of memory.
    pub out_of_memory: bool,
}
