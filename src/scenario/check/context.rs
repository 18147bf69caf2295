//! `[context]`.

use std::path::PathBuf;

use super::build_options::named_contexts;
use super::findings::Findings;
use super::input::ScenarioInput;
use crate::scenario::file::{ContextTable, Cursor};
use crate::scenario::nearest::hint;
use crate::scenario::{ContextSettings, Fill};
use crate::unit::ByteSize;

/// Resolves `[context]`.
pub(super) fn context(
    table: ContextTable,
    at: &Cursor<'_>,
    input: &ScenarioInput<'_>,
    findings: &mut Findings<'_>,
) -> ContextSettings {
    if let Some(path) = &table.path
        && !input.files.is_folder(&path.0)
    {
        let folder = path.0.parent().map(PathBuf::from).unwrap_or_default();
        let names = input.files.list(&folder);
        let folders: Vec<&str> = names
            .iter()
            .map(String::as_str)
            .filter(|name| input.files.is_folder(&folder.join(name)))
            .collect();
        let name = path.0.file_name().unwrap_or_default().to_string_lossy();
        let problem = findings.at(
            &at.key("path"),
            format!("the context `{}` is no folder", path.0.display()),
        );
        problem.label("no such folder");
        problem.hint = hint(&name, "the folders there are", &folders);
    }
    let named = named_contexts(table.named.as_ref(), &at.key("named"), input, findings);
    let fill = table.fill.unwrap_or_default().into_iter().map(|fill| Fill {
        path: fill.path.map(|path| path.0).unwrap_or_default(),
        files: fill.files.unwrap_or_default(),
        bytes: fill.bytes.map_or(ByteSize::ZERO, |bytes| bytes.0),
        seed: fill.seed.unwrap_or_default(),
    });
    ContextSettings {
        path: table.path.map(|path| path.0).unwrap_or_default(),
        fill: fill.collect(),
        named,
    }
}
