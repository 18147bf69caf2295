//! What of `[start]`, or of a companion, a container is started with.

use std::collections::BTreeMap;

use super::findings::Findings;
use super::input::ScenarioInput;
use crate::scenario::file::{CompanionTable, Cursor, LimitsTable, MountTable, StartTable};
use crate::scenario::{ContainerLimits, ContainerMount, ContainerOptions};
use crate::unit::ByteSize;

/// The least memory that the engine gives a container (`linuxMinMemory` of moby's `daemon/daemon_unix.go`).
const LEAST_MEMORY: ByteSize = ByteSize(6 * 1024 * 1024);

/// What a table says of how its container is started.
#[derive(Debug, Default)]
pub(super) struct GivenOptions {
    entrypoint: Option<Vec<String>>,
    command: Option<Vec<String>>,
    env: Option<BTreeMap<String, String>>,
    user: Option<String>,
    network: Option<String>,
    mounts: Option<BTreeMap<String, MountTable>>,
    limits: Option<LimitsTable>,
}

impl GivenOptions {
    /// What `[start]` says.
    pub(super) fn of_start(table: StartTable) -> Self {
        Self {
            entrypoint: table.entrypoint,
            command: table.command,
            env: table.env,
            user: table.user,
            network: table.network,
            mounts: table.mounts,
            limits: table.limits,
        }
    }

    /// What a companion's table says; its network is that of the start.
    pub(super) fn of_companion(table: CompanionTable) -> Self {
        Self {
            entrypoint: table.entrypoint,
            command: table.command,
            env: table.env,
            user: table.user,
            network: None,
            mounts: table.mounts,
            limits: table.limits,
        }
    }
}

/// Resolves what a container is started with.
pub(super) fn options(
    table: GivenOptions,
    at: &Cursor<'_>,
    input: &ScenarioInput<'_>,
    findings: &mut Findings<'_>,
) -> ContainerOptions {
    for name in table.env.iter().flat_map(BTreeMap::keys) {
        if name.is_empty() || name.contains(['=', '\0']) {
            findings.at_key(
                &at.key("env").key(name),
                format!("{name:?} is no name of an environment variable"),
            );
        }
    }
    for (key, words) in [("entrypoint", &table.entrypoint), ("command", &table.command)] {
        if words.as_ref().is_some_and(Vec::is_empty) && !at.key(key).has_cut() {
            findings
                .at(&at.key(key), format!("`{key}` is empty"))
                .hint(format!("leave it out to run the image's own {key}"));
        }
    }
    if let Some(user) = table.user.as_ref().filter(|user| !is_user(user)) {
        findings
            .at(&at.key("user"), format!("{user:?} is no user"))
            .label("expected a name or a number, such as `app` or `1000:1000`");
    }
    if let Some(network) = &table.network {
        check_network(network, &at.key("network"), findings);
    }
    let at_mounts = at.key("mounts");
    let mounts = table.mounts.unwrap_or_default().into_iter();
    ContainerOptions {
        mounts: mounts
            .filter_map(|(target, table)| {
                let mount = mount(&target, table, &at_mounts.key(&target), input, findings)?;
                Some((target, mount))
            })
            .collect(),
        entrypoint: table.entrypoint,
        command: table.command,
        env: table.env.unwrap_or_default(),
        user: table.user,
        network: table.network,
        limits: limits(&table.limits.unwrap_or_default(), &at.key("limits"), findings),
    }
}

fn is_user(user: &str) -> bool {
    let parts: Vec<&str> = user.split(':').collect();
    let is_part =
        |part: &&str| !part.is_empty() && !part.contains(|character: char| character.is_whitespace());
    parts.len() <= 2 && parts.iter().all(is_part)
}

/// Notes a network on which no probe reaches the container, or none at all.
fn check_network(network: &str, at: &Cursor<'_>, findings: &mut Findings<'_>) {
    let why = match network {
        "none" => "nothing reaches a container that has no network",
        "host" => "on the host's network no port is published",
        other if other.starts_with("container:") => {
            "the network of another container is measured with that container"
        }
        "" => "a network has a name",
        _ => return,
    };
    findings
        .at(
            at,
            format!("a start cannot be measured on the network {network:?}"),
        )
        .hint(format!(
            "{why}; leave it out, or name one that `docker network ls` shows"
        ));
}

fn mount(
    target: &str,
    table: MountTable,
    at: &Cursor<'_>,
    input: &ScenarioInput<'_>,
    findings: &mut Findings<'_>,
) -> Option<ContainerMount> {
    let is_place = target.starts_with('/') && target.len() > 1 && !target.contains('\0');
    if !is_place || target.split('/').any(|part| part == "..") {
        findings
            .at_key(at, format!("nothing can be mounted at {target:?}"))
            .label("expected an absolute path in the container below `/`");
    }
    match (table.bind, table.tmpfs) {
        (Some(path), None) => {
            if !input.surroundings.is_folder(&path.0) {
                let message = format!("`{}` is no folder of the scenario", path.0.display());
                findings.at(&at.key("bind"), message).label("no such folder");
            }
            Some(ContainerMount::Bind(path.0))
        }
        (None, Some(size)) => Some(ContainerMount::Tmpfs(size.0)),
        _ if at.has_cut() => None,
        (one, _) => {
            let told = if one.is_some() { "two things" } else { "nothing" };
            findings
                .at(at, format!("{told} would be mounted at `{target}`"))
                .hint("give exactly one: `bind = \"folder\"` or `tmpfs = \"64MiB\"`");
            None
        }
    }
}

fn limits(table: &LimitsTable, at: &Cursor<'_>, findings: &mut Findings<'_>) -> ContainerLimits {
    if let Some(memory) = table.memory.filter(|memory| memory.0 < LEAST_MEMORY) {
        findings
            .at(
                &at.key("memory"),
                format!("a container cannot be limited to {} of memory", memory.0),
            )
            .label(format!("expected at least {LEAST_MEMORY}"));
    }
    ContainerLimits {
        cpus: table.cpus.map(|cpus| cpus.0),
        memory: table.memory.map(|memory| memory.0),
        processes: table.processes,
    }
}
