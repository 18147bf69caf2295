//! `[matrix]`: the variants that come of crossing its axes with those of the file.

use super::axis::{Axis, Setting, axes, settings_of};
use super::findings::Findings;
use super::placed::Placed;
use crate::scenario::file::{Cursor, ExcludeTable, IncludeTable, MatrixTable};
use crate::scenario::nearest::hint;
use crate::scenario::{Base, Provenance, name};

/// How many variants a matrix may make: beyond it a run takes days, and a slip is likelier than an intention.
const MOST_VARIANTS: usize = 64;

/// The variants of a scenario: those of the file, crossed with the axes of the matrix.
///
/// A combination is named after its variant and its values. Of the combinations of a baseline the first one is it.
pub(super) fn expand<'tree>(
    table: Option<MatrixTable>,
    at: &Cursor<'tree>,
    variants: Vec<Placed<'tree>>,
    bases: &[Base],
    provenance: &mut Provenance,
    findings: &mut Findings<'_>,
) -> Vec<Placed<'tree>> {
    let Some(table) = table else {
        return variants;
    };
    let axes = axes(&table, at, bases, findings);
    let mistaken_axis = at.has_cut() || axes.iter().any(|axis| axis.values.is_empty());
    check_free(&axes, &variants, findings);
    let count = axes
        .iter()
        .try_fold(variants.len(), |count, axis| count.checked_mul(axis.values.len()));
    if count.is_none_or(|count| count > MOST_VARIANTS) {
        let factors: Vec<_> = std::iter::once(variants.len())
            .chain(axes.iter().map(|axis| axis.values.len()))
            .map(|count| count.to_string())
            .collect();
        findings
            .at_key(
                at,
                format!(
                    "the matrix makes {} variants, expected at most {MOST_VARIANTS}",
                    factors.join(" × ")
                ),
            )
            .hint("take values from its axes, or add single combinations by `include`");
        return variants;
    }
    let mut combinations = crossed(&variants, &axes);
    if !mistaken_axis {
        for (index, exclude) in table.exclude.iter().flatten().enumerate() {
            let at = at.key("exclude").index(index);
            leave_out(exclude, &at, &mut combinations, &variants, findings);
        }
    }
    for (index, include) in table.include.iter().flatten().enumerate() {
        let at = at.key("include").index(index);
        combinations.extend(added(include, &at, &variants, bases, findings));
    }
    if combinations.is_empty() && !variants.is_empty() && !mistaken_axis {
        findings
            .at_key(at, "the matrix leaves no variant")
            .hint("exclude less");
    }
    let expanded: Vec<_> = combinations
        .iter()
        .map(|combination| combination.variant(provenance))
        .collect();
    let templates = combinations
        .iter()
        .map(|combination| combination.template.variant.name.as_str());
    check_names(&expanded, templates, at, findings);
    with_one_baseline(expanded)
}

/// One variant of the file with one value of each axis.
struct Combination<'axes, 'tree> {
    template: &'axes Placed<'tree>,
    settings: Vec<Setting<'tree>>,
}

impl<'tree> Combination<'_, 'tree> {
    fn variant(&self, provenance: &mut Provenance) -> Placed<'tree> {
        let mut placed = self.template.clone();
        let origins = ["builder", "platform", "network", "shm-size"].map(|key| {
            let template = format!("variant.{}.{key}", placed.variant.name);
            (key, provenance.of(&template).clone())
        });
        for setting in &self.settings {
            placed.variant.name.push('-');
            placed.variant.name.push_str(&setting.value.slug());
        }
        let name = &placed.variant.name;
        for (key, origin) in origins {
            provenance.note(format!("variant.{name}.{key}"), origin);
        }
        for setting in &self.settings {
            setting.apply(&mut placed, provenance);
        }
        placed
    }
}

/// Every variant with every value of every axis, the values of the last axis next to each other.
fn crossed<'axes, 'tree>(
    variants: &'axes [Placed<'tree>],
    axes: &[Axis<'tree>],
) -> Vec<Combination<'axes, 'tree>> {
    let mut combinations: Vec<_> = variants
        .iter()
        .map(|template| Combination {
            template,
            settings: Vec::new(),
        })
        .collect();
    for axis in axes {
        combinations = combinations
            .into_iter()
            .flat_map(|combination| {
                axis.values.iter().map(move |value| {
                    let mut settings = combination.settings.clone();
                    settings.push(value.clone());
                    Combination {
                        template: combination.template,
                        settings,
                    }
                })
            })
            .collect();
    }
    combinations
}

