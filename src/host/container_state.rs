//! What a container has used so far: its control groups, of either version, and what `/proc` tells of its processes.
//!
//! The groups are found by what the first process says it is in, never by how an engine is thought to name them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::reading::waited;
use crate::results::StartState;
use crate::unit::{ByteSize, Nanos};

/// Reads what the container of a process has used so far. `proc` and `cgroups` are where those file systems are mounted.
pub(super) fn container_state(proc: &Path, cgroups: &Path, process: u32) -> StartState {
    let text = fs::read_to_string(proc.join(process.to_string()).join("cgroup")).unwrap_or_default();
    let group = |controller: &str| Group::of(&text, cgroups, controller);
    // Processor time first: reading the rest takes some as well.
    let mut state = match (group("cpuacct"), group("")) {
        (Some(accounting), _) => StartState {
            cpu_ns: accounting.number("cpuacct.usage").map(Nanos),
            cpu_user_ns: accounting.number("cpuacct.usage_user").map(Nanos),
            cpu_system_ns: accounting.number("cpuacct.usage_sys").map(Nanos),
            ..StartState::default()
        },
        (None, Some(unified)) => {
            let micros = |key| {
                unified
                    .field("cpu.stat", key)
                    .map(|micros| Nanos(micros.saturating_mul(1_000)))
            };
            StartState {
                cpu_ns: micros("usage_usec"),
                cpu_user_ns: micros("user_usec"),
                cpu_system_ns: micros("system_usec"),
                throttled: unified.field("cpu.stat", "nr_throttled"),
                cpu_pressure_ns: unified.pressure("cpu"),
                memory_pressure_ns: unified.pressure("memory"),
                io_pressure_ns: unified.pressure("io"),
                ..StartState::default()
            }
        }
        (None, None) => StartState::default(),
    };
    let mut members = Vec::new();
    let mut read_by_group = None;
    if let Some(memory) = group("memory") {
        state.memory_bytes = memory.number("memory.usage_in_bytes").map(ByteSize);
        state.memory_peak_bytes = memory.number("memory.max_usage_in_bytes").map(ByteSize);
        state.major_faults = memory.field("memory.stat", "pgmajfault");
        members = memory.members();
    } else if let Some(unified) = group("") {
        state.memory_bytes = unified.number("memory.current").map(ByteSize);
        state.memory_peak_bytes = unified.number("memory.peak").map(ByteSize);
        state.major_faults = unified.field("memory.stat", "pgmajfault");
        read_by_group = unified.read_bytes();
        members = unified.members();
    }
    if let Some(cpu) = group("cpu") {
        state.throttled = cpu.field("cpu.stat", "nr_throttled");
    }
    let processes: Vec<_> = members.iter().map(|pid| ProcessState::of(proc, pid)).collect();
    // Groups of the older version count no reads through the page cache.
    state.read_bytes = read_by_group.max(read_by(proc, &members)).map(ByteSize);
    if !processes.is_empty() {
        state.processes = Some(processes.len() as u64);
        state.threads = sum(processes.iter().map(|process| process.threads));
        state.open_files = sum(processes.iter().map(|process| process.open_files));
    }
    state
}

/// The sum, where each is known.
fn sum(numbers: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    numbers.sum()
}

