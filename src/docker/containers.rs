//! Containers: created, started, waited for, removed.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use bollard::container::LogOutput;
use bollard::models::{ContainerCreateBody, HostConfig, Mount, MountTmpfsOptions, MountType, PortBinding};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, ListContainersOptionsBuilder, LogsOptionsBuilder,
    RemoveContainerOptionsBuilder, StartContainerOptions, WaitContainerOptionsBuilder,
};
use futures_util::StreamExt as _;

use super::Engine;
use super::images::{fault, status};
use crate::run::{Addresses, ContainerEnd, ContainerRequest, Containers, EngineFault};
use crate::scenario::ContainerMount;
use crate::unit::Cpus;

/// The label that names the run which a container belongs to.
pub(super) const RUN_LABEL: &str = "seatrial.run";

/// How many of a container's last log lines are kept.
const LOG_TAIL_LINES: usize = 100;

impl Engine {
    /// Whether there is a container of this id, which may be shortened.
    ///
    /// # Errors
    ///
    /// Where the daemon does not tell.
    pub async fn has_container(&self, id: &str) -> Result<bool, EngineFault> {
        let inspected = self
            .docker
            .inspect_container(id, None::<InspectContainerOptions>)
            .await;
        match inspected {
            Ok(_) => Ok(true),
            Err(refusal) if status(&refusal) == Some(404) => Ok(false),
            Err(refusal) => Err(fault("inspect container", id, refusal)),
        }
    }
}

/// A mount in the words of the engine's interface.
fn mount((target, mount): (&String, &ContainerMount)) -> Mount {
    let target = Some(target.clone());
    match mount {
        ContainerMount::Bind(source) => Mount {
            target,
            source: Some(source.to_string_lossy().into_owned()),
            typ: Some(MountType::BIND),
            read_only: Some(true),
            ..Mount::default()
        },
        ContainerMount::Tmpfs(size) => Mount {
            target,
            typ: Some(MountType::TMPFS),
            tmpfs_options: Some(MountTmpfsOptions {
                size_bytes: Some(i64::try_from(size.0).unwrap_or(i64::MAX)),
                ..MountTmpfsOptions::default()
            }),
            ..Mount::default()
        },
    }
}