/// Notes what a variant sets and an axis too.
fn check_free(axes: &[Axis<'_>], variants: &[Placed<'_>], findings: &mut Findings<'_>) {
    for placed in variants {
        for axis in axes {
            if let Some(at) = axis.set_by(&placed.at) {
                let name = &axis.name;
                findings
                    .at_key(&at, format!("`{name}` is an axis of the matrix and set here too"))
                    .hint("leave it out here, or take the axis out of the matrix");
            }
        }
    }
}

/// Takes the combinations of an `exclude` out.
fn leave_out(
    exclude: &ExcludeTable,
    at: &Cursor<'_>,
    combinations: &mut Vec<Combination<'_, '_>>,
    variants: &[Placed<'_>],
    findings: &mut Findings<'_>,
) {
    if at.has_cut() {
        return;
    }
    if let Some(name) = &exclude.variant
        && !is_variant(name, &at.key("variant"), variants, findings)
    {
        return;
    }
    let settings = settings_of(
        exclude.builder,
        exclude.base.as_deref(),
        exclude.target.as_deref(),
        exclude.platform.as_deref(),
        exclude.args.as_ref(),
        at,
    );
    let before = combinations.len();
    combinations.retain(|combination| {
        let of_variant = exclude
            .variant
            .as_ref()
            .is_none_or(|name| *name == combination.template.variant.name);
        let has_all = settings.iter().all(|wanted| {
            combination
                .settings
                .iter()
                .any(|setting| setting.value == wanted.value)
        });
        !(of_variant && has_all)
    });
    if combinations.len() == before {
        findings
            .at(at, "this `exclude` leaves out no combination of the matrix")
            .hint(
                "its values must be on the axes, and no earlier `exclude` may have left the combination out",
            );
    }
}

/// The combination of an `include`.
fn added<'axes, 'tree>(
    include: &IncludeTable,
    at: &Cursor<'tree>,
    variants: &'axes [Placed<'tree>],
    bases: &[Base],
    findings: &mut Findings<'_>,
) -> Option<Combination<'axes, 'tree>> {
    let name = include.variant.as_ref()?;
    if !is_variant(name, &at.key("variant"), variants, findings) {
        return None;
    }
    let template = variants.iter().find(|placed| placed.variant.name == *name)?;
    let settings = settings_of(
        include.builder,
        include.base.as_deref(),
        include.target.as_deref(),
        include.platform.as_deref(),
        include.args.as_ref(),
        at,
    );
    for setting in &settings {
        setting.check(bases, findings);
    }
    Some(Combination { template, settings })
}

fn is_variant(name: &str, at: &Cursor<'_>, variants: &[Placed<'_>], findings: &mut Findings<'_>) -> bool {
    let names: Vec<&str> = variants
        .iter()
        .map(|placed| placed.variant.name.as_str())
        .collect();
    if names.contains(&name) {
        return true;
    }
    findings
        .at(at, format!("the scenario has no variant `{name}`"))
        .hint = hint(name, "its variants are", &names);
    false
}

/// Notes names that two combinations share, or that are too long.
fn check_names<'name>(
    expanded: &[Placed<'_>],
    templates: impl Iterator<Item = &'name str>,
    at: &Cursor<'_>,
    findings: &mut Findings<'_>,
) {
    for (index, (placed, template)) in expanded.iter().zip(templates).enumerate() {
        let name = &placed.variant.name;
        if expanded[..index].iter().any(|other| other.variant.name == *name) {
            findings
                .at_key(at, format!("the matrix makes two variants named `{name}`"))
                .hint(
                    "names are made of the variant's and the values', other characters than `a-z0-9._` as `-`; \
                     rename a variant, or leave one combination out by `exclude`",
                );
        } else if let Err(expected) = name::check_reference(name)
            // A wrong name in the file was said there.
            && name::check_reference(template).is_ok()
        {
            findings
                .at_key(
                    at,
                    format!("the matrix makes a variant named `{name}`, expected {expected}"),
                )
                .label("part of an image reference");
        }
    }
}

/// Leaves the first baseline.
fn with_one_baseline(mut expanded: Vec<Placed<'_>>) -> Vec<Placed<'_>> {
    let mut seen = false;
    for placed in &mut expanded {
        placed.variant.baseline &= !seen;
        seen |= placed.variant.baseline;
    }
    expanded
}
