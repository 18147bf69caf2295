//! Applying one edit to a copy.

use std::path::PathBuf;

use super::context_copy::ContextCopy;
use super::edit_error::EditError;
use super::editor::{Change, Editor};
use crate::scenario::{Edit, Nonce};
use crate::unit::ByteSize;

/// What an edit did to one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The path, as the edit gives it; after a rename and a copy the new one.
    pub path: PathBuf,
    /// The file's size before; `None` where no file was, and for a folder.
    pub before: Option<ByteSize>,
    /// The file's size after; `None` where no file is, and for a folder.
    pub after: Option<ByteSize>,
}

/// Applies `edit` to the copy, with `nonce` in place of its placeholder; says what it did to which path. Nobody knows
/// that of a command.
///
/// No path can leave the copy. Links inside it are followed as far as they stay inside, but delete, rename and copy
/// take the link and not what it leads to. A file whose content changes keeps its mode and its other names, and gets
/// a modification time that it never had in this copy, so that a builder notices even where the size stays.
/// New files have mode 0644 and new folders 0755.
///
/// # Errors
///
/// [`EditError`]; the copy is then as it was before this edit.
pub fn apply(copy: &mut ContextCopy, edit: &Edit, nonce: &Nonce) -> Result<Vec<Applied>, EditError> {
    let mark = copy.undo.len();
    let mut editor = Editor {
        copy,
        word: edit.kind(),
        given: PathBuf::new(),
    };
    let outcome = dispatch(&mut editor, edit, nonce);
    if outcome.is_err() {
        // What cannot be taken back here stays recorded, and the next reset reports it.
        let _ = copy.undo.undo_to(mark, &mut copy.enclosure);
    }
    outcome
}

fn dispatch(editor: &mut Editor<'_>, edit: &Edit, nonce: &Nonce) -> Result<Vec<Applied>, EditError> {
    let applied = match edit {
        Edit::Append { path, text } => {
            let text = nonce.fill_in(text).into_bytes();
            editor.at(path, |editor, path| {
                editor.change(path, |_, _| Ok(Change::Grow(text)))
            })
        }
        Edit::Prepend { path, text } => {
            let mut text = nonce.fill_in(text).into_bytes();
            editor.at(path, |editor, path| {
                editor.change(path, |editor, file| {
                    text.extend(editor.read(file)?);
                    Ok(Change::Become(text))
                })
            })
        }
        Edit::Replace {
            path,
            find,
            with,
            times,
        } => editor.at(path, |editor, path| {
            if find.is_empty() {
                return Err(EditError::Pattern {
                    path: editor.given.clone(),
                });
            }
            let with = nonce.fill_in(with);
            editor.change(path, |editor, file| {
                let (text, found) = replaced(&editor.read(file)?, find.as_bytes(), with.as_bytes());
                if found != *times as usize {
                    return Err(EditError::Match {
                        path: editor.given.clone(),
                        find: find.clone(),
                        expected: *times,
                        found,
                    });
                }
                Ok(Change::Become(text))
            })
        }),
        Edit::Write { path, text } => {
            let text = nonce.fill_in(text).into_bytes();
            editor.at(path, |editor, path| editor.write(path, text))
        }
        Edit::Touch { path } => editor.at(path, Editor::touch),
        Edit::Delete { path } => editor.at(path, Editor::delete),
        Edit::Rename { path, to } => editor.rename(path, to),
        Edit::Copy { path, to } => editor.copy(path, to),
        Edit::Chmod { path, mode } => editor.at(path, |editor, path| editor.chmod(path, |_| mode.bits())),
        Edit::Patch { file, text } => return editor.patch(file, &nonce.fill_in(text)),
        Edit::Run { command, timeout } => {
            editor.run(command, nonce, *timeout)?;
            return Ok(Vec::new());
        }
    };
    applied.map(|applied| vec![applied])
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
    use std::path::Path;

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
            let sizes: Vec<_> = applied.iter().map(|done| (done.before, done.after)).collect();
            assert_eq!(sizes, [(before.map(ByteSize), after.map(ByteSize))], "{edit:?}");
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
