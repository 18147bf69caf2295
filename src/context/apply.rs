//! Changing a manifest by a stored difference.

use std::collections::BTreeMap;

use super::diff::{Change, ManifestDiff};
use super::entry::Entry;
use super::manifest::{Manifest, ManifestError};

/// A difference does not fit the manifest it is applied to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// A path was to be added that is there.
    #[error("`{path}` was to be added and is there already")]
    Present {
        /// The path.
        path: String,
    },
    /// A path was to be changed or removed that is not there, or is not what the difference saw.
    #[error("`{path}` is not what the difference was made from")]
    Mismatch {
        /// The path.
        path: String,
    },
    /// The result is no manifest.
    #[error("the difference gives entries that make no manifest")]
    Result(#[source] ManifestError),
}

impl Manifest {
    /// The manifest after the changes of `diff`.
    ///
    /// # Errors
    ///
    /// When the difference was made from another manifest in any path it names.
    pub fn apply(&self, diff: &ManifestDiff) -> Result<Self, ApplyError> {
        let mut entries: BTreeMap<&str, &Entry> = self
            .entries()
            .iter()
            .map(|entry| (entry.path.as_str(), entry))
            .collect();
        for change in &diff.changes {
            let path = change.path();
            let found = match change {
                Change::Added { after } | Change::Changed { after, .. } => entries.insert(path, after),
                Change::Removed { .. } => entries.remove(path),
            };
            match change {
                Change::Added { .. } if found.is_some() => {
                    return Err(ApplyError::Present {
                        path: path.to_owned(),
                    });
                }
                Change::Removed { before } | Change::Changed { before, .. } if found != Some(before) => {
                    return Err(ApplyError::Mismatch {
                        path: path.to_owned(),
                    });
                }
                _ => {}
            }
        }
        Self::new(entries.into_values().cloned().collect()).map_err(ApplyError::Result)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::btree_map;
    use proptest::prelude::*;

    use super::super::entry::EntryKind;
    use super::super::manifest::tests::{directory, entry, file, manifest};
    use super::*;

    fn any_kind() -> impl Strategy<Value = EntryKind> {
        prop_oneof![
            "[ab]{0,2}".prop_map(|content| file("x", &content).kind),
            Just(EntryKind::Directory),
            "[ab]".prop_map(|target| EntryKind::Symlink { target }),
            (0..2_u32).prop_map(|minor| EntryKind::CharDevice { major: 1, minor }),
        ]
    }

    fn any_manifest() -> impl Strategy<Value = Manifest> {
        btree_map(
            "[ab-](/[ab-]){0,2}",
            (any_kind(), 0..2_u32, 0..2_u32, 0..2_i64),
            0..8,
        )
        .prop_map(|paths| {
            let build = |(path, (kind, mode, uid, mtime_ns)): (String, _)| Entry {
                mode,
                uid,
                mtime_ns,
                ..entry(&path, kind)
            };
            Manifest::new(paths.into_iter().map(build).collect()).unwrap()
        })
    }

    proptest! {
        #[test]
        fn a_manifest_does_not_differ_from_itself(a in any_manifest()) {
            prop_assert!(ManifestDiff::between(&a, &a).is_empty());
        }

        #[test]
        fn applying_a_difference_leads_there_and_its_inverse_back(a in any_manifest(), b in any_manifest()) {
            let diff = ManifestDiff::between(&a, &b);
            prop_assert_eq!(a.apply(&diff).unwrap(), b.clone());
            prop_assert_eq!(b.apply(&diff.inverse()).unwrap(), a.clone());
            prop_assert_eq!(diff.is_empty(), a.digest() == b.digest());
            for change in &diff.changes {
                let changed = matches!(change, Change::Changed { .. });
                prop_assert_eq!(change.fields().is_empty(), !changed, "{:?}", change);
            }
        }
    }

    #[test]
    fn a_difference_made_from_another_manifest_is_refused() {
        let empty = manifest(&[]);
        let one = manifest(&[file("a", "1")]);
        let two = manifest(&[file("a", "2")]);
        let other = manifest(&[directory("a")]);
        let path = "a".to_owned();
        let add = ManifestDiff::between(&empty, &one);
        assert_eq!(one.apply(&add), Err(ApplyError::Present { path: path.clone() }));
        let edit = ManifestDiff::between(&one, &two);
        assert_eq!(
            other.apply(&edit),
            Err(ApplyError::Mismatch { path: path.clone() })
        );
        assert_eq!(empty.apply(&add.inverse()), Err(ApplyError::Mismatch { path }));
    }
}
