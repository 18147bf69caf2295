//! The Dockerfiles and ignore files of the variants, held against the scenario.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::findings::Findings;
use super::placed::Placed;
use super::reader::Reader;
use crate::dockerfile::{Dockerfile, Instruction, expand};
use crate::scenario::file::Cursor;
use crate::scenario::nearest::{hint, nearest};
use crate::scenario::{Base, Expectation, Place, Problem, Step, Variant};

/// The Dockerfiles that could be read, by path.
#[derive(Debug, Default)]
pub(super) struct Dockerfiles {
    parsed: BTreeMap<PathBuf, Option<Dockerfile>>,
}

impl Dockerfiles {
    /// Reads the files of every variant and checks what they name.
    pub(super) fn load(
        variants: &[Placed<'_>],
        bases: &[Base],
        reader: &mut Reader<'_>,
        findings: &mut Findings<'_>,
    ) -> Self {
        let mut dockerfiles = Self::default();
        let mut reported = BTreeSet::new();
        for placed in variants {
            let Placed { variant, at, .. } = placed;
            if variant.dockerfile.as_os_str().is_empty() {
                continue;
            }
            dockerfiles.parse(&variant.dockerfile, &at.key("dockerfile"), reader, findings);
            let Some(Some(dockerfile)) = dockerfiles.parsed.get(&variant.dockerfile) else {
                continue;
            };
            check_target(dockerfile, placed, findings);
            let source = reader.known(&variant.dockerfile);
            for unset in unset_bases(dockerfile, variant, bases) {
                let Some(source) = source else { continue };
                let place = Place::new(source, unset.from.span.clone());
                if !reported.insert((place.file.clone(), place.line)) {
                    continue;
                }
                let problem = Problem::at(
                    place,
                    format!("FROM names `{}`, which nothing sets", unset.argument),
                );
                let arguments: Vec<String> = bases.iter().map(Base::build_arg).collect();
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                let problem = findings.add(problem);
                problem.label(format!("in the variant `{}`", variant.name));
                problem.hint = if unset.declared {
                    hint(&unset.argument, "the bases set", &arguments)
                } else {
                    Some(format!(
                        "declare it before the first FROM: `ARG {}`",
                        unset.argument
                    ))
                };
            }
        }
        dockerfiles
    }

    /// The Dockerfile at a path, where it could be read.
    pub(super) fn parsed(&self, path: &Path) -> Option<&Dockerfile> {
        self.parsed.get(path)?.as_ref()
    }

    /// Notes each text of `expect = { rebuilt = [...] }` that no instruction begins with.
    pub(super) fn check_expectations(&self, steps: &[Step], at: &Cursor<'_>, findings: &mut Findings<'_>) {
        // With a Dockerfile that did not parse, nobody knows what it holds.
        if self.parsed.values().any(Option::is_none) {
            return;
        }
        let instructions: Vec<&Instruction> = self
            .parsed
            .values()
            .flatten()
            .flat_map(Dockerfile::instructions)
            .collect();
        if instructions.is_empty() {
            return;
        }
        let texts: BTreeSet<&str> = instructions
            .iter()
            .map(|instruction| instruction.text.as_str())
            .collect();
        for (index, step) in steps.iter().enumerate() {
            let Some(Expectation::Rebuilt(expected)) = &step.expect else {
                continue;
            };
            for (number, text) in expected.iter().enumerate() {
                let at = at.index(index).key("expect").key("rebuilt").index(number);
                if text.trim().is_empty() {
                    findings.at(&at, "an empty text matches every instruction");
                } else if !instructions
                    .iter()
                    .any(|instruction| instruction.begins_with(text))
                {
                    let problem = findings.at(&at, format!("no Dockerfile of the scenario has `{text}`"));
                    problem.label("matches no instruction");
                    problem.hint =
                        nearest(text, texts.iter().copied()).map(|text| format!("did you mean `{text}`?"));
                }
            }
        }
    }

    fn parse(&mut self, path: &Path, at: &Cursor<'_>, reader: &mut Reader<'_>, findings: &mut Findings<'_>) {
        if self.parsed.contains_key(path) {
            return;
        }
        let dockerfile = reader.read(path, at, findings).and_then(|source| {
            Dockerfile::parse(&source.text)
                .map_err(|error| {
                    let place = Place::new(&source, error.span.clone());
                    let problem = findings.add(Problem::at(place, error.message));
                    problem.hint = error.hint;
                })
                .ok()
        });
        self.parsed.insert(path.to_owned(), dockerfile);
    }
}

/// Notes a target that is no stage.
fn check_target(dockerfile: &Dockerfile, placed: &Placed<'_>, findings: &mut Findings<'_>) {
    let variant = &placed.variant;
    let Some(target) = &variant.target else {
        return;
    };
    let names: Vec<&str> = dockerfile
        .stages
        .iter()
        .filter_map(|stage| stage.name.as_deref())
        .collect();
    let is_index = target
        .parse::<usize>()
        .is_ok_and(|index| index < dockerfile.stages.len());
    if !is_index && !names.iter().any(|name| name.eq_ignore_ascii_case(target)) {
        let message = format!("`{}` has no stage `{target}`", variant.dockerfile.display());
        let problem = findings.at(&placed.target, message);
        problem.hint = hint(target, "its stages are", &names);
    }
}

/// A FROM whose argument has no value.
struct UnsetBase<'dockerfile> {
    from: &'dockerfile Instruction,
    argument: String,
    /// Whether an ARG before the first FROM declares it.
    declared: bool,
}

/// The FROMs of which an argument has neither a default nor a value from the scenario.
fn unset_bases<'dockerfile>(
    dockerfile: &'dockerfile Dockerfile,
    variant: &Variant,
    bases: &[Base],
) -> Vec<UnsetBase<'dockerfile>> {
    let global = dockerfile.global_arguments();
    let value_of = |name: &str| {
        // These the builder sets itself.
        if name.starts_with("TARGET") || name.starts_with("BUILD") {
            return Some(name.to_owned());
        }
        let argument = global.iter().rfind(|argument| argument.name == name)?;
        if bases.iter().any(|base| base.build_arg() == name)
            || (variant.base.is_some() && name == Variant::BASE_ARGUMENT)
        {
            return Some(name.to_owned());
        }
        variant
            .args
            .get(name)
            .cloned()
            .or_else(|| argument.default.clone())
    };
    dockerfile
        .stages
        .iter()
        .flat_map(|stage| {
            let unset = expand(&stage.base, &value_of).unset;
            unset.into_iter().map(|argument| UnsetBase {
                from: &stage.from,
                declared: global.iter().any(|declared| declared.name == argument),
                argument,
            })
        })
        .collect()
}
