//! What the machine says of itself at one moment: `/proc` (proc(5)) and the daemon's disk.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rustix::fs::statvfs;
use rustix::time::{ClockId, clock_gettime};

use super::container_state::container_state;
use super::daemon_view::DaemonView;
use super::machine::{load_1m, memory_field};
use super::page_cache::{evict, residency};
use super::root_layers::root_layers;
use crate::results::StartState;
use crate::run::{Host, HostReading, Residency};
use crate::unit::{ByteSize, Nanos};

/// This machine, as the one that the daemon runs on.
#[derive(Clone, Debug)]
pub struct DaemonHost {
    /// Where the daemon keeps its data, where this machine shows it.
    data_root: Option<PathBuf>,
    /// Where this program writes what the daemon reads.
    scratch: Option<PathBuf>,
    view: DaemonView,
}

impl DaemonHost {
    /// This machine, with a daemon that keeps its data in a folder.
    #[must_use]
    pub fn new(data_root: Option<PathBuf>) -> Self {
        Self {
            data_root,
            scratch: None,
            view: DaemonView::default(),
        }
    }

    /// The same, where this program writes to a folder what the daemon reads.
    #[must_use]
    pub fn with_scratch(self, folder: PathBuf) -> Self {
        Self {
            scratch: Some(folder),
            ..self
        }
    }
}

impl Host for DaemonHost {
    fn write_back(&self) {
        for folder in self.data_root.iter().chain(&self.scratch) {
            // The daemon's may be hidden from who is not root; mostly both are on one disk.
            let _ = File::open(folder).and_then(|folder| Ok(rustix::fs::syncfs(&folder)?));
        }
    }

    fn container(&self, process: u32) -> StartState {
        container_state(Path::new("/proc"), Path::new("/sys/fs/cgroup"), process)
    }

    fn root_layers(&self, process: u32) -> Option<Vec<PathBuf>> {
        root_layers(Path::new("/proc"), process)
    }

    fn shown(&self, folders: Vec<PathBuf>, process: Option<u32>) -> Option<Vec<PathBuf>> {
        self.view.shown(folders, process)
    }

    fn residency(&self, folders: &[PathBuf]) -> Result<Residency, String> {
        residency(folders).map_err(|error| error.to_string())
    }

    fn evict(&self, folders: &[PathBuf]) -> Result<(), String> {
        evict(folders).map_err(|error| error.to_string())
    }

    fn look(&self) -> HostReading {
        let text = |path| fs::read_to_string(path).unwrap_or_default();
        let ticks = processor_ticks(&text("/proc/stat"));
        let disk = self.data_root.as_deref().and_then(Disk::of);
        let now = clock_gettime(ClockId::Monotonic);
        HostReading {
            at: Nanos(
                u64::try_from(now.tv_sec)
                    .unwrap_or_default()
                    .saturating_mul(1_000_000_000)
                    .saturating_add(u64::try_from(now.tv_nsec).unwrap_or_default()),
            ),
            load_1m: load_1m(&text("/proc/loadavg")),
            processor_ticks: ticks.map(|ticks| ticks.all),
            steal_ticks: ticks.map(|ticks| ticks.steal),
            cpu_pressure: waited(&text("/proc/pressure/cpu")),
            io_pressure: waited(&text("/proc/pressure/io")),
            memory_pressure: waited(&text("/proc/pressure/memory")),
            available: memory_field(&text("/proc/meminfo"), "MemAvailable"),
            disk_free: disk.map(|disk| disk.free),
            disk_free_inodes: disk.and_then(|disk| disk.free_inodes),
        }
    }
}

/// The file system of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Its size.
    pub size: ByteSize,
    /// What a program without privileges can still write.
    pub free: ByteSize,
    /// Inodes that are left; absent where it has no fixed number of them.
    pub free_inodes: Option<u64>,
    /// How many inodes it has; absent where it has no fixed number of them.
    pub inodes: Option<u64>,
}

