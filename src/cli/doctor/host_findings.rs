//! What this machine is, and how busy it is right now.

use std::path::Path;
use std::time::Duration;

use super::finding::Finding;
use crate::host::{DaemonHost, Disk, Machine, WayOut, governors};
use crate::results::HostConditions;
use crate::run::Host as _;
use crate::unit::ByteSize;

/// How long the machine is watched for steal and pressure.
const WATCH: Duration = Duration::from_millis(500);

/// The share of time for which processes may wait before it counts, and that other guests may take.
const NOTICEABLE: f64 = 0.05;

/// Free space below which a disk is called small. A base with its layers and a few builds take some gigabytes.
const LITTLE_SPACE: ByteSize = ByteSize(5 << 30);

/// Everything about this machine that does not need a daemon.
pub(super) fn host_findings() -> Vec<Finding> {
    let host = DaemonHost::new(None);
    let before = host.look();
    std::thread::sleep(WATCH);
    let conditions = before.until(&host.look());
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let mut findings = vec![
        load(conditions.load_1m, processors),
        steal(&conditions),
        pressure(&conditions),
        memory(&Machine::read()),
        governor(&governors().into_iter().collect::<Vec<_>>()),
    ];
    let temporary = std::env::temp_dir();
    findings.push(disk("scratch", &temporary, Disk::of(&temporary)));
    findings.extend(way_out(&WayOut::look()));
    findings
}

fn load(load: Option<f64>, processors: usize) -> Finding {
    let Some(load) = load else {
        return Finding::unknown("load", "the kernel shows no load average");
    };
    let found = format!("{load:.2} on {processors} processors, over the last minute");
    if load > processors as f64 / 2.0 {
        Finding::warning(
            "load",
            found,
            "builds and starts share the processors with something else, so that times are long and uneven",
            "stop what else is running; `uptime` tells whether it was just now",
        )
    } else {
        Finding::ok("load", found)
    }
}

fn steal(conditions: &HostConditions) -> Finding {
    let Some(steal) = conditions.steal_ratio else {
        return Finding::unknown("steal", "the kernel shows no time that was stolen");
    };
    let found = format!(
        "{:.0} % of the processors' time goes to other guests",
        steal * 100.0
    );
    if steal > NOTICEABLE {
        Finding::warning(
            "steal",
            found,
            "the machine below gives the processors to others, at times that nothing here can see",
            "measure at another time or on a machine of your own; each sample keeps its steal in samples.csv",
        )
    } else {
        Finding::ok("steal", found)
    }
}

fn pressure(conditions: &HostConditions) -> Finding {
    let span = conditions.span_ns.as_secs_f64().max(f64::MIN_POSITIVE);
    let waits: Vec<_> = [
        ("processors", conditions.cpu_pressure_ns),
        ("the disk", conditions.io_pressure_ns),
        ("memory", conditions.memory_pressure_ns),
    ]
    .into_iter()
    .filter_map(|(what, waited)| Some((what, waited?.as_secs_f64() / span)))
    .collect();
    if waits.is_empty() {
        return Finding::unknown("pressure", "the kernel shows no pressure (/proc/pressure)");
    }
    let words = waits
        .iter()
        .map(|(what, share)| format!("{what} {:.0} %", share.min(1.0) * 100.0));
    let found = format!(
        "share of time in which some process waits: {}",
        words.collect::<Vec<_>>().join(", ")
    );
    if waits.iter().any(|(_, share)| *share > NOTICEABLE) {
        Finding::warning(
            "pressure",
            found,
            "builds wait for what other processes use, so that times are long and uneven",
            "stop what else is running; each sample keeps its pressure in samples.csv",
        )
    } else {
        Finding::ok("pressure", found)
    }
}

fn memory(machine: &Machine) -> Finding {
    let (Some(total), Some(available)) = (machine.memory_bytes, machine.available_bytes) else {
        return Finding::unknown("memory", "the kernel shows no memory (/proc/meminfo)");
    };
    let found = format!("{available} of {total} is available");
    if available.0 < total.0 / 10 {
        Finding::warning(
            "memory",
            found,
            "the page cache is small, so that files of contexts and layers are read from the disk again and again",
            "stop what uses the memory",
        )
    } else {
        Finding::ok("memory", found)
    }
}

fn governor(governors: &[String]) -> Finding {
    let found = governors.join(", ");
    match governors {
        [] => Finding::unknown("governor", "the kernel shows none, as in most virtual machines"),
        [only] if only == "performance" => Finding::ok("governor", found),
        _ => Finding::warning(
            "governor",
            found,
            "processors speed up and slow down while they are measured: short times vary, the first ones most",
            "`cpupower frequency-set --governor performance` for the time of the run",
        ),
    }
}

