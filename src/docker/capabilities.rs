//! What an engine can do, as far as scenarios depend on it.

use std::net::{IpAddr, Ipv4Addr};

use bollard_buildkit_proto::moby::buildkit::v1::ListWorkersRequest;
use bollard_buildkit_proto::moby::buildkit::v1::types::WorkerRecord;

use super::Engine;
use super::build_options::HostGateway;
use super::builds::failed;
use super::solve::control;
use crate::results::ImageStore;
use crate::run::EngineFault;
use crate::scenario::EngineFacts;

/// The label under which newer engines tell the address of their host (`label.HostGatewayIP` of moby's
/// `builder/builder-next/worker`).
const GATEWAY_LABEL: &str = "org.mobyproject.buildkit.worker.moby.host-gateway-ip";

/// What a failure is about.
const BUILDER: &str = "the engine's builder";

impl Engine {
    /// What the engine can do.
    ///
    /// # Errors
    ///
    /// Where it does not answer.
    pub async fn facts(&self) -> Result<EngineFacts, EngineFault> {
        let version = self
            .docker
            .version()
            .await
            .map_err(|error| failed("ask", "GET /version", error))?;
        let mut platforms = Vec::new();
        for worker in self.workers().await? {
            for platform in worker.platforms {
                let mut name = format!("{}/{}", platform.os, platform.architecture);
                if !platform.variant.is_empty() {
                    name = format!("{name}/{}", platform.variant);
                }
                if !platforms.contains(&name) {
                    platforms.push(name);
                }
            }
        }
        Ok(EngineFacts {
            version: version.version.unwrap_or_default(),
            api: version.api_version.unwrap_or_default(),
            platforms,
            containerd_store: self.store == ImageStore::Containerd,
            pulls_from_here: self.is_here() || self.is_elsewhere(),
        })
    }

    /// Where containers reach the engine's host: what its builder says, else the gateway of its default network.
    pub(super) async fn host_gateway(&self) -> Result<HostGateway, EngineFault> {
        let told = self.workers().await?.into_iter().find_map(|worker| {
            let address: IpAddr = worker.labels.get(GATEWAY_LABEL)?.parse().ok()?;
            Some(address)
        });
        if let Some(address) = told {
            return Ok(HostGateway(address));
        }
        let inspect = |error| failed("inspect", "the network `bridge`", error);
        let network = self
            .docker
            .inspect_network("bridge", None)
            .await
            .map_err(inspect)?;
        network
            .ipam
            .and_then(|ipam| ipam.config)
            .into_iter()
            .flatten()
            .find_map(|pool| match pool.gateway {
                Some(gateway) => gateway.parse().ok(),
                None => first_address(&pool.subnet?),
            })
            .map(HostGateway)
            .ok_or_else(|| {
                let reason = std::io::Error::other("it has no gateway, which `host-gateway` stands for");
                failed("find", "the host of the network `bridge`", reason)
            })
    }

    async fn workers(&self) -> Result<Vec<WorkerRecord>, EngineFault> {
        let mut control = control(&self.endpoint)
            .await
            .map_err(|error| failed("ask", BUILDER, error))?;
        let workers = control
            .list_workers(ListWorkersRequest::default())
            .await
            .map_err(|error| failed("ask", BUILDER, error))?;
        Ok(workers.into_inner().record)
    }
}

/// The first address of a subnet such as `172.17.0.0/16`: an engine that chose its default network itself gives it to
/// its bridge, and does not say so.
fn first_address(subnet: &str) -> Option<IpAddr> {
    let network: Ipv4Addr = subnet.split('/').next()?.parse().ok()?;
    Some(Ipv4Addr::from_bits(network.to_bits().checked_add(1)?).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_address_of_a_subnet_follows_its_name() {
        for (subnet, address) in [
            ("172.17.0.0/16", Some("172.17.0.1")),
            ("10.1.255.255/32", Some("10.2.0.0")),
            ("255.255.255.255/32", None),
            ("fe80::/64", None),
            ("", None),
        ] {
            let expected = address.map(|address| address.parse().unwrap());
            assert_eq!(first_address(subnet), expected, "{subnet}");
        }
    }
}
