//! What is measured of a start.

use super::band::Materiality;
use super::metric::MetricUnit;

/// What is measured of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StartMetric {
    /// `start.ready`: start call to first match on the container's own network stack.
    Ready,
    /// `start.app`: begin of the container's own program to that same match.
    App,
    /// `start.runtime`: start call to the begin of the container's own program.
    Runtime,
    /// `start.client`: start call to first match through the published port.
    Client,
    /// `start.cpu`: processor time that the container had used when it was ready.
    Cpu,
    /// `start.memory`: memory that it then held.
    Memory,
    /// `start.majflt`: pages that it had to read from the disk until then.
    MajorFaults,
    /// `start.read`: bytes that it had read from the disk.
    Read,
    /// `start.disk`: bytes that it had written to its own layer.
    Disk,
    /// `start.pull`: pull call to the end of the engine's answer.
    Pull,
    /// `pull.bytes`: what the registry served for it.
    PulledBytes,
    /// `pull.download`: how long some layer was on its way.
    Download,
    /// `pull.extract`: how long some layer was unpacked.
    Extract,
}

impl StartMetric {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 13] = [
        Self::Ready,
        Self::App,
        Self::Runtime,
        Self::Client,
        Self::Cpu,
        Self::Memory,
        Self::MajorFaults,
        Self::Read,
        Self::Disk,
        Self::Pull,
        Self::PulledBytes,
        Self::Download,
        Self::Extract,
    ];

    /// Its key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Ready => "start.ready",
            Self::App => "start.app",
            Self::Runtime => "start.runtime",
            Self::Client => "start.client",
            Self::Cpu => "start.cpu",
            Self::Memory => "start.memory",
            Self::MajorFaults => "start.majflt",
            Self::Read => "start.read",
            Self::Disk => "start.disk",
            Self::Pull => "start.pull",
            Self::PulledBytes => "pull.bytes",
            Self::Download => "pull.download",
            Self::Extract => "pull.extract",
        }
    }

    /// How large a change of it must be to matter. Of what is looked at, twice the uncertainty of a sample is the least besides.
    #[must_use]
    pub const fn materiality(self) -> Materiality {
        let (delta, floor) = match self {
            Self::Ready | Self::App | Self::Runtime | Self::Client => (0.03, 1_000_000),
            Self::Pull | Self::Download | Self::Extract => (0.05, 50_000_000),
            Self::PulledBytes => (0.0, 0),
            Self::Cpu => (0.05, 2_000_000),
            Self::Memory | Self::Read | Self::Disk => (0.05, 1 << 20),
            Self::MajorFaults => (0.05, 16),
        };
        Materiality { delta, floor }
    }

    /// Whether 0 is a value of it like others.
    #[must_use]
    pub const fn may_be_zero(self) -> bool {
        matches!(self, Self::Memory | Self::Read | Self::Disk | Self::MajorFaults)
    }

    /// Whether it is taken of the pull before a start, and so in one state alone.
    #[must_use]
    pub const fn is_of_pull(self) -> bool {
        matches!(
            self,
            Self::Pull | Self::PulledBytes | Self::Download | Self::Extract
        )
    }

    /// The unit of the stored integers.
    #[must_use]
    pub const fn unit(self) -> MetricUnit {
        match self {
            Self::Ready
            | Self::App
            | Self::Runtime
            | Self::Client
            | Self::Cpu
            | Self::Pull
            | Self::Download
            | Self::Extract => MetricUnit::Nanoseconds,
            Self::Memory | Self::Read | Self::Disk | Self::PulledBytes => MetricUnit::Bytes,
            Self::MajorFaults => MetricUnit::Count,
        }
    }
}
