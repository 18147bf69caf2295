//! Reading objects of a repository, one after the other, from one git.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use super::git::{Git, GitError};

/// A git that answers with one object after the other.
#[derive(Debug)]
pub(super) struct GitObjects {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// An object.
#[derive(Debug)]
pub(super) struct GitObject {
    /// Its hash.
    pub(super) hash: String,
    /// `commit`, `tree`, `blob` or `tag`.
    pub(super) kind: String,
    /// What it holds.
    pub(super) content: Vec<u8>,
}

impl GitObjects {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// Where there is no git.
    pub(super) fn of(git: &Git) -> Result<Self, GitError> {
        let start = |source| GitError::Start { source };
        let mut child = git
            .command(&["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(start)?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (requests, answers) = pipes.ok_or_else(|| start(io::ErrorKind::BrokenPipe.into()))?;
        Ok(Self {
            child,
            requests: Some(requests),
            answers: BufReader::new(answers),
        })
    }

    /// The object of a name, which holds no line feed.
    ///
    /// # Errors
    ///
    /// [`GitError::Find`] where there is none.
    pub(super) fn read(&mut self, name: &str) -> Result<GitObject, GitError> {
        let talk = |source| GitError::Talk { source };
        let missing = || GitError::Find {
            name: name.to_owned(),
        };
        if name.contains('\n') {
            return Err(missing());
        }
        let Some(requests) = &mut self.requests else {
            return Err(talk(io::ErrorKind::BrokenPipe.into()));
        };
        requests
            .write_all(format!("{name}\n").as_bytes())
            .and_then(|()| requests.flush())
            .map_err(talk)?;
        let mut header = Vec::new();
        self.answers.read_until(b'\n', &mut header).map_err(talk)?;
        if header.is_empty() {
            return Err(talk(io::ErrorKind::UnexpectedEof.into()));
        }
        let header = String::from_utf8_lossy(&header);
        let header = header.trim_end_matches('\n');
        let words: Vec<&str> = header.rsplitn(3, ' ').collect();
        let [size, kind, hash] = words[..] else {
            return Err(missing());
        };
        let Ok(size) = size.parse::<usize>() else {
            // "NAME missing", whatever the name holds.
            return Err(missing());
        };
        let mut content = vec![0; size];
        self.answers.read_exact(&mut content).map_err(talk)?;
        let mut end = [0];
        self.answers.read_exact(&mut end).map_err(talk)?;
        Ok(GitObject {
            hash: hash.to_owned(),
            kind: kind.to_owned(),
            content,
        })
    }
}

impl Drop for GitObjects {
    fn drop(&mut self) {
        // It ends when nothing more can be asked; in the middle of an answer it is not waited for.
        drop(self.requests.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
