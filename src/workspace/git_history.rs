//! The commits of a range, as a replay takes them.

use std::path::Path;

use super::git::{Git, GitError};
use super::git_objects::GitObjects;
use crate::scenario::{Commit, CommitRange, History, HistoryFault};

/// How much of a subject is kept, in characters.
const SUBJECT: usize = 200;

/// The commits of `range` by first parents, oldest first, and the one before them. `repo` is the repository's top
/// folder, `shown` the same as the scenario names it, `path` the folder in it that is the build context.
///
/// # Errors
///
/// [`HistoryFault`] says what is not there.
pub fn git_history(
    repo: &Path,
    shown: &Path,
    range: &CommitRange,
    path: &Path,
) -> Result<History, HistoryFault> {
    let no_repository = |said: String| HistoryFault::OpenRepository {
        repo: shown.to_owned(),
        said,
    };
    let git = Git::at(repo).map_err(|error| no_repository(error.to_string()))?;
    let is_shallow = git
        .ask(&["rev-parse", "--is-shallow-repository"])
        .map_err(|error| match error {
            GitError::Start { source } => HistoryFault::StartGit {
                said: source.to_string(),
            },
            GitError::Refuse { said, .. } => no_repository(said),
            other => no_repository(other.to_string()),
        })?;
    let reader = Reader {
        git,
        shown,
        shallow: is_shallow.starts_with(b"true"),
    };
    reader.history(range, path)
}

struct Reader<'a> {
    git: Git,
    shown: &'a Path,
    shallow: bool,
}

impl Reader<'_> {
    fn history(&self, range: &CommitRange, path: &Path) -> Result<History, HistoryFault> {
        let (from, to) = (self.commit(&range.from)?, self.commit(&range.to)?);
        let between = format!("{from}..{to}");
        let listed = self
            .git
            .ask(&["rev-list", "--first-parent", "--reverse", "--parents", &between])
            .map_err(|error| self.unread(&error))?;
        let listed = String::from_utf8_lossy(&listed);
        let hashes: Vec<&str> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
        let Some(first) = listed.lines().next() else {
            return Err(HistoryFault::FindAny {
                range: range.to_string(),
            });
        };
        let missed = ["rev-list", "--max-count=1", &from, &format!("^{to}")];
        if !self
            .git
            .ask(&missed)
            .map_err(|error| self.unread(&error))?
            .is_empty()
        {
            return Err(HistoryFault::Diverge {
                range: range.clone(),
                parted: self.parted(&from, &to),
                shallow: self.shallow,
            });
        }
        let mut words = first.split(' ');
        let (first, parent) = (words.next().unwrap_or_default(), words.next());
        let parent = parent.ok_or_else(|| HistoryFault::FindParent {
            commit: first.to_owned(),
            shallow: self.shallow,
        })?;
        let mut objects = GitObjects::of(&self.git).map_err(|error| self.unread(&error))?;
        let mut read = |hash: &str| self.read(&mut objects, hash, path);
        Ok(History {
            base: read(parent)?,
            commits: hashes.into_iter().map(read).collect::<Result<_, _>>()?,
        })
    }

    /// The newest commit that both of two have, as short as it can be.
    fn parted(&self, one: &str, other: &str) -> Option<String> {
        // It ends with an error where there is none.
        let base = self.git.ask(&["merge-base", one, other]).ok()?;
        let base = String::from_utf8(base).ok()?;
        let short = self.git.ask(&["rev-parse", "--short=12", base.trim()]).ok()?;
        Some(String::from_utf8(short).ok()?.trim().to_owned())
    }

    /// The hash of the commit that a revision names.
    fn commit(&self, revision: &str) -> Result<String, HistoryFault> {
        let peeled = format!("{revision}^{{commit}}");
        let found = self
            .git
            .ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &peeled]);
        match found {
            // Before git 2.30 the option itself is echoed.
            Ok(hash) => Ok(String::from_utf8_lossy(&hash)
                .lines()
                .last()
                .unwrap_or_default()
                .to_owned()),
            Err(GitError::Refuse { .. }) => Err(HistoryFault::FindCommit {
                revision: revision.to_owned(),
                shallow: self.shallow,
            }),
            Err(error) => Err(self.unread(&error)),
        }
    }

    fn read(&self, objects: &mut GitObjects, hash: &str, path: &Path) -> Result<Commit, HistoryFault> {
        let object = objects.read(hash).map_err(|error| self.unread(&error))?;
        let (subject, authored_unix_s) = message(&object.content);
        let no_folder = || HistoryFault::FindFolder {
            commit: hash.to_owned(),
            path: path.to_owned(),
        };
        let folder = if path == Path::new(".") {
            format!("{hash}^{{tree}}")
        } else {
            format!("{hash}:{}", path.to_str().ok_or_else(no_folder)?)
        };
        let tree = match objects.read(&folder) {
            Ok(found) if found.kind == "tree" => found.hash,
            Ok(_) | Err(GitError::Find { .. }) => return Err(no_folder()),
            Err(error) => return Err(self.unread(&error)),
        };
        Ok(Commit {
            hash: hash.to_owned(),
            tree,
            subject,
            authored_unix_s,
        })
    }

    fn unread(&self, error: &GitError) -> HistoryFault {
        HistoryFault::ReadHistory {
            repo: self.shown.to_owned(),
            said: error.to_string(),
        }
    }
}

/// The first line of a commit's message, and when it was written.
fn message(commit: &[u8]) -> (String, i64) {
    let text = String::from_utf8_lossy(commit);
    let (headers, message) = text.split_once("\n\n").unwrap_or((&text, ""));
    let authored = headers
        .lines()
        .find_map(|line| line.strip_prefix("author "))
        // "NAME <ADDRESS> SECONDS ZONE"
        .and_then(|author| author.rsplit(' ').nth(1))
        .and_then(|seconds| seconds.parse().ok())
        .unwrap_or_default();
    let subject = message.trim_start().lines().next().unwrap_or_default();
    (subject.chars().take(SUBJECT).collect(), authored)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subject_and_time_are_taken_out_of_a_commit() {
        let commit = b"tree 1\nparent 2\nauthor A > B <a@b> 1700000001 +0100\ncommitter C <c@d> 5 +0000\n\nAdd x\n\nWhy.\n";
        assert_eq!(message(commit), ("Add x".to_owned(), 1_700_000_001));
        assert_eq!(message(b"tree 1\n\n\xff\n").0, "\u{fffd}");
        assert_eq!(message(b""), (String::new(), 0));
    }
}
