//! The commit that a folder is at.

use std::path::Path;

use super::git::Git;
use crate::results::CommitRecord;

/// The commit of the repository that the folder is in; `None` where it is in none, there is no git, or nothing was committed yet.
#[must_use]
pub fn commit_of(folder: &Path) -> Option<CommitRecord> {
    let folder = folder.canonicalize().ok()?;
    let top = folder
        .ancestors()
        .find(|above| above.join(".git").symlink_metadata().is_ok())?;
    let git = Git::at(top).ok()?;
    let sha = git.ask(&["rev-parse", "--verify", "HEAD"]).ok()?;
    let sha = String::from_utf8(sha).ok()?.trim().to_owned();
    let changed = git.ask(&["status", "--porcelain", "--untracked-files=no"]).ok()?;
    Some(CommitRecord {
        sha,
        dirty: !changed.is_empty(),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    fn git(folder: &Path, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=A", "-c", "user.email=a@example.com"])
            .args(arguments)
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    #[test]
    fn a_folder_below_the_top_has_the_commit_and_a_change_shows() {
        let parent = tempfile::tempdir().unwrap();
        let below = parent.path().join("repo/scenarios/one");
        fs::create_dir_all(&below).unwrap();
        assert_eq!(commit_of(&below), None, "in no repository");
        let top = parent.path().join("repo");
        git(&top, &["init", "--quiet"]);
        assert_eq!(commit_of(&below), None, "nothing was committed yet");
        fs::write(below.join("file"), "1").unwrap();
        git(&top, &["add", "."]);
        git(&top, &["commit", "--quiet", "--message", "one"]);
        let sha = git(&top, &["rev-parse", "HEAD"]);
        let expected = |dirty| {
            Some(CommitRecord {
                sha: sha.clone(),
                dirty,
            })
        };
        assert_eq!(commit_of(&below), expected(false));
        fs::write(below.join("other"), "1").unwrap();
        assert_eq!(commit_of(&below), expected(false), "git keeps no such file");
        fs::write(below.join("file"), "22").unwrap();
        assert_eq!(commit_of(&below), expected(true));
    }
}
