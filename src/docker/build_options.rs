//! Build options in the words of the builder's front end.

use std::net::IpAddr;

use super::session::folder_name;
use crate::run::BuildRequest;
use crate::scenario::{BuildOptions, NetworkMode};

/// The address at which containers reach the daemon's host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HostGateway(pub(super) IpAddr);

/// What the front end is asked for, by attribute.
pub(super) fn attributes(request: &BuildRequest, gateway: Option<HostGateway>) -> Vec<(String, String)> {
    let options = &request.options;
    let mut attributes = Vec::new();
    for (name, value) in &request.grants.args {
        attributes.push((format!("build-arg:{name}"), value.reveal_text().into_owned()));
    }
    for name in request.named.keys() {
        attributes.push((format!("context:{name}"), format!("local:{}", folder_name(name))));
    }
    if !request.named.is_empty() {
        // A front end that does not know of named contexts refuses the build instead of looking for images.
        let capability = "moby.buildkit.frontend.contexts+forward".to_owned();
        attributes.push(("frontend.caps".to_owned(), capability));
    }
    if let Some(platform) = &options.platform {
        attributes.push(("platform".to_owned(), platform.clone()));
    }
    if let Some(network) = options.forced_network() {
        attributes.push(("force-network-mode".to_owned(), network.as_str().to_owned()));
    }
    if let Some(size) = options.shm_size {
        attributes.push(("shm-size".to_owned(), size.0.to_string()));
    }
    let hosts: Vec<String> = options
        .add_hosts
        .iter()
        .map(|(host, address)| match gateway {
            Some(HostGateway(gateway)) if address == BuildOptions::HOST_GATEWAY => {
                format!("{host}={gateway}")
            }
            _ => format!("{host}={address}"),
        })
        .collect();
    if !hosts.is_empty() {
        attributes.push(("add-hosts".to_owned(), hosts.join(",")));
    }
    attributes
}

/// What a build may do that not every build may.
pub(super) fn entitlements(request: &BuildRequest) -> Vec<String> {
    match request.options.network {
        Some(NetworkMode::Host) => vec!["network.host".to_owned()],
        _ => Vec::new(),
    }
}
