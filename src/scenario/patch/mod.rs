//! Unified diffs: what a patch does to which file, with the line of the patch for everything that can go wrong.
//!
//! Reading and applying hunks is the `diffy` crate's; where its files and hunks begin is found here, because an
//! error has to name a line.

mod file_patch;
mod section;

use std::ops::Range;

pub use file_patch::{FilePatch, HunkMismatch, PatchedPath};

/// The files that a patch changes, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    files: Vec<FilePatch>,
}

/// A text is no patch, or not one of text files inside the context.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the patch: {message}")]
pub struct PatchError {
    /// The line, from 1.
    pub line: u32,
    /// The bytes of that line.
    pub span: Range<usize>,
    /// What is wrong, and what was expected.
    pub message: String,
}

impl Patch {
    /// Reads a unified diff, as `diff -u`, `diff -ru` and `git diff` print it.
    ///
    /// A path is taken without the `a/` or `b/` that git writes before it. Where `---` and `+++` name two files and
    /// nothing says that one becomes the other, the second is meant, as in `main.py.orig` and `main.py`.
    ///
    /// # Errors
    ///
    /// [`PatchError`] with the line, also where a file is binary, a link, or outside of the context.
    pub fn parse(text: &str) -> Result<Self, PatchError> {
        let sections = section::sections(text)?;
        if sections.is_empty() {
            return Err(PatchError {
                line: 1,
                span: 0..text.lines().next().unwrap_or_default().len(),
                message: "there is no patch in it, expected a unified diff with `---` and `+++` lines"
                    .to_owned(),
            });
        }
        let files = sections.iter().map(|section| FilePatch::parse(text, section));
        Ok(Self {
            files: files.collect::<Result<_, _>>()?,
        })
    }

