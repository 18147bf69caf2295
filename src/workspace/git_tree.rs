//! What is in a tree of a repository, and how two of them differ.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use super::git::{Git, GitError};

/// What stands at a path of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TreeEntry {
    /// A file.
    File {
        /// The hash of its content.
        blob: String,
        /// Whether it may be run.
        executable: bool,
    },
    /// A symbolic link.
    Link {
        /// The hash of its target.
        blob: String,
    },
    /// A commit of another repository, which is not followed: an empty folder, as git leaves it.
    Submodule,
}

/// A path that differs between two trees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TreeChange {
    /// The path below the trees.
    pub(super) path: PathBuf,
    /// What was there.
    pub(super) before: Option<TreeEntry>,
    /// What is there.
    pub(super) after: Option<TreeEntry>,
}

impl Git {
    /// Every path of a tree, as a change of nothing.
    ///
    /// # Errors
    ///
    /// Where the repository does not hold the tree, or holds something in it that no tree has.
    pub(super) fn tree(&self, tree: &str) -> Result<Vec<TreeChange>, GitError> {
        let listed = self.ask(&["ls-tree", "-r", "-z", "--full-tree", tree])?;
        let lines = listed.split(|byte| *byte == 0).filter(|line| !line.is_empty());
        lines
            .map(|line| {
                let not_understood = || not_understood("ls-tree", line);
                let tab = line
                    .iter()
                    .position(|byte| *byte == b'\t')
                    .ok_or_else(not_understood)?;
                let (facts, path) = (&line[..tab], &line[tab + 1..]);
                let facts = std::str::from_utf8(facts).map_err(|_| not_understood())?;
                let words: Vec<&str> = facts.split(' ').collect();
                let [mode, _, hash] = words[..] else {
                    return Err(not_understood());
                };
                Ok(TreeChange {
                    path: PathBuf::from(OsStr::from_bytes(path)),
                    before: None,
                    after: Some(entry(mode, hash).ok_or_else(not_understood)?),
                })
            })
            .collect()
    }

    /// How the tree `to` differs from the tree `from`; a renamed file is one that goes and one that comes.
    ///
    /// # Errors
    ///
    /// As [`tree`](Self::tree).
    pub(super) fn difference(&self, from: &str, to: &str) -> Result<Vec<TreeChange>, GitError> {
        let arguments = [
            "diff-tree",
            "-r",
            "-z",
            "--raw",
            "--no-abbrev",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            "--ignore-submodules=none",
            from,
            to,
        ];
        let listed = self.ask(&arguments)?;
        let mut parts = listed.split(|byte| *byte == 0).filter(|part| !part.is_empty());
        let mut changes = Vec::new();
        while let Some(facts) = parts.next() {
            let not_understood = || not_understood("diff-tree", facts);
            let path = parts.next().ok_or_else(not_understood)?;
            let facts = std::str::from_utf8(facts).map_err(|_| not_understood())?;
            let words: Vec<&str> = facts.split(' ').collect();
            let [mode_before, mode_after, before, after, _] = words[..] else {
                return Err(not_understood());
            };
            let mode_before = mode_before.strip_prefix(':').ok_or_else(not_understood)?;
            let side = |mode: &str, hash: &str| match mode {
                "000000" => Ok(None),
                mode => entry(mode, hash).map(Some).ok_or_else(not_understood),
            };
            changes.push(TreeChange {
                path: PathBuf::from(OsStr::from_bytes(path)),
                before: side(mode_before, before)?,
                after: side(mode_after, after)?,
            });
        }
        Ok(changes)
    }
}

fn entry(mode: &str, hash: &str) -> Option<TreeEntry> {
    let blob = hash.to_owned();
    Some(match mode {
        "100755" => TreeEntry::File {
            blob,
            executable: true,
        },
        // Old repositories have files that a group may write; git has made them plain ones ever since.
        "100644" | "100664" => TreeEntry::File {
            blob,
            executable: false,
        },
        "120000" => TreeEntry::Link { blob },
        "160000" => TreeEntry::Submodule,
        _ => return None,
    })
}

fn not_understood(command: &'static str, line: &[u8]) -> GitError {
    GitError::Understand {
        command,
        answer: String::from_utf8_lossy(line).into_owned(),
        expected: "modes, hashes and a path",
    }
}
