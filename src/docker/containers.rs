//! Containers: created, started, waited for, removed.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use bollard::container::LogOutput;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, ExecConfig, HealthConfig, HealthStatusEnum,
    HealthcheckResult, HostConfig, Mount, MountTmpfsOptions, MountType, PortBinding,
};
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, CreateContainerOptionsBuilder, EventsOptionsBuilder,
    InspectContainerOptions, InspectContainerOptionsBuilder, ListContainersOptionsBuilder,
    LogsOptionsBuilder, RemoveContainerOptionsBuilder, StartContainerOptions, StopContainerOptionsBuilder,
    WaitContainerOptionsBuilder,
};
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;

use super::Engine;
use super::images::{fault, status};
use crate::run::{
    Addresses, ContainerEnd, ContainerRequest, Containers, Conversation, EngineFault, Health, HealthCheck,
    Printed,
};
use crate::scenario::{ContainerMount, LogStream};
use crate::unit::{ByteSize, Cpus, Nanos};

/// The label that names the run which a container belongs to.
pub(super) const RUN_LABEL: &str = "seatrial.run";

/// How many of a container's last log lines are kept.
const LOG_TAIL_LINES: usize = 100;

/// How many bytes of them.
const LOG_TAIL_BYTES: usize = 64 << 10;

