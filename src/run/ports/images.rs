//! Images of the daemon.

use std::path::PathBuf;

use bytes::Bytes;
use futures_util::stream::BoxStream;

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

    /// Pulls an image of this program's own registry, and tells what the daemon tells of its layers, as it does. Who stops
    /// listening ends the pull.
    fn pull_told(&self, reference: &str) -> BoxStream<'static, Result<PullStep, EngineFault>>;

    /// An image as the daemon stores it in a tar, piece by piece.
    fn export(&self, reference: &str) -> BoxStream<'static, Result<Bytes, EngineFault>>;

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

    /// The folders on the daemon's disk that hold the files of an image's layers; `None` where the daemon does not tell.
    fn layer_folders(
        &self,
        reference: &str,
    ) -> impl Future<Output = Result<Option<Vec<PathBuf>>, EngineFault>> + Send;

    /// Removes an image by reference or id; one that is not there counts as removed.
    fn remove_image(&self, reference: &str) -> impl Future<Output = Result<(), EngineFault>> + Send;
}

/// What a daemon tells of a layer while it pulls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullStep {
    /// The layer, by the first digits of its digest.
    pub layer: String,
    /// What it tells.
    pub state: PullState,
}

/// What becomes of a layer that is pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PullState {
    /// The daemon had it, and fetches nothing.
    Present,
    /// It is on its way, or waits for that.
    Fetching,
    /// It is here, and unpacked.
    Extracting,
    /// It is part of an image.
    Complete,
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
