//! Taking an image from what a daemon exports (`docker save`): by storage drivers of old a file per layer, since version 25
//! and with the containerd image store an OCI layout. In both `manifest.json` says what is what.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::StoredLayer;
use crate::digest::Digest;

/// The largest text that is kept in memory: manifests and configurations.
const LONGEST_TEXT: u64 = 8 << 20;

/// How many links lead to a file at most.
const MOST_LINKS: usize = 16;

/// An image, as it is kept to be served.
#[derive(Debug)]
pub(super) struct StoredImage {
    /// Its configuration.
    pub(super) config: Value,
    /// Its layers, the lowest first; one may be there twice.
    pub(super) layers: Vec<Arc<StoredLayer>>,
}

/// Why an export is no image that can be served.
#[derive(Debug, thiserror::Error)]
pub(super) enum TakeExport {
    /// The export ends early, or is no tar, or a file cannot be written.
    #[error("cannot read the export or keep a layer of it")]
    Copy(#[from] io::Error),
    /// Something that has to be there is not.
    #[error("the export holds no `{path}`, expected {expected}")]
    Find {
        /// The path in the export.
        path: String,
        /// What was to be there.
        expected: &'static str,
    },
    /// A text is not what it has to be.
    #[error("`{path}` of the export is not {expected}")]
    Parse {
        /// The path in the export.
        path: String,
        /// What it was to be.
        expected: &'static str,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A layer is packed in a way that cannot be salted.
    #[error("layer `{path}` of the image is {found}, expected a tar, plain or packed by gzip")]
    Unpack {
        /// The path in the export.
        path: String,
        /// What it begins like.
        found: &'static str,
    },
    /// A layer's content is another one than the configuration says.
    #[error(
        "layer {number} of the image has the digest {found}, expected {expected} as its configuration has it"
    )]
    Match {
        /// Which one, from 1.
        number: usize,
        /// Its own.
        found: Digest,
        /// The configuration's.
        expected: String,
    },
    /// There is nothing to pull.
    #[error("the image has no layers, so that nothing of it is ever pulled")]
    Empty,
}

/// What a file of an export is.
enum Found {
    Text(Vec<u8>),
    Layer(Arc<StoredLayer>),
    /// Another path.
    Link(String),
    /// Nothing that is used, and what it looks like.
    Other(&'static str),
}

/// An entry of `manifest.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    config: String,
    layers: Option<Vec<String>>,
}

/// Reads an export to its end; layers go to new files of `folder` whose names begin with `name`.
pub(super) fn take(export: impl Read, folder: &Path, name: &str) -> Result<StoredImage, TakeExport> {
    let mut files = BTreeMap::new();
    let mut archive = tar::Archive::new(export);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = plain(&entry.path()?);
        let kind = entry.header().entry_type();
        let found = if kind.is_symlink() {
            let target = entry.link_name()?.unwrap_or_default();
            let beside = Path::new(&path).parent().unwrap_or(Path::new(""));
            Found::Link(plain(&beside.join(target)))
        } else if kind.is_hard_link() {
            Found::Link(plain(&entry.link_name()?.unwrap_or_default()))
        } else if kind.is_file() {
            let size = entry.size();
            let target = folder.join(format!("{name}-{}", files.len()));
            file(&mut entry, size, target)?
        } else {
            continue;
        };
        files.insert(path, found);
    }
    // What follows is the padding of the archive; read, so that the daemon can end.
    io::copy(&mut archive.into_inner(), &mut io::sink())?;
    assemble(&files)
}

/// What a file is, by how it begins.
fn file(content: &mut impl Read, size: u64, target: PathBuf) -> Result<Found, TakeExport> {
    const TAR_MAGIC: (usize, &[u8]) = (257, b"ustar");
    let mut head = Vec::with_capacity(512);
    content.by_ref().take(512).read_to_end(&mut head)?;
    let is_tar = head.len() == 512
        && (head[TAR_MAGIC.0..].starts_with(TAR_MAGIC.1) || head.iter().all(|byte| *byte == 0));
    let whole = head.as_slice().chain(&mut *content);
    Ok(if is_tar {
        Found::Layer(Arc::new(StoredLayer::pack(whole, target)?))
    } else if head.starts_with(&[0x1f, 0x8b]) {
        Found::Layer(Arc::new(StoredLayer::keep(whole, target)?))
    } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        Found::Other("packed by zstd")
    } else if size <= LONGEST_TEXT {
        let mut text = head.clone();
        content.read_to_end(&mut text)?;
        Found::Text(text)
    } else {
        Found::Other("of an unknown form")
    })
}

