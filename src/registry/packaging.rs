//! The configuration and the manifest of an image whose layers are salted.

use bytes::Bytes;
use serde_json::{Value, json};

use super::StoredImage;
use super::salt::{Salt, Salted};
use crate::digest::Digest;

/// What a manifest is called, and what it lists: as `docker push` of an engine with a storage driver has it, which every
/// engine takes.
pub(super) const MANIFEST_TYPE: &str = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG_TYPE: &str = "application/vnd.docker.container.image.v1+json";
const LAYER_TYPE: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// A text of an image with its digest.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) bytes: Bytes,
    pub(super) digest: Digest,
}

/// An image as nobody has seen it before.
#[derive(Debug)]
pub(super) struct Packaged {
    pub(super) manifest: Text,
    pub(super) config: Text,
    /// A layer of the stored image each, in its order.
    pub(super) layers: Vec<Salted>,
}

impl Text {
    fn of(value: &Value) -> Self {
        let bytes = Bytes::from(value.to_string());
        Self {
            digest: Digest::of(&bytes),
            bytes,
        }
    }
}

/// Salts an image. Of its configuration only the digests of layers change.
pub(super) fn package(image: &StoredImage, salt: &Salt) -> Packaged {
    let layers: Vec<Salted> = image.layers.iter().map(|layer| salt.on(layer)).collect();
    let diff_ids: Vec<Digest> = layers.iter().map(|layer| layer.diff_id).collect();
    let mut config = image.config.clone();
    // It has them: they were held against the layers.
    config["rootfs"]["diff_ids"] = json!(diff_ids);
    let config = Text::of(&config);
    let listed = layers
        .iter()
        .map(|layer| json!({ "mediaType": LAYER_TYPE, "size": layer.size, "digest": layer.digest }));
    let manifest = Text::of(&json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": { "mediaType": CONFIG_TYPE, "size": config.bytes.len(), "digest": config.digest },
        "layers": listed.collect::<Vec<_>>(),
    }));
    Packaged {
        manifest,
        config,
        layers,
    }
}

#[cfg(test)]
mod tests {
    use super::super::export::{take, tests::classic};
    use super::*;

    #[test]
    fn only_digests_of_layers_change_and_all_of_them_do() {
        let dir = tempfile::tempdir().unwrap();
        let image = take(classic().as_slice(), dir.path(), "x").unwrap();
        let first = package(&image, &Salt::of("1"));
        let second = package(&image, &Salt::of("2"));
        assert_ne!(first.manifest.digest, second.manifest.digest);
        assert_ne!(first.config.digest, second.config.digest);
        for (one, other) in first.layers.iter().zip(&second.layers) {
            assert_ne!(one.digest, other.digest);
            assert_ne!(one.diff_id, other.diff_id);
        }
        // What was one layer twice still is: an engine fetches it once.
        assert_eq!(first.layers[0], first.layers[2]);

        let mut config: Value = serde_json::from_slice(&first.config.bytes).unwrap();
        assert_eq!(
            config["rootfs"]["diff_ids"][1],
            first.layers[1].diff_id.to_string()
        );
        config["rootfs"]["diff_ids"] = image.config["rootfs"]["diff_ids"].clone();
        assert_eq!(config, image.config);

        let manifest: Value = serde_json::from_slice(&first.manifest.bytes).unwrap();
        assert_eq!(
            manifest["config"]["digest"],
            Digest::of(&first.config.bytes).to_string()
        );
        assert_eq!(manifest["layers"].as_array().unwrap().len(), 3);
        assert_eq!(manifest["layers"][1]["size"], first.layers[1].size);
    }
}
