//! Hard links among a part of a tree.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::entry::{Entry, EntryKind};
use super::manifest::Manifest;

/// Makes the hard links of a part of `manifest` point into that part: where the first name of a file
/// was left out, the first one that was not becomes the file, and the others link to it.
pub(super) fn relink<'a>(manifest: &'a Manifest, chosen: &[&'a Entry]) -> Vec<Cow<'a, Entry>> {
    let paths: HashSet<&str> = chosen.iter().map(|entry| entry.path.as_str()).collect();
    let mut moved: HashMap<&str, &str> = HashMap::new();
    let relinked = |entry: &&'a Entry| {
        let entry: &'a Entry = entry;
        let EntryKind::Hardlink { target } = &entry.kind else {
            return Cow::Borrowed(entry);
        };
        if paths.contains(target.as_str()) {
            return Cow::Borrowed(entry);
        }
        let kind = match (moved.get(target.as_str()), manifest.get(target)) {
            (Some(first), _) => EntryKind::Hardlink {
                target: (*first).to_owned(),
            },
            (None, Some(first)) => {
                moved.insert(target, &entry.path);
                first.kind.clone()
            }
            (None, None) => return Cow::Borrowed(entry),
        };
        Cow::Owned(Entry {
            kind,
            ..entry.clone()
        })
    };
    chosen.iter().map(relinked).collect()
}

#[cfg(test)]
mod tests {
    use super::super::manifest::tests::{file, hardlink, manifest};
    use super::*;

    #[test]
    fn the_first_name_that_was_chosen_becomes_the_file() {
        let whole = manifest(&[
            file("a", "1"),
            hardlink("b", "a"),
            hardlink("c", "a"),
            file("d", "2"),
        ]);
        let chosen: Vec<_> = whole.entries()[1..].iter().collect();
        let found: Vec<_> = relink(&whole, &chosen).into_iter().map(Cow::into_owned).collect();
        assert_eq!(found, [file("b", "1"), hardlink("c", "b"), file("d", "2")]);
        let all: Vec<_> = whole.entries().iter().collect();
        assert_eq!(relink(&whole, &all)[1].as_ref(), &hardlink("b", "a"));
    }
}
