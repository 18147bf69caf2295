//! `[[build.step]]`.

use super::edits::edit;
use super::findings::Findings;
use super::reader::Reader;
use crate::scenario::file::{Cursor, ExpectValue, StepTable};
use crate::scenario::{
    BuildCacheState, Edit, Expectation, LayerState, MountState, Nonce, Origin, Place, Provenance, Step, name,
};

/// The sequence of builds, with the places of its edits.
#[derive(Debug, Default)]
pub(super) struct Steps {
    pub(super) steps: Vec<Step>,
    pub(super) edits: Vec<Vec<Place>>,
}

/// The sequence where the scenario names none: a cold build, and one where nothing has changed.
pub(super) fn built_in(provenance: &mut Provenance) -> Steps {
    provenance.note("build.step", Origin::BuiltIn);
    let steps = vec![
        Step {
            name: "cold".to_owned(),
            cache: BuildCacheState {
                layers: LayerState::Empty,
                mounts: MountState::Empty,
                ..BuildCacheState::default()
            },
            export_cache: false,
            commit: None,
            edits: Vec::new(),
            expect: None,
        },
        Step {
            name: "unchanged".to_owned(),
            cache: BuildCacheState::default(),
            export_cache: false,
            commit: None,
            edits: Vec::new(),
            expect: Some(Expectation::Cached),
        },
    ];
    for step in &steps {
        provenance.note(cache_setting(&step.name), Origin::BuiltIn);
    }
    Steps {
        edits: vec![Vec::new(); steps.len()],
        steps,
    }
}

/// Resolves the steps, in the file's order.
pub(super) fn steps(
    tables: Vec<StepTable>,
    at: &Cursor<'_>,
    provenance: &mut Provenance,
    reader: &mut Reader<'_>,
    findings: &mut Findings<'_>,
) -> Steps {
    if tables.is_empty() && !at.has_cut() {
        findings
            .at(at, "the scenario has no step")
            .hint("leave `step` out to get a cold build and an unchanged one");
    }
    findings.note_repeated(
        "step",
        tables.iter().enumerate().filter_map(|(index, table)| {
            let name = table.name.as_deref()?;
            Some((name, at.index(index).key("name")))
        }),
    );
    let mut resolved = Steps::default();
    for (index, table) in tables.into_iter().enumerate() {
        let at = at.index(index);
        let edited_before = resolved
            .steps
            .iter()
            .flat_map(|step| &step.edits)
            .any(Edit::is_unique);
        if table.cache.is_none() {
            provenance.note(
                cache_setting(table.name.as_deref().unwrap_or_default()),
                Origin::BuiltIn,
            );
        }
        let has_edits = table.edit.as_ref().map_or(0, Vec::len);
        let (step, edits) = step(table, &at, reader, findings);
        // An edit with a mistake may be the one that has the nonce.
        if edits.len() == has_edits && !at.has_cut() {
            check_expectation(&step, edited_before, &at, findings);
        }
        resolved.steps.push(step);
        resolved.edits.push(edits);
    }
    resolved
}

/// The key under which the origin of a step's cache state is noted.
fn cache_setting(step: &str) -> String {
    format!("build.step.{step}.cache")
}

fn step(
    table: StepTable,
    at: &Cursor<'_>,
    reader: &mut Reader<'_>,
    findings: &mut Findings<'_>,
) -> (Step, Vec<Place>) {
    if let Some(name) = &table.name
        && let Err(expected) = name::check_step(name)
    {
        findings
            .at(
                &at.key("name"),
                format!("a step cannot be named {name:?}, expected {expected}"),
            )
            .label("part of a metric's key");
    }
    let mut edits = Vec::new();
    let mut places = Vec::new();
    for (index, table) in table.edit.unwrap_or_default().into_iter().enumerate() {
        let at = at.key("edit").index(index);
        if let Some(edit) = edit(table, &at, reader, findings) {
            edits.push(edit);
            places.push(Place::new(findings.source, at.span()));
        }
    }
    let step = Step {
        name: table.name.unwrap_or_default(),
        cache: table.cache.map(BuildCacheState::from).unwrap_or_default(),
        export_cache: table.export_cache.unwrap_or_default(),
        commit: None,
        edits,
        expect: table.expect.map(|expect| match expect {
            ExpectValue::Cached => Expectation::Cached,
            ExpectValue::Rebuilt(instructions) => Expectation::Rebuilt(instructions),
        }),
    };
    (step, places)
}

/// Notes an expectation that no build, or only the first of several rounds, can meet.
fn check_expectation(step: &Step, edited_before: bool, at: &Cursor<'_>, findings: &mut Findings<'_>) {
    let expect = at.key("expect");
    let placeholder = Nonce::PLACEHOLDER;
    match (&step.expect, step.cache.layers) {
        (Some(Expectation::Cached), LayerState::Empty) => {
            findings
                .at(
                    &expect,
                    format!("the step `{}` expects hits from empty layers", step.name),
                )
                .hint("expect nothing, or set `cache = { layers = \"primed\" }`");
        }
        (Some(Expectation::Rebuilt(_)), LayerState::Primed) => {
            let writes = step.edits.iter().any(|edit| edit.text().is_some());
            let unique = step.edits.iter().any(Edit::is_unique) || (edited_before && !writes);
            if unique {
                return;
            }
            let moves =
                |edit: &Edit| matches!(edit, Edit::Rename { .. } | Edit::Copy { .. } | Edit::Chmod { .. });
            let repeats = "the second round finds the first one's result in the cache, which looks like a huge speed-up";
            let hint = if writes {
                format!("{repeats}; put `{placeholder}` into the text")
            } else if step.edits.iter().any(moves) {
                format!("{repeats}; add an edit with `{placeholder}` in its text")
            } else {
                format!(
                    "nothing that the cache can see changes; add an edit with `{placeholder}` in its text"
                )
            };
            findings
                .at(
                    &expect,
                    format!(
                        "the step `{}` expects to rebuild, and no edit of it has `{placeholder}`",
                        step.name
                    ),
                )
                .label("would be met in the first round only")
                .hint(hint);
        }
        _ => {}
    }
}