/// Puts the image together by what `manifest.json` says.
fn assemble(files: &BTreeMap<String, Found>) -> Result<StoredImage, TakeExport> {
    let listed: Vec<Listed> = json(files, "manifest.json", "a list of images")?;
    let Some(listed) = listed.into_iter().next() else {
        return Err(TakeExport::Empty);
    };
    let config: Value = json(files, &listed.config, "an image's configuration")?;
    let paths = listed.layers.unwrap_or_default();
    if paths.is_empty() {
        return Err(TakeExport::Empty);
    }
    let mut layers = Vec::new();
    for (index, path) in paths.iter().enumerate() {
        let layer = match follow(files, path) {
            Some(Found::Layer(layer)) => layer.clone(),
            Some(Found::Other(found)) => {
                let path = path.clone();
                return Err(TakeExport::Unpack { path, found });
            }
            Some(Found::Text(_)) => {
                let (path, found) = (path.clone(), "a text");
                return Err(TakeExport::Unpack { path, found });
            }
            Some(Found::Link(_)) | None => {
                let (path, expected) = (path.clone(), "a layer");
                return Err(TakeExport::Find { path, expected });
            }
        };
        let told = config.pointer(&format!("/rootfs/diff_ids/{index}"));
        let expected = told.and_then(Value::as_str).unwrap_or("none");
        let found = layer.diff_id();
        if found.to_string() != expected {
            return Err(TakeExport::Match {
                number: index + 1,
                found,
                expected: expected.to_owned(),
            });
        }
        layers.push(layer);
    }
    Ok(StoredImage { config, layers })
}

fn json<T: for<'de> Deserialize<'de>>(
    files: &BTreeMap<String, Found>,
    path: &str,
    expected: &'static str,
) -> Result<T, TakeExport> {
    let Some(Found::Text(text)) = follow(files, path) else {
        let path = path.to_owned();
        return Err(TakeExport::Find { path, expected });
    };
    serde_json::from_slice(text).map_err(|source| TakeExport::Parse {
        path: path.to_owned(),
        expected,
        source,
    })
}

/// The file that a path leads to.
fn follow<'a>(files: &'a BTreeMap<String, Found>, path: &str) -> Option<&'a Found> {
    let mut found = files.get(&plain(Path::new(path)))?;
    for _ in 0..MOST_LINKS {
        let Found::Link(target) = found else {
            return Some(found);
        };
        found = files.get(target)?;
    }
    None
}

