//! A repository of known commits, made by git.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A repository in a folder.
pub(crate) struct Repository(PathBuf);

/// The commits of [`Repository::with_history`] that a replay of `begin..main` has as steps, by first parents.
pub(crate) const COMMITS: [&str; 9] = [
    "Edit the source",
    "Change a requirement",
    "Edit an ignored file",
    "Delete a module",
    "Rename a module",
    "Make the tool executable",
    "Link to the source",
    "Merge the feature",
    "Put a folder where a file was",
];

impl Repository {
    /// An empty one.
    pub(crate) fn new(folder: &Path) -> Self {
        fs::create_dir_all(folder).unwrap();
        let repository = Self(folder.to_owned());
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    /// One with a tag `begin` at its second commit and [`COMMITS`] after that. `token` is in every file that a build
    /// of a test reads, so that nothing of it is in any cache.
    pub(crate) fn with_history(folder: &Path, token: &str) -> Self {
        let it = Self::new(folder);
        it.write("README.md", "the root commit, before everything\n");
        it.commit("Begin");
        it.write("requirements.txt", &format!("one {token}\n"));
        it.write("app/main.txt", &format!("main {token}\n"));
        it.write("app/old.txt", "old\n");
        it.write("app/gone/deep.txt", "gone\n");
        it.write("tool.sh", "#!/bin/sh\n");
        it.write("docs/notes.txt", "notes\n");
        it.write("spot", "a file\n");
        it.write(".dockerignore", "docs\n");
        it.commit("Add an application");
        it.git(&["tag", "begin"]);
        let [
            source,
            requirement,
            ignored,
            delete,
            rename,
            mode,
            link,
            merge,
            spot,
        ] = COMMITS;
        it.write("app/main.txt", &format!("edited {token}\n"));
        it.commit(source);
        it.write("requirements.txt", &format!("two {token}\n"));
        it.commit(requirement);
        it.write("docs/notes.txt", "other notes\n");
        it.commit(ignored);
        fs::remove_dir_all(it.0.join("app/gone")).unwrap();
        it.commit(delete);
        fs::rename(it.0.join("app/old.txt"), it.0.join("app/new.txt")).unwrap();
        it.commit(rename);
        fs::set_permissions(it.0.join("tool.sh"), Permissions::from_mode(0o755)).unwrap();
        it.commit(mode);
        symlink("app/main.txt", it.0.join("link")).unwrap();
        it.commit(link);
        it.git(&["checkout", "--quiet", "-b", "feature", "HEAD~1"]);
        it.write("app/feature.txt", &format!("half {token}\n"));
        it.commit("Begin a feature");
        it.write("app/feature.txt", &format!("whole {token}\n"));
        it.commit("Finish the feature");
        it.git(&["checkout", "--quiet", "main"]);
        it.git(&["merge", "--quiet", "--no-ff", "-m", merge, "feature"]);
        fs::remove_file(it.0.join("spot")).unwrap();
        it.write("spot/inside.txt", "a folder\n");
        it.commit(spot);
        it
    }

    /// Writes a file of the work tree.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Commits all that is in the work tree.
    pub(crate) fn commit(&self, subject: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", subject]);
    }

    /// What git prints.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(&self.0, arguments)
    }

    /// Unpacks a commit as `git archive` gives it into an empty folder.
    pub(crate) fn archive(&self, commit: &str, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        let tar = folder.with_extension("tar");
        let tar = tar.to_str().unwrap();
        self.git(&[
            "-c",
            "tar.umask=0022",
            "archive",
            "--format=tar",
            "-o",
            tar,
            commit,
        ]);
        let mut unpack = Command::new("tar");
        unpack.args(["-xpf", tar, "-C"]).arg(folder);
        assert!(unpack.status().unwrap().success());
    }
}

/// Runs git in a folder, as nobody in particular.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=A",
            "-c",
            "user.email=a@example.invalid",
            "-c",
            "commit.gpgSign=false",
        ])
        .args(["-c", "protocol.file.allow=always"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
