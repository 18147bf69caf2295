//! Containers of the daemon.

use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;

use futures_util::stream::BoxStream;
use tokio::io::AsyncWrite;

use super::EngineFault;
use crate::scenario::{ContainerOptions, LogStream};
use crate::unit::{ByteSize, Nanos};

/// Containers of the daemon.
pub trait Containers: Sync {
    /// Creates a container, and returns its id.
    fn create_container(
        &self,
        request: &ContainerRequest,
    ) -> impl Future<Output = Result<String, EngineFault>> + Send;

    /// Starts a container.
    fn start_container(&self, id: &str) -> impl Future<Output = Result<(), EngineFault>> + Send;

    /// The first process of a started container, by the number that this machine knows it by; absent where it runs no
    /// more.
    fn main_process(&self, id: &str) -> impl Future<Output = Result<Option<u32>, EngineFault>> + Send;

    /// Where a started container can be reached.
    fn addresses(&self, id: &str, port: u16) -> impl Future<Output = Result<Addresses, EngineFault>> + Send;

    /// Waits until a started container is not running any more; one that has ended already is told at once.
    fn wait_for_end(&self, id: &str) -> impl Future<Output = Result<ContainerEnd, EngineFault>> + Send;

    /// Listens to what a created container will print; once this is there nothing is missed. It ends with the container.
    fn attach(
        &self,
        id: &str,
    ) -> impl Future<Output = Result<BoxStream<'static, Result<Printed, EngineFault>>, EngineFault>> + Send;

    /// The same, and what the container reads: only of one that was created to take input.
    fn converse(&self, id: &str) -> impl Future<Output = Result<Conversation, EngineFault>> + Send;

    /// Listens to what happens to the health of a container: each item says that it may have changed.
    fn health_changes(&self, id: &str) -> BoxStream<'static, Result<(), EngineFault>>;

    /// What a container's health check has found; absent where it has none.
    fn health(&self, id: &str) -> impl Future<Output = Result<Option<Health>, EngineFault>> + Send;

    /// Runs a command in a container until it ends, and returns its exit code.
    fn run_inside(
        &self,
        id: &str,
        command: &[String],
    ) -> impl Future<Output = Result<i64, EngineFault>> + Send;

    /// What a container has written to its own layer; absent where the engine does not tell.
    fn written(&self, id: &str) -> impl Future<Output = Result<Option<ByteSize>, EngineFault>> + Send;

    /// The last lines that a container logged.
    fn log_tail(&self, id: &str) -> impl Future<Output = Result<Vec<String>, EngineFault>> + Send;

    /// Asks a container to end, and kills it where it has not after a second.
    fn stop_container(&self, id: &str) -> impl Future<Output = Result<(), EngineFault>> + Send;

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
    /// The port that it listens on, where anybody asks it.
    pub port: Option<u16>,
    /// The container whose network it is in; absent, it has its own, and its port is published on a free one of
    /// loopback.
    pub network_of: Option<String>,
    /// How often its health check is made; absent, as often as its image says.
    pub health_every: Option<Nanos>,
    /// Whether it is spoken to; others find that their input has ended.
    pub takes_input: bool,
}

/// What a container has printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// Where.
    pub stream: LogStream,
    /// What, cut anywhere.
    pub bytes: Vec<u8>,
}

/// A container that is listened to and spoken to.
pub struct Conversation {
    /// What it prints. It ends with the container.
    pub printed: BoxStream<'static, Result<Printed, EngineFault>>,
    /// What it reads.
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
}

impl fmt::Debug for Conversation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Conversation").finish_non_exhaustive()
    }
}

/// What a container's health check has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Whether the last check passed.
    pub healthy: bool,
    /// The last checks, the oldest first.
    pub checks: Vec<HealthCheck>,
}

/// One health check. Its instants are of the daemon's clock, since its epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// When it began.
    pub began: Nanos,
    /// When it had ended.
    pub ended: Nanos,
    /// Whether it passed.
    pub passed: bool,
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