/// What these processes have read from the disk. Those that are gone tell nothing; where another user's do not tell this one,
/// the others' part is no sum.
fn read_by(proc: &Path, pids: &[String]) -> Option<u64> {
    let mut sum = None;
    for pid in pids {
        match fs::read_to_string(proc.join(pid).join("io")) {
            Ok(text) => {
                if let Some(bytes) = field(&text, "read_bytes") {
                    sum = Some(sum.unwrap_or(0) + bytes);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return None,
            Err(_) => {}
        }
    }
    sum
}

/// The number behind a name in the lines `name: number` of a process.
fn field(text: &str, name: &str) -> Option<u64> {
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(other, _)| *other == name)?.1.trim().parse().ok()
}

/// A control group.
struct Group(PathBuf);

impl Group {
    /// The group of a controller, by the text of `/proc/<pid>/cgroup`; the empty name is that of the newer version.
    fn of(text: &str, cgroups: &Path, controller: &str) -> Option<Self> {
        text.lines().find_map(|line| {
            let mut parts = line.splitn(3, ':');
            let (number, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
            let path = path.trim_start_matches('/');
            if controller.is_empty() {
                // On machines with both versions the newer has no controllers, and a place of its own.
                let folder = cgroups.join(path);
                return (number == "0" && controllers.is_empty() && folder.join("memory.current").exists())
                    .then_some(Self(folder));
            }
            controllers
                .split(',')
                .any(|name| name == controller)
                .then(|| Self(cgroups.join(controllers).join(path)))
        })
    }

    fn text(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.0.join(file)).ok()
    }

    fn number(&self, file: &str) -> Option<u64> {
        self.text(file)?.trim().parse().ok()
    }

    /// The value of a line `key value`.
    fn field(&self, file: &str, key: &str) -> Option<u64> {
        let text = self.text(file)?;
        let mut fields = text.lines().filter_map(|line| line.split_once(' '));
        fields.find(|(name, _)| *name == key)?.1.trim().parse().ok()
    }

    /// How long some process of it waited for a resource since the group was made, which is when the container was started.
    fn pressure(&self, resource: &str) -> Option<Nanos> {
        waited(&self.text(&format!("{resource}.pressure"))?)
    }

    /// What was read of all devices.
    fn read_bytes(&self) -> Option<u64> {
        let text = self.text("io.stat")?;
        let words = text.split_whitespace();
        let read = words.filter_map(|word| word.strip_prefix("rbytes=")?.parse::<u64>().ok());
        Some(read.sum())
    }

    /// Its processes.
    fn members(&self) -> Vec<String> {
        let text = self.text("cgroup.procs").unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

/// What one process tells. One that is gone by now tells nothing.
struct ProcessState {
    threads: Option<u64>,
    open_files: Option<u64>,
}

impl ProcessState {
    fn of(proc: &Path, pid: &str) -> Self {
        let folder = proc.join(pid);
        let status = fs::read_to_string(folder.join("status")).unwrap_or_default();
        Self {
            threads: field(&status, "Threads"),
            open_files: fs::read_dir(folder.join("fd"))
                .ok()
                .map(|files| files.count() as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Folders with these files, as the two file systems show them.
    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn state(machine: &tempfile::TempDir) -> StartState {
        container_state(&machine.path().join("proc"), &machine.path().join("cgroup"), 7)
    }

    /// The files of two processes of a container.
    const PROCESSES: [(&str, &str); 6] = [
        ("proc/7/io", "rchar: 9\nread_bytes: 4096\nwrite_bytes: 1\n"),
        ("proc/7/status", "Name:\tsh\nThreads:\t1\n"),
        ("proc/7/fd/0", ""),
        ("proc/8/io", "read_bytes: 8192\n"),
        ("proc/8/status", "Threads:\t3\n"),
        ("proc/8/fd/0", ""),
    ];

    #[test]
    fn groups_of_the_older_version_each_lie_below_their_controllers() {
        let mut files = PROCESSES.to_vec();
        files.extend([
            (
                "proc/7/cgroup",
                "9:name=systemd:/docker/c\n4:memory:/docker/c\n2:cpu,cpuacct:/docker/c\n0::/\n",
            ),
            ("cgroup/cpu,cpuacct/docker/c/cpuacct.usage", "120000000\n"),
            ("cgroup/cpu,cpuacct/docker/c/cpuacct.usage_user", "90000000\n"),
            ("cgroup/cpu,cpuacct/docker/c/cpuacct.usage_sys", "30000000\n"),
            (
                "cgroup/cpu,cpuacct/docker/c/cpu.stat",
                "nr_periods 4\nnr_throttled 2\n",
            ),
            ("cgroup/memory/docker/c/memory.usage_in_bytes", "1048576\n"),
            ("cgroup/memory/docker/c/memory.max_usage_in_bytes", "2097152\n"),
            (
                "cgroup/memory/docker/c/memory.stat",
                "cache 5\npgfault 40\npgmajfault 6\n",
            ),
            ("cgroup/memory/docker/c/cgroup.procs", "7\n8\n"),
        ]);
        assert_eq!(
            state(&machine(&files)),
            StartState {
                cpu_ns: Some(Nanos::from_millis(120)),
                cpu_user_ns: Some(Nanos::from_millis(90)),
                cpu_system_ns: Some(Nanos::from_millis(30)),
                memory_bytes: Some(ByteSize(1 << 20)),
                memory_peak_bytes: Some(ByteSize(2 << 20)),
                major_faults: Some(6),
                read_bytes: Some(ByteSize(12_288)),
                written_bytes: None,
                throttled: Some(2),
                cpu_pressure_ns: None,
                memory_pressure_ns: None,
                io_pressure_ns: None,
                processes: Some(2),
                threads: Some(4),
                open_files: Some(2),
            }
        );
    }

    #[test]
    fn one_group_of_the_newer_version_tells_all() {
        let mut files = PROCESSES.to_vec();
        files.extend([
            ("proc/7/cgroup", "0::/system.slice/docker-c.scope\n"),
            (
                "cgroup/system.slice/docker-c.scope/cpu.stat",
                "usage_usec 120000\nuser_usec 90000\nsystem_usec 30000\nnr_periods 0\nnr_throttled 0\n",
            ),
            ("cgroup/system.slice/docker-c.scope/memory.current", "1048576\n"),
            ("cgroup/system.slice/docker-c.scope/memory.peak", "2097152\n"),
            (
                "cgroup/system.slice/docker-c.scope/memory.stat",
                "anon 5\npgmajfault 6\n",
            ),
            (
                "cgroup/system.slice/docker-c.scope/io.stat",
                "254:0 rbytes=20480 wbytes=0 rios=2\n7:1 rbytes=512 wbytes=0\n",
            ),
            ("cgroup/system.slice/docker-c.scope/cgroup.procs", "7\n8\n"),
        ]);
        let state = state(&machine(&files));
        assert_eq!(state.cpu_ns, Some(Nanos::from_millis(120)));
        assert_eq!(state.throttled, Some(0));
        assert_eq!(state.memory_peak_bytes, Some(ByteSize(2 << 20)));
        assert_eq!(state.major_faults, Some(6));
        // More than what the processes tell, of which some may be gone.
        assert_eq!(state.read_bytes, Some(ByteSize(20_992)));
        assert_eq!(state.threads, Some(4));
    }

    /// As Linux 6.18 wrote them for a group of version 2 in which three processes shared two processors for a second.
    const PRESSURES: [(&str, &str); 3] = [
        (
            "cgroup/c/cpu.pressure",
            "some avg10=12.13 avg60=2.19 avg300=0.45 total=1372366\nfull avg10=0.36 avg60=0.06 avg300=0.01 total=72870\n",
        ),
        (
            "cgroup/c/memory.pressure",
            "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
        ),
        (
            "cgroup/c/io.pressure",
            "some avg10=0.00 avg60=0.00 avg300=0.00 total=357\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
        ),
    ];

    fn pressures(files: &[(&str, &str)]) -> [Option<Nanos>; 3] {
        let state = state(&machine(files));
        [
            state.cpu_pressure_ns,
            state.memory_pressure_ns,
            state.io_pressure_ns,
        ]
    }

    #[test]
    fn a_group_of_the_newer_version_tells_for_how_long_some_process_waited() {
        let mut files = vec![("proc/7/cgroup", "0::/c\n"), ("cgroup/c/memory.current", "1\n")];
        files.extend(PRESSURES);
        let waited = [1_372_366_000, 0, 357_000].map(|nanos| Some(Nanos(nanos)));
        assert_eq!(pressures(&files), waited, "none waited for memory, which is told");
        // Where it is switched off a file is there and reading it fails, as that of a folder does.
        files.truncate(4);
        files.push(("cgroup/c/io.pressure/is", "a folder"));
        assert_eq!(pressures(&files), [waited[0], waited[1], None]);
    }

    #[test]
    fn a_machine_with_both_versions_has_its_containers_in_the_older_and_tells_nothing_of_that() {
        let mut files = vec![
            ("proc/7/cgroup", "4:memory:/c\n2:cpuacct:/c\n0::/c\n"),
            ("cgroup/cpuacct/c/cpuacct.usage", "5\n"),
        ];
        files.extend(PRESSURES);
        assert_eq!(pressures(&files), [None; 3]);
    }

    #[test]
    fn a_process_that_is_gone_tells_nothing_and_never_zero() {
        assert_eq!(state(&machine(&[])), StartState::default());
        let half = machine(&[
            ("proc/7/cgroup", "4:memory:/docker/c\n"),
            ("cgroup/memory/docker/c/memory.usage_in_bytes", "1\n"),
            ("cgroup/memory/docker/c/cgroup.procs", "7\n9\n"),
            ("proc/7/status", "Threads:\t1\n"),
        ]);
        let state = state(&half);
        assert_eq!(
            (state.memory_bytes, state.cpu_ns, state.read_bytes),
            (Some(ByteSize(1)), None, None)
        );
        assert_eq!((state.processes, state.threads), (Some(2), None));
    }
}
