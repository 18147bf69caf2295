//! One image as it is offered under a tag, and what was served of it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::coverage::Coverage;
use super::packaging::{Packaged, Text, package};
use super::salt::Salt;
use super::{StoredImage, StoredLayer};
use crate::digest::Digest;
use crate::run::{OfferedLayer, Served, ServedBlob};
use crate::unit::{ByteSize, Nanos};

/// An image under a tag.
#[derive(Debug)]
pub(super) struct Offer {
    tag: String,
    manifest: Text,
    config: Text,
    layers: BTreeMap<Digest, OfferedFile>,
    /// In the image's order.
    listed: Vec<OfferedLayer>,
    salt: Salt,
    /// What was sent of each blob.
    sent: Mutex<BTreeMap<Digest, Sent>>,
}

#[derive(Debug)]
struct OfferedFile {
    layer: Arc<StoredLayer>,
    size: u64,
}

#[derive(Clone, Debug, Default)]
struct Sent {
    coverage: Coverage,
    span: Option<(Nanos, Nanos)>,
}

/// Where the bytes of a blob are.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Text(bytes::Bytes),
    /// A file, and what follows it.
    File {
        layer: Arc<StoredLayer>,
        tail: Vec<u8>,
    },
}

impl Offer {
    /// Salts an image and puts it under a tag.
    pub(super) fn new(image: &StoredImage, tag: &str, salt: &str) -> Self {
        let salt = Salt::of(salt);
        let Packaged {
            manifest,
            config,
            layers: salted,
        } = package(image, &salt);
        let mut layers = BTreeMap::new();
        let mut listed: Vec<OfferedLayer> = Vec::new();
        for (layer, salted) in image.layers.iter().zip(&salted) {
            let file = OfferedFile {
                layer: layer.clone(),
                size: salted.size,
            };
            if layers.insert(salted.digest, file).is_none() {
                listed.push(OfferedLayer {
                    digest: salted.digest,
                    size: ByteSize(salted.size),
                    times: 0,
                });
            }
            let known = listed.iter_mut().filter(|known| known.digest == salted.digest);
            known.for_each(|known| known.times += 1);
        }
        Self {
            tag: tag.to_owned(),
            manifest,
            config,
            layers,
            listed,
            salt,
            sent: Mutex::default(),
        }
    }

    /// Its layers, each once.
    pub(super) fn layers(&self) -> &[OfferedLayer] {
        &self.listed
    }

    /// The manifest, where it has this tag.
    pub(super) fn tagged(&self, tag: &str) -> Option<&Text> {
        (self.tag == tag).then_some(&self.manifest)
    }

    /// The manifest, where it has this digest.
    pub(super) fn manifest(&self, digest: Digest) -> Option<&Text> {
        (self.manifest.digest == digest).then_some(&self.manifest)
    }

    /// A blob and its size.
    pub(super) fn blob(&self, digest: Digest) -> Option<(Content, u64)> {
        if digest == self.config.digest {
            let bytes = self.config.bytes.clone();
            let size = bytes.len() as u64;
            return Some((Content::Text(bytes), size));
        }
        let OfferedFile { layer, size } = self.layers.get(&digest)?;
        let content = Content::File {
            layer: layer.clone(),
            tail: self.salt.packed().to_vec(),
        };
        Some((content, *size))
    }

    /// Notes that a part of a blob was sent.
    pub(super) fn note(&self, digest: Digest, part: Range<u64>, now: Nanos) {
        let mut sent = self.sent();
        let sent = sent.entry(digest).or_default();
        sent.coverage.add(part);
        let (first, last) = sent.span.unwrap_or((now, now));
        sent.span = Some((first.min(now), last.max(now)));
    }

    /// What was served so far: the configuration, then the layers.
    pub(super) fn served(&self) -> Served {
        let sent = self.sent();
        let config = (self.config.digest, ByteSize(self.config.bytes.len() as u64));
        let layers = self.listed.iter().map(|layer| (layer.digest, layer.size));
        let blobs = [config].into_iter().chain(layers).map(|(digest, size)| {
            let sent = sent.get(&digest).cloned().unwrap_or_default();
            ServedBlob {
                digest,
                size,
                sent: ByteSize(sent.coverage.bytes()),
                span: sent.span,
            }
        });
        Served {
            blobs: blobs.collect(),
        }
    }

    fn sent(&self) -> MutexGuard<'_, BTreeMap<Digest, Sent>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::export::{take, tests::classic};
    use super::*;

    #[test]
    fn a_layer_that_is_there_twice_is_offered_once_and_what_is_sent_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        let image = take(classic().as_slice(), dir.path(), "x").unwrap();
        let offer = Offer::new(&image, "7", "salt");
        let layers = offer.layers().to_vec();
        assert_eq!(layers.iter().map(|layer| layer.times).collect::<Vec<_>>(), [2, 1]);
        assert!(offer.tagged("7").is_some() && offer.tagged("8").is_none());
        let manifest = offer.tagged("7").unwrap().digest;
        assert!(offer.manifest(manifest).is_some() && offer.manifest(layers[0].digest).is_none());
        assert!(offer.blob(manifest).is_none());

        let before = offer.served();
        assert_eq!(before.blobs.len(), 3);
        assert_eq!(before.missing().count(), 3);
        let size = layers[1].size.0;
        offer.note(layers[1].digest, 3..size, Nanos(50));
        offer.note(layers[1].digest, 0..5, Nanos(40));
        let served = offer.served();
        assert_eq!(served.blobs[2].span, Some((Nanos(40), Nanos(50))));
        assert_eq!(served.blobs[2].sent, layers[1].size);
        assert_eq!(served.missing().count(), 2);
        assert_eq!(served.bytes(), layers[1].size);
    }
}
