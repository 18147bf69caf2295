//! One entry of `edit`.

use std::path::PathBuf;

use super::findings::Findings;
use crate::scenario::Edit;
use crate::scenario::file::{Cursor, EditTable, RelativePath};
use crate::scenario::nearest::quoted_list;

/// A kind of edit, with the keys that it takes besides its path.
struct Kind {
    word: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
}

const KINDS: [Kind; 6] = [
    Kind::new("append", &["text"], &[]),
    Kind::new("prepend", &["text"], &[]),
    Kind::new("replace", &["find", "with"], &["times"]),
    Kind::new("write", &["text"], &[]),
    Kind::new("touch", &[], &[]),
    Kind::new("delete", &[], &[]),
];

impl Kind {
    const fn new(
        word: &'static str,
        required: &'static [&'static str],
        optional: &'static [&'static str],
    ) -> Self {
        Self {
            word,
            required,
            optional,
        }
    }
}

/// Resolves one edit; `None` where it has a mistake.
pub(super) fn edit(table: EditTable, at: &Cursor<'_>, findings: &mut Findings<'_>) -> Option<Edit> {
    let kinds: Vec<&Kind> = KINDS.iter().filter(|kind| at.has(kind.word)).collect();
    let kind = match kinds[..] {
        [kind] => kind,
        [] => {
            if !at.has_cut() {
                let words = KINDS.each_ref().map(|kind| kind.word);
                findings
                    .at(at, "the edit says nothing to do")
                    .hint(format!("expected one of {}", quoted_list(&words)));
            }
            return None;
        }
        [first, second, ..] => {
            findings
                .at(
                    at,
                    format!("the edit is both `{}` and `{}`", first.word, second.word),
                )
                .hint("an edit does one thing; write two edits");
            return None;
        }
    };
    for key in kind.required {
        if !at.has(key) {
            findings
                .at(at, format!("the edit `{}` lacks the key `{key}`", kind.word))
                .label(format!("`{key}` is missing"));
        }
    }
    for key in ["text", "find", "with", "times"] {
        if at.has(key) && !kind.required.contains(&key) && !kind.optional.contains(&key) {
            findings.at_key(&at.key(key), format!("`{}` takes no `{key}`", kind.word));
        }
    }
    if table.find.as_deref() == Some("") {
        findings.at(
            &at.key("find"),
            "`find` is empty, expected a text that occurs in the file",
        );
    }
    resolved(table, kind.word)
}

/// The edit itself, where all that it needs is there.
fn resolved(table: EditTable, kind: &str) -> Option<Edit> {
    let path = |path: Option<RelativePath>| -> Option<PathBuf> { path.map(|path| path.0) };
    Some(match kind {
        "append" => Edit::Append {
            path: path(table.append)?,
            text: table.text?,
        },
        "prepend" => Edit::Prepend {
            path: path(table.prepend)?,
            text: table.text?,
        },
        "replace" => Edit::Replace {
            path: path(table.replace)?,
            find: table.find?,
            with: table.with?,
            times: table.times.unwrap_or(1),
        },
        "write" => Edit::Write {
            path: path(table.write)?,
            text: table.text?,
        },
        "touch" => Edit::Touch {
            path: path(table.touch)?,
        },
        _ => Edit::Delete {
            path: path(table.delete)?,
        },
    })
}