/// A disk that builds write to.
pub(super) fn disk(topic: &'static str, folder: &Path, disk: Option<Disk>) -> Finding {
    let place = folder.display();
    let Some(disk) = disk else {
        return Finding::unknown(topic, format!("{place} cannot be looked at"));
    };
    let Disk { size, free, .. } = disk;
    let inodes = disk.free_inodes.zip(disk.inodes);
    let counted = inodes.map(|(free, all)| format!(", {free} of {all} inodes"));
    let found = format!(
        "{free} of {size} is free at {place}{}",
        counted.unwrap_or_default()
    );
    let few_inodes = inodes.is_some_and(|(free, all)| free < all / 20);
    if free < LITTLE_SPACE || few_inodes {
        Finding::warning(
            topic,
            found,
            "a build that fills the disk fails, and on a full disk the builder removes records of its cache in \
             mid-run",
            "make room; `docker system df` tells what the daemon holds",
        )
    } else {
        Finding::ok(topic, found)
    }
}

fn way_out(way: &WayOut) -> Vec<Finding> {
    let proxy = if way.proxies.is_empty() {
        Finding::ok("proxy", "no variable of this shell names one")
    } else {
        Finding::warning(
            "proxy",
            format!("this shell names one in {}", way.proxies.join(", ")),
            "neither the daemon nor the instructions of a build see the variables of this shell: pulls and installs \
             in a build fail or go another way",
            "give the proxy to the daemon (`proxies` in daemon.json) and to builds (`args` of a variant)",
        )
    };
    let mut trusted: Vec<_> = way.added.iter().map(|path| path.display().to_string()).collect();
    trusted.extend(way.bundles.iter().map(|name| format!("${name}")));
    let trust = if trusted.is_empty() {
        Finding::ok(
            "trust",
            "no certificate authorities beyond those of the distribution",
        )
    } else {
        Finding::warning(
            "trust",
            format!(
                "certificate authorities of this machine's own: {}",
                trusted.join(", ")
            ),
            "a base does not have them: behind a proxy that inspects TLS, installs in a build fail with \
             \"certificate verify failed\"",
            "copy them into an imported base by its recipe, or by COPY and `update-ca-certificates` before the \
             first install",
        )
    };
    vec![proxy, trust]
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;
    use crate::unit::Nanos;

    fn conditions() -> HostConditions {
        HostConditions {
            span_ns: Nanos::from_millis(1000),
            ..HostConditions::default()
        }
    }

    #[test]
    fn what_is_not_shown_is_unknown_and_never_fine() {
        let findings = [
            load(None, 2),
            steal(&conditions()),
            pressure(&conditions()),
            memory(&Machine::default()),
            governor(&[]),
            disk("disk", Path::new("/nowhere"), None),
        ];
        for finding in findings {
            assert_eq!(finding.level, Level::Unknown, "{finding:?}");
        }
    }

    #[test]
    fn each_limit_parts_fine_from_spoilt() {
        let gib = |count: u64| ByteSize(count << 30);
        let machine = |available| Machine {
            memory_bytes: Some(gib(10)),
            available_bytes: Some(available),
            ..Machine::default()
        };
        let of_disk = |free, free_inodes| {
            let told = Disk {
                size: gib(100),
                free,
                free_inodes: Some(free_inodes),
                inodes: Some(1000),
            };
            disk("disk", Path::new("/data"), Some(told))
        };
        let stolen = |share| {
            steal(&HostConditions {
                steal_ratio: Some(share),
                ..conditions()
            })
        };
        let waited = |millis| {
            pressure(&HostConditions {
                io_pressure_ns: Some(Nanos::from_millis(millis)),
                ..conditions()
            })
        };
        let named = |name: &str| governor(&[name.to_owned()]);
        for (fine, spoilt) in [
            (load(Some(1.0), 2), load(Some(1.01), 2)),
            (stolen(0.05), stolen(0.06)),
            (waited(50), waited(51)),
            (
                memory(&machine(gib(1))),
                memory(&machine(ByteSize((1 << 30) - 1))),
            ),
            (named("performance"), named("powersave")),
            (of_disk(gib(5), 50), of_disk(ByteSize((5 << 30) - 1), 50)),
            (of_disk(gib(5), 50), of_disk(gib(5), 49)),
        ] {
            assert_eq!((fine.level, &fine.spoils), (Level::Ok, &None), "{fine:?}");
            assert_eq!(spoilt.level, Level::Warning, "{spoilt:?}");
            assert!(spoilt.spoils.is_some() && spoilt.advice.is_some());
        }
    }

    #[test]
    fn a_proxy_is_told_by_its_variable_and_an_authority_by_its_file() {
        let way = WayOut {
            proxies: vec!["HTTPS_PROXY"],
            bundles: vec!["PIP_CERT"],
            added: vec!["/usr/local/share/ca-certificates/company.crt".into()],
        };
        let findings = way_out(&way);
        assert!(findings.iter().all(|finding| finding.level == Level::Warning));
        assert_eq!(findings[0].found, "this shell names one in HTTPS_PROXY");
        assert!(
            findings[1].found.ends_with("company.crt, $PIP_CERT"),
            "{}",
            findings[1].found
        );
        assert!(
            way_out(&WayOut::default())
                .iter()
                .all(|finding| finding.level == Level::Ok)
        );
    }
}
