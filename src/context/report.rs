//! Where the bytes of a context are, and which line of the ignore file saves how many.

use serde::{Deserialize, Serialize};

use super::entry::Entry;
use super::hardlink::relink;
use super::manifest::Manifest;
use crate::dockerignore::{IgnoreFile, IgnoreWarning, Pruning};
use crate::unit::ByteSize;

/// A context held against an ignore file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextReport {
    /// Regular files that are sent, every name counted.
    pub kept_files: u64,
    /// Bytes of the regular files that are sent, a file with several names counted once.
    pub kept_bytes: ByteSize,
    /// Regular files that are left out, every name counted.
    pub dropped_files: u64,
    /// Bytes of the regular files whose first name is left out.
    pub dropped_bytes: ByteSize,
    /// What each rule leaves out, in the order of the file, exceptions not listed. A rule that leaves
    /// out nothing is there with zeros.
    pub drops: Vec<RuleDrop>,
    /// The largest files that are sent, largest first.
    pub heaviest: Vec<HeavyPath>,
    /// Lines that do something else than they seem to say.
    pub warnings: Vec<IgnoreWarning>,
}

/// What one line of an ignore file leaves out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleDrop {
    /// Line number, from 1.
    pub line: usize,
    /// The line as written.
    pub text: String,
    /// Regular files for which this line decided.
    pub files: u64,
    /// Their bytes.
    pub dropped_bytes: ByteSize,
}

/// A large file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeavyPath {
    /// Path relative to the context root.
    pub path: String,
    /// Length of its content.
    pub size_bytes: ByteSize,
}

impl ContextReport {
    /// Holds a whole tree, from which nothing was left out yet, against an ignore file; lists the
    /// `heaviest` largest files of what remains.
    #[must_use]
    pub fn new(manifest: &Manifest, ignore: &IgnoreFile, pruning: Pruning, heaviest: usize) -> Self {
        let mut walk = ignore.walk(pruning);
        let plain = ignore.rules().iter().filter(|rule| !rule.is_negated());
        let mut drops: Vec<RuleDrop> = plain
            .map(|rule| RuleDrop {
                line: rule.line(),
                text: rule.text().to_owned(),
                files: 0,
                dropped_bytes: ByteSize::ZERO,
            })
            .collect();
        let mut kept: Vec<&Entry> = Vec::new();
        for entry in manifest.entries() {
            let decision = walk.visit(&entry.path, entry.is_directory()).decision;
            let rule = decision.rule.filter(|_| decision.excluded);
            match rule.and_then(|rule| drops.iter_mut().find(|drop| drop.line == rule.line())) {
                Some(drop) => {
                    drop.files += u64::from(entry.is_file());
                    drop.dropped_bytes = drop.dropped_bytes + entry.size();
                }
                None => kept.push(entry),
            }
        }
        let kept = relink(manifest, &kept);
        let mut heavy: Vec<HeavyPath> = kept
            .iter()
            .filter(|entry| entry.size() > ByteSize::ZERO)
            .map(|entry| HeavyPath {
                path: entry.path.clone(),
                size_bytes: entry.size(),
            })
            .collect();
        heavy.sort_by_key(|path| std::cmp::Reverse(path.size_bytes));
        heavy.truncate(heaviest);
        Self {
            kept_files: kept.iter().filter(|entry| entry.is_file()).count() as u64,
            kept_bytes: kept.iter().map(|entry| entry.size()).sum(),
            dropped_files: drops.iter().map(|drop| drop.files).sum(),
            dropped_bytes: drops.iter().map(|drop| drop.dropped_bytes).sum(),
            drops,
            heaviest: heavy,
            warnings: ignore.warnings(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::manifest::tests::{directory, file, hardlink, manifest, symlink};
    use super::*;

    #[test]
    fn every_dropped_byte_is_charged_to_the_line_that_decided() {
        let tree = manifest(&[
            file("a.log", "333"),
            directory("node_modules"),
            file("node_modules/big", "55555"),
            file("node_modules/keep.js", "1"),
            hardlink("node_modules/other.log", "a.log"),
            symlink("s", "a.log"),
            file("src.c", "22"),
        ]);
        let ignore =
            IgnoreFile::parse(b"# test\nnode_modules\n*.log\n!node_modules/keep.js\n*.tmp\n**bin\n").unwrap();
        let report = ContextReport::new(&tree, &ignore, Pruning::StreamedContext, 1);
        let drop = |line, text: &str, files, bytes| RuleDrop {
            line,
            text: text.to_owned(),
            files,
            dropped_bytes: ByteSize(bytes),
        };
        assert_eq!(
            report.drops,
            [
                drop(2, "node_modules", 2, 5),
                drop(3, "*.log", 1, 3),
                drop(5, "*.tmp", 0, 0),
                drop(6, "**bin", 0, 0)
            ]
        );
        assert_eq!((report.kept_files, report.kept_bytes), (2, ByteSize(3)));
        assert_eq!((report.dropped_files, report.dropped_bytes), (3, ByteSize(8)));
        assert_eq!(
            report.heaviest,
            [HeavyPath {
                path: "src.c".to_owned(),
                size_bytes: ByteSize(2)
            }]
        );
        assert_eq!(report.warnings.len(), 1);
    }
}
