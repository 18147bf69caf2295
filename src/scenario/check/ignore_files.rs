//! The ignore files that decide what of the context reaches a build.

use std::path::Path;

use super::findings::Findings;
use super::placed::Placed;
use super::reader::Reader;
use crate::dockerignore::{IgnoreFile, beside};
use crate::scenario::{Place, Problem, Source};

/// Notes what is wrong with the ignore files of the variants and of the context, where that is a folder here.
pub(super) fn check(
    variants: &[Placed<'_>],
    context: Option<&Path>,
    reader: &mut Reader<'_>,
    findings: &mut Findings<'_>,
) {
    for Placed { variant, at, .. } in variants {
        let beside = beside(&variant.dockerfile);
        let path = variant.ignore.as_ref().unwrap_or(&beside);
        let is_known = reader.known(path).is_some();
        let source = match &variant.ignore {
            Some(path) => reader.read(path, &at.key("ignore"), findings),
            None => reader.read_if_present(path),
        };
        if let Some(source) = source
            && !is_known
        {
            check_rules(&source, findings);
        }
    }
    let rules = context.map(|context| context.join(".dockerignore"));
    if let Some(source) = rules.and_then(|path| reader.read_if_present(&path)) {
        check_rules(&source, findings);
    }
}

/// Notes a rule that no client accepts.
fn check_rules(source: &Source, findings: &mut Findings<'_>) {
    let Err(error) = IgnoreFile::parse(source.text.as_bytes()) else {
        return;
    };
    let lines = source.text.split_inclusive('\n');
    let start: usize = lines.take(error.line().saturating_sub(1)).map(str::len).sum();
    let end = start + source.text[start..].lines().next().unwrap_or_default().len();
    let message = match std::error::Error::source(&error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    let hint = error.hints().into_iter().next();
    findings
        .add(Problem::at(Place::new(source, start..end), message))
        .hint = hint;
}
