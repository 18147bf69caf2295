//! The user's tree on disk: looked at, never changed.

mod digest_cache;
mod hash;
mod stamp;
mod tree_digest;
mod walk;
mod walk_error;

pub use digest_cache::DigestCache;
pub use hash::{HashError, HashSummary, hash_files};
pub use tree_digest::{TreeDigestError, tree_digest};
pub use walk::{Visited, Walked, walk, walk_ignoring};
pub use walk_error::WalkError;
