//! A replay: the commits of a repository as the steps of a scenario.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The shortest hash that a step is named by, in hexadecimal digits.
const SHORTEST: usize = 8;

/// The longest name of a step, in bytes.
const LONGEST_NAME: usize = 64;

/// A replay in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replay {
    /// The repository, relative to the scenario's folder.
    pub repo: PathBuf,
    /// The commits, as the scenario names them.
    pub range: CommitRange,
    /// The folder of the repository that is the build context; `.` is all of it.
    pub path: PathBuf,
    /// The commit before the first of the range, where every turn begins.
    pub base: Commit,
}

impl Replay {
    /// The step that builds what was there before the first commit, with nothing to reuse.
    pub const BASE_STEP: &'static str = "base";
}

/// Two revisions, as git names them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CommitRange {
    /// The commit after which it begins.
    pub from: String,
    /// The last commit of it.
    pub to: String,
}

impl CommitRange {
    /// Reads `FROM..TO`; `None` for anything else, which git could take for an option or another kind of range.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.split_once("..")?;
        let is_revision = |name: &str| {
            !name.is_empty()
                && !name.starts_with(['-', '^', '.'])
                && !name.contains("..")
                && !name
                    .chars()
                    .any(|character| character.is_whitespace() || character.is_control())
        };
        (is_revision(from) && is_revision(to)).then(|| Self {
            from: from.to_owned(),
            to: to.to_owned(),
        })
    }
}

impl std::fmt::Display for CommitRange {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}..{}", self.from, self.to)
    }
}

/// A commit as far as a replay needs it; who made it is not looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its full hash.
    pub hash: String,
    /// The hash of the tree that is the build context.
    pub tree: String,
    /// The first line of its message.
    pub subject: String,
    /// When it was written, in seconds since the epoch.
    pub authored_unix_s: i64,
}

/// What a repository holds of a range: at least one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The first parent of the first commit.
    pub base: Commit,
    /// The commits by first parents, oldest first.
    pub commits: Vec<Commit>,
}

/// Why the commits of a range are not to be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HistoryFault {
    /// There is no git to ask.
    #[error("cannot start `git`, which reads the history of a repository: {said}")]
    StartGit {
        /// What the system said.
        said: String,
    },
    /// The folder is no repository, or one that git does not trust.
    #[error("`{}` is not a repository that git reads: {said}", .repo.display())]
    OpenRepository {
        /// The folder, as the scenario names it.
        repo: PathBuf,
        /// What git said.
        said: String,
    },
    /// The repository has no such commit.
    #[error("the repository has no commit `{revision}`")]
    FindCommit {
        /// The revision as the scenario names it.
        revision: String,
        /// Whether older commits were left out when the repository was cloned.
        shallow: bool,
    },
    /// There is nothing between the two ends.
    #[error("the range `{range}` holds no commit")]
    FindAny {
        /// The range.
        range: String,
    },
    /// There is nothing to begin with.
    #[error("the repository has no parent of `{commit}`, the first commit of the range, to begin with")]
    FindParent {
        /// The hash of the first commit.
        commit: String,
        /// Whether older commits were left out when the repository was cloned.
        shallow: bool,
    },
    /// The history from its last commit on does not lead to the commit after which it is to begin.
    #[error("`{}` is no ancestor of `{}`, so that the range would begin elsewhere", .range.from, .range.to)]
    Diverge {
        /// The range.
        range: CommitRange,
        /// The hash of the newest commit that both have.
        parted: Option<String>,
        /// Whether older commits were left out when the repository was cloned.
        shallow: bool,
    },
    /// The folder that is to be the context is not there in a commit.
    #[error("the commit `{commit}` has no folder `{}`", .path.display())]
    FindFolder {
        /// The hash of the commit.
        commit: String,
        /// The folder.
        path: PathBuf,
    },
    /// git did not do what it was asked for.
    #[error("cannot read the history of `{}`: {said}", .repo.display())]
    ReadHistory {
        /// The folder, as the scenario names it.
        repo: PathBuf,
        /// What git said.
        said: String,
    },
}

