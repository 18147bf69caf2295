//! A registry in this process, which images are pulled from as if nobody had seen them before.
//!
//! It speaks the read-only half of the distribution interface on the loopback address: manifests by tag and digest, blobs
//! in parts, both with HEAD. It is fed with what the daemon itself exports, and sends each layer as it is with a few bytes
//! behind it that make it a new one.

mod answer;
mod body;
mod byte_range;
mod clock;
mod coverage;
mod export;
mod line;
mod local_registry;
mod offer;
mod packaging;
mod route;
mod salt;
mod server;
mod shape;
mod stored_layer;

pub use local_registry::LocalRegistry;

use export::StoredImage;
use stored_layer::StoredLayer;
