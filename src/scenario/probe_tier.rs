//! How readiness is looked for.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How readiness is looked for, best first. Samples of different tiers are never compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeTier {
    /// As [`Netns`](Self::Netns), and the kernel's own record of when programs began and sockets listened.
    Trace,
    /// From within the container's network namespace, which is there before the container.
    Netns,
    /// As [`Netns`](Self::Netns), but by a container of our own that is in that namespace: for who may use the engine and not
    /// enter a namespace.
    Sidecar,
    /// The container's own address, from this host, after the start call has returned.
    Ip,
    /// The published port, after the start call has returned.
    Published,
    /// Nothing is asked: the engine tells of a line in the log, a health check, a command or the end.
    Engine,
}

impl ProbeTier {
    /// All of them, best first.
    pub const ALL: [Self; 6] = [
        Self::Trace,
        Self::Netns,
        Self::Sidecar,
        Self::Ip,
        Self::Published,
        Self::Engine,
    ];

    /// The word for it in the results and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Netns => "netns",
            Self::Sidecar => "sidecar",
            Self::Ip => "ip",
            Self::Published => "published",
            Self::Engine => "engine",
        }
    }

    /// Whether it looks from within a network namespace that is there before the container, so that it sees the very
    /// first moment, and cannot see what a published port costs.
    #[must_use]
    pub const fn is_inside(self) -> bool {
        matches!(self, Self::Trace | Self::Netns | Self::Sidecar)
    }
}

impl fmt::Display for ProbeTier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}
