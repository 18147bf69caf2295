//! What of a context the ignore rules keep.

use std::borrow::Cow;

use super::entry::Entry;
use super::hardlink::relink;
use super::manifest::{Manifest, ManifestError};
use crate::digest::Digest;
use crate::dockerignore::{IgnoreFile, Pruning};

/// The digest of all that a builder can tell of the entries of a whole tree that the rules keep: two contexts with the
/// same one are the same to it, modification times aside, which it does not look at.
///
/// # Errors
///
/// As [`Manifest::new`]; never for a tree that was walked.
pub fn kept_digest(
    manifest: &Manifest,
    ignore: &IgnoreFile,
    pruning: Pruning,
) -> Result<Digest, ManifestError> {
    let mut walk = ignore.walk(pruning);
    let kept: Vec<&Entry> = manifest
        .entries()
        .iter()
        .filter(|entry| !walk.visit(&entry.path, entry.is_directory()).decision.excluded)
        .collect();
    let kept = relink(manifest, &kept).into_iter().map(Cow::into_owned);
    Ok(Manifest::new(kept.collect())?.content_digest())
}

#[cfg(test)]
mod tests {
    use super::super::manifest::tests::{directory, file, manifest};
    use super::*;

    #[test]
    fn what_is_dropped_and_times_do_not_count_and_the_rest_does() {
        let ignore = IgnoreFile::parse(b"docs\n").unwrap();
        let of =
            |entries: &[Entry]| kept_digest(&manifest(entries), &ignore, Pruning::StreamedContext).unwrap();
        let tree = [file("a", "1"), directory("docs"), file("docs/x", "1")];
        let before = of(&tree);
        let mut later = tree.clone();
        later[0].mtime_ns += 1;
        later[2] = file("docs/x", "22");
        assert_eq!(of(&later), before);
        let mut other = tree.clone();
        other[0].mode ^= 0o100;
        assert_ne!(of(&other), before);
        let mut longer = tree.clone();
        longer[0] = file("a", "22");
        assert_ne!(of(&longer), before);
    }
}
