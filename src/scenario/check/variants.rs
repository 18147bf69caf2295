//! `[[variant]]`.

use super::axis::check_base;
use super::findings::Findings;
use super::placed::Placed;
use crate::scenario::file::{Cursor, VariantTable};
use crate::scenario::{Base, BuilderKind, Origin, Provenance, Variant, name};

/// Build arguments that somebody else sets, with who does.
const RESERVED: &[(&str, &str)] = &[
    (
        "BUILDKIT_CACHE_MOUNT_NS",
        "seatrial sets it, to keep the cache mounts of a run apart from yours",
    ),
    ("BUILDPLATFORM", "the builder sets it"),
    ("BUILDOS", "the builder sets it"),
    ("BUILDARCH", "the builder sets it"),
    ("BUILDVARIANT", "the builder sets it"),
    ("TARGETPLATFORM", "the builder sets it"),
    ("TARGETOS", "the builder sets it"),
    ("TARGETARCH", "the builder sets it"),
    ("TARGETVARIANT", "the builder sets it"),
    ("TARGETSTAGE", "the builder sets it"),
];

/// Resolves the variants, in the file's order.
///
/// `builder` is that of variants that name none, with who says so.
pub(super) fn variants<'tree>(
    tables: Vec<VariantTable>,
    at: &Cursor<'tree>,
    bases: &[Base],
    builder: (BuilderKind, &Origin),
    provenance: &mut Provenance,
    findings: &mut Findings<'_>,
) -> Vec<Placed<'tree>> {
    if tables.is_empty() && at.has("variant") && !at.key("variant").has_cut() {
        findings
            .at(&at.key("variant"), "the scenario has no variant")
            .hint("a variant is a table `[[variant]]` with `name` and `dockerfile`");
    }
    let at = at.key("variant");
    findings.note_repeated(
        "variant",
        tables.iter().enumerate().filter_map(|(index, table)| {
            let name = table.name.as_deref()?;
            Some((name, at.index(index).key("name")))
        }),
    );
    let mut baseline: Option<String> = None;
    let mut variants = Vec::new();
    for (index, table) in tables.into_iter().enumerate() {
        let at = at.index(index);
        if let Some(name) = &table.name
            && let Err(expected) = name::check_reference(name)
        {
            findings
                .at(
                    &at.key("name"),
                    format!("a variant cannot be named {name:?}, expected {expected}"),
                )
                .label("part of an image reference");
        }
        let name = table.name.clone().unwrap_or_default();
        if table.baseline == Some(true) {
            if let Some(first) = &baseline {
                findings
                    .at_key(
                        &at.key("baseline"),
                        format!("`{first}` and `{name}` are both the baseline"),
                    )
                    .hint("leave `baseline = true` with the one that the others are compared with");
            } else {
                baseline = Some(name.clone());
            }
        }
        for argument in table.args.iter().flat_map(|args| args.keys()) {
            check_argument(argument, &at.key("args").key(argument), bases, findings);
        }
        if let Some(base) = &table.base {
            check_base(base, &at.key("base"), bases, findings);
        }
        if table.builder.is_none() {
            provenance.note(format!("variant.{name}.builder"), builder.1.clone());
        }
        let variant = Variant {
            name,
            dockerfile: table.dockerfile.map(|path| path.0).unwrap_or_default(),
            ignore: table.ignore.map(|path| path.0),
            args: table.args.unwrap_or_default(),
            base: table.base,
            target: table.target,
            builder: table.builder.unwrap_or(builder.0),
            baseline: table.baseline.unwrap_or_default(),
        };
        variants.push(Placed {
            variant,
            target: at.key("target"),
            at,
        });
    }
    variants
}

/// Notes a base that goes by an argument which is set otherwise too.
pub(super) fn check_chosen_bases(variants: &[Placed<'_>], bases: &[Base], findings: &mut Findings<'_>) {
    for Placed { variant, at, .. } in variants {
        if variant.base.is_none() {
            continue;
        }
        let argument = Variant::BASE_ARGUMENT;
        let other = if variant.args.contains_key(argument) {
            "`args`".to_owned()
        } else if let Some(base) = bases.iter().find(|base| base.build_arg() == argument) {
            format!("`[base.{}]`", base.name)
        } else {
            continue;
        };
        findings
            .at(
                &at.key("base"),
                format!("`base` passes the build argument `{argument}`, and {other} sets it too"),
            )
            .hint("rename the other one, or leave `base` out");
    }
}

/// Notes a build argument that cannot be set.
pub(super) fn check_argument(argument: &str, at: &Cursor<'_>, bases: &[Base], findings: &mut Findings<'_>) {
    let valid = !argument.starts_with(|first: char| first.is_ascii_digit())
        && !argument.is_empty()
        && argument
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || character == '_');
    if !valid {
        findings
            .at_key(at, format!("{argument:?} is no name of a build argument"))
            .label("expected letters, digits and `_`, not beginning with a digit");
    }
    if let Some((_, who)) = RESERVED.iter().find(|(reserved, _)| *reserved == argument) {
        findings.at_key(at, format!("the build argument `{argument}` is reserved: {who}"));
    }
    if let Some(base) = bases.iter().find(|base| base.build_arg() == argument) {
        findings
            .at_key(
                at,
                format!(
                    "the build argument `{argument}` is already set by `[base.{}]`",
                    base.name
                ),
            )
            .hint("rename the base or the argument");
    }
}
