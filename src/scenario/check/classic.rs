//! What the classic builder does not read of a Dockerfile.

use super::dockerfiles::Dockerfiles;
use super::findings::Findings;
use super::placed::Placed;
use super::reader::Reader;
use crate::dockerfile::{Instruction, Keyword};
use crate::scenario::file::Cursor;
use crate::scenario::{BaseState, BuilderKind, LayerState, Place, Problem, Step};

/// Flags that the classic builder knows (`builder/dockerfile/dispatchers.go` of the engine); it refuses every other.
const FLAGS: &[(Keyword, &[&str])] = &[
    (Keyword::From, &["--platform"]),
    (Keyword::Copy, &["--from", "--chown"]),
    (Keyword::Add, &["--chown"]),
    (
        Keyword::Healthcheck,
        &[
            "--interval",
            "--timeout",
            "--start-period",
            "--start-interval",
            "--retries",
        ],
    ),
];

/// Notes cache states that the classic builder does not know, or does not tell of.
pub(super) fn check_states(
    variants: &[Placed<'_>],
    steps: &[Step],
    at_steps: &Cursor<'_>,
    findings: &mut Findings<'_>,
) {
    let mut classic = variants.iter().map(|placed| &placed.variant);
    let Some(variant) = classic.find(|variant| variant.builder == BuilderKind::Classic) else {
        return;
    };
    for (index, step) in steps.iter().enumerate() {
        let at = at_steps.index(index);
        let states = [
            (
                step.cache.layers == LayerState::Imported,
                at.key("cache"),
                "imports layers",
            ),
            (step.export_cache, at.key("export-cache"), "exports its cache"),
            (
                step.cache.base == BaseState::Absent,
                at.key("cache"),
                "wants the base absent",
            ),
        ];
        for (_, place, what) in states.into_iter().filter(|(asked, ..)| *asked) {
            findings
                .at(
                    &place,
                    format!(
                        "the step `{}` {what}, which the builder of `{}` does not know",
                        step.name, variant.name
                    ),
                )
                .hint("the classic builder has no remote caches, and does not tell what it downloads: build with `buildkit`");
        }
    }
}

/// Notes instructions that a variant's Dockerfile has and the classic builder refuses or takes for something else.
pub(super) fn check(
    variants: &[Placed<'_>],
    dockerfiles: &Dockerfiles,
    reader: &Reader<'_>,
    findings: &mut Findings<'_>,
) {
    let classic = variants
        .iter()
        .map(|placed| &placed.variant)
        .filter(|variant| variant.builder == BuilderKind::Classic);
    for variant in classic {
        let (Some(dockerfile), Some(source)) = (
            dockerfiles.parsed(&variant.dockerfile),
            reader.known(&variant.dockerfile),
        ) else {
            continue;
        };
        for instruction in dockerfile.instructions() {
            let Some(unknown) = unknown(instruction) else {
                continue;
            };
            let place = Place::new(source, instruction.span.clone());
            if findings
                .problems
                .iter()
                .any(|problem| problem.place.as_ref() == Some(&place))
            {
                continue;
            }
            findings
                .add(Problem::at(
                    place,
                    format!(
                        "the classic builder knows no {unknown}, and the variant `{}` is built by it",
                        variant.name
                    ),
                ))
                .hint("give the variant `builder = \"buildkit\"`, or a Dockerfile of its own");
        }
    }
}

/// What of an instruction the classic builder does not know.
fn unknown(instruction: &Instruction) -> Option<String> {
    if !instruction.heredocs.is_empty() {
        return Some("here-documents".to_owned());
    }
    let known = FLAGS
        .iter()
        .find(|(keyword, _)| *keyword == instruction.keyword)
        .map_or(&[][..], |(_, flags)| flags);
    instruction
        .arguments()
        .split_whitespace()
        .take_while(|word| word.starts_with("--"))
        .map(|word| word.split('=').next().unwrap_or(word))
        .find(|flag| !known.contains(flag))
        .map(|flag| format!("`{} {flag}`", instruction.keyword.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerfile::Dockerfile;

    #[test]
    fn flags_and_here_documents_of_buildkit_are_told_from_those_of_both() {
        for (text, expected) in [
            ("RUN --mount=type=cache,target=/c make", Some("`RUN --mount`")),
            ("RUN make --mount=x", None),
            ("RUN <<EOF\ntrue\nEOF", Some("here-documents")),
            ("COPY --from=0 --chown=1:1 a b", None),
            ("COPY --from=0 --link a b", Some("`COPY --link`")),
            ("ADD --chmod=755 a b", Some("`ADD --chmod`")),
            ("HEALTHCHECK --retries=3 CMD true", None),
            ("CMD [\"--x\"]", None),
        ] {
            let dockerfile = Dockerfile::parse(&format!("FROM scratch\n{text}\n")).unwrap();
            let instruction = dockerfile.instructions().nth(1).unwrap();
            assert_eq!(unknown(instruction).as_deref(), expected, "{text}");
        }
    }
}
