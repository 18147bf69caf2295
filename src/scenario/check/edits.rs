//! One entry of `edit`.

use std::path::PathBuf;

use super::findings::Findings;
use super::reader::Reader;
use crate::scenario::file::{Cursor, EditTable, RelativePath};
use crate::scenario::nearest::quoted_list;
use crate::scenario::{Edit, FileMode, Patch, Place, Problem};
use crate::unit::Nanos;

/// A kind of edit, with the keys that it takes besides its path.
struct Kind {
    word: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
}

const KINDS: [Kind; 11] = [
    Kind::new("append", &["text"], &[]),
    Kind::new("prepend", &["text"], &[]),
    Kind::new("replace", &["find", "with"], &["times"]),
    Kind::new("write", &["text"], &[]),
    Kind::new("touch", &[], &[]),
    Kind::new("delete", &[], &[]),
    Kind::new("rename", &["to"], &[]),
    Kind::new("copy", &["to"], &[]),
    Kind::new("chmod", &["mode"], &[]),
    Kind::new("patch", &[], &[]),
    Kind::new("run", &[], &["timeout"]),
];

/// How long a command may take that states nothing.
const RUN_TIMEOUT: Nanos = Nanos::from_secs(60);

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
pub(super) fn edit(
    table: EditTable,
    at: &Cursor<'_>,
    reader: &mut Reader<'_>,
    findings: &mut Findings<'_>,
) -> Option<Edit> {
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
    for key in ["text", "find", "with", "times", "to", "mode", "timeout"] {
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
    match kind.word {
        "chmod" => chmod(table, at, findings),
        "patch" => patch(table, at, reader, findings),
        "run" => run(table, at, findings),
        word => resolved(table, word),
    }
}

fn chmod(table: EditTable, at: &Cursor<'_>, findings: &mut Findings<'_>) -> Option<Edit> {
    let mode = table.mode?.parse::<FileMode>();
    let mode = mode
        .map_err(|error| {
            findings.at(&at.key("mode"), format!("`mode` is no file mode, {error}"));
        })
        .ok()?;
    Some(Edit::Chmod {
        path: table.chmod?.0,
        mode,
    })
}

/// Reads the patch, so that a mistake in it is found before anything is built.
fn patch(
    table: EditTable,
    at: &Cursor<'_>,
    reader: &mut Reader<'_>,
    findings: &mut Findings<'_>,
) -> Option<Edit> {
    let file = table.patch?.0;
    let is_known = reader.known(&file).is_some();
    let source = reader.read(&file, &at.key("patch"), findings)?;
    if let Err(error) = Patch::parse(&source.text) {
        if !is_known {
            findings.add(Problem::at(Place::new(&source, error.span), error.message));
        }
        return None;
    }
    Some(Edit::Patch {
        file,
        text: source.text,
    })
}

fn run(table: EditTable, at: &Cursor<'_>, findings: &mut Findings<'_>) -> Option<Edit> {
    let command = table.run?;
    if command.trim().is_empty() {
        findings.at(&at.key("run"), "`run` is empty, expected a command");
        return None;
    }
    if command.contains('\0') {
        findings.at(&at.key("run"), "`run` holds a NUL, which no command can");
        return None;
    }
    if table.timeout.is_some_and(|timeout| timeout.0 == Nanos::ZERO) {
        findings.at(&at.key("timeout"), "`timeout` is zero, which no command meets");
    }
    Some(Edit::Run {
        command,
        timeout: table.timeout.map_or(RUN_TIMEOUT, |timeout| timeout.0),
    })
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
        "rename" => Edit::Rename {
            path: path(table.rename)?,
            to: path(table.to)?,
        },
        "copy" => Edit::Copy {
            path: path(table.copy)?,
            to: path(table.to)?,
        },
        _ => Edit::Delete {
            path: path(table.delete)?,
        },
    })
}
