//! How fast images are pulled.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::unit::{Bandwidth, Nanos};

/// What lies between the registry that a scenario's images are pulled from and the daemon; what is absent is as fast as this
/// machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullShape {
    /// How much goes over it, all layers together.
    #[serde(rename = "bandwidth_bits_per_s", skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<Bandwidth>,
    /// How long each answer takes until its first byte comes.
    #[serde(rename = "latency_ns", skip_serializing_if = "Option::is_none")]
    pub latency: Option<Nanos>,
    /// How much longer it may take besides: between nothing and this, evenly, the same for the same number of the answer.
    #[serde(rename = "jitter_ns", default, skip_serializing_if = "Option::is_none")]
    pub jitter: Option<Nanos>,
}

/// A line that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PullProfile {
    /// A registry in the same network: 10 Gbit/s, 0.2 ms.
    Lan,
    /// A registry in the same region of a cloud: 1 Gbit/s, 1 ms.
    Cloud,
    /// A registry on the internet, from an office: 100 Mbit/s, 20 ms.
    Office,
    /// A registry on the internet, from a device at the edge of it: 25 Mbit/s, 50 ms.
    Edge,
}

impl PullShape {
    /// Whether nothing lies between.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.bandwidth.is_none() && self.latency.is_none() && self.jitter.is_none()
    }
}

impl PullProfile {
    /// What it stands for.
    #[must_use]
    pub const fn shape(self) -> PullShape {
        let (bandwidth, latency) = match self {
            Self::Lan => (10_000_000_000, 200_000),
            Self::Cloud => (1_000_000_000, 1_000_000),
            Self::Office => (100_000_000, 20_000_000),
            Self::Edge => (25_000_000, 50_000_000),
        };
        PullShape {
            bandwidth: Some(Bandwidth(bandwidth)),
            latency: Some(Nanos(latency)),
            jitter: None,
        }
    }
}

/// As it is told beside numbers: `100Mbit/s, 20.0 ms to the first byte`.
impl fmt::Display for PullShape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let latency = match (self.latency, self.jitter) {
            (Some(latency), Some(jitter)) => {
                Some(format!("{latency} and up to {jitter} more to the first byte"))
            }
            (Some(latency), None) => Some(format!("{latency} to the first byte")),
            (None, Some(jitter)) => Some(format!("up to {jitter} to the first byte")),
            (None, None) => None,
        };
        let bandwidth = self.bandwidth.map(|bandwidth| bandwidth.to_string());
        let parts: Vec<String> = bandwidth.into_iter().chain(latency).collect();
        formatter.pad(&if parts.is_empty() {
            "unshaped".to_owned()
        } else {
            parts.join(", ")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_is_told_by_what_it_has() {
        assert_eq!(PullShape::default().to_string(), "unshaped");
        assert_eq!(
            PullProfile::Office.shape().to_string(),
            "100Mbit/s, 20.0 ms to the first byte"
        );
        let slow = PullShape {
            bandwidth: Some(Bandwidth(8_000_000)),
            latency: None,
            jitter: None,
        };
        assert_eq!(slow.to_string(), "8Mbit/s");
        let jitter = Some(Nanos::from_millis(5));
        let unsteady = PullShape { jitter, ..slow };
        assert_eq!(unsteady.to_string(), "8Mbit/s, up to 5.00 ms to the first byte");
        let office = PullProfile::Office.shape();
        assert_eq!(
            PullShape { jitter, ..office }.to_string(),
            "100Mbit/s, 20.0 ms and up to 5.00 ms more to the first byte"
        );
        assert!(!slow.is_none() && PullShape::default().is_none());
    }
}
