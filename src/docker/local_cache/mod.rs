//! A remote cache in a folder of this machine, as `docker buildx build` keeps it with `--cache-to type=local` and
//! `--cache-from type=local`.
//!
//! The daemon never sees the folder: it reads and writes blobs through the session, by containerd's content service.
//! Which blob is the newest cache stands in the folder's `index.json`, which is the client's alone. The folder is an
//! OCI image layout.

mod blobs;
mod index;
mod messages;
mod service;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;
use std::sync::Arc;

use bollard_buildkit_proto::moby::buildkit::v1::CacheOptionsEntry;

use self::blobs::Blobs;
use self::index::CacheManifest;
pub(super) use self::service::{ContentServer, METHODS};
use crate::results::{CacheExport, Downloaded};
use crate::run::{BuildRequest, CacheLocation};
use crate::scenario::CacheMode;

/// The name that the daemon knows the folder by. The docker command gives the folder's path, which is nobody's
/// business.
const NAME: &str = "seatrial";

/// The local cache of one build.
#[derive(Clone, Debug)]
pub(super) struct LocalCache {
    blobs: Arc<Blobs>,
    /// What is to be imported, where there is something.
    imported: Option<CacheManifest>,
    /// Why that cannot be imported which was to be.
    import_fault: Option<String>,
}

impl LocalCache {
    /// The local cache that a build imports from or exports to; `None` where it does neither.
    pub(super) fn of(request: &BuildRequest) -> Option<Self> {
        let import = folder(request.cache_import.as_ref());
        let folder = import.or_else(|| folder(request.cache_export.as_ref()))?;
        let mut cache = Self {
            blobs: Arc::new(Blobs::in_folder(folder)),
            imported: None,
            import_fault: None,
        };
        if import.is_some() {
            match index::latest(folder) {
                Ok(Some(latest)) => cache.imported = Some(latest),
                Ok(None) => {
                    let folder = folder.display();
                    cache.import_fault = Some(format!("nothing was exported to `{folder}`"));
                }
                Err(error) => {
                    let folder = folder.display();
                    cache.import_fault = Some(format!("cannot read the local cache `{folder}`: {error}"));
                }
            }
        }
        Some(cache)
    }

    /// What serves the daemon.
    pub(super) fn server(&self) -> ContentServer {
        ContentServer::new(NAME, Arc::clone(&self.blobs))
    }

    /// What a build is told of the cache that it is to import; `None` where there is none.
    pub(super) fn import_attributes(&self) -> Option<BTreeMap<&'static str, String>> {
        let digest = self.imported.as_ref()?.digest.to_string();
        Some(BTreeMap::from([("src", NAME.to_owned()), ("digest", digest)]))
    }

    /// Why the cache that was to be imported cannot be.
    pub(super) fn import_fault(&self) -> Option<String> {
        self.import_fault.clone()
    }

    /// Layers that the daemon has read so far, where there is a cache to import.
    pub(super) fn downloaded(&self) -> Option<Downloaded> {
        let layers = &self.imported.as_ref()?.layers;
        let served = self.blobs.served();
        let of_layers = || served.iter().filter(|(digest, _)| layers.contains(digest));
        Some(Downloaded {
            count: of_layers().count() as u64,
            bytes: Some(of_layers().map(|(_, bytes)| *bytes).sum()),
        })
    }

    /// Makes what a build has exported the cache that the next one imports. Without an export nothing changes.
    ///
    /// # Errors
    ///
    /// Where the answer or the folder cannot be read, or the folder not be written.
    pub(super) fn keep_export(&self, answer: &HashMap<String, String>) -> io::Result<()> {
        match answer.get(index::EXPORTED) {
            Some(descriptor) => index::put(self.blobs.folder(), descriptor),
            None => Ok(()),
        }
    }

    /// Removes what earlier exports left and the last one does not name, which the docker command would keep for good.
    /// Tells what the cache holds then, and what was written for it; `None` where nothing was exported.
    pub(super) fn settle_export(&self, answer: &HashMap<String, String>) -> Option<CacheExport> {
        answer.get(index::EXPORTED)?;
        let kept = index::latest(self.blobs.folder()).ok()??;
        // What stays all the same goes with the folder.
        let _ = self.blobs.keep_only(&kept.blobs());
        Some(CacheExport {
            layers: kept.layers.len() as u64,
            written_bytes: Some(self.blobs.written()),
        })
    }
}

/// What the daemon is told of an export to a local cache.
pub(super) fn export_entry(mode: CacheMode) -> CacheOptionsEntry {
    let attributes = [("dest", NAME), ("mode", mode.name())];
    CacheOptionsEntry {
        r#type: "local".to_owned(),
        attrs: attributes
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
    }
}

fn folder(cache: Option<&CacheLocation>) -> Option<&Path> {
    match cache? {
        CacheLocation::Local { folder, .. } => Some(folder),
        CacheLocation::Inline { .. } | CacheLocation::Registry { .. } => None,
    }
}
