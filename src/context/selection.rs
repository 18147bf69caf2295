//! Which part of a context a builder asks for.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::entry::Entry;
use super::follow::{follow_links, without_nested};
use super::hardlink::relink;
use super::manifest::Manifest;
use crate::dockerignore::{IgnoreError, IgnoreFile, Pruning};

/// What a `DiffCopy` session is asked for, and what a client sends for it: the semantics of fsutil's
/// filter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Selection {
    /// A path must match one of these, or be below one that does. None given: every path does.
    pub include_patterns: Vec<String>,
    /// The patterns of an ignore file.
    pub exclude_patterns: Vec<String>,
    /// Paths, wildcards allowed, that are included together with what their links lead to.
    pub follow_paths: Vec<String>,
}

/// A pattern of a selection is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectionError {
    /// An include pattern or a path to follow.
    #[error("the builder asked for paths by a pattern that is not one")]
    Include(#[source] IgnoreError),
    /// An exclude pattern.
    #[error("the builder left out paths by a pattern that is not one")]
    Exclude(#[source] IgnoreError),
}

impl Selection {
    /// The entries that are sent, in walk order.
    ///
    /// A directory that is not asked for itself is there when something below it is. A hard link whose
    /// first name is not sent becomes the file. `manifest` is the whole tree; of a tree from which an
    /// ignore file has removed entries already, links that lead through removed ones are not followed.
    ///
    /// # Errors
    ///
    /// When a pattern is malformed.
    pub fn select<'a>(&self, manifest: &'a Manifest) -> Result<Vec<Cow<'a, Entry>>, SelectionError> {
        let include = self.include(manifest).map_err(SelectionError::Include)?;
        let exclude = IgnoreFile::from_patterns(&self.exclude_patterns).map_err(SelectionError::Exclude)?;
        let mut including = include.walk(Pruning::Off);
        let mut excluding = exclude.walk(Pruning::StreamedContext);
        let mut chosen: Vec<&Entry> = Vec::new();
        let mut skipped: Option<&str> = None;
        // Directories above the current entry that were looked into and not chosen so far.
        let mut waiting: Vec<&Entry> = Vec::new();
        for entry in manifest.entries() {
            let path = entry.path.as_str();
            if skipped.is_some_and(|directory| is_below(path, directory)) {
                continue;
            }
            waiting.retain(|directory| is_below(path, &directory.path));
            let directory = entry.is_directory();
            let included = include.rules().is_empty() || including.visit(path, directory).decision.excluded;
            if !included && directory && !include.can_match_below(path) {
                skipped = Some(path);
                continue;
            }
            let visit = excluding.visit(path, directory);
            if !visit.enter {
                skipped = Some(path);
                continue;
            }
            if included && !visit.decision.excluded {
                chosen.append(&mut waiting);
                chosen.push(entry);
            } else if directory {
                waiting.push(entry);
            }
        }
        Ok(relink(manifest, &chosen))
    }

    /// The include patterns with the followed paths resolved into them; no rules when everything is
    /// included.
    fn include(&self, manifest: &Manifest) -> Result<IgnoreFile, IgnoreError> {
        let mut patterns = self.include_patterns.clone();
        if !self.follow_paths.is_empty()
            && let Some(followed) = follow_links(manifest, &self.follow_paths)
        {
            patterns.extend(followed);
            patterns = without_nested(patterns).unwrap_or_default();
        }
        IgnoreFile::from_patterns(&patterns)
    }
}

fn is_below(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory)
        .is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::super::manifest::tests::{directory, file, hardlink, manifest, symlink};
    use super::*;

    fn texts(patterns: &[&str]) -> Vec<String> {
        patterns.iter().map(|pattern| (*pattern).to_owned()).collect()
    }

    #[test]
    fn only_what_is_asked_for_is_sent_with_the_directories_above_it() {
        let tree = manifest(&[
            file(".dockerignore", "node_modules\n"),
            file("Dockerfile", "FROM scratch\n"),
            symlink("current", "releases/2"),
            directory("empty"),
            directory("node_modules"),
            directory("node_modules/x"),
            file("node_modules/x/keep.js", "1"),
            file("node_modules/x/y.js", "1"),
            directory("releases"),
            directory("releases/1"),
            file("releases/1/app", "1"),
            directory("releases/2"),
            file("releases/2/app", "2"),
            hardlink("zz", "releases/2/app"),
        ]);
        let all: Vec<_> = tree.entries().iter().map(|entry| entry.path.as_str()).collect();
        let kept = |dropped: &[&str]| -> Vec<&str> {
            all.iter()
                .copied()
                .filter(|path| !dropped.iter().any(|start| path.starts_with(start)))
                .collect()
        };
        for (include, exclude, follow, wanted) in [
            (&[] as &[&str], &[] as &[&str], &[] as &[&str], all.clone()),
            (
                &["Dockerfile", ".dockerignore"],
                &[],
                &[],
                vec![".dockerignore", "Dockerfile"],
            ),
            (
                &[],
                &[],
                &["Dockerfile", ".dockerignore", "dockerfile"],
                vec![".dockerignore", "Dockerfile"],
            ),
            (&[], &["node_modules"], &["."], kept(&["node_modules"])),
            (
                &[],
                &["node_modules", "!**/keep.js"],
                &["node_modules"],
                vec!["node_modules", "node_modules/x", "node_modules/x/keep.js"],
            ),
            (
                &[],
                &["node_modules", "!other/keep.js"],
                &["node_modules"],
                vec![],
            ),
            (
                &[],
                &[],
                &["node_modules/x/*.js"],
                vec![
                    "node_modules",
                    "node_modules/x",
                    "node_modules/x/keep.js",
                    "node_modules/x/y.js",
                ],
            ),
            (
                &[],
                &[],
                &["current/app"],
                vec!["current", "releases", "releases/2", "releases/2/app"],
            ),
            (
                &["**/app", "!releases/1/*"],
                &[],
                &[],
                vec!["releases", "releases/2", "releases/2/app"],
            ),
            (&["empty/**"], &[], &[], vec![]),
            (
                &["releases/*"],
                &["*/1"],
                &[],
                vec!["releases", "releases/2", "releases/2/app"],
            ),
        ] {
            let selection = Selection {
                include_patterns: texts(include),
                exclude_patterns: texts(exclude),
                follow_paths: texts(follow),
            };
            let found = selection.select(&tree).unwrap();
            let paths: Vec<_> = found.iter().map(|entry| entry.path.as_str()).collect();
            assert_eq!(paths, wanted, "{selection:?}");
        }
    }

    #[test]
    fn a_link_to_a_name_that_is_not_sent_becomes_the_file() {
        let tree = manifest(&[file("a", "1"), hardlink("b", "a")]);
        let selection = Selection {
            exclude_patterns: texts(&["a"]),
            ..Selection::default()
        };
        let found = selection.select(&tree).unwrap();
        assert_eq!(found, [Cow::Owned::<Entry>(file("b", "1"))]);
    }

    #[test]
    fn a_malformed_pattern_says_on_which_side_it_is() {
        let tree = manifest(&[]);
        let include = Selection {
            include_patterns: texts(&["[a"]),
            ..Selection::default()
        };
        assert!(matches!(include.select(&tree), Err(SelectionError::Include(_))));
        let exclude = Selection {
            exclude_patterns: texts(&["a", "!"]),
            ..Selection::default()
        };
        assert_eq!(
            exclude.select(&tree),
            Err(SelectionError::Exclude(IgnoreError::LoneNegation { line: 2 }))
        );
    }
}
