//! What changed between two looks at a context.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::entry::{Entry, EntryKind};
use super::manifest::Manifest;
use super::order::compare_paths;

/// The changes that turn one manifest into another, in walk order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ManifestDiff {
    /// At most one change per path.
    pub changes: Vec<Change>,
}

/// What happened to one path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// The path is new.
    Added {
        /// What stands there now.
        after: Entry,
    },
    /// The path is gone.
    Removed {
        /// What stood there.
        before: Entry,
    },
    /// Something else stands there.
    Changed {
        /// What stood there.
        before: Entry,
        /// What stands there now.
        after: Entry,
    },
}

/// What of an entry changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangedField {
    /// A file has become a directory, or the like.
    Type,
    /// The bytes of a file.
    Content,
    /// A file has the same size and was read on one side only: its bytes may have changed.
    ContentUnknown,
    /// Permission, setuid, setgid or sticky bits.
    Mode,
    /// Owner or group.
    Owner,
    /// Where a symbolic or hard link points.
    LinkTarget,
    /// The numbers of a device.
    Device,
    /// Extended attributes.
    Attributes,
    /// The modification time.
    Mtime,
}

impl Change {
    /// The path that changed.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Added { after } | Self::Changed { after, .. } => &after.path,
            Self::Removed { before } => &before.path,
        }
    }

    /// What changed of an entry that is there on both sides, in the order of [`ChangedField`]; empty
    /// for a path that was added or removed.
    #[must_use]
    pub fn fields(&self) -> Vec<ChangedField> {
        match self {
            Self::Changed { before, after } => changed_fields(before, after),
            Self::Added { .. } | Self::Removed { .. } => Vec::new(),
        }
    }

    fn inverse(&self) -> Self {
        match self.clone() {
            Self::Added { after } => Self::Removed { before: after },
            Self::Removed { before } => Self::Added { after: before },
            Self::Changed { before, after } => Self::Changed {
                before: after,
                after: before,
            },
        }
    }
}

impl ManifestDiff {
    /// Compares two manifests.
    #[must_use]
    pub fn between(before: &Manifest, after: &Manifest) -> Self {
        let (mut old, mut new) = (before.entries(), after.entries());
        let mut changes = Vec::new();
        loop {
            let order = match (old.first(), new.first()) {
                (None, None) => return Self { changes },
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(a), Some(b)) => compare_paths(&a.path, &b.path),
            };
            match order {
                Ordering::Less => changes.push(Change::Removed {
                    before: old[0].clone(),
                }),
                Ordering::Greater => changes.push(Change::Added {
                    after: new[0].clone(),
                }),
                Ordering::Equal if old[0] != new[0] => {
                    changes.push(Change::Changed {
                        before: old[0].clone(),
                        after: new[0].clone(),
                    });
                }
                Ordering::Equal => {}
            }
            old = &old[usize::from(order != Ordering::Greater)..];
            new = &new[usize::from(order != Ordering::Less)..];
        }
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The changes that undo these.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self {
            changes: self.changes.iter().map(Change::inverse).collect(),
        }
    }
}

fn changed_fields(before: &Entry, after: &Entry) -> Vec<ChangedField> {
    use EntryKind::{BlockDevice, CharDevice, File, Hardlink, Symlink};
    let kind = match (&before.kind, &after.kind) {
        (a, b) if a == b => None,
        (
            File {
                size_bytes: a,
                digest: old,
            },
            File {
                size_bytes: b,
                digest: new,
            },
        ) => {
            let unknown = a == b && old.is_some() != new.is_some();
            Some(if unknown {
                ChangedField::ContentUnknown
            } else {
                ChangedField::Content
            })
        }
        (Symlink { .. }, Symlink { .. }) | (Hardlink { .. }, Hardlink { .. }) => {
            Some(ChangedField::LinkTarget)
        }
        (CharDevice { .. }, CharDevice { .. }) | (BlockDevice { .. }, BlockDevice { .. }) => {
            Some(ChangedField::Device)
        }
        _ => Some(ChangedField::Type),
    };
    let mut fields: Vec<_> = kind.into_iter().collect();
    for (differs, field) in [
        (before.mode != after.mode, ChangedField::Mode),
        (
            (before.uid, before.gid) != (after.uid, after.gid),
            ChangedField::Owner,
        ),
        (before.attributes != after.attributes, ChangedField::Attributes),
        (before.mtime_ns != after.mtime_ns, ChangedField::Mtime),
    ] {
        if differs {
            fields.push(field);
        }
    }
    fields.sort_unstable();
    fields
}

#[cfg(test)]
mod tests {
    use super::super::manifest::tests::{directory, file, hardlink, manifest, symlink};
    use super::*;

    #[test]
    fn each_change_is_named_with_its_fields() {
        let mut edited = file("edited", "2");
        edited.mtime_ns = 5;
        edited.attributes.insert("user.a".to_owned(), Vec::new());
        let mut chmod = file("mode", "1");
        chmod.mode = 0o755;
        let mut chown = file("owner", "1");
        chown.gid = 7;
        let mut unread = file("unread", "1");
        unread.kind = EntryKind::File {
            size_bytes: unread.size(),
            digest: None,
        };
        let before = manifest(&[
            file("edited", "1"),
            file("gone", ""),
            hardlink("hard", "edited"),
            file("mode", "1"),
            file("owner", "1"),
            file("same", "1"),
            symlink("soft", "a"),
            file("swapped", ""),
            file("unread", "1"),
        ]);
        let mut swapped = directory("swapped");
        swapped.mode = 0o644;
        let after = manifest(&[
            edited,
            hardlink("hard", "same"),
            chmod,
            file("new", ""),
            chown,
            file("same", "1"),
            symlink("soft", "b"),
            swapped,
            unread,
        ]);
        let diff = ManifestDiff::between(&before, &after);
        let found: Vec<_> = diff
            .changes
            .iter()
            .map(|change| (change.path(), change.fields()))
            .collect();
        assert_eq!(
            found,
            [
                (
                    "edited",
                    vec![
                        ChangedField::Content,
                        ChangedField::Attributes,
                        ChangedField::Mtime
                    ]
                ),
                ("gone", vec![]),
                ("hard", vec![ChangedField::LinkTarget]),
                ("mode", vec![ChangedField::Mode]),
                ("new", vec![]),
                ("owner", vec![ChangedField::Owner]),
                ("soft", vec![ChangedField::LinkTarget]),
                ("swapped", vec![ChangedField::Type]),
                ("unread", vec![ChangedField::ContentUnknown]),
            ]
        );
        assert!(matches!(diff.changes[1], Change::Removed { .. }));
        assert!(matches!(diff.changes[4], Change::Added { .. }));
    }

    #[test]
    fn is_stored_as_a_list_of_changes() {
        let diff = ManifestDiff::between(&manifest(&[]), &manifest(&[directory("a")]));
        let json = serde_json::to_string(&diff).unwrap();
        assert_eq!(
            json,
            concat!(
                r#"[{"change":"added","after":{"path":"a","kind":{"type":"directory"},"#,
                r#""mode":493,"uid":0,"gid":0,"mtime_ns":0}}]"#
            )
        );
        assert_eq!(serde_json::from_str::<ManifestDiff>(&json).unwrap(), diff);
    }
}
