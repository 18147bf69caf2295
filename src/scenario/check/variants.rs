//! `[[variant]]`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::axis::check_base;
use super::build_options::options;
use super::findings::Findings;
use super::input::ScenarioInput;
use super::placed::Placed;
use crate::scenario::file::{Cursor, VariantDefaults, VariantTable};
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

/// What all variants share.
#[derive(Debug)]
pub(super) struct Common<'check> {
    /// The builder of those that name none.
    pub(super) builder: BuilderKind,
    /// Who says so.
    pub(super) origin: &'check Origin,
    /// The contexts that all of them can name.
    pub(super) named: &'check BTreeMap<String, PathBuf>,
    /// The options of those that do not say otherwise, and who says so.
    pub(super) defaults: &'check (VariantDefaults, Origin),
    pub(super) input: &'check ScenarioInput<'check>,
}

/// Resolves the variants, in the file's order.
pub(super) fn variants<'tree>(
    tables: Vec<VariantTable>,
    at: &Cursor<'tree>,
    bases: &[Base],
    common: &Common<'_>,
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
            provenance.note(format!("variant.{name}.builder"), common.origin.clone());
        }
        let (defaults, origin) = common.defaults;
        for (key, is_default) in [
            (
                "platform",
                table.platform.is_none() && defaults.platform.is_some(),
            ),
            ("network", table.network.is_none() && defaults.network.is_some()),
            (
                "shm-size",
                table.shm_size.is_none() && defaults.shm_size.is_some(),
            ),
        ] {
            if is_default {
                provenance.note(format!("variant.{name}.{key}"), origin.clone());
            }
        }
        let resolved = options(&table, &at, common, findings);
        let variant = Variant {
            name,
            dockerfile: table.dockerfile.map(|path| path.0).unwrap_or_default(),
            ignore: table.ignore.map(|path| path.0),
            args: resolved.args,
            base: table.base,
            target: table.target,
            builder: table.builder.unwrap_or(common.builder),
            options: resolved.options,
            baseline: table.baseline.unwrap_or_default(),
        };
        variants.push(Placed {
            variant,
            target: at.key("target"),
            platform: at.key("platform"),
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
        let other = if variant.args.contains_key(argument) || variant.options.env_args.contains_key(argument)
        {
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