impl HistoryFault {
    /// The key of `[replay]` that is to be looked at.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        match self {
            Self::StartGit { .. } | Self::OpenRepository { .. } | Self::ReadHistory { .. } => "repo",
            Self::FindCommit { .. }
            | Self::FindAny { .. }
            | Self::FindParent { .. }
            | Self::Diverge { .. } => "range",
            Self::FindFolder { .. } => "path",
        }
    }

    /// What may help.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        const UNSHALLOW: &str = "the repository is shallow: it holds the newest commits alone; `git fetch --unshallow` gets the rest";
        match self {
            Self::StartGit { .. } => Some("install git".to_owned()),
            Self::OpenRepository { .. } => {
                Some("`repo` is the top folder of a repository, relative to the scenario's folder".to_owned())
            }
            Self::FindCommit { shallow: true, .. }
            | Self::FindParent { shallow: true, .. }
            | Self::Diverge { shallow: true, .. } => Some(UNSHALLOW.to_owned()),
            Self::FindCommit { .. } => {
                Some("there are fewer commits, or the history was rewritten since".to_owned())
            }
            Self::Diverge {
                range,
                parted: Some(parted),
                ..
            } => Some(format!(
                "the history was rewritten since, or these are two branches; `{parted}..{}` holds the commits since they \
                 parted",
                range.to
            )),
            Self::Diverge { parted: None, .. } => Some("the two have no commit in common".to_owned()),
            Self::FindAny { .. } => Some("it is `FROM..TO`, where TO is the newer commit".to_owned()),
            Self::FindParent { .. } => Some("begin the range one commit later".to_owned()),
            Self::FindFolder { .. } => {
                Some("every commit of the range and the one before it must have it".to_owned())
            }
            Self::ReadHistory { .. } => None,
        }
    }
}

/// The names of the steps of these commits: a hash as short as it may be, and the subject as far as a step's name
/// holds it.
pub(super) fn step_names(commits: &[Commit]) -> Vec<String> {
    let short = |length: usize| -> Vec<&str> {
        commits
            .iter()
            .map(|commit| commit.hash.get(..length).unwrap_or(&commit.hash))
            .collect()
    };
    let is_unique = |hashes: &[&str]| {
        let mut sorted = hashes.to_vec();
        sorted.sort_unstable();
        sorted.windows(2).all(|pair| pair[0] != pair[1])
    };
    let hashes = (SHORTEST..LONGEST_NAME)
        .map(short)
        .find(|hashes| is_unique(hashes))
        .unwrap_or_else(|| short(LONGEST_NAME));
    let named = hashes.into_iter().zip(commits);
    named
        .map(|(hash, commit)| step_name(hash, &commit.subject))
        .collect()
}

fn step_name(hash: &str, subject: &str) -> String {
    let plain: String = subject
        .chars()
        .map(|character| {
            if character.is_alphanumeric() || "-_+".contains(character) {
                character
            } else {
                ' '
            }
        })
        .collect();
    let mut name = hash.to_owned();
    for word in plain.split_whitespace() {
        if name.len() + 1 + word.len() > LONGEST_NAME {
            break;
        }
        name.push(' ');
        name.push_str(word);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::name::check_step;

    fn commit(hash: &str, subject: &str) -> Commit {
        Commit {
            hash: hash.to_owned(),
            tree: String::new(),
            subject: subject.to_owned(),
            authored_unix_s: 0,
        }
    }

    #[test]
    fn a_range_has_two_ends_and_nothing_that_is_an_option() {
        for (text, expected) in [
            ("HEAD~8..HEAD", Some(("HEAD~8", "HEAD"))),
            ("v1.0..main@{yesterday}", Some(("v1.0", "main@{yesterday}"))),
            ("HEAD", None),
            ("..HEAD", None),
            ("HEAD..", None),
            ("a...b", None),
            ("a..b..c", None),
            ("--all..HEAD", None),
            ("a..--output=x", None),
            ("^a..b", None),
            ("a..b c", None),
            ("", None),
        ] {
            let range = CommitRange::parse(text);
            let ends = range
                .as_ref()
                .map(|range| (range.from.as_str(), range.to.as_str()));
            assert_eq!(ends, expected, "{text:?}");
        }
    }

    #[test]
    fn steps_are_named_by_hash_and_subject_within_the_rules() {
        let hash = |first: char| format!("{first}{}", "0123456789abcdef".repeat(3));
        let long = "wort ".repeat(40);
        let commits = [
            commit(&hash('a'), "Fix: `x/y` <- (z)!"),
            commit(&hash('b'), ""),
            commit(&hash('c'), &long),
            commit(&hash('d'), "größer\u{202e}\u{1b}[31m"),
            commit(&hash('e'), &"ü".repeat(80)),
        ];
        let names = step_names(&commits);
        assert_eq!(names[0], "a0123456 Fix x y - z");
        assert_eq!(names[1], "b0123456");
        assert!(names[2].len() > 55, "{}", names[2]);
        assert_eq!(names[3], "d0123456 größer 31m");
        assert_eq!(names[4], "e0123456");
        for name in &names {
            assert!(check_step(name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn hashes_that_begin_alike_are_told_apart() {
        let commits = [commit("aaaaaaaabbbb", "one"), commit("aaaaaaaabbcc", "one")];
        assert_eq!(step_names(&commits), ["aaaaaaaabbb one", "aaaaaaaabbc one"]);
    }
}
