//! What is measured of bursts.

use super::band::Materiality;
use super::metric::MetricUnit;

/// What is measured of a burst: of several containers of one image that are started at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BurstMetric {
    /// `burst.<n>.first`: the release to the first match of any of them.
    First,
    /// `burst.<n>.median`: the release to the readiness of half of them.
    Median,
    /// `burst.<n>.last`: the release to the readiness of all.
    Last,
    /// `burst.<n>.memory`: the memory of all of them once all were ready.
    Memory,
    /// `burst.<n>.disk`: what all of them had written to their own layers by then.
    Disk,
}

impl BurstMetric {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 5] = [Self::First, Self::Median, Self::Last, Self::Memory, Self::Disk];

    /// The last part of its key.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Median => "median",
            Self::Last => "last",
            Self::Memory => "memory",
            Self::Disk => "disk",
        }
    }

    /// How large a change of it must be to matter.
    #[must_use]
    pub const fn materiality(self) -> Materiality {
        let (delta, floor) = match self {
            Self::First | Self::Median | Self::Last => (0.03, 1_000_000),
            Self::Memory | Self::Disk => (0.05, 1 << 20),
        };
        Materiality { delta, floor }
    }

    /// The unit of the stored integers.
    #[must_use]
    pub const fn unit(self) -> MetricUnit {
        match self {
            Self::First | Self::Median | Self::Last => MetricUnit::Nanoseconds,
            Self::Memory | Self::Disk => MetricUnit::Bytes,
        }
    }
}