impl Disk {
    /// The file system that a folder is on; absent where it cannot be asked.
    #[must_use]
    pub fn of(folder: &Path) -> Option<Self> {
        let told = statvfs(folder).ok()?;
        let bytes = |blocks: u64| blocks.checked_mul(told.f_frsize).map(ByteSize);
        // Btrfs and others that make inodes as they need them say that they have none.
        let counted = told.f_files > 0;
        Some(Self {
            size: bytes(told.f_blocks)?,
            free: bytes(told.f_bavail)?,
            free_inodes: counted.then_some(told.f_favail),
            inodes: counted.then_some(told.f_files),
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ProcessorTicks {
    all: u64,
    steal: u64,
}

/// The first line of `/proc/stat`: `cpu user nice system idle iowait irq softirq steal guest guest_nice`. The last two
/// are counted in the first two already.
fn processor_ticks(stat: &str) -> Option<ProcessorTicks> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = line
        .split_whitespace()
        .take(8)
        .map(|field| field.parse().ok())
        .collect::<Option<_>>()?;
    let steal = *ticks.get(7)?;
    let all = ticks
        .iter()
        .try_fold(0_u64, |sum, ticks| sum.checked_add(*ticks))?;
    Some(ProcessorTicks { all, steal })
}

/// How long some process waited: `total`, in microseconds, of the `some` line of a file in `/proc/pressure` or of a control
/// group. Kernels without pressure information have no such file, or refuse to read it.
pub(super) fn waited(pressure: &str) -> Option<Nanos> {
    let line = pressure.lines().find_map(|line| line.strip_prefix("some "))?;
    let micros: u64 = line
        .split_whitespace()
        .find_map(|field| field.strip_prefix("total="))?
        .parse()
        .ok()?;
    micros.checked_mul(1_000).map(Nanos)
}

#[cfg(test)]
mod tests {
    use super::super::page_cache::counts;
    use super::*;

    #[test]
    fn guests_are_not_counted_twice_and_old_kernels_have_no_steal() {
        for (stat, expected) in [
            (
                "cpu  10 1 20 300 4 0 5 7 9 1\ncpu0 1 1 1 1 1 1 1 1 1 1\n",
                Some((347, 7)),
            ),
            ("cpu  10 1 20 300 4 0 5\n", None),
            ("cpu  10 1 20 300 4 0 x 7\n", None),
            ("intr 1\n", None),
            ("", None),
        ] {
            let expected = expected.map(|(all, steal)| ProcessorTicks { all, steal });
            assert_eq!(processor_ticks(stat), expected, "{stat:?}");
        }
    }

    #[test]
    fn pressure_is_the_time_for_which_some_process_waited() {
        let text = "some avg10=0.00 avg60=0.12 avg300=0.02 total=2907\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n";
        assert_eq!(waited(text), Some(Nanos(2_907_000)));
        assert_eq!(waited("full avg10=0.00 total=5\n"), None);
        assert_eq!(waited("some avg10=0.00 total=\n"), None);
        assert_eq!(waited(""), None);
    }

    #[test]
    fn a_disk_has_no_more_free_than_it_holds_and_one_that_is_not_there_is_absent() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::of(folder.path()).unwrap();
        assert!(disk.free <= disk.size && disk.size > ByteSize::ZERO, "{disk:?}");
        assert_eq!(Disk::of(&folder.path().join("missing")), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn nothing_that_was_written_before_is_left_to_be_written() {
        // In the build's own folder: what lies in memory alone, as often the folder for temporary files does, stays there.
        let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let path = folder.path().join("edited");
        fs::write(&path, vec![7; 3 << 20]).unwrap();
        let left = || {
            let counts = counts(&File::open(&path).unwrap()).unwrap();
            counts.dirty + counts.writeback
        };
        assert!(left() > 0);
        let missing = Some(folder.path().join("missing"));
        DaemonHost::new(missing)
            .with_scratch(folder.path().to_owned())
            .write_back();
        assert_eq!(left(), 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_later_look_is_later_and_what_is_not_known_is_absent() {
        let host = DaemonHost::new(None);
        let (first, second) = (host.look(), host.look());
        assert!(second.at > first.at);
        assert!(second.processor_ticks.unwrap() >= first.processor_ticks.unwrap());
        assert_eq!((first.disk_free, first.disk_free_inodes), (None, None));
    }
}
