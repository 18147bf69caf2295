//! What went on around a sample: on the machine, and on the daemon.

use serde::{Deserialize, Serialize};

use crate::unit::{ByteSize, Nanos};

/// How busy the machine was while a sample was taken. What cannot be read is absent, never zero; all of it is where the
/// daemon is not on this machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostConditions {
    /// From the look before the sample to the look after it.
    pub span_ns: Nanos,
    /// How many processes were running or waiting for the disk, on average over the minute before the sample's end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_1m: Option<f64>,
    /// The share of all processors' time that went to other guests of the machine below, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steal_ratio: Option<f64>,
    /// How long some process waited for a processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_pressure_ns: Option<Nanos>,
    /// How long some process waited for the disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub io_pressure_ns: Option<Nanos>,
    /// How long some process waited for memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_pressure_ns: Option<Nanos>,
    /// Memory that new programs could have without swapping: the less of the two looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_bytes: Option<ByteSize>,
    /// Free space where the daemon keeps its data: the less of the two looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_free_bytes: Option<ByteSize>,
    /// Free inodes there: the less of the two looks. Absent where the file system has no fixed number of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_free_inodes: Option<u64>,
}

/// What else the daemon did while a sample was taken. What cannot be known is absent, never zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbours {
    /// Containers that ran at any time during the sample and are not the run's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub containers: Option<u32>,
    /// Builds that ran at any time during the sample and are not the run's. Engines before 23.0 do not list builds:
    /// there it is known only where records of the build cache appeared next to the sample, and then counts one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub builds: Option<u32>,
}

impl Neighbours {
    /// Whether there were any.
    #[must_use]
    pub fn any(&self) -> bool {
        [self.containers, self.builds]
            .into_iter()
            .flatten()
            .any(|count| count > 0)
    }
}
