//! What a container had used when it was ready.

use serde::{Deserialize, Serialize};

use crate::unit::{ByteSize, Nanos};

/// What a container had used when it was ready, the runtime's own part of it included. Absent is what this machine does not
/// tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartState {
    /// `start.cpu`: processor time.
    pub cpu_ns: Option<Nanos>,
    /// That in user mode.
    pub cpu_user_ns: Option<Nanos>,
    /// That in the kernel.
    pub cpu_system_ns: Option<Nanos>,
    /// `start.memory`: memory, the pages of files that it read among them.
    pub memory_bytes: Option<ByteSize>,
    /// The most that it had been.
    pub memory_peak_bytes: Option<ByteSize>,
    /// `start.majflt`: pages that had to be read from the disk.
    pub major_faults: Option<u64>,
    /// `start.read`: bytes that were read from the disk.
    pub read_bytes: Option<ByteSize>,
    /// `start.disk`: bytes that it had written to its own layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_bytes: Option<ByteSize>,
    /// Periods in which it was not let run, for the limit of its processor time.
    pub throttled: Option<u64>,
    /// How long some process of it had waited for a processor. This and the next two are told by groups of the newer version
    /// alone; the machine's own stand with the conditions of each sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_pressure_ns: Option<Nanos>,
    /// How long some process of it had waited for memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_pressure_ns: Option<Nanos>,
    /// How long some process of it had waited for the disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub io_pressure_ns: Option<Nanos>,
    /// Processes that ran.
    pub processes: Option<u64>,
    /// Their threads.
    pub threads: Option<u64>,
    /// Their open files.
    pub open_files: Option<u64>,
}
