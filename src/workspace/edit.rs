//! Applying one edit to a copy.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, OFlags};
use rustix::io::Errno;

use super::context_copy::ContextCopy;
use super::edit_error::{EditError, FileKind};
use super::enclosure::{is_link, link_refusal, make_file, make_folder, open_made_folder};
use super::file_facts::{FileFacts, set_mode};
use super::inside_path::{InsidePath, PathRefusal};
use super::nearest::nearest_path;
use crate::scenario::{Edit, Nonce};
use crate::unit::ByteSize;

/// What an edit did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The path of the edit.
    pub path: PathBuf,
    /// The file's size before; `None` where no file was, and for a folder.
    pub before: Option<ByteSize>,
    /// The file's size after; `None` where no file is, and for a folder.
    pub after: Option<ByteSize>,
}

/// Applies `edit` to the copy, with `nonce` in place of its placeholder.
///
/// The path cannot leave the copy. Links inside it are followed as far as they stay inside, but a delete
/// takes the link away and not what it leads to. A changed file keeps its mode and its other names, and gets
/// a modification time that it never had in this copy, so that a builder notices even where the size stays.
/// New files have mode 0644 and new folders 0755.
///
/// # Errors
///
/// [`EditError`]; the copy is then as it was before this edit.
pub fn apply(copy: &mut ContextCopy, edit: &Edit, nonce: &Nonce) -> Result<Applied, EditError> {
    let mark = copy.undo.len();
    let mut editor = Editor {
        copy,
        word: edit.kind(),
        given: edit.path(),
    };
    let outcome = editor.apply(edit, nonce);
    if outcome.is_err() {
        // What cannot be taken back here stays recorded, and the next reset reports it.
        let _ = copy.undo.undo_to(mark, &copy.enclosure);
    }
    outcome
}

/// How the content of a file changes.
enum Change {
    /// These bytes come at its end.
    Grow(Vec<u8>),
    /// It holds these bytes and no others.
    Become(Vec<u8>),
}

/// One edit on its way: the copy, and what its errors say.
struct Editor<'a> {
    copy: &'a mut ContextCopy,
    word: &'static str,
    given: &'a Path,
}

