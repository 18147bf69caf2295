//! What the daemon is, and what else it does.

use super::finding::Finding;
use super::host_findings::disk;
use crate::docker::{Checkup, Engine};
use crate::host::Disk;
use crate::run::NeighboursSeen;

/// Seconds by which the clocks may differ: less is nothing that a result shows.
const CLOCKS_APART: f64 = 1.0;

/// Everything that a daemon says about itself.
pub(super) fn daemon_findings(
    engine: &Engine,
    checkup: &Checkup,
    neighbours: &NeighboursSeen,
) -> Vec<Finding> {
    let mut findings = vec![daemon(checkup), place(engine.is_here())];
    findings.push(builder(checkup));
    findings.push(store(checkup));
    findings.push(match engine.data_root() {
        Some(folder) => disk("disk", folder, Disk::of(folder)),
        None => Finding::unknown("disk", of_another_machine(checkup.data_root.as_deref())),
    });
    findings.push(cache(checkup));
    findings.push(clock(checkup));
    findings.push(containers(neighbours));
    findings.push(builds(neighbours));
    if checkup.has_proxy {
        findings.push(Finding::ok("pulls", "the daemon pulls through a proxy"));
    }
    for warning in &checkup.warnings {
        findings.push(Finding::unknown(
            "engine",
            format!("it warns by itself: {warning}"),
        ));
    }
    findings
}

fn daemon(checkup: &Checkup) -> Finding {
    let environment = &checkup.environment;
    let parts = environment
        .components
        .iter()
        .map(|(name, version)| format!(", {name} {version}"));
    Finding::ok(
        "daemon",
        format!(
            "Docker Engine {}, API {}{}; {} on {}",
            environment.engine,
            environment.api,
            parts.collect::<String>(),
            environment.kernel,
            environment.architecture
        ),
    )
}

fn place(is_here: bool) -> Finding {
    if is_here {
        return Finding::ok("place", "the daemon runs on this machine");
    }
    Finding::warning(
        "place",
        "the daemon runs on another machine, or in a virtual one",
        "its containers cannot be reached from here, so that starts are not measured; what is said below of load, \
         steal, pressure and memory is about this machine, not about the daemon's",
        "run seatrial on the daemon's machine to measure starts",
    )
}

fn builder(checkup: &Checkup) -> Finding {
    Finding::ok(
        "builder",
        match &checkup.buildkit {
            Some(version) => format!("BuildKit {version}"),
            None => "BuildKit; this engine does not tell its version".to_owned(),
        },
    )
}

fn store(checkup: &Checkup) -> Finding {
    let environment = &checkup.environment;
    let found = format!("{} over {}", environment.store, environment.storage_driver);
    if environment.export_waits_for_second {
        Finding::warning(
            "store",
            found,
            "this storage driver cannot compare two layers by itself, so that each build that stores a new layer ends \
             on a whole second of the daemon's clock: its time is up to one second too long",
            "measure on overlay2 or the containerd image store, or compare only differences well above one second",
        )
    } else {
        Finding::ok("store", found)
    }
}

fn of_another_machine(data_root: Option<&str>) -> String {
    match data_root {
        Some(folder) => format!("{folder} of the daemon cannot be looked at from here"),
        None => "the daemon does not say where it keeps its data".to_owned(),
    }
}

fn cache(checkup: &Checkup) -> Finding {
    let (Some(cache), Some(limit)) = (checkup.cache, checkup.cache_limit) else {
        return Finding::unknown(
            "cache",
            "the builder does not say when it removes records by itself",
        );
    };
    let found = format!("{cache}; above {limit} the builder removes records by itself");
    if u128::from(cache.0) * 10 >= u128::from(limit.0) * 9 {
        Finding::warning(
            "cache",
            found,
            "a record that is removed in mid-run makes a build that should be cached run again",
            "raise the limit (`builder.gc` in daemon.json), or remove old records by `docker builder prune`",
        )
    } else {
        Finding::ok("cache", found)
    }
}

fn clock(checkup: &Checkup) -> Finding {
    let Some(offset) = checkup.clock else {
        return Finding::unknown("clock", "the daemon does not tell the time");
    };
    let apart = offset.at_least();
    if apart > CLOCKS_APART {
        Finding::warning(
            "clock",
            format!("the daemon's is at least {apart:.1} s away from ours"),
            "the daemon's own time stamps cannot be put beside ours",
            "set both by NTP",
        )
    } else {
        Finding::ok("clock", "the daemon's agrees with ours, as far as asking tells")
    }
}

fn containers(neighbours: &NeighboursSeen) -> Finding {
    match neighbours.containers.as_ref().map(|seen| seen.now.len()) {
        None => Finding::unknown("containers", "the daemon does not list them"),
        Some(0) => Finding::ok("containers", "none is running"),
        Some(count) => Finding::warning(
            "containers",
            format!("{count} running"),
            "they share processors, disk and daemon with what is measured",
            "stop them for the time of the run; each sample says how many ran beside it",
        ),
    }
}

fn builds(neighbours: &NeighboursSeen) -> Finding {
    match neighbours.builds.as_ref().map(|seen| seen.now.len()) {
        None => Finding::unknown("builds", "this engine does not list builds that run"),
        Some(0) => Finding::ok("builds", "none is running"),
        Some(count) => Finding::warning(
            "builds",
            format!("{count} running"),
            "they share processors, disk and builder with what is measured, and make it doubtful whose records of the \
             build cache are whose: those are then left behind",
            "wait until they have ended",
        ),
    }
}

/// The docker command, if there is one.
pub(super) fn client(version: Option<&str>) -> Finding {
    match version {
        Some(version) => Finding::ok("client", version),
        None => Finding::unknown(
            "client",
            "there is no docker command here; seatrial does not need it",
        ),
    }
}
