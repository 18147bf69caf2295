//! Which blob of a local cache is the newest cache, and what that is made of.
//!
//! `index.json` and `oci-layout` as buildkit's `client/ociindex` writes them: one manifest per tag, the tag in an
//! annotation.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tempfile::NamedTempFile;

use super::blobs::Blobs;
use crate::digest::Digest;

/// The key of a build's answer under which the exported manifest is described, as JSON
/// (`ExporterResponseManifestDesc` of buildkit's `cache/remotecache`).
pub(super) const EXPORTED: &str = "cache.manifest";

/// The tag that the docker command writes and reads where it is told none.
const TAG: &str = "latest";

/// The annotation that holds the tag (`AnnotationRefName` of the OCI image specification).
const TAG_KEY: &str = "org.opencontainers.image.ref.name";

/// The media type of what tells which layer is the result of what (`CacheConfigMediaTypeV0` of buildkit's
/// `cache/remotecache/v1/types`); anything else that a manifest lists is a layer.
const CONFIG: &str = "application/vnd.buildkit.cacheconfig.v0";

/// A manifest that is larger is none of a cache.
const LARGEST_MANIFEST: u64 = 64 << 20;

/// An exported cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CacheManifest {
    /// The digest of its manifest.
    pub(super) digest: Digest,
    pub(super) config: Option<Digest>,
    pub(super) layers: BTreeSet<Digest>,
}

impl CacheManifest {
    /// Everything that it is made of.
    pub(super) fn blobs(&self) -> BTreeSet<Digest> {
        let mut blobs = self.layers.clone();
        blobs.insert(self.digest);
        blobs.extend(self.config);
        blobs
    }
}

/// A manifest; engines write it in the form of an image's, and wrote it in that of an index.
#[derive(Deserialize)]
struct Listed {
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
    #[serde(default)]
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    #[serde(default)]
    media_type: String,
    digest: Digest,
    #[serde(default)]
    annotations: Map<String, Value>,
}

/// What was exported last to a folder; `None` where nothing was.
///
/// # Errors
///
/// Where the index or the manifest cannot be read, or is not what it should be.
pub(super) fn latest(folder: &Path) -> io::Result<Option<CacheManifest>> {
    let index = match fs::read(folder.join("index.json")) {
        Ok(index) => index,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let index: Listed = serde_json::from_slice(&index)?;
    let mut manifests = index.manifests.into_iter();
    let Some(tagged) = manifests.find(|manifest| is_tagged(&manifest.annotations)) else {
        return Ok(None);
    };
    let digest = tagged.digest;
    let mut blob = Blobs::in_folder(folder)
        .open(digest, 0, Some(LARGEST_MANIFEST))
        .map_err(io::Error::other)?;
    let mut manifest = Vec::new();
    blob.read_to_end(&mut manifest)?;
    let manifest: Listed = serde_json::from_slice(&manifest)?;
    let listed = manifest.layers.into_iter().chain(manifest.manifests);
    let (configs, layers): (Vec<_>, Vec<_>) = listed.partition(|listed| listed.media_type == CONFIG);
    let config = manifest.config.into_iter().chain(configs).next();
    Ok(Some(CacheManifest {
        digest,
        config: config.map(|config| config.digest),
        layers: layers.into_iter().map(|layer| layer.digest).collect(),
    }))
}

/// Makes a manifest the newest of a folder. `descriptor` describes it, as the daemon's answer does.
///
/// # Errors
///
/// Where it describes nothing, or the folder cannot be written.
pub(super) fn put(folder: &Path, descriptor: &str) -> io::Result<()> {
    let mut descriptor: Map<String, Value> = serde_json::from_str(descriptor)?;
    let mut annotations = match descriptor.remove("annotations") {
        Some(Value::Object(annotations)) => annotations,
        _ => Map::new(),
    };
    annotations.insert(TAG_KEY.to_owned(), TAG.into());
    descriptor.insert("annotations".to_owned(), annotations.into());
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [descriptor],
    });
    fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)?;
    // Whole or not at all: a killed run leaves no half of it.
    let file = NamedTempFile::new_in(folder)?;
    serde_json::to_writer(&file, &index)?;
    file.persist(folder.join("index.json"))?;
    Ok(())
}

fn is_tagged(annotations: &Map<String, Value>) -> bool {
    annotations.get(TAG_KEY).and_then(Value::as_str) == Some(TAG)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// A folder with these blobs, by their content.
    fn folder(blobs: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Blobs::in_folder(folder.path()));
        for blob in blobs {
            let mut writer = store.write().unwrap();
            writer.write(0, blob.as_bytes()).unwrap();
            writer.commit(None, None).unwrap();
        }
        folder
    }

    fn descriptor(digest: Digest) -> String {
        format!(
            r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{digest}","size":7}}"#
        )
    }

    #[test]
    fn the_last_export_is_what_is_imported_in_either_form_of_manifest() {
        let (config, one, two) = (Digest::of(b"config"), Digest::of(b"one"), Digest::of(b"two"));
        let config_entry = format!(r#"{{"mediaType":"{CONFIG}","digest":"{config}","size":6}}"#);
        let layer = |digest| format!(r#"{{"mediaType":"layer","digest":"{digest}","size":3}}"#);
        let (one_entry, two_entry) = (layer(one), layer(two));
        let image = format!(r#"{{"config":{config_entry},"layers":[{one_entry},{two_entry}]}}"#);
        let index = format!(r#"{{"manifests":[{one_entry},{config_entry}]}}"#);
        let folder = folder(&[&image, &index]);
        assert_eq!(latest(folder.path()).unwrap(), None);
        for (manifest, layers) in [
            (&image, BTreeSet::from([one, two])),
            (&index, BTreeSet::from([one])),
        ] {
            let digest = Digest::of(manifest);
            put(folder.path(), &descriptor(digest)).unwrap();
            let expected = CacheManifest {
                digest,
                config: Some(config),
                layers,
            };
            assert_eq!(latest(folder.path()).unwrap(), Some(expected));
        }
        let names = fs::read_dir(folder.path()).unwrap();
        let names: BTreeSet<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(
            names,
            ["blobs", "index.json", "oci-layout"].map(Into::into).into()
        );
    }

    #[test]
    fn a_folder_that_holds_no_cache_is_told_from_one_that_is_broken() {
        let folder = folder(&["{"]);
        let index = folder.path().join("index.json");
        fs::write(&index, r#"{"manifests":[]}"#).unwrap();
        assert_eq!(latest(folder.path()).unwrap(), None);
        for (digest, expected) in [
            (Digest::of(b"{"), "EOF while parsing"),
            (Digest::of(b"gone"), "the local cache holds no `sha256:"),
        ] {
            put(folder.path(), &descriptor(digest)).unwrap();
            let said = latest(folder.path()).unwrap_err().to_string();
            assert!(said.contains(expected), "{said}");
        }
        fs::write(&index, r#"{"manifests":[{"digest":"sha256:../../outside"}]}"#).unwrap();
        let said = latest(folder.path()).unwrap_err().to_string();
        assert!(said.contains("is not a digest"), "{said}");
        assert!(put(folder.path(), "nothing").is_err());
    }
}
