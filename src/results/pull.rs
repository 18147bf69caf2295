//! One image that was pulled before it was started.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::scenario::PullShape;
use crate::unit::{ByteSize, Nanos};

/// How an image that nothing was known of came to the engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pull {
    /// `start.pull`: from the call to the end of the engine's answer.
    pub duration_ns: Nanos,
    /// `pull.bytes`: the configuration and the layers, packed, as the registry served them.
    pub bytes: ByteSize,
    /// The layers, each once, the lowest first.
    pub layers: Vec<PulledLayer>,
    /// What lay between registry and engine; absent where nothing did.
    #[serde(default, skip_serializing_if = "PullShape::is_none")]
    pub shape: PullShape,
}

/// One layer that was pulled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PulledLayer {
    /// Its digest, packed.
    pub digest: Digest,
    /// Its size, packed.
    pub size_bytes: ByteSize,
    /// From the first byte that the registry handed to the system to the last one; absent where nobody fetched it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download: Option<PullSpan>,
    /// From the first word of its extraction to its end, as the engine tells; absent where it told of neither or one alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extract: Option<PullSpan>,
}

/// A part of a pull.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullSpan {
    /// When it began, after the pull call.
    pub started_ns: Nanos,
    /// How long it took.
    pub duration_ns: Nanos,
}

impl PullSpan {
    /// What lies between two instants, after the instant of the call.
    #[must_use]
    pub fn between(call: Nanos, began: Nanos, ended: Nanos) -> Self {
        Self {
            started_ns: began.saturating_since(call),
            duration_ns: ended.saturating_since(began),
        }
    }
}
