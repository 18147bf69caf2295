//! A registry on this machine.

use std::fmt;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use super::EngineFault;
use crate::digest::Digest;
use crate::unit::{ByteSize, Nanos};

/// Serves images to a daemon on this machine, each time as one that it has never seen.
pub trait Registry: fmt::Debug + Send + Sync {
    /// Takes an image in, as a daemon exports it, under a name that nothing was taken in under before. Gives the repository
    /// as the daemon is to ask for it.
    fn take<'a>(
        &'a self,
        name: &'a str,
        export: BoxStream<'static, Result<Bytes, EngineFault>>,
    ) -> BoxFuture<'a, Result<String, RegistryFault>>;

    /// Offers what was taken in at a repository under a tag: with the same files, but with layers that differ by `salt` from
    /// those of every other offer. What was offered there before is withdrawn.
    ///
    /// # Errors
    ///
    /// Where nothing was taken in.
    fn offer(&self, repository: &str, tag: &str, salt: &str) -> Result<Vec<OfferedLayer>, RegistryFault>;

    /// Ends an offer, and tells what was served of it.
    fn withdraw(&self, repository: &str) -> Served;
}

/// A layer that is offered; one that an image has twice is offered once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferedLayer {
    /// Its digest, packed.
    pub digest: Digest,
    /// Its size, packed.
    pub size: ByteSize,
    /// How often the image has it.
    pub times: usize,
}

/// What was served of an offer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// Everything that there was to fetch besides the manifest: configuration and layers.
    pub blobs: Vec<ServedBlob>,
}

/// What was served of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServedBlob {
    /// Its digest.
    pub digest: Digest,
    /// Its size.
    pub size: ByteSize,
    /// How many bytes of it were sent, each counted once.
    pub sent: ByteSize,
    /// When the first and the last byte were handed to the system, on the machine's monotonic clock; absent where none was.
    pub span: Option<(Nanos, Nanos)>,
}

impl Served {
    /// The blobs that were not served in full.
    pub fn missing(&self) -> impl Iterator<Item = &ServedBlob> {
        self.blobs.iter().filter(|blob| blob.sent != blob.size)
    }

    /// All bytes that were served.
    #[must_use]
    pub fn bytes(&self) -> ByteSize {
        ByteSize(self.blobs.iter().map(|blob| blob.sent.0).sum())
    }
}

/// An image could not be taken in or offered.
#[derive(Debug, thiserror::Error)]
#[error("image `{image}` cannot be offered to the daemon")]
pub struct RegistryFault {
    /// The image, by the name that it was to be taken in under, or its repository.
    pub image: String,
    /// Why.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}
