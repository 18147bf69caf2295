//! A digest of a whole tree, to show that it is as it was.

use std::path::Path;

use super::digest_cache::DigestCache;
use super::hash::{HashError, hash_files};
use super::walk::{Visited, walk};
use super::walk_error::WalkError;
use crate::digest::Digest;

/// The digest of a tree could not be taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeDigestError {
    /// The tree could not be walked.
    #[error("cannot take the digest of a tree that cannot be walked")]
    Walk(#[source] WalkError),
    /// A file could not be hashed.
    #[error("cannot take the digest of a tree whose files cannot be read")]
    Hash(#[source] HashError),
}

/// The digest of every path below `root` with header fields, modification times and contents, nothing
/// ignored. Two equal digests show that a tree was left alone; access times are not part of it.
///
/// # Errors
///
/// When anything below `root` cannot be read.
pub fn tree_digest(root: &Path) -> Result<Digest, TreeDigestError> {
    let everything = |_: &str, _: bool| Visited {
        keep: true,
        enter: true,
    };
    let mut manifest = walk(root, everything).map_err(TreeDigestError::Walk)?;
    hash_files(root, &mut manifest, &mut DigestCache::default()).map_err(TreeDigestError::Hash)?;
    Ok(manifest.digest())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_touched_file_and_a_changed_byte_both_show() {
        let root = TempDir::new().unwrap();
        let file = root.path().join("a");
        fs::write(&file, "1").unwrap();
        let before = tree_digest(root.path()).unwrap();
        assert_eq!(tree_digest(root.path()).unwrap(), before);
        let modified = fs::metadata(&file).unwrap().modified().unwrap();
        let set = |time| {
            fs::File::options()
                .write(true)
                .open(&file)
                .unwrap()
                .set_modified(time)
                .unwrap();
        };
        set(std::time::UNIX_EPOCH);
        assert_ne!(tree_digest(root.path()).unwrap(), before);
        set(modified);
        assert_eq!(tree_digest(root.path()).unwrap(), before);
        fs::write(&file, "2").unwrap();
        set(modified);
        assert_ne!(tree_digest(root.path()).unwrap(), before);
    }
}
