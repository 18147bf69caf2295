//! Scratch copies of the context.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::ContextTree;
use crate::context::Manifest;
use crate::digest::Digest;
use crate::dockerfile::Dockerfile;
use crate::scenario::{Commit, ContainerOptions, Edit, Nonce};
use crate::unit::ByteSize;

/// Scratch copies of the context, one per variant.
pub trait Workshop: Send {
    /// Puts a variant's copy back to the scenario's original files.
    ///
    /// # Errors
    ///
    /// Names the path that could not be written.
    fn reset(&mut self, variant: &str) -> Result<(), WorkshopFault>;

    /// Applies an edit to a variant's copy.
    ///
    /// # Errors
    ///
    /// Where the edit matches nothing, or the copy cannot be written.
    fn apply(&mut self, variant: &str, edit: &Edit, nonce: &Nonce) -> Result<(), WorkshopFault>;

    /// Makes a variant's copy hold the tree of a commit; files that do not change stay as they are.
    ///
    /// # Errors
    ///
    /// Where the repository cannot be read, or the copy not be written.
    fn check_out(&mut self, variant: &str, commit: &Commit) -> Result<(), WorkshopFault>;

    /// Takes stock of a variant's copy as it is now.
    ///
    /// # Errors
    ///
    /// Names the path that could not be read.
    fn survey(&mut self, variant: &str) -> Result<Survey, WorkshopFault>;

    /// The folders that a build of a variant reads.
    ///
    /// # Errors
    ///
    /// Where the Dockerfile cannot be read.
    fn folders(&self, variant: &str) -> Result<BuildFolders, WorkshopFault>;

    /// The same options with the absolute sources of what is mounted.
    fn placed(&self, options: &ContainerOptions) -> ContainerOptions;

    /// Removes all copies.
    ///
    /// # Errors
    ///
    /// Names the path that could not be removed.
    fn close(&mut self) -> Result<(), WorkshopFault>;
}

/// A scratch copy could not be made, changed or read.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct WorkshopFault {
    /// What could not be done, and where.
    pub message: String,
    /// Why.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// A variant's context at one moment.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Every entry of the folder, with header fields and digests.
    pub manifest: Arc<Manifest>,
    /// Bytes of the files that the ignore rules keep.
    pub kept: ByteSize,
    /// Files that the ignore rules keep.
    pub kept_files: u64,
    /// The digest of all that a builder can tell of what the ignore rules keep.
    pub kept_digest: Digest,
    /// Every entry of the named contexts, by name.
    pub named: BTreeMap<String, Arc<Manifest>>,
}

/// The folders that a build reads.
#[derive(Clone, Debug)]
pub struct BuildFolders {
    /// The build context.
    pub context: Arc<dyn ContextTree>,
    /// The other contexts that the Dockerfile reads, by name.
    pub named: BTreeMap<String, Arc<dyn ContextTree>>,
    /// The folder of the Dockerfile and of the ignore file that goes with it.
    pub dockerfile: Arc<dyn ContextTree>,
    /// The Dockerfile's name in that folder.
    pub dockerfile_name: String,
    /// The Dockerfile's path in the context, where it is read from the context itself.
    pub dockerfile_in_context: Option<String>,
    /// Where the variant's local cache lies, as long as the copies are there; nothing makes it but an export.
    pub local_cache: PathBuf,
    /// The Dockerfile, read; instructions are found again in it by the names of the trace.
    pub parsed: Arc<Dockerfile>,
}
