//! What of a variant's options its builder does not have, and what its Dockerfile mounts and is not given.

use std::path::Path;

use super::dockerfiles::Dockerfiles;
use super::findings::Findings;
use super::placed::Placed;
use super::reader::Reader;
use crate::dockerfile::Keyword;
use crate::scenario::nearest::hint;
use crate::scenario::{BuilderKind, Place, Problem};

/// Notes what a variant's builder does not have, and what its Dockerfile requires and is not given.
pub(super) fn check(
    variants: &[Placed<'_>],
    dockerfiles: &Dockerfiles,
    reader: &Reader<'_>,
    findings: &mut Findings<'_>,
) {
    for Placed { variant, at, .. } in variants {
        if variant.builder == BuilderKind::Classic {
            for (key, is_asked) in [
                ("contexts", !variant.options.contexts.is_empty()),
                ("secrets", !variant.options.secrets.is_empty()),
                ("ssh", !variant.options.ssh.is_empty()),
            ] {
                if is_asked {
                    findings
                        .at_key(
                            &at.key(key),
                            format!(
                                "the classic builder has no `{key}`, and the variant `{}` is built by it",
                                variant.name
                            ),
                        )
                        .hint("give the variant `builder = \"buildkit\"`");
                }
            }
        }
        let (Some(dockerfile), Some(source)) = (
            dockerfiles.parsed(&variant.dockerfile),
            reader.known(&variant.dockerfile),
        ) else {
            continue;
        };
        for instruction in dockerfile.instructions() {
            if instruction.keyword != Keyword::Run {
                continue;
            }
            for (kind, id) in required_mounts(instruction.arguments()) {
                let ids: Vec<&str> = match kind {
                    "secret" => variant.options.secrets.keys().map(String::as_str).collect(),
                    _ => variant.options.ssh.keys().map(String::as_str).collect(),
                };
                if ids.contains(&id.as_str()) {
                    continue;
                }
                let place = Place::new(source, instruction.span.clone());
                let message = format!(
                    "the instruction requires the {kind} mount `{id}`, which the variant `{}` does not give",
                    variant.name
                );
                let problem = findings.add(Problem::at(place, message));
                problem.hint = hint(&id, "it gives", &ids);
            }
        }
    }
}

/// The kind and id of each secret and ssh mount that a `RUN` cannot do without.
fn required_mounts(arguments: &str) -> Vec<(&'static str, String)> {
    arguments
        .split_whitespace()
        .take_while(|word| word.starts_with("--"))
        .filter_map(|word| word.strip_prefix("--mount="))
        .filter_map(|mount| {
            let value_of = |key: &str| {
                mount.split(',').find_map(|field| {
                    let (name, value) = field.split_once('=').unwrap_or((field, "true"));
                    (name.eq_ignore_ascii_case(key)).then_some(value)
                })
            };
            let kind = match value_of("type")? {
                "secret" => "secret",
                "ssh" => "ssh",
                _ => return None,
            };
            if !value_of("required")?.eq_ignore_ascii_case("true") {
                return None;
            }
            let target = ["target", "dst", "destination"].into_iter().find_map(value_of);
            let id = value_of("id").map(str::to_owned).or_else(|| match kind {
                "ssh" => Some("default".to_owned()),
                _ => Some(Path::new(target?).file_name()?.to_string_lossy().into_owned()),
            })?;
            // What a build argument decides is not known here.
            (!id.contains('$')).then_some((kind, id))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_that_an_instruction_cannot_do_without_are_found() {
        for (arguments, expected) in [
            ("--mount=type=secret,id=a make", vec![]),
            ("--mount=type=secret,id=a,required make", vec![("secret", "a")]),
            (
                "--mount=type=secret,target=/run/b,required=true make",
                vec![("secret", "b")],
            ),
            (
                "--mount=type=ssh,required=true --mount=type=secret,id=c,required=false x",
                vec![("ssh", "default")],
            ),
            ("--mount=type=secret,id=$ID,required x", vec![]),
            ("make --mount=type=secret,id=a,required", vec![]),
            ("--mount=type=cache,target=/c,required x", vec![]),
        ] {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(kind, id)| (kind, id.to_owned()))
                .collect();
            assert_eq!(required_mounts(arguments), expected, "{arguments}");
        }
    }
}