impl Engine {
    /// Whether there is a container of this id, which may be shortened.
    ///
    /// # Errors
    ///
    /// Where the daemon does not tell.
    pub async fn has_container(&self, id: &str) -> Result<bool, EngineFault> {
        match self.inspect(id).await {
            Ok(_) => Ok(true),
            Err(fault) if fault.status == Some(404) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    async fn attached(&self, id: &str, input: bool) -> Result<Conversation, EngineFault> {
        let options = AttachContainerOptionsBuilder::new()
            .stream(true)
            .stdin(input)
            .stdout(true)
            .stderr(true)
            .build();
        let refused = |id: &str, refusal| fault("listen to what is printed by container", id, refusal);
        let attached = self.docker.attach_container(id, Some(options)).await;
        let attached = attached.map_err(|refusal| refused(id, refusal))?;
        let id = id.to_owned();
        let printed = attached.output.filter_map(move |chunk| {
            let printed = match chunk {
                Ok(LogOutput::StdErr { message }) => Some(Ok((LogStream::Stderr, message))),
                Ok(LogOutput::StdOut { message } | LogOutput::Console { message }) => {
                    Some(Ok((LogStream::Stdout, message)))
                }
                Ok(LogOutput::StdIn { .. }) => None,
                Err(refusal) => Some(Err(refused(&id, refusal))),
            };
            let printed = printed.map(|printed| {
                printed.map(|(stream, message)| Printed {
                    stream,
                    bytes: message.into(),
                })
            });
            std::future::ready(printed)
        });
        Ok(Conversation {
            printed: printed.boxed(),
            input: attached.input,
        })
    }

    async fn inspect(&self, id: &str) -> Result<ContainerInspectResponse, EngineFault> {
        let inspected = self
            .docker
            .inspect_container(id, None::<InspectContainerOptions>)
            .await;
        inspected.map_err(|refusal| fault("inspect container", id, refusal))
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

/// A health check as the engine tells it; nothing where its instants cannot be read.
fn health_check(told: &HealthcheckResult) -> Option<HealthCheck> {
    Some(HealthCheck {
        began: Nanos(u64::try_from(told.start?.unix_timestamp_nanos()).ok()?),
        ended: Nanos(u64::try_from(told.end?.unix_timestamp_nanos()).ok()?),
        passed: told.exit_code == Some(0),
    })
}

impl Containers for Engine {
    async fn create_container(&self, request: &ContainerRequest) -> Result<String, EngineFault> {
        let options = &request.options;
        let limits = options.limits;
        let memory_limit = limits
            .memory
            .map(|memory| i64::try_from(memory.0).unwrap_or(i64::MAX));
        // What is in the network of another publishes nothing itself.
        let port = request.port.filter(|_| request.network_of.is_none());
        let port = port.map(|port| format!("{port}/tcp"));
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
            exposed_ports: port.clone().map(|port| vec![port]),
            open_stdin: Some(request.takes_input),
            // What is left out is as the image says.
            healthcheck: request.health_every.map(|every| HealthConfig {
                interval: Some(i64::try_from(every.0).unwrap_or(i64::MAX)),
                ..HealthConfig::default()
            }),
            host_config: Some(HostConfig {
                port_bindings: port.map(|port| HashMap::from([(port, Some(vec![binding]))])),
                network_mode: match &request.network_of {
                    Some(holder) => Some(format!("container:{holder}")),
                    None => options.network.clone(),
                },
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

    async fn main_process(&self, id: &str) -> Result<Option<u32>, EngineFault> {
        let told = self.inspect(id).await?.state.and_then(|state| state.pid);
        // Of one that has ended zero is told.
        Ok(told
            .and_then(|pid| u32::try_from(pid).ok())
            .filter(|pid| *pid > 0))
    }

    async fn addresses(&self, id: &str, port: u16) -> Result<Addresses, EngineFault> {
        let network = self.inspect(id).await?.network_settings.unwrap_or_default();
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
        let out_of_memory = self
            .inspect(id)
            .await?
            .state
            .and_then(|state| state.oom_killed)
            .unwrap_or_default();
        Ok(ContainerEnd {
            exit_code,
            out_of_memory,
        })
    }

    async fn attach(
        &self,
        id: &str,
    ) -> Result<BoxStream<'static, Result<Printed, EngineFault>>, EngineFault> {
        let Conversation { printed, input } = self.attached(id, false).await?;
        // The other direction stays open as long as this one: some engines end both with either.
        let printed = printed.inspect(move |_| {
            let _ = &input;
        });
        Ok(printed.boxed())
    }

    async fn converse(&self, id: &str) -> Result<Conversation, EngineFault> {
        self.attached(id, true).await
    }

    fn health_changes(&self, id: &str) -> BoxStream<'static, Result<(), EngineFault>> {
        let filters = HashMap::from([("container", vec![id]), ("event", vec!["health_status"])]);
        let options = EventsOptionsBuilder::new().filters(&filters).build();
        let id = id.to_owned();
        let events = self.docker.events(Some(options));
        let changes = events.map(move |event| match event {
            Ok(_) => Ok(()),
            Err(refusal) => Err(fault("listen to the health of container", &id, refusal)),
        });
        changes.boxed()
    }

    async fn health(&self, id: &str) -> Result<Option<Health>, EngineFault> {
        let health = self.inspect(id).await?.state.and_then(|state| state.health);
        let Some(health) = health.filter(|health| health.status != Some(HealthStatusEnum::NONE)) else {
            return Ok(None);
        };
        let checks = health.log.unwrap_or_default().into_iter();
        Ok(Some(Health {
            healthy: health.status == Some(HealthStatusEnum::HEALTHY),
            checks: checks.filter_map(|check| health_check(&check)).collect(),
        }))
    }

    async fn run_inside(&self, id: &str, command: &[String]) -> Result<i64, EngineFault> {
        let refused = |refusal| fault("run a command in container", id, refusal);
        let config = ExecConfig {
            cmd: Some(command.to_vec()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..ExecConfig::default()
        };
        let created = self.docker.create_exec(id, config).await.map_err(refused)?;
        let started = self
            .docker
            .start_exec(&created.id, None::<StartExecOptions>)
            .await;
        if let StartExecResults::Attached {
            mut output,
            input: _input,
        } = started.map_err(refused)?
        {
            while let Some(chunk) = output.next().await {
                chunk.map_err(refused)?;
            }
        }
        let ended = self.docker.inspect_exec(&created.id).await.map_err(refused)?;
        ended.exit_code.ok_or_else(|| EngineFault {
            operation: "run a command in container",
            subject: id.to_owned(),
            status: None,
            source: "the daemon does not tell how it ended".into(),
        })
    }

    async fn written(&self, id: &str) -> Result<Option<ByteSize>, EngineFault> {
        let options = InspectContainerOptionsBuilder::new().size(true).build();
        let inspected = self.docker.inspect_container(id, Some(options)).await;
        let inspected = inspected.map_err(|refusal| fault("weigh container", id, refusal))?;
        let size = inspected.size_rw.and_then(|size| u64::try_from(size).ok());
        Ok(size.map(ByteSize))
    }

    async fn log_tail(&self, id: &str) -> Result<Vec<String>, EngineFault> {
        let options = LogsOptionsBuilder::new()
            .stdout(true)
            .stderr(true)
            .tail(&LOG_TAIL_LINES.to_string())
            .build();
        let mut text: Vec<u8> = Vec::new();
        let mut chunks = self.docker.logs(id, Some(options));
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|refusal| fault("read the log of container", id, refusal))?;
            match chunk {
                LogOutput::StdOut { message }
                | LogOutput::StdErr { message }
                | LogOutput::Console { message } => {
                    text.extend_from_slice(&message);
                    // A line may have no end.
                    text.drain(..text.len().saturating_sub(LOG_TAIL_BYTES));
                }
                LogOutput::StdIn { .. } => {}
            }
        }
        Ok(String::from_utf8_lossy(&text)
            .lines()
            .map(str::to_owned)
            .collect())
    }

    async fn stop_container(&self, id: &str) -> Result<(), EngineFault> {
        let options = StopContainerOptionsBuilder::new().t(1).build();
        let stopped = self.docker.stop_container(id, Some(options)).await;
        stopped.map_err(|refusal| fault("stop container", id, refusal))
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
