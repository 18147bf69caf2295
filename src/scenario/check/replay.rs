//! `[replay]`.

use std::path::{Path, PathBuf};

use super::findings::Findings;
use super::input::ScenarioInput;
use super::steps::Steps;
use crate::scenario::file::{ContextTable, Cursor, ReplayTable};
use crate::scenario::nearest::nearest;
use crate::scenario::replay::step_names;
use crate::scenario::{
    BuildCacheState, Commit, CommitRange, ContextState, History, LayerState, MountState, Origin, Provenance,
    Replay, Step,
};

/// Resolves `[replay]`, with the steps that the commits make; `None` where the commits are not to be had.
pub(super) fn replay(
    table: ReplayTable,
    at: &Cursor<'_>,
    input: &ScenarioInput<'_>,
    provenance: &mut Provenance,
    findings: &mut Findings<'_>,
) -> Option<(Replay, Steps)> {
    if table.path.is_none() && !at.has("path") {
        provenance.note("replay.path", Origin::BuiltIn);
    }
    let text = table.range?;
    let range = CommitRange::parse(&text);
    if range.is_none() {
        findings
            .at(
                &at.key("range"),
                format!("`replay.range` is {text:?}, expected `FROM..TO`"),
            )
            .label("expected two revisions")
            .hint("the commits of TO that FROM does not have, as in `HEAD~50..HEAD` or `v1.2..main`");
    }
    // A path with a mistake is not the whole repository.
    if at.has_cut() {
        return None;
    }
    let (repo, range) = (table.repo?.0, range?);
    let path = plain(&table.path.map_or_else(|| PathBuf::from("."), |path| path.0));
    match input.surroundings.history(&repo, &range, &path) {
        Ok(History { base, commits }) => {
            let steps = steps(&commits);
            let replay = Replay {
                repo,
                range,
                path,
                base,
            };
            Some((replay, steps))
        }
        Err(fault) => {
            let key = at.key(fault.key());
            let at = if at.has(fault.key()) { &key } else { at };
            findings.at(at, fault.to_string()).hint = fault.hint();
            None
        }
    }
}

/// Notes what a replay excludes, and what a scenario without one needs.
pub(super) fn check_place(context: Option<&ContextTable>, at: &Cursor<'_>, findings: &mut Findings<'_>) {
    let (at_context, at_build) = (at.key("context"), at.key("build"));
    let replays = at.has("replay");
    if replays && at_context.has("path") {
        findings
            .at_key(
                &at_context.key("path"),
                "`context.path` and `[replay]` are both given",
            )
            .hint("a replay brings the context: the folder `replay.path` of each commit");
    }
    if replays && at_build.has("step") {
        findings
            .at_key(
                &at_build.key("step"),
                "`[[build.step]]` and `[replay]` are both given",
            )
            .hint("the commits of a replay are the steps");
    }
    let is_meant = |at: &Cursor<'_>, key: &str| at.keys().iter().any(|found| nearest(found, [key]).is_some());
    if replays {
        return;
    }
    if !at.has("context") {
        if !is_meant(at, "context") {
            findings
                .at(at, "the file lacks the key `context`")
                .hint("`context`: where the build context comes from");
        }
    } else if context.is_some_and(|context| context.path.is_none())
        && !at_context.has("path")
        && !is_meant(&at_context, "path")
    {
        findings
            .at(&at_context, "`context` lacks the key `path`")
            .hint("`path`: the folder that is copied to a scratch directory; never edited in place");
    }
}

/// The state before the first commit from nothing, then every commit with what the builds before it left.
fn steps(commits: &[Commit]) -> Steps {
    let base = Step {
        name: Replay::BASE_STEP.to_owned(),
        cache: BuildCacheState {
            layers: LayerState::Empty,
            mounts: MountState::Empty,
            context: ContextState::Absent,
            ..BuildCacheState::default()
        },
        export_cache: false,
        commit: None,
        edits: Vec::new(),
        expect: None,
    };
    let names = step_names(commits).into_iter().zip(commits);
    let commits = names.map(|(name, commit)| Step {
        name,
        cache: BuildCacheState::default(),
        export_cache: false,
        commit: Some(commit.clone()),
        edits: Vec::new(),
        expect: None,
    });
    let steps: Vec<Step> = std::iter::once(base).chain(commits).collect();
    Steps {
        edits: vec![Vec::new(); steps.len()],
        steps,
    }
}

/// The path without `.` between its parts.
fn plain(path: &Path) -> PathBuf {
    let plain: PathBuf = path.components().filter(|part| part.as_os_str() != ".").collect();
    if plain.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        plain
    }
}
