//! How much of an image was in memory.

use serde::{Deserialize, Serialize};

use crate::unit::ByteSize;

/// How much of an image was in memory around a start, in whole pages of its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImagePages {
    /// All of its files.
    pub image_bytes: ByteSize,
    /// What of them was in memory right before the start.
    pub before_bytes: ByteSize,
    /// What of them was in memory once it was ready. The kernel reads ahead, so that no more than this was needed.
    pub ready_bytes: Option<ByteSize>,
}

impl ImagePages {
    /// What share of the image was in memory once it was ready, between 0 and 1.
    #[must_use]
    pub fn utilisation(&self) -> Option<f64> {
        let ready = self.ready_bytes?;
        (self.image_bytes.0 > 0).then(|| ready.0 as f64 / self.image_bytes.0 as f64)
    }
}
