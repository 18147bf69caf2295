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

impl Pull {
    /// `pull.download`: how long some layer was on its way, a moment in which several were counted once. Absent where that is
    /// not known of each.
    #[must_use]
    pub fn download(&self) -> Option<Nanos> {
        self.spent(|layer| layer.download)
    }

    /// `pull.extract`: how long some layer was unpacked, likewise.
    #[must_use]
    pub fn extract(&self) -> Option<Nanos> {
        self.spent(|layer| layer.extract)
    }

    fn spent(&self, part: impl Fn(&PulledLayer) -> Option<PullSpan>) -> Option<Nanos> {
        let mut spans: Vec<PullSpan> = self.layers.iter().map(part).collect::<Option<_>>()?;
        spans.sort_unstable_by_key(|span| span.started_ns);
        let mut until = spans.first()?.started_ns;
        let mut spent = Nanos::ZERO;
        for span in spans {
            let ended = span.started_ns + span.duration_ns;
            spent = spent + ended.saturating_since(until.max(span.started_ns));
            until = until.max(ended);
        }
        Some(spent)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// From one instant to another.
    type Ends = (u64, u64);

    /// A pull of layers, each by its download and, where it is told, its extraction.
    fn pull(layers: &[(Ends, Option<Ends>)]) -> Pull {
        let span = |(from, to): Ends| PullSpan::between(Nanos(0), Nanos(from), Nanos(to));
        Pull {
            duration_ns: Nanos(1_000),
            bytes: ByteSize(9),
            layers: layers
                .iter()
                .map(|(download, extract)| PulledLayer {
                    digest: Digest::of(format!("{download:?}")),
                    size_bytes: ByteSize(3),
                    download: Some(span(*download)),
                    extract: extract.map(span),
                })
                .collect(),
            shape: PullShape::default(),
        }
    }

    #[test]
    fn layers_that_come_at_the_same_time_count_once_and_the_time_between_does_not() {
        let pull = pull(&[
            ((300, 400), Some((500, 510))),
            ((0, 100), Some((100, 200))),
            ((50, 150), Some((200, 300))),
            ((60, 70), Some((300, 320))),
        ]);
        assert_eq!(pull.download(), Some(Nanos(150 + 100)));
        assert_eq!(pull.extract(), Some(Nanos(100 + 100 + 20 + 10)));
    }

    #[test]
    fn where_one_layer_is_not_told_of_nothing_is_said_of_all() {
        let pull = pull(&[((0, 100), Some((100, 200))), ((0, 100), None)]);
        assert_eq!((pull.download(), pull.extract()), (Some(Nanos(100)), None));
        let none = Pull {
            layers: Vec::new(),
            ..pull
        };
        assert_eq!(none.download(), None);
    }
}
