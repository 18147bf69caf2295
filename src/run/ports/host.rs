//! The machine that a run is taken on.

use std::path::PathBuf;

use crate::results::{HostConditions, StartState};
use crate::unit::{ByteSize, Nanos};

/// The machine that the daemon runs on.
pub trait Host: Sync + std::fmt::Debug {
    /// Reads what the machine says of itself at this moment.
    fn look(&self) -> HostReading;

    /// Has what was written before go to the disks: a builder or an application that waits for its own writes would wait for
    /// those of edits and of earlier builds too, on some file systems. A disk that cannot be asked goes on as it will.
    fn write_back(&self);

    /// Reads what the container of a process has used so far.
    fn container(&self, process: u32) -> StartState;

    /// The folders that the root of a container is laid over, by its first process and in the daemon's view of the disk;
    /// `None` where its root is no overlay.
    fn root_layers(&self, process: u32) -> Option<Vec<PathBuf>>;

    /// Folders of the daemon's, as this program can read them; `None` where it cannot. The daemon may have mounts of its
    /// own, which the first process of one of its containers leads to.
    fn shown(&self, folders: Vec<PathBuf>, process: Option<u32>) -> Option<Vec<PathBuf>>;

    /// How much of the files in these folders is in memory.
    ///
    /// # Errors
    ///
    /// Says in words why that cannot be told.
    fn residency(&self, folders: &[PathBuf]) -> Result<Residency, String>;

    /// Puts the files in these folders out of memory, as far as no program has them mapped, and nothing else.
    ///
    /// # Errors
    ///
    /// Says in words what could not be done.
    fn evict(&self, folders: &[PathBuf]) -> Result<(), String>;
}

/// How much of some files is in memory, in whole pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Residency {
    /// All of them.
    pub size: ByteSize,
    /// What of them is in memory.
    pub resident: ByteSize,
}

/// What a machine says of itself at one moment; what it does not say is absent. Sums count since it was started.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostReading {
    /// When, on the machine's monotonic clock.
    pub at: Nanos,
    /// Processes that ran or waited for the disk, on average over one minute.
    pub load_1m: Option<f64>,
    /// All processors' time, in ticks.
    pub processor_ticks: Option<u64>,
    /// What other guests of the machine below took of it, in ticks.
    pub steal_ticks: Option<u64>,
    /// How long some process waited for a processor.
    pub cpu_pressure: Option<Nanos>,
    /// How long some process waited for the disk.
    pub io_pressure: Option<Nanos>,
    /// How long some process waited for memory.
    pub memory_pressure: Option<Nanos>,
    /// Memory that new programs can have without swapping.
    pub available: Option<ByteSize>,
    /// Free space where the daemon keeps its data.
    pub disk_free: Option<ByteSize>,
    /// Free inodes there.
    pub disk_free_inodes: Option<u64>,
}

impl HostReading {
    /// How busy the machine was between this look and a later one.
    #[must_use]
    pub fn until(&self, later: &Self) -> HostConditions {
        HostConditions {
            span_ns: later.at.saturating_since(self.at),
            load_1m: later.load_1m,
            steal_ratio: self.steal_until(later),
            cpu_pressure_ns: grown(self.cpu_pressure, later.cpu_pressure),
            io_pressure_ns: grown(self.io_pressure, later.io_pressure),
            memory_pressure_ns: grown(self.memory_pressure, later.memory_pressure),
            available_bytes: less(self.available, later.available),
            disk_free_bytes: less(self.disk_free, later.disk_free),
            disk_free_inodes: less(self.disk_free_inodes, later.disk_free_inodes),
        }
    }

    fn steal_until(&self, later: &Self) -> Option<f64> {
        let all = later.processor_ticks?.checked_sub(self.processor_ticks?)?;
        let stolen = later.steal_ticks?.checked_sub(self.steal_ticks?)?;
        // No tick went by in a sample that is shorter than one.
        (all > 0).then(|| stolen as f64 / all as f64)
    }
}

/// How much a sum has grown; absent where it has not been read twice, or was set back.
fn grown(before: Option<Nanos>, after: Option<Nanos>) -> Option<Nanos> {
    after?.0.checked_sub(before?.0).map(Nanos)
}

fn less<T: Ord>(before: Option<T>, after: Option<T>) -> Option<T> {
    Some(before?.min(after?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_taken_apart_and_levels_at_their_lowest() {
        let before = HostReading {
            at: Nanos(1_000),
            load_1m: Some(0.5),
            processor_ticks: Some(100),
            steal_ticks: Some(7),
            cpu_pressure: Some(Nanos(40)),
            io_pressure: None,
            memory_pressure: Some(Nanos(9)),
            available: Some(ByteSize(70)),
            disk_free: Some(ByteSize(10)),
            disk_free_inodes: None,
        };
        let after = HostReading {
            at: Nanos(1_600),
            load_1m: Some(0.75),
            processor_ticks: Some(140),
            steal_ticks: Some(17),
            cpu_pressure: Some(Nanos(45)),
            io_pressure: Some(Nanos(3)),
            memory_pressure: Some(Nanos(8)),
            available: Some(ByteSize(60)),
            disk_free: Some(ByteSize(12)),
            disk_free_inodes: Some(5),
        };
        assert_eq!(
            before.until(&after),
            HostConditions {
                span_ns: Nanos(600),
                load_1m: Some(0.75),
                steal_ratio: Some(0.25),
                cpu_pressure_ns: Some(Nanos(5)),
                io_pressure_ns: None,
                memory_pressure_ns: None,
                available_bytes: Some(ByteSize(60)),
                disk_free_bytes: Some(ByteSize(10)),
                disk_free_inodes: None,
            }
        );
        assert_eq!(before.until(&before).steal_ratio, None, "no tick went by");
    }
}
