//! How a thread shares a processor with others, as the kernel has it.

use crate::unit::Nanos;

/// The shortest turn on a processor that the kernel grants to a thread of the usual class.
const SHORT_TURN: Nanos = Nanos(100_000);

/// `struct sched_attr` (`sched_setattr(2)`), as far as the first version of it goes.
#[repr(C)]
#[derive(Default)]
pub(crate) struct Scheduling {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    runtime_ns: u64,
    deadline_ns: u64,
    period_ns: u64,
}

impl Scheduling {
    /// The same with short turns. To ask for them takes no privilege and nothing from others, since the share stays the same:
    /// from Linux 6.12 on a thread that wakes up takes the processor from one of longer turns. An older kernel changes
    /// nothing.
    pub(crate) fn in_short_turns(self) -> Self {
        Self {
            runtime_ns: SHORT_TURN.0,
            ..self
        }
    }
}
