//! `[base.<name>]`.

use std::collections::BTreeMap;

use super::findings::Findings;
use super::placed::Placed;
use crate::scenario::file::{BaseTable, Cursor};
use crate::scenario::{
    Base, BaseChoice, BaseSource, BaseState, LayerState, Origin, Overrides, Provenance, Step, name,
};

/// Resolves the bases, in the file's order.
pub(super) fn bases(
    mut tables: BTreeMap<String, BaseTable>,
    at: &Cursor<'_>,
    overrides: &Overrides,
    provenance: &mut Provenance,
    findings: &mut Findings<'_>,
) -> Vec<Base> {
    let mut bases: Vec<Base> = Vec::new();
    for key in at.keys() {
        let at = at.key(key);
        let Some(table) = tables.remove(key) else {
            continue;
        };
        if let Err(expected) = name::check_base(key) {
            findings
                .at_key(
                    &at,
                    format!("a base cannot be named {key:?}, expected {expected}"),
                )
                .label("part of a build argument's name");
        }
        let optional = table.optional == Some(true);
        let Some((source, origin)) = source(table, key, &at, overrides, findings) else {
            continue;
        };
        provenance.note(format!("base.{key}.from"), origin);
        let base = Base {
            name: key.to_owned(),
            source,
            optional,
        };
        let argument = base.build_arg();
        if let Some(other) = bases.iter().find(|other| other.build_arg() == argument) {
            let message = format!(
                "the bases `{}` and `{key}` are both passed as `{argument}`",
                other.name
            );
            findings.at_key(&at, message);
        }
        bases.push(base);
    }
    bases
}

/// Notes steps whose builds are to find a base absent that no registry can give them.
pub(super) fn check_absent(
    bases: &[Base],
    steps: &[Step],
    at_steps: &Cursor<'_>,
    findings: &mut Findings<'_>,
) {
    for (index, step) in steps.iter().enumerate() {
        if step.cache.base != BaseState::Absent {
            continue;
        }
        let at = at_steps.index(index).key("cache");
        if step.cache.layers == LayerState::Primed {
            findings
                .at(
                    &at,
                    format!(
                        "the step `{}` wants the layers of the build before and the base absent, and they lie on the base",
                        step.name
                    ),
                )
                .hint("add `layers = \"empty\"`, or `layers = \"imported\"`");
        }
        if bases.is_empty() {
            findings
                .at(
                    &at,
                    format!(
                        "the step `{}` wants the base absent, and the scenario has no base",
                        step.name
                    ),
                )
                .hint("add `[base.NAME]` with the `image` that the Dockerfile begins from");
        }
        for base in bases {
            let why = match base.source {
                BaseSource::Pulled { .. } => continue,
                BaseSource::PulledOrImported { .. } => "may be imported, so that no registry has it",
                BaseSource::Imported { .. } | BaseSource::Ballast => {
                    "is imported, so that no registry has it"
                }
            };
            findings
                .at(
                    &at,
                    format!(
                        "the step `{}` wants the base absent, and the base `{}` {why}",
                        step.name, base.name
                    ),
                )
                .hint("name an `image` of a registry, and `from = \"pulled\"`");
        }
    }
}

/// Notes a baseline that may have nothing to be compared with.
pub(super) fn check_baseline(placed: &[Placed<'_>], bases: &[Base], findings: &mut Findings<'_>) {
    let chosen = placed.iter().find(|placed| placed.variant.baseline);
    let Some(baseline) = chosen.or(placed.first()) else {
        return;
    };
    let base = bases
        .iter()
        .find(|base| base.optional && baseline.variant.base.as_ref() == Some(&base.name));
    if let Some(base) = base {
        findings
            .at_key(
                &baseline.at.key("base"),
                format!(
                    "the baseline `{}` chooses the base `{}`, which is optional",
                    baseline.variant.name, base.name
                ),
            )
            .hint("the others are compared with the baseline: give it a base that is always there");
    }
}

/// The source of one base, and who chose it.
fn source(
    table: BaseTable,
    key: &str,
    at: &Cursor<'_>,
    overrides: &Overrides,
    findings: &mut Findings<'_>,
) -> Option<(BaseSource, Origin)> {
    let ballast = table.ballast == Some(true);
    let given = [BaseChoice::Pulled, BaseChoice::Imported].map(|choice| at.has(choice.key()));
    if ballast {
        if let Some(extra) = ["image", "import", "from"].into_iter().find(|key| at.has(key)) {
            findings
                .at_key(
                    &at.key(extra),
                    format!("the base `{key}` is ballast and has `{extra}` too"),
                )
                .hint("give exactly one source: `image`, `import` or `ballast = true`");
        }
        return Some((BaseSource::Ballast, Origin::Scenario));
    }
    let choice = match given {
        [false, false] => {
            if !at.has_cut() {
                findings
                    .at(at, format!("the base `{key}` has no source"))
                    .hint("give exactly one source: `image`, `import` or `ballast = true`");
            }
            return None;
        }
        [true, false] => BaseChoice::Pulled,
        [false, true] => BaseChoice::Imported,
        [true, true] => match overrides.bases.or(table.from) {
            Some(choice) => choice,
            None => return either(table, at, findings),
        },
    };
    if let Some(wanted) = table
        .from
        .filter(|wanted| given != [true, true] && *wanted != choice)
    {
        let message = format!(
            "the base `{key}` is to be {}, and has no `{}`",
            wanted.as_str(),
            wanted.key()
        );
        findings.at(&at.key("from"), message);
    }
    // One that a run can do without is taken as it can be had.
    let wanted = overrides.bases.filter(|_| table.optional != Some(true));
    if let Some(wanted) = wanted.filter(|wanted| *wanted != choice) {
        let message = format!(
            "`--bases {}`: the base `{key}` has no `{}`",
            wanted.as_str(),
            wanted.key()
        );
        findings.of_command_line(message);
    }
    let origin = match (overrides.bases, given, table.from) {
        (Some(_), [true, true], _) => Origin::CommandLine,
        _ => Origin::Scenario,
    };
    let image = table.image.filter(|image| is_reference(image, at, findings));
    let command = table.import.filter(|command| is_command(command, at, findings));
    let source = match choice {
        BaseChoice::Pulled => BaseSource::Pulled { image: image? },
        BaseChoice::Imported => BaseSource::Imported { command: command? },
    };
    Some((source, origin))
}

/// The source of a base that has both and names none: pulled, or imported where no registry answers.
fn either(table: BaseTable, at: &Cursor<'_>, findings: &mut Findings<'_>) -> Option<(BaseSource, Origin)> {
    let image = table.image.filter(|image| is_reference(image, at, findings))?;
    let command = table.import.filter(|command| is_command(command, at, findings))?;
    Some((BaseSource::PulledOrImported { image, command }, Origin::BuiltIn))
}

/// Whether a text can be the reference of an image; notes where it cannot.
pub(super) fn is_reference(image: &str, at: &Cursor<'_>, findings: &mut Findings<'_>) -> bool {
    let fits = !image.is_empty() && image.chars().all(|character| character.is_ascii_graphic());
    if !fits {
        findings
            .at(&at.key("image"), format!("{image:?} is no image reference"))
            .label("expected a reference such as `python:3.12-slim`");
    }
    fits
}

fn is_command(command: &[String], at: &Cursor<'_>, findings: &mut Findings<'_>) -> bool {
    let fits = command.first().is_some_and(|program| !program.is_empty());
    if !fits && !at.key("import").has_cut() {
        findings
            .at(&at.key("import"), "`import` names no program")
            .label("expected a program and its arguments");
    }
    fits
}