impl Editor<'_> {
    fn apply(&mut self, edit: &Edit, nonce: &Nonce) -> Result<Applied, EditError> {
        let path = InsidePath::new(self.given).map_err(|refusal| self.refuse(refusal))?;
        match edit {
            Edit::Append { text, .. } => {
                let text = nonce.fill_in(text).into_bytes();
                self.change(&path, |_, _| Ok(Change::Grow(text)))
            }
            Edit::Prepend { text, .. } => {
                let mut text = nonce.fill_in(text).into_bytes();
                self.change(&path, |editor, file| {
                    text.extend(editor.read(file)?);
                    Ok(Change::Become(text))
                })
            }
            Edit::Replace {
                find, with, times, ..
            } => {
                if find.is_empty() {
                    return Err(EditError::Pattern {
                        path: self.given.to_owned(),
                    });
                }
                let with = nonce.fill_in(with);
                self.change(&path, |editor, file| {
                    let (text, found) = replaced(&editor.read(file)?, find.as_bytes(), with.as_bytes());
                    if found != *times as usize {
                        return Err(EditError::Match {
                            path: editor.given.to_owned(),
                            find: find.clone(),
                            expected: *times,
                            found,
                        });
                    }
                    Ok(Change::Become(text))
                })
            }
            Edit::Write { text, .. } => self.write(&path, nonce.fill_in(text).into_bytes()),
            Edit::Touch { .. } => self.touch(&path),
            Edit::Delete { .. } => self.delete(&path),
        }
    }

    /// Changes the content of an existing file as `decide` says after a look at it.
    fn change(
        &mut self,
        path: &InsidePath,
        decide: impl FnOnce(&Self, &File) -> Result<Change, EditError>,
    ) -> Result<Applied, EditError> {
        let mut file = match self.open(path, OFlags::RDWR) {
            Ok(file) => file,
            Err(error) => return Err(self.missing(path, FileKind::File, error)),
        };
        let before = FileFacts::of(&file).map_err(|source| self.open_failed(source))?;
        let change = decide(self, &file)?;
        self.copy
            .undo
            .before_change(path.as_path(), &file, before)
            .map_err(|source| EditError::Save {
                edit: self.word,
                path: self.given.to_owned(),
                source,
            })?;
        put(&mut file, &change)
            // Writing clears the set-user-id bit.
            .and_then(|()| set_mode(&file, before.mode))
            .map_err(|source| self.write_failed(source))?;
        self.finish(&file, Some(before))
    }

    fn write(&mut self, path: &InsidePath, text: Vec<u8>) -> Result<Applied, EditError> {
        match self.open(path, OFlags::RDWR) {
            Ok(_) => self.change(path, |_, _| Ok(Change::Become(text))),
            Err(error) => match Errno::from_io_error(&error) {
                Some(Errno::NOENT | Errno::NOTDIR) => self.make(path, &text),
                _ => Err(self.missing(path, FileKind::File, error)),
            },
        }
    }

    fn make(&mut self, path: &InsidePath, text: &[u8]) -> Result<Applied, EditError> {
        let parent = self.make_parents(path)?;
        self.before_entry(path.parent(), &parent)?;
        let mut file = make_file(&parent, path.name()).map_err(|source| {
            // The look-up found nothing, yet the name is taken: by a link to nothing.
            if source.kind() == io::ErrorKind::AlreadyExists {
                return self.refuse(PathRefusal::LinkDangling);
            }
            self.write_failed(source)
        })?;
        self.copy.undo.made_file(path.clone());
        file.write_all(text)
            .and_then(|()| set_mode(&file, 0o644))
            .map_err(|source| self.write_failed(source))?;
        self.finish(&file, None)
    }

    /// Opens the folder of `path`, making those that are missing.
    fn make_parents(&mut self, path: &InsidePath) -> Result<File, EditError> {
        let mut parent = self.open_parent(Path::new(""))?;
        let mut reached = PathBuf::new();
        for name in path.parent() {
            let above = reached.clone();
            reached.push(name);
            parent = match self.copy.enclosure.open_folder(&reached) {
                Ok(folder) => folder,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.before_entry(&above, &parent)?;
                    make_folder(&parent, name).map_err(|source| {
                        if source.kind() == io::ErrorKind::AlreadyExists {
                            return self.refuse(PathRefusal::LinkDangling);
                        }
                        self.write_failed(source)
                    })?;
                    if let Ok(made) = InsidePath::new(&reached) {
                        self.copy.undo.made_folder(made);
                    }
                    open_made_folder(&parent, name).map_err(|source| self.write_failed(source))?
                }
                Err(error) if Errno::from_io_error(&error) == Some(Errno::NOTDIR) => {
                    return Err(EditError::Kind {
                        edit: self.word,
                        path: reached,
                        found: FileKind::File,
                        expected: FileKind::Folder,
                    });
                }
                Err(error) => return Err(self.lookup_failed(error)),
            };
        }
        Ok(parent)
    }

    fn touch(&mut self, path: &InsidePath) -> Result<Applied, EditError> {
        let file = match self.open(path, OFlags::RDONLY) {
            Ok(file) => file,
            Err(error) => return Err(self.missing(path, FileKind::Folder, error)),
        };
        let before = FileFacts::of(&file).map_err(|source| self.open_failed(source))?;
        self.copy.undo.before_new_time(path.as_path(), before.mtime);
        self.finish(&file, Some(before))
    }

    fn delete(&mut self, path: &InsidePath) -> Result<Applied, EditError> {
        let parent = match self.copy.enclosure.open_folder(path.parent()) {
            Ok(parent) => parent,
            Err(error) => return Err(self.missing(path, FileKind::Folder, error)),
        };
        let stat = rustix::fs::statat(&parent, path.name(), AtFlags::SYMLINK_NOFOLLOW);
        let stat = stat.map_err(|error| self.missing(path, FileKind::Folder, error.into()))?;
        let is_file = rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file();
        self.before_entry(path.parent(), &parent)?;
        self.copy
            .undo
            .move_away(path.clone(), &parent)
            .map_err(|source| EditError::Remove {
                edit: self.word,
                path: self.given.to_owned(),
                source,
            })?;
        Ok(Applied {
            path: self.given.to_owned(),
            before: u64::try_from(stat.st_size).ok().filter(|_| is_file).map(ByteSize),
            after: None,
        })
    }

    /// Stamps the changed file.
    fn finish(&mut self, file: &File, before: Option<FileFacts>) -> Result<Applied, EditError> {
        let stamped = self.copy.clock.stamp(file, before.map(|before| before.mtime));
        let after = stamped
            .and_then(|()| FileFacts::of(file))
            .map_err(|source| EditError::Stamp {
                edit: self.word,
                path: self.given.to_owned(),
                source,
            })?;
        let size = |facts: FileFacts| (!facts.is_folder).then_some(ByteSize(facts.size));
        Ok(Applied {
            path: self.given.to_owned(),
            before: before.and_then(size),
            after: size(after),
        })
    }

    /// Records the time of a folder one of whose entries is about to come or go.
    fn before_entry(&mut self, path: &Path, folder: &File) -> Result<(), EditError> {
        let facts = FileFacts::of(folder).map_err(|source| self.open_failed(source))?;
        self.copy.undo.before_new_time(path, facts.mtime);
        Ok(())
    }

    fn open(&self, path: &InsidePath, flags: OFlags) -> io::Result<File> {
        // Nothing in a copy is waited for, but a hook may have put a pipe there.
        self.copy.enclosure.open(path.as_path(), flags | OFlags::NONBLOCK)
    }

    fn open_parent(&self, path: &Path) -> Result<File, EditError> {
        self.copy
            .enclosure
            .open_folder(path)
            .map_err(|source| self.lookup_failed(source))
    }

    fn read(&self, mut file: &File) -> Result<Vec<u8>, EditError> {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|source| EditError::Read {
            edit: self.word,
            path: self.given.to_owned(),
            source,
        })?;
        Ok(bytes)
    }

    /// Says why an existing file or, where `accepted` is a folder, a file or folder was not found.
    fn missing(&self, path: &InsidePath, accepted: FileKind, error: io::Error) -> EditError {
        match Errno::from_io_error(&error) {
            Some(Errno::ISDIR) => EditError::Kind {
                edit: self.word,
                path: self.given.to_owned(),
                found: FileKind::Folder,
                expected: FileKind::File,
            },
            Some(Errno::NOENT) if self.is_dangling(path) => self.refuse(PathRefusal::LinkDangling),
            Some(Errno::NOENT | Errno::NOTDIR) => {
                let folders_too = accepted == FileKind::Folder;
                EditError::Find {
                    edit: self.word,
                    path: self.given.to_owned(),
                    expected: if folders_too { "file or folder" } else { "file" },
                    nearest: nearest_path(self.copy.path(), path.as_path(), folders_too),
                }
            }
            _ => self.lookup_failed(error),
        }
    }

    fn is_dangling(&self, path: &InsidePath) -> bool {
        let parent = self.copy.enclosure.open_folder(path.parent());
        parent.is_ok_and(|parent| is_link(&parent, path.name()))
    }

    fn lookup_failed(&self, error: io::Error) -> EditError {
        match link_refusal(&error) {
            Some(refusal) => self.refuse(refusal),
            None => self.open_failed(error),
        }
    }

    fn refuse(&self, refusal: PathRefusal) -> EditError {
        EditError::Resolve {
            edit: self.word,
            path: self.given.to_owned(),
            refusal,
        }
    }

    fn open_failed(&self, source: io::Error) -> EditError {
        EditError::Open {
            edit: self.word,
            path: self.given.to_owned(),
            source,
        }
    }

    fn write_failed(&self, source: io::Error) -> EditError {
        EditError::Write {
            edit: self.word,
            path: self.given.to_owned(),
            source,
        }
    }
}

