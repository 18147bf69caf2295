//! What is known about a built image.

use serde::{Deserialize, Serialize};

use super::ImageStore;
use crate::unit::ByteSize;

/// A built image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageFacts {
    /// Its id: the digest of its configuration, or of its manifest on the containerd store.
    pub id: String,
    /// The store that answered; sizes of different stores mean different things.
    pub store: ImageStore,
    /// Its size as that store counts.
    pub size_bytes: ByteSize,
    /// File-system layers: what counts against the driver's ceiling.
    pub layers: u32,
    /// History entries without a layer, such as ENV and CMD.
    pub empty_layers: u32,
    /// The size of each history entry, oldest first.
    pub history: Vec<InstructionSize>,
}

/// The size of one history entry of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstructionSize {
    /// The instruction as the image's history shows it.
    pub created_by: String,
    /// Bytes of its layer.
    pub size_bytes: ByteSize,
    /// Whether it is an instruction of the variant's Dockerfile rather than of its base.
    pub own: bool,
}
