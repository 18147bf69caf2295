//! What a daemon told of the layers that it pulled.

use std::collections::BTreeMap;

use super::ports::{OfferedLayer, PullState, PullStep, Served};
use crate::digest::Digest;
use crate::results::{Pull, PullSpan, PulledLayer};
use crate::scenario::PullShape;
use crate::unit::Nanos;

/// Listens to a pull.
#[derive(Clone, Debug, Default)]
pub(super) struct PullWatch {
    /// When a layer was first told to be in a state, and how often it was.
    told: BTreeMap<(String, PullState), Told>,
}

#[derive(Clone, Copy, Debug)]
struct Told {
    first: Nanos,
    last: Nanos,
    times: usize,
}

/// A pull that is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pulled<'a> {
    /// What was there to be pulled.
    pub(super) offered: &'a [OfferedLayer],
    /// What the registry served.
    pub(super) served: &'a Served,
    /// When the daemon was called.
    pub(super) call: Nanos,
    /// When its answer ended.
    pub(super) done: Nanos,
    /// What lay between.
    pub(super) shape: PullShape,
}

impl PullWatch {
    /// Takes what was heard at an instant.
    pub(super) fn hear(&mut self, step: PullStep, now: Nanos) {
        let told = self.told.entry((step.layer, step.state)).or_insert(Told {
            first: now,
            last: now,
            times: 0,
        });
        told.last = now;
        told.times += 1;
    }

    /// What the pull was, where nothing of the image had been there.
    ///
    /// # Errors
    ///
    /// Says in words what had been there, or was not served.
    pub(super) fn prove(&self, pulled: Pulled<'_>) -> Result<Pull, String> {
        if let Some(blob) = pulled.served.missing().next() {
            let digest = blob.digest;
            return Err(format!(
                "the registry served {} of the {} of blob {digest}: the engine had the rest, or did without",
                blob.sent, blob.size
            ));
        }
        for layer in pulled.offered {
            let present = self
                .told(layer.digest, PullState::Present)
                .map_or(0, |told| told.times);
            // What an image has twice is there when it comes to it again.
            if present >= layer.times {
                return Err(format!(
                    "the engine says that it had layer {} already",
                    layer.digest
                ));
            }
        }
        let spans: BTreeMap<Digest, _> = pulled
            .served
            .blobs
            .iter()
            .map(|blob| (blob.digest, blob.span))
            .collect();
        let layers = pulled.offered.iter().map(|layer| {
            let download = spans.get(&layer.digest).copied().flatten();
            let extracting = self.told(layer.digest, PullState::Extracting);
            let complete = self.told(layer.digest, PullState::Complete);
            PulledLayer {
                digest: layer.digest,
                size_bytes: layer.size,
                download: download.map(|(first, last)| PullSpan::between(pulled.call, first, last)),
                extract: extracting
                    .zip(complete)
                    .map(|(began, ended)| PullSpan::between(pulled.call, began.first, ended.last)),
            }
        });
        Ok(Pull {
            duration_ns: pulled.done.saturating_since(pulled.call),
            bytes: pulled.served.bytes(),
            layers: layers.collect(),
            shape: pulled.shape,
        })
    }

    fn told(&self, layer: Digest, state: PullState) -> Option<Told> {
        self.told.get(&(layer.short(), state)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::ServedBlob;
    use crate::unit::ByteSize;

    fn offered(name: &str, times: usize) -> OfferedLayer {
        OfferedLayer {
            digest: Digest::of(name),
            size: ByteSize(10),
            times,
        }
    }

    fn served(layers: &[OfferedLayer], sent: u64) -> Served {
        let blob = |layer: &OfferedLayer| ServedBlob {
            digest: layer.digest,
            size: layer.size,
            sent: ByteSize(sent),
            span: Some((Nanos(120), Nanos(150))),
        };
        Served {
            blobs: layers.iter().map(blob).collect(),
        }
    }

    fn heard(steps: &[(OfferedLayer, PullState, u64)]) -> PullWatch {
        let mut watch = PullWatch::default();
        for (layer, state, at) in steps {
            let step = PullStep {
                layer: layer.digest.short(),
                state: *state,
            };
            watch.hear(step, Nanos(*at));
        }
        watch
    }

    #[test]
    fn a_pull_is_told_with_what_each_layer_took_and_what_is_not_known_is_absent() {
        let layers = [offered("a", 1), offered("b", 2)];
        let watch = heard(&[
            (layers[0], PullState::Fetching, 110),
            (layers[0], PullState::Extracting, 155),
            (layers[0], PullState::Extracting, 160),
            (layers[0], PullState::Complete, 170),
            (layers[1], PullState::Extracting, 175),
            // The second time that the image has it.
            (layers[1], PullState::Present, 176),
        ]);
        let pull = watch
            .prove(Pulled {
                offered: &layers,
                served: &served(&layers, 10),
                call: Nanos(100),
                done: Nanos(200),
                shape: PullShape::default(),
            })
            .unwrap();
        assert_eq!((pull.duration_ns, pull.bytes), (Nanos(100), ByteSize(20)));
        let span = |started, duration| PullSpan {
            started_ns: Nanos(started),
            duration_ns: Nanos(duration),
        };
        assert_eq!(pull.layers[0].download, Some(span(20, 30)));
        assert_eq!(pull.layers[0].extract, Some(span(55, 15)));
        assert_eq!(pull.layers[1].extract, None, "its end was not told");
    }

    #[test]
    fn what_was_there_or_not_served_is_no_cold_pull() {
        let layers = [offered("a", 1)];
        let pulled = |watch: &PullWatch, sent| {
            watch.prove(Pulled {
                offered: &layers,
                served: &served(&layers, sent),
                call: Nanos(0),
                done: Nanos(1),
                shape: PullShape::default(),
            })
        };
        let present = heard(&[(layers[0], PullState::Present, 1)]);
        let reason = pulled(&present, 10).unwrap_err();
        assert!(reason.contains("had layer sha256:"), "{reason}");
        let reason = pulled(&PullWatch::default(), 9).unwrap_err();
        assert!(
            reason.starts_with("the registry served 9 B of the 10 B of blob"),
            "{reason}"
        );
        assert!(pulled(&PullWatch::default(), 10).is_ok());
    }
}
