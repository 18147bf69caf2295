//! Two hundred starts in one run, a long form: they leave nothing, and the memory of the run does not grow.

use std::fs;

use crate::daemon::{daemon, unique};
use crate::inventory::Inventory;
use crate::soak::{soaking, tell};
use crate::started::started;
use crate::trial::{Trial, until};

const STARTS: usize = 200;

/// The start after which everything that is made once has been made.
const SETTLED: usize = 20;

/// How much more memory the run may have at the end, in KiB.
const MOST_GROWTH_KIB: u64 = 2 * 1024;

/// Network namespaces of all processes.
fn network_namespaces() -> usize {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let spaces = processes.filter_map(|process| fs::read_link(process.path().join("ns/net")).ok());
    spaces.collect::<std::collections::BTreeSet<_>>().len()
}

fn instances() -> usize {
    fs::read_dir("/sys/kernel/tracing/instances").map_or(0, Iterator::count)
}

fn memory_kib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn two_hundred_starts_leave_nothing_and_take_no_more_memory() {
    if !soaking() {
        return;
    }
    let Some(_daemon) = daemon() else { return };
    // Half of them by the published port.
    let samples = STARTS / 2;
    let scenario = started(&format!(
        r#"samples = {samples}
ready = {{ http = "/health", port = 8000 }}"#
    ));
    let trial = Trial::new(&[
        ("scenario.toml", &scenario),
        (
            "Dockerfile",
            "ARG BALLAST\nFROM ${BALLAST}\nCOPY input.txt /\nCMD [\"/ballast\", \"serve\"]\n",
        ),
        ("context/input.txt", &unique("many")),
    ]);
    let before = (Inventory::take(), network_namespaces(), instances());
    let mut running = trial.start(&[]);
    let process = running.id();
    // Read as text: the last line may be half written.
    let starts = || {
        let journal = trial.has_report().then(|| trial.report().join("journal.jsonl"));
        let text = journal
            .and_then(|path| fs::read_to_string(path).ok())
            .unwrap_or_default();
        text.lines()
            .filter(|line| line.starts_with("{\"kind\":\"start\""))
            .count()
    };
    until("the first starts are over", || starts() >= SETTLED);
    let settled = memory_kib(process);
    let mut last = settled;
    while !running.has_ended() {
        // Of one that ends right now there is nothing to read.
        if starts() < STARTS {
            last = memory_kib(process);
        }
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
    let ended = running.wait();
    assert!(last > 0);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(trial.journal().starts.len(), STARTS);
    assert_eq!((Inventory::take(), network_namespaces(), instances()), before);
    tell(&format!(
        "after {SETTLED} starts {settled} KiB, after the last {last} KiB"
    ));
    assert!(
        last <= settled + MOST_GROWTH_KIB,
        "{settled} KiB, then {last} KiB"
    );
}
