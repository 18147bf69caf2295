//! What the docker command sends the classic builder of a context.

use std::borrow::Cow;

use super::entry::Entry;
use super::hardlink::relink;
use super::manifest::Manifest;
use crate::dockerignore::{IgnoreError, IgnoreFile, Pruning};

/// The rules of an ignore file, with exceptions for the ignore file itself and the Dockerfile at `dockerfile`: the
/// builder needs both, and takes those that the rules name out of the context again (`TrimBuildFilesFromExcludes` of
/// the docker command).
///
/// # Errors
///
/// Never for rules that were read, but where the Dockerfile's own name is a malformed pattern.
pub fn classic_rules(ignore: &IgnoreFile, dockerfile: Option<&str>) -> Result<IgnoreFile, IgnoreError> {
    let needed = std::iter::once(".dockerignore").chain(dockerfile);
    let exceptions = needed
        .filter(|needed| ignore.decide(needed).excluded)
        .map(|needed| format!("!{needed}"));
    let rules = ignore.rules().iter().map(|rule| rule.text().to_owned());
    // The blank keeps a pattern that begins with `#` from being a comment.
    let lines: Vec<_> = rules.chain(exceptions).map(|rule| format!(" {rule}")).collect();
    IgnoreFile::parse(lines.join("\n").as_bytes())
}

/// The entries that are sent, in walk order: those that `rules` keep. A directory that they leave out has no entry, not
/// even where something below it is kept.
#[must_use]
pub fn classic_entries<'tree>(manifest: &'tree Manifest, rules: &IgnoreFile) -> Vec<Cow<'tree, Entry>> {
    let mut walk = rules.walk(Pruning::ClassicClient);
    let chosen: Vec<&Entry> = manifest
        .entries()
        .iter()
        .filter(|entry| !walk.visit(&entry.path, entry.is_directory()).decision.excluded)
        .collect();
    relink(manifest, &chosen)
}

#[cfg(test)]
mod tests {
    use super::super::manifest::tests::{directory, file, hardlink, manifest};
    use super::*;

    #[test]
    fn what_is_needed_stays_and_parents_that_are_left_out_are_not_listed() {
        let tree = manifest(&[
            file(".dockerignore", ""),
            directory("docker"),
            file("docker/Dockerfile", ""),
            file("docker/other", ""),
            directory("excluded"),
            file("excluded/a", "1"),
            directory("excluded/deep"),
            file("excluded/deep/keep", "1"),
            hardlink("z", "excluded/a"),
        ]);
        let all: Vec<_> = tree.entries().iter().map(|entry| entry.path.as_str()).collect();
        for (rules, wanted) in [
            (&[] as &[&str], all),
            (
                &["*", "!excluded/deep"],
                vec![
                    ".dockerignore",
                    "docker/Dockerfile",
                    "excluded/deep",
                    "excluded/deep/keep",
                ],
            ),
            // Nothing begins with the folder's name, so it is not entered.
            (
                &["excluded", "!**/keep"],
                vec![
                    ".dockerignore",
                    "docker",
                    "docker/Dockerfile",
                    "docker/other",
                    "z",
                ],
            ),
        ] {
            let ignore = IgnoreFile::from_patterns(rules).unwrap();
            let rules = classic_rules(&ignore, Some("docker/Dockerfile")).unwrap();
            let entries = classic_entries(&tree, &rules);
            let paths: Vec<_> = entries.iter().map(|entry| entry.path.as_str()).collect();
            assert_eq!(paths, wanted, "{ignore:?}");
            if let Some(link) = entries.iter().find(|entry| entry.path == "z") {
                assert_eq!(link.size().0 > 0, !paths.contains(&"excluded/a"));
            }
        }
    }
}
