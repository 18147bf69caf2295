//! Asking git about a repository that is only read.
//!
//! Plumbing alone is used, on objects alone: no command here looks at the work tree or the index, takes a lock, runs a
//! hook, a filter or a helper of the user's configuration, or reaches for another machine.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::io::Errno;

/// git could not be asked, or did not answer as it should.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no git, or nothing more can be started.
    #[error("cannot start `git`")]
    Start {
        /// What the system said.
        source: io::Error,
    },
    /// git refused.
    #[error("`git {command}` in `{}`: {said}", .repo.display())]
    Refuse {
        /// The subcommand.
        command: String,
        /// The repository.
        repo: PathBuf,
        /// What git said, in one line.
        said: String,
    },
    /// What git said is not what it says.
    #[error("`git {command}` answered {answer:?}, expected {expected}")]
    Understand {
        /// The subcommand.
        command: &'static str,
        /// A part of the answer.
        answer: String,
        /// What was expected.
        expected: &'static str,
    },
    /// The repository does not hold an object any more.
    #[error("the repository has no object `{name}`: its history was rewritten, or it is not whole")]
    Find {
        /// The object as it was asked for.
        name: String,
    },
    /// The conversation broke off.
    #[error("git stopped answering")]
    Talk {
        /// What the system said.
        source: io::Error,
    },
}

/// A repository on disk.
#[derive(Clone, Debug)]
pub(super) struct Git {
    repo: PathBuf,
}

impl Git {
    /// The repository whose top folder, or bare folder, this is.
    ///
    /// # Errors
    ///
    /// Where the folder is not there.
    pub(super) fn at(folder: &Path) -> io::Result<Self> {
        let repo = fs::canonicalize(folder)?;
        if !repo.is_dir() {
            return Err(Errno::NOTDIR.into());
        }
        Ok(Self { repo })
    }

    /// A command on the repository, with nothing on its standard input.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .env_clear()
            .envs(["PATH", "HOME", "XDG_CONFIG_HOME"].iter().filter_map(|name| {
                // The user's own configuration says which repositories of others to trust.
                Some((*name, std::env::var_os(name)?))
            }))
            // A folder that is no repository is not looked for in those above it.
            .env(
                "GIT_CEILING_DIRECTORIES",
                self.repo.parent().unwrap_or(&self.repo),
            )
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_ALLOW_PROTOCOL", "none")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C")
            .args(["--no-pager", "--no-replace-objects", "--literal-pathspecs"])
            .args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"])
            .args(arguments.iter().map(OsStr::new))
            .current_dir(&self.repo)
            .stdin(Stdio::null());
        command
    }

    /// What a command prints.
    pub(super) fn ask(&self, arguments: &[&str]) -> Result<Vec<u8>, GitError> {
        let output = self
            .command(arguments)
            .output()
            .map_err(|source| GitError::Start { source })?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        Err(GitError::Refuse {
            command: arguments.first().copied().unwrap_or_default().to_owned(),
            repo: self.repo.clone(),
            said: first_line(&output.stderr).unwrap_or_else(|| format!("it ended with {}", output.status)),
        })
    }
}

/// The first line of what git complains about, without the word before it.
fn first_line(stderr: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.strip_prefix("fatal: ").unwrap_or(line).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_one_line() {
        assert_eq!(
            first_line(b"\nfatal: not a git repository\nStopping\n").unwrap(),
            "not a git repository"
        );
        assert_eq!(first_line(b" \n"), None);
    }
}