impl Containers for Engine {
    async fn create_container(&self, request: &ContainerRequest) -> Result<String, EngineFault> {
        let options = &request.options;
        let limits = options.limits;
        let memory_limit = limits
            .memory
            .map(|memory| i64::try_from(memory.0).unwrap_or(i64::MAX));
        let port = format!("{}/tcp", request.port);
        let binding = PortBinding {
            host_ip: Some(Ipv4Addr::LOCALHOST.to_string()),
            // The daemon picks a free one.
            host_port: Some(String::new()),
        };
        let body = ContainerCreateBody {
            image: Some(request.image.clone()),
            entrypoint: options.entrypoint.clone(),
            cmd: options.command.clone(),
            user: options.user.clone(),
            env: Some(
                options
                    .env
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect(),
            ),
            labels: Some(HashMap::from([(RUN_LABEL.to_owned(), request.run_id.clone())])),
            exposed_ports: Some(vec![port.clone()]),
            host_config: Some(HostConfig {
                port_bindings: Some(HashMap::from([(port, Some(vec![binding]))])),
                network_mode: options.network.clone(),
                mounts: Some(options.mounts.iter().map(mount).collect()),
                nano_cpus: limits.cpus.map(Cpus::billionths),
                memory: memory_limit,
                // As much as of memory: no swap besides.
                memory_swap: memory_limit,
                pids_limit: limits.processes.map(i64::from),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        let options = CreateContainerOptionsBuilder::new().name(&request.name).build();
        let created = self.docker.create_container(Some(options), body).await;
        created
            .map(|created| created.id)
            .map_err(|refusal| fault("create a container of image", &request.image, refusal))
    }

    async fn start_container(&self, id: &str) -> Result<(), EngineFault> {
        let started = self
            .docker
            .start_container(id, None::<StartContainerOptions>)
            .await;
        started.map_err(|refusal| fault("start container", id, refusal))
    }

    async fn addresses(&self, id: &str, port: u16) -> Result<Addresses, EngineFault> {
        let inspected = self
            .docker
            .inspect_container(id, None::<InspectContainerOptions>)
            .await
            .map_err(|refusal| fault("inspect container", id, refusal))?;
        let network = inspected.network_settings.unwrap_or_default();
        let published = network
            .ports
            .unwrap_or_default()
            .remove(&format!("{port}/tcp"))
            .flatten()
            .unwrap_or_default()
            .into_iter()
            .find_map(|binding| binding.host_port?.parse().ok())
            .map(|port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
        let own = network
            .networks
            .unwrap_or_default()
            .into_values()
            .find_map(|network| network.ip_address?.parse::<IpAddr>().ok())
            .map(|address| SocketAddr::new(address, port));
        Ok(Addresses {
            container: own,
            published,
        })
    }

    async fn wait_for_end(&self, id: &str) -> Result<ContainerEnd, EngineFault> {
        let options = WaitContainerOptionsBuilder::new()
            .condition("not-running")
            .build();
        let ended = self.docker.wait_container(id, Some(options)).next().await;
        let exit_code = match ended {
            Some(Ok(response)) => response.status_code,
            // bollard turns an exit code other than zero into an error.
            Some(Err(bollard::errors::Error::DockerContainerWaitError { code, .. })) => code,
            Some(Err(refusal)) => return Err(fault("wait for container", id, refusal)),
            None => {
                return Err(fault(
                    "wait for container",
                    id,
                    bollard::errors::Error::RequestTimeoutError,
                ));
            }
        };
        let inspected = self
            .docker
            .inspect_container(id, None::<InspectContainerOptions>)
            .await
            .map_err(|refusal| fault("inspect container", id, refusal))?;
        let out_of_memory = inspected
            .state
            .and_then(|state| state.oom_killed)
            .unwrap_or_default();
        Ok(ContainerEnd {
            exit_code,
            out_of_memory,
        })
    }

    async fn log_tail(&self, id: &str) -> Result<Vec<String>, EngineFault> {
        let options = LogsOptionsBuilder::new()
            .stdout(true)
            .stderr(true)
            .tail(&LOG_TAIL_LINES.to_string())
            .build();
        let mut text = Vec::new();
        let mut chunks = self.docker.logs(id, Some(options));
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|refusal| fault("read the log of container", id, refusal))?;
            match chunk {
                LogOutput::StdOut { message }
                | LogOutput::StdErr { message }
                | LogOutput::Console { message } => {
                    text.extend_from_slice(&message);
                }
                LogOutput::StdIn { .. } => {}
            }
        }
        Ok(String::from_utf8_lossy(&text)
            .lines()
            .map(str::to_owned)
            .collect())
    }

    async fn remove_container(&self, id: &str) -> Result<(), EngineFault> {
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        match self.docker.remove_container(id, Some(options)).await {
            Ok(()) => Ok(()),
            Err(refusal) if status(&refusal) == Some(404) => Ok(()),
            Err(refusal) => Err(fault("remove container", id, refusal)),
        }
    }

    async fn containers_of_run(&self, run_id: &str) -> Result<Vec<String>, EngineFault> {
        let label = format!("{RUN_LABEL}={run_id}");
        let filters = HashMap::from([("label", vec![label.as_str()])]);
        let options = ListContainersOptionsBuilder::new()
            .all(true)
            .filters(&filters)
            .build();
        let containers = self.docker.list_containers(Some(options)).await;
        let containers = containers.map_err(|refusal| fault("list containers of run", run_id, refusal))?;
        Ok(containers
            .into_iter()
            .filter_map(|container| container.id)
            .collect())
    }
}
