//! `[[start.companion]]`, and the placeholders that name companions.

use super::axis::check_base;
use super::bases::is_reference;
use super::container_options::{self, GivenOptions};
use super::findings::Findings;
use super::input::ScenarioInput;
use super::ready;
use crate::scenario::companion_address::named_in;
use crate::scenario::file::{CompanionTable, Cursor};
use crate::scenario::nearest::hint;
use crate::scenario::{
    Base, Companion, CompanionImage, ContainerOptions, EngineReadiness, Origin, Provenance, Readiness, name,
};
use crate::unit::Nanos;

/// Resolves the companions, in the file's order; `timeout` is that of a start, and `at` is `[start]`.
pub(super) fn companions(
    tables: Vec<CompanionTable>,
    timeout: Nanos,
    at: &Cursor<'_>,
    bases: &[Base],
    input: &ScenarioInput<'_>,
    provenance: &mut Provenance,
    findings: &mut Findings<'_>,
) -> Vec<Companion> {
    let at = at.key("companion");
    findings.note_repeated(
        "companion",
        tables.iter().enumerate().filter_map(|(index, table)| {
            let name = table.name.as_deref()?;
            Some((name, at.index(index).key("name")))
        }),
    );
    let mut companions: Vec<Companion> = Vec::new();
    for (index, mut table) in tables.into_iter().enumerate() {
        let at = at.index(index);
        let name = table.name.take().unwrap_or_default();
        if let (true, Err(expected)) = (at.has("name"), name::check_companion(&name))
            && !at.key("name").has_cut()
        {
            findings
                .at(
                    &at.key("name"),
                    format!("a companion cannot be named {name:?}, expected {expected}"),
                )
                .label("part of a container's name");
        }
        let setting = format!("start.companion.{name}");
        if table.timeout.is_none() {
            let origin = provenance.of("start.timeout").clone();
            provenance.note(format!("{setting}.timeout"), origin);
        }
        if table.ready.as_ref().is_some_and(|ready| ready.status.is_none()) {
            provenance.note(format!("{setting}.ready.status"), Origin::BuiltIn);
        }
        let image = image(&mut table, &name, &at, bases, findings);
        let ready = ready(&mut table, &name, &at, findings);
        let port = table.port.or(ready.port());
        let timeout = table.timeout.map_or(timeout, |timeout| timeout.0);
        let container = container_options::options(GivenOptions::of_companion(table), &at, input, findings);
        check_named(&container, &ready, &companions, &at, findings);
        companions.push(Companion {
            name,
            // Where there is none, that was noted.
            image: image.unwrap_or(CompanionImage::Present(String::new())),
            ready,
            port,
            timeout,
            container,
        });
    }
    companions
}

/// What the companion is made of.
fn image(
    table: &mut CompanionTable,
    name: &str,
    at: &Cursor<'_>,
    bases: &[Base],
    findings: &mut Findings<'_>,
) -> Option<CompanionImage> {
    match (table.image.take(), table.base.take()) {
        (Some(image), None) => is_reference(&image, at, findings).then_some(CompanionImage::Present(image)),
        (None, Some(base)) => {
            let at = at.key("base");
            check_base(&base, &at, bases, findings);
            if bases.iter().any(|known| known.name == base && known.optional) {
                findings
                    .at(
                        &at,
                        format!("the companion `{name}` is made of the base `{base}`, which is optional"),
                    )
                    .hint("every start needs its companions: give it a base that is always there");
            }
            Some(CompanionImage::Base(base))
        }
        (Some(_), Some(_)) => {
            findings
                .at_key(
                    &at.key("base"),
                    format!("the companion `{name}` has both `image` and `base`"),
                )
                .label("expected one of them");
            None
        }
        (None, None) => {
            if !at.key("image").has_cut() && !at.key("base").has_cut() {
                findings
                    .at(at, format!("the companion `{name}` has no image"))
                    .hint("give exactly one of `image`, which the engine has, and `base`, a base of the scenario");
            }
            None
        }
    }
}

/// What counts as ready.
fn ready(table: &mut CompanionTable, name: &str, at: &Cursor<'_>, findings: &mut Findings<'_>) -> Readiness {
    let at = at.key("ready");
    let ready = ready::ready(table.ready.take(), "start.companion.ready", &at, findings);
    if matches!(ready, Readiness::Engine(EngineReadiness::Exit(_))) {
        findings
            .at_key(
                &at.key("exit"),
                format!("the companion `{name}` would be ready once it has ended, when it serves nobody"),
            )
            .hint("give one of `http`, `tcp`, `log`, `health` and `exec`; what runs once is for `setup` of `[hooks]`");
    }
    ready
}

/// Notes placeholders that no companion of these can fill. `at` is the table that the options and readiness stand in.
pub(super) fn check_named(
    options: &ContainerOptions,
    ready: &Readiness,
    companions: &[Companion],
    at: &Cursor<'_>,
    findings: &mut Findings<'_>,
) {
    for (key, words) in [("entrypoint", &options.entrypoint), ("command", &options.command)] {
        for (index, text) in words.iter().flatten().enumerate() {
            check_text(text, companions, &at.key(key).index(index), findings);
        }
    }
    for (variable, text) in &options.env {
        check_text(text, companions, &at.key("env").key(variable), findings);
    }
    if let Readiness::Engine(EngineReadiness::Exec { command, .. }) = ready {
        for (index, text) in command.iter().enumerate() {
            check_text(
                text,
                companions,
                &at.key("ready").key("exec").index(index),
                findings,
            );
        }
    }
}

fn check_text(text: &str, companions: &[Companion], at: &Cursor<'_>, findings: &mut Findings<'_>) {
    for wanted in named_in(text) {
        let Some(wanted) = wanted else {
            findings
                .at(at, "the name of a companion has no end")
                .label("expected `{{companion.NAME}}`");
            continue;
        };
        match companions.iter().find(|companion| companion.name == wanted) {
            // One whose name cannot be read may be the one that is meant.
            None if companions.iter().any(|companion| companion.name.is_empty()) => {}
            None => {
                let names: Vec<&str> = companions
                    .iter()
                    .map(|companion| companion.name.as_str())
                    .collect();
                let problem = findings.at(
                    at,
                    format!("there is no companion `{wanted}` to take the address of"),
                );
                problem.hint = hint(wanted, "there are", &names).or_else(|| {
                    Some(
                        "a companion is a table `[[start.companion]]`; each may use those before it"
                            .to_owned(),
                    )
                });
            }
            Some(companion) if companion.port.is_none() => {
                findings
                    .at(
                        at,
                        format!("the companion `{wanted}` has no port to take the address of"),
                    )
                    .hint(format!(
                        "readiness by `{}` names none: give the companion a `port`",
                        companion.ready.kind()
                    ));
            }
            Some(_) => {}
        }
    }
}