    /// What is done to each file.
    #[must_use]
    pub fn files(&self) -> &[FilePatch] {
        &self.files
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_FILES: &str = "\
From 0123 Mon Sep 17 00:00:00 2001
Subject: two files
---
 a.py | 2 +-

--- a/app/a.py\t2026-01-01
+++ b/app/a.py
@@ -1,3 +1,3 @@ def f
 one
--- two
+++ zwei
 three
@@ -10 +10,2 @@
 ten
+eleven
\\ No newline at end of file
--- /dev/null
+++ b/new.txt
@@ -0,0 +1 @@
+new
--
2.47
";

    fn paths(text: &str) -> Vec<PatchedPath> {
        let patch = Patch::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        patch.files().iter().map(|file| file.path().clone()).collect()
    }

    #[test]
    fn names_what_is_done_to_which_file() {
        use PatchedPath::{Copy, Create, Delete, Modify, Rename};
        let modify = |path: &str| Modify { path: path.into() };
        for (text, expected) in [
            (
                TWO_FILES,
                vec![
                    modify("app/a.py"),
                    Create {
                        path: "new.txt".into(),
                    },
                ],
            ),
            (
                "--- main.py.orig\n+++ main.py\n@@ -1 +1 @@\n-a\n+b\n",
                vec![modify("main.py")],
            ),
            (
                "--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n",
                vec![Delete { path: "x".into() }],
            ),
            (
                "diff --git a/tool b/tool\nold mode 100644\nnew mode 100755\n",
                vec![modify("tool")],
            ),
            (
                "diff --git a/x b/y/z\nsimilarity index 100%\nrename from x\nrename to y/z\n\
                 diff --git a/x b/c\nsimilarity index 50%\ncopy from x\ncopy to c\n\
                 --- a/x\n+++ b/c\n@@ -1 +1 @@\n-a\n+b\n",
                vec![
                    Rename {
                        path: "x".into(),
                        to: "y/z".into(),
                    },
                    Copy {
                        path: "x".into(),
                        to: "c".into(),
                    },
                ],
            ),
            (
                "--- \"a/with blank\"\n+++ \"b/with blank\"\n@@ -1 +1 @@\n-a\n+b\n",
                vec![modify("with blank")],
            ),
            (
                "--- a/x\r\n+++ b/x\r\n@@ -1 +1 @@\r\n-a\r\n+b\r\n",
                vec![modify("x")],
            ),
        ] {
            assert_eq!(paths(text), expected, "{text}");
        }
    }

    #[test]
    fn a_mistake_is_named_by_its_line() {
        let hunk = |body: &str| format!("--- a/x\n+++ b/x\n{body}");
        for (text, line, message) in [
            (
                "",
                1,
                "there is no patch in it, expected a unified diff with `---` and `+++` lines",
            ),
            (
                "hello\n",
                1,
                "there is no patch in it, expected a unified diff with `---` and `+++` lines",
            ),
            (
                "\n@@ -1 +1 @@\n-a\n+b\n",
                2,
                "a hunk without the lines `---` and `+++` before it",
            ),
            (
                &hunk("@@ -1,2 +1,2 @@\n a\n-b\n"),
                3,
                "the hunk ends early: its header promises 0 old and 1 new lines more",
            ),
            (
                &hunk("@@ -1 +1 @@\n-a\n!b\n"),
                5,
                "the line is in the hunk of line 3 and begins neither with a blank nor with `-` or `+`",
            ),
            (
                &hunk("@@ -1 +x @@\n-a\n+b\n"),
                3,
                "the hunk's header is not like `@@ -1,4 +1,5 @@`",
            ),
            (
                &hunk("@@ -5 +5 @@\n-a\n+b\n@@ -1 +1 @@\n-a\n+b\n"),
                6,
                "hunks not in order or overlap",
            ),
            (
                "--- a/x\n+++ b/../x\n@@ -1 +1 @@\n-a\n+b\n",
                1,
                "the path \"../x\" leads upwards with `..`, expected one inside the context",
            ),
            (
                "--- /etc/x\n+++ /etc/x\n@@ -1 +1 @@\n-a\n+b\n",
                1,
                "the path \"/etc/x\" is an absolute path, expected one inside the context",
            ),
            (
                "diff --git a/x b/x\nindex 1..2 100644\nBinary files a/x and b/x differ\n",
                1,
                "the file is binary, expected a text",
            ),
            (
                "diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+x\n\\ No newline at end of file\n",
                1,
                "the file is a symbolic link or a submodule, expected an ordinary file",
            ),
            ("--- a/x\n+++ b/x\n", 1, "nothing of the file is changed"),
        ] {
            let error = Patch::parse(text).unwrap_err();
            assert_eq!((error.line, error.message.as_str()), (line, message), "{text}");
            let start: usize = text
                .split_inclusive('\n')
                .take(line as usize - 1)
                .map(str::len)
                .sum();
            assert_eq!(error.span.start, start, "{text}");
        }
    }

    #[test]
    fn hunks_are_applied_where_their_context_is() {
        let patch = Patch::parse(TWO_FILES).unwrap();
        let [modify, create] = patch.files() else {
            panic!("{patch:?}");
        };
        let base = "one\n-- two\nthree\n4\n5\n6\n7\n8\n9\nten\n";
        let expected = "one\n++ zwei\nthree\n4\n5\n6\n7\n8\n9\nten\neleven";
        assert_eq!(modify.apply(base.as_bytes()).unwrap(), expected.as_bytes());
        let moved = format!("zero\n{base}");
        assert_eq!(
            modify.apply(moved.as_bytes()).unwrap(),
            format!("zero\n{expected}").as_bytes()
        );
        assert_eq!(create.apply(b"").unwrap(), b"new\n");
        for (base, line) in [
            ("one\ntwo\nthree\nten\n", 8),
            ("one\n-- two\nthree\n10\n", 13),
            ("", 8),
        ] {
            assert_eq!(
                modify.apply(base.as_bytes()),
                Err(HunkMismatch { line }),
                "{base}"
            );
        }
    }
}