fn put(file: &mut File, change: &Change) -> io::Result<()> {
    match change {
        Change::Grow(bytes) => {
            file.seek(SeekFrom::End(0))?;
            file.write_all(bytes)
        }
        Change::Become(bytes) => {
            file.rewind()?;
            file.write_all(bytes)?;
            file.set_len(bytes.len() as u64)
        }
    }
}

/// `text` with every `find` replaced, from the left and without overlap, and how many there were.
fn replaced(text: &[u8], find: &[u8], with: &[u8]) -> (Vec<u8>, usize) {
    let mut result = Vec::with_capacity(text.len());
    let (mut rest, mut found) = (text, 0);
    while let Some((&first, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(find) {
            result.extend_from_slice(with);
            found += 1;
            rest = after;
        } else {
            result.push(first);
            rest = after;
        }
    }
    (result, found)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use super::*;
    use crate::workspace::Scratch;

    fn copy_of(files: &[(&str, &[u8])]) -> (Scratch, ContextCopy) {
        let source = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = source.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let scratch = Scratch::create(&std::env::temp_dir()).unwrap();
        let copy = scratch.copy_context(source.path(), &[], "copy").unwrap();
        (scratch, copy)
    }

    fn nonce() -> Nonce {
        Nonce::of("run", 1, "variant", "step")
    }

    fn append(path: &str, text: &str) -> Edit {
        Edit::Append {
            path: path.into(),
            text: text.into(),
        }
    }

    fn replace(path: &str, find: &str, with: &str, times: u32) -> Edit {
        Edit::Replace {
            path: path.into(),
            find: find.into(),
            with: with.into(),
            times,
        }
    }

    fn prepend(path: &str, text: &str) -> Edit {
        Edit::Prepend {
            path: path.into(),
            text: text.into(),
        }
    }

    fn write(path: &str, text: &str) -> Edit {
        Edit::Write {
            path: path.into(),
            text: text.into(),
        }
    }

    fn touch(path: &str) -> Edit {
        Edit::Touch { path: path.into() }
    }

    fn delete(path: &str) -> Edit {
        Edit::Delete { path: path.into() }
    }

    #[test]
    fn each_edit_leaves_exactly_these_bytes() {
        let nonce = nonce();
        let text = |pattern: &str| Some(pattern.replace('#', nonce.as_str()).into_bytes());
        for (edit, path, expected) in [
            (append("a/f", "+{{nonce}}\n"), "a/f", text("old old\n+#\n")),
            (append("./a//f", ""), "a/f", text("old old\n")),
            (
                prepend("a/f", "{{nonce}}{{nonce}}\n"),
                "a/f",
                text("##\nold old\n"),
            ),
            (replace("a/f", "old", "{{nonce}}", 2), "a/f", text("# #\n")),
            (replace("a/f", "old ", "", 1), "a/f", text("old\n")),
            (replace("a/f", "ld o", "{{nonce}}", 1), "a/f", text("o#ld\n")),
            (write("a/f", "{{nonce}}"), "a/f", text("#")),
            (write("b/c/d", "new {{nonce}}"), "b/c/d", text("new #")),
            (touch("a/f"), "a/f", text("old old\n")),
            (delete("a/f"), "a/f", None),
            (delete("a"), "a/f", None),
        ] {
            let (_scratch, mut copy) = copy_of(&[("a/f", b"old old\n")]);
            apply(&mut copy, &edit, &nonce).unwrap();
            let content = fs::read(copy.path().join(path)).ok();
            assert_eq!(content, expected, "{edit:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_survive() {
        for (edit, expected) in [
            (append("f", "+"), &b"\xff\x00old\xfe+"[..]),
            (prepend("f", "+"), b"+\xff\x00old\xfe"),
            (replace("f", "old", "new", 1), b"\xff\x00new\xfe"),
        ] {
            let (_scratch, mut copy) = copy_of(&[("f", b"\xff\x00old\xfe")]);
            apply(&mut copy, &edit, &nonce()).unwrap();
            assert_eq!(fs::read(copy.path().join("f")).unwrap(), expected, "{edit:?}");
        }
    }

    #[test]
    fn each_failure_says_what_is_wrong_and_changes_nothing() {
        for (edit, message) in [
            (
                append("app/mian.py", "x"),
                "append `app/mian.py`: the context has no such file, the nearest is `app/main.py`",
            ),
            (
                prepend("main.py", "x"),
                "prepend `main.py`: the context has no such file, the nearest is `app/main.py`",
            ),
            (
                replace("zzzzzzzzzzzz", "a", "b", 1),
                "replace `zzzzzzzzzzzz`: the context has no such file",
            ),
            (
                touch("ap"),
                "touch `ap`: the context has no such file or folder, the nearest is `app`",
            ),
            (
                delete("app/main.py/x"),
                "delete `app/main.py/x`: the context has no such file or folder, the nearest is `app/main.py`",
            ),
            (
                replace("app/main.py", "old", "new", 1),
                "replace `app/main.py`: the text \"old\" occurs 2 times, expected 1",
            ),
            (
                replace("app/main.py", "\n\n", "new", 3),
                "replace `app/main.py`: the text \"\\n\\n\" occurs 0 times, expected 3",
            ),
            (
                replace("app/main.py", "", "new", 1),
                "replace `app/main.py`: the text to find is empty, expected at least one character",
            ),
            (
                append("app", "x"),
                "append `app`: it is a folder, expected a file",
            ),
            (write("app", "x"), "write `app`: it is a folder, expected a file"),
            (
                write("app/main.py/x/y", "x"),
                "write `app/main.py`: it is a file, expected a folder",
            ),
            (
                write("made/../../x", "x"),
                "write `made/../../x`: the path contains `..`, expected one that stays in the context",
            ),
            (
                delete("."),
                "delete `.`: the path is the context itself, expected something inside it",
            ),
        ] {
            let (_scratch, mut copy) = copy_of(&[("app/main.py", b"old old\n")]);
            let error = apply(&mut copy, &edit, &nonce()).unwrap_err();
            assert_eq!(error.to_string(), message, "{edit:?}");
            assert_eq!(copy.undo.len(), 0, "{edit:?}");
            assert_eq!(
                fs::read(copy.path().join("app/main.py")).unwrap(),
                b"old old\n",
                "{edit:?}"
            );
        }
    }

    #[test]
    fn a_write_that_fails_takes_its_new_folders_back() {
        let (_scratch, mut copy) = copy_of(&[("f", b"")]);
        let name = "n".repeat(300);
        let error = apply(&mut copy, &write(&format!("new/deep/{name}"), "x"), &nonce()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("write `new/deep/{name}`: cannot write it")
        );
        let error = apply(&mut copy, &write(&format!("new/deep/{name}/f"), "x"), &nonce()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("write `new/deep/{name}/f`: cannot open it")
        );
        assert!(!copy.path().join("new").exists());
    }

    #[test]
    fn says_how_the_size_changed() {
        let (_scratch, mut copy) = copy_of(&[("a/f", b"four")]);
        for (edit, before, after) in [
            (append("a/f", "+"), Some(4), Some(5)),
            (write("a/g", "{{nonce}}"), None, Some(16)),
            (touch("a/f"), Some(5), Some(5)),
            (touch("a"), None, None),
            (delete("a/f"), Some(5), None),
            (delete("a"), None, None),
        ] {
            let applied = apply(&mut copy, &edit, &nonce()).unwrap();
            let expected = Applied {
                path: edit.path().to_owned(),
                before: before.map(ByteSize),
                after: after.map(ByteSize),
            };
            assert_eq!(applied, expected, "{edit:?}");
        }
    }

    #[test]
    fn a_change_of_equal_size_is_never_of_equal_time() {
        let (_scratch, mut copy) = copy_of(&[("f", b"content 0000")]);
        let path = copy.path().join("f");
        let time = |path: &Path| {
            let metadata = fs::metadata(path).unwrap();
            (metadata.mtime(), metadata.mtime_nsec())
        };
        let mut seen = vec![time(&path)];
        for round in 0..300 {
            for edit in [write("f", &format!("content {round:04}")), touch("f")] {
                apply(&mut copy, &edit, &nonce()).unwrap();
                let now = time(&path);
                assert!(!seen.contains(&now), "round {round}: {now:?} was there before");
                seen.push(now);
            }
            // The original is the one state that may come back, with its bytes.
            copy.reset().unwrap();
            assert_eq!(time(&path), seen[0]);
        }
    }

    #[test]
    fn modes_and_other_names_of_a_file_stay() {
        let (_scratch, mut copy) = copy_of(&[("tool", b"#!/bin/sh\n")]);
        let (tool, twin) = (copy.path().join("tool"), copy.path().join("twin"));
        fs::hard_link(&tool, &twin).unwrap();
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o4755)).unwrap();
        apply(&mut copy, &append("tool", "true\n"), &nonce()).unwrap();
        assert_eq!(fs::metadata(&tool).unwrap().mode() & 0o7777, 0o4755);
        assert_eq!(fs::read(&twin).unwrap(), b"#!/bin/sh\ntrue\n");
        apply(&mut copy, &write("made/new", ""), &nonce()).unwrap();
        let mode = |path: &str| fs::metadata(copy.path().join(path)).unwrap().mode() & 0o7777;
        assert_eq!((mode("made"), mode("made/new")), (0o755, 0o644));
    }
}