/// A path of the export without `.` and `..`, so that it can be looked up; no file is ever opened by it.
fn plain(path: &Path) -> String {
    let mut parts: Vec<String> = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::ParentDir => {
                parts.pop();
            }
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    parts.join("/")
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    /// A tar of files and, with a target, links.
    pub(in crate::registry) fn tar_of(entries: &[(&str, &[u8])], links: &[(&str, &str)]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for (path, content) in entries {
            let mut header = tar::Header::new_ustar();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, path, *content).unwrap();
        }
        for (path, target) in links {
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            tar.append_link(&mut header, path, target).unwrap();
        }
        tar.into_inner().unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("x"), bytes).unwrap();
        let packed = std::process::Command::new("gzip")
            .arg("-nc")
            .arg(dir.path().join("x"))
            .output()
            .unwrap();
        packed.stdout
    }

    /// The export of an image of two layers, the first of which is there twice, as older engines make it.
    pub(in crate::registry) fn classic() -> Vec<u8> {
        let (one, two) = (tar_of(&[("one", b"1")], &[]), tar_of(&[("{two", b"2")], &[]));
        let ids = [Digest::of(&one), Digest::of(&two), Digest::of(&one)];
        let config = json!({
            "architecture": "amd64", "os": "linux", "config": { "Cmd": ["/one"] },
            "rootfs": { "type": "layers", "diff_ids": ids },
        });
        let manifest = json!([{
            "Config": "c0ffee.json", "RepoTags": ["a:b"],
            "Layers": ["aa/layer.tar", "bb/layer.tar", "cc/layer.tar"],
        }]);
        tar_of(
            &[
                ("aa/VERSION", b"1.0"),
                ("aa/layer.tar", &one),
                ("bb/layer.tar", &two),
                ("c0ffee.json", config.to_string().as_bytes()),
                ("manifest.json", manifest.to_string().as_bytes()),
            ],
            &[("cc/layer.tar", "../aa/layer.tar")],
        )
    }

    #[test]
    fn the_form_of_older_engines_is_read_with_links_between_layers() {
        let dir = tempfile::tempdir().unwrap();
        let image = take(classic().as_slice(), dir.path(), "x").unwrap();
        assert_eq!(image.layers.len(), 3);
        assert_eq!(image.layers[0].path(), image.layers[2].path());
        assert_eq!(image.config["config"]["Cmd"][0], "/one");
        drop(image);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn an_oci_layout_is_read_and_what_is_packed_stays_packed() {
        let layer = tar_of(&[("one", b"1")], &[]);
        let packed = gzip(&layer);
        let path = format!("blobs/sha256/{}", Digest::of(&packed).hex());
        let config = json!({ "rootfs": { "diff_ids": [Digest::of(&layer)] } });
        let manifest = json!([{ "Config": "blobs/sha256/cc", "Layers": [path] }]);
        let export = tar_of(
            &[
                ("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#),
                (&path, &packed),
                ("blobs/sha256/cc", config.to_string().as_bytes()),
                ("manifest.json", manifest.to_string().as_bytes()),
            ],
            &[],
        );
        let dir = tempfile::tempdir().unwrap();
        let image = take(export.as_slice(), dir.path(), "x").unwrap();
        assert_eq!(fs::read(image.layers[0].path()).unwrap(), packed);
    }

    #[test]
    fn an_export_that_is_no_image_is_refused_with_what_is_wrong_and_leaves_no_file() {
        let layer = tar_of(&[("one", b"1")], &[]);
        let with = |config: Value, layers: &[&str], content: &[u8]| {
            let manifest = json!([{ "Config": "config", "Layers": layers }]);
            tar_of(
                &[
                    ("layer", content),
                    ("config", config.to_string().as_bytes()),
                    ("manifest.json", manifest.to_string().as_bytes()),
                ],
                &[("loop", "loop")],
            )
        };
        let good = json!({ "rootfs": { "diff_ids": [Digest::of(&layer)] } });
        let mut cut = classic();
        cut.truncate(2_000);
        for (export, expected) in [
            (
                tar_of(&[], &[]),
                "holds no `manifest.json`, expected a list of images",
            ),
            (
                tar_of(&[("manifest.json", b"{}")], &[]),
                "`manifest.json` of the export is not a list of images",
            ),
            (
                tar_of(&[("manifest.json", b"[]")], &[]),
                "the image has no layers",
            ),
            (with(good.clone(), &[], &layer), "the image has no layers"),
            (
                with(good.clone(), &["../../etc/passwd"], &layer),
                "holds no `../../etc/passwd`, expected a layer",
            ),
            (
                with(good.clone(), &["loop"], &layer),
                "holds no `loop`, expected a layer",
            ),
            (
                with(good.clone(), &["config"], &layer),
                "`config` of the image is a text, expected a tar",
            ),
            (
                with(good.clone(), &["layer"], &[0x28, 0xb5, 0x2f, 0xfd]),
                "`layer` of the image is packed by zstd",
            ),
            (
                with(good, &["layer"], &tar_of(&[("two", b"2")], &[])),
                "layer 1 of the image has the digest",
            ),
            (
                with(json!({}), &["layer"], &layer),
                "expected none as its configuration has it",
            ),
            (cut, "cannot read the export"),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let error = take(export.as_slice(), dir.path(), "x").unwrap_err();
            let error = error.to_string();
            assert!(error.contains(expected), "{error}");
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "{expected}");
        }
    }
}
