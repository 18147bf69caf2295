//! The paths a builder must be sent so that a source can be followed through symbolic links.

use std::collections::BTreeSet;

use super::entry::EntryKind;
use super::manifest::Manifest;
use crate::dockerignore::{Glob, clean, has_wildcards};

/// Resolves paths, which may hold wildcards, to include patterns: each link on the way and what it
/// leads to, as fsutil's `FollowLinks` does. Links stay within the context: an absolute target starts
/// at its root, and `..` does not leave it.
///
/// Returns nothing when the root itself is asked for, since then there is nothing to filter. The
/// manifest must hold the links, so it should be of the tree before an ignore file was applied.
#[must_use]
pub fn follow_links(manifest: &Manifest, paths: &[String]) -> Option<Vec<String>> {
    let mut resolver = Resolver {
        manifest,
        resolved: BTreeSet::new(),
    };
    for path in paths {
        resolver.follow(path);
    }
    without_nested(resolver.resolved)
}

/// Leaves out paths below a path that came before; nothing when the root is among them.
pub(super) fn without_nested(paths: impl IntoIterator<Item = String>) -> Option<Vec<String>> {
    let mut kept: Vec<String> = Vec::new();
    for path in paths {
        if path == "." {
            return None;
        }
        let last = kept.last().map_or("", String::as_str);
        if !path.strip_prefix(last).is_some_and(|rest| rest.starts_with('/')) {
            kept.push(path);
        }
    }
    Some(kept)
}

struct Resolver<'a> {
    manifest: &'a Manifest,
    resolved: BTreeSet<String>,
}

impl Resolver<'_> {
    /// Follows one path. Every link is followed once at most, so loops end, and so that, as upstream, a
    /// second source through the same link adds nothing.
    fn follow(&mut self, path: &str) {
        let mut pending = vec![path.to_owned()];
        while let Some(path) = pending.pop() {
            let relative = clean(&format!("./{path}"));
            let mut current = String::new();
            let mut rest = Some(relative.as_str());
            while let Some(path) = rest {
                let (component, after) = path
                    .split_once('/')
                    .map_or((path, None), |(first, after)| (first, Some(after)));
                current = if current.is_empty() {
                    component.to_owned()
                } else {
                    format!("{current}/{component}")
                };
                rest = after;
                let targets = self.targets(&current);
                if rest.is_some() && targets.is_empty() {
                    continue;
                }
                if self.resolved.insert(current.clone()) {
                    let tail = rest.unwrap_or_default();
                    pending.extend(targets.iter().rev().map(|target| format!("{target}/{tail}")));
                }
                break;
            }
        }
    }

    /// Where the links at a path lead, from the root; several when its last component has wildcards.
    fn targets(&self, path: &str) -> Vec<String> {
        let (parent, name) = path.rsplit_once('/').unwrap_or((".", path));
        if !has_wildcards(name) {
            return self.target(path).into_iter().collect();
        }
        let Ok(glob) = Glob::parse(name) else {
            return Vec::new();
        };
        let depth = if parent == "." { 0 } else { parent.len() + 1 };
        let children = self
            .manifest
            .below(parent)
            .iter()
            .filter(|entry| !entry.path[depth..].contains('/'));
        children
            .filter(|entry| glob.matches(entry.name()))
            .filter_map(|entry| self.target(&entry.path))
            .collect()
    }

    fn target(&self, path: &str) -> Option<String> {
        let EntryKind::Symlink { target } = &self.manifest.get(path)?.kind else {
            return None;
        };
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        Some(if target.starts_with('/') {
            clean(target)
        } else {
            clean(&format!("/{parent}/{target}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::manifest::tests::{directory, file, manifest, symlink};
    use super::*;

    #[test]
    fn links_lead_to_include_patterns() {
        let tree = manifest(&[
            directory("a"),
            file("a/real", "1"),
            symlink("a/up", "../b/real"),
            directory("b"),
            file("b/real", "2"),
            symlink("b/other", "/a"),
            symlink("chain", "link"),
            symlink("dangling", "nowhere"),
            symlink("home", "."),
            symlink("link", "a"),
            symlink("loop1", "loop2"),
            symlink("loop2", "loop1"),
            symlink("out", "../../b"),
        ]);
        for (paths, patterns) in [
            (&["b"] as &[&str], Some(&["b"] as &[&str])),
            (&["missing/x"], Some(&["missing/x"])),
            (&["./b/"], Some(&["b"])),
            (&["/b"], Some(&["b"])),
            (&["a/up"], Some(&["a/up", "b/real"])),
            (&["chain/real"], Some(&["a/real", "chain", "link"])),
            (&["b/other/up"], Some(&["a/up", "b/other", "b/real"])),
            (&["dangling"], Some(&["dangling", "nowhere"])),
            (&["loop1/x"], Some(&["loop1", "loop2"])),
            (&["out"], Some(&["b", "out"])),
            (&["a/*"], Some(&["a/*", "b/real"])),
            (&["l*/real"], Some(&["a/real", "l*", "loop1", "loop2"])),
            (&["b", "b/real"], Some(&["b"])),
            (&["link/real", "link/up"], Some(&["a/real", "link"])),
            (&[], Some(&[])),
            (&["."], None),
            (&["home"], None),
        ] {
            let asked: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
            let found = follow_links(&tree, &asked);
            let wanted =
                patterns.map(|patterns| patterns.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(found, wanted, "{paths:?}");
        }
    }
}
