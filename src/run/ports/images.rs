//! Images of the daemon.

use std::path::PathBuf;

use super::EngineFault;
use crate::results::ImageFacts;
use crate::unit::ByteSize;

/// Images of the daemon.
pub trait Images: Sync {
    /// The image of that reference; `None` where the daemon does not have it.
    fn find_base(
        &self,
        reference: &str,
    ) -> impl Future<Output = Result<Option<BaseImage>, EngineFault>> + Send;

    /// Pulls an image.
    fn pull(&self, reference: &str) -> impl Future<Output = Result<(), EngineFault>> + Send;

    /// Gives an image a second reference, and pushes it to that one's registry.
    fn push(&self, image: &str, reference: &str) -> impl Future<Output = Result<(), EngineFault>> + Send;

    /// Makes an image of one layer.
    fn import(&self, reference: &str, root: RootFs) -> impl Future<Output = Result<(), EngineFault>> + Send;

    /// What is known about a built image; `bases` tells which of its layers are its base's.
    fn image_facts(
        &self,
        reference: &str,
        bases: &[BaseImage],
    ) -> impl Future<Output = Result<ImageFacts, EngineFault>> + Send;

    /// The references that are this name, or this repository with any tag, in order.
    fn image_references(&self, name: &str) -> impl Future<Output = Result<Vec<String>, EngineFault>> + Send;

    /// Removes an image by reference or id; one that is not there counts as removed.
    fn remove_image(&self, reference: &str) -> impl Future<Output = Result<(), EngineFault>> + Send;
}

/// A base image that the daemon has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseImage {
    /// The image id.
    pub id: String,
    /// The digest that a registry gave it; absent for an image that was never pulled.
    pub repo_digest: Option<String>,
    /// Its size as the store counts.
    pub size: ByteSize,
    /// The digests of its layers, lowest first.
    pub layers: Vec<String>,
    /// How many entries its history has.
    pub history_entries: usize,
}

/// A root file system, to be imported as an image.
#[derive(Clone, Debug)]
pub enum RootFs {
    /// A tar in memory.
    Bytes(Vec<u8>),
    /// A tar on disk.
    File(PathBuf),
}
