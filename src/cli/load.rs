//! Reading a scenario and checking everything about it before anything is done.

use std::path::Path;

use super::args::{BasesFrom, OverrideArgs};
use super::grants::redactor;
use super::scenario_folder::ScenarioFolder;
use super::{ExitCode, Failure};
use crate::causes::in_one_line;
use crate::scenario::{BaseChoice, Checked, Overrides, Problem, Source};
use crate::workspace::{CopyError, Scratch, try_edits, try_fills};

/// A scenario's folder and what checking it came to.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) folder: ScenarioFolder,
    pub(super) checked: Checked,
}

impl Loaded {
    /// The scenario's file.
    pub(super) fn file(&self) -> Option<&Source> {
        self.checked.sources.first()
    }
}

impl From<&OverrideArgs> for Overrides {
    fn from(args: &OverrideArgs) -> Self {
        Self {
            rounds: args.rounds,
            starts: args.starts,
            quick: args.quick,
            bases: args.bases.map(|from| match from {
                BasesFrom::Pulled => BaseChoice::Pulled,
                BasesFrom::Imported => BaseChoice::Imported,
            }),
            probe: args.probe.map(Into::into),
            variants: args.variant.clone(),
            steps: args.step.clone(),
        }
    }
}

/// Reads a scenario, checks it, and tries its edits on a scratch copy. Mistakes are in the result; only a folder
/// without a scenario is a failure.
pub(super) fn load(path: &Path, overrides: &Overrides) -> Result<Loaded, Failure> {
    let folder = ScenarioFolder::at(path);
    let mut checked = folder.check(overrides)?;
    try_on_copy(&folder, &mut checked)?;
    keep_secrets(&folder, &mut checked);
    Ok(Loaded { folder, checked })
}

/// Takes secrets out of what is wrong: commands of edits say what they like.
fn keep_secrets(folder: &ScenarioFolder, checked: &mut Checked) {
    let Some(draft) = checked.draft() else {
        return;
    };
    let redactor = redactor(draft, &folder.surroundings());
    for problem in &mut checked.problems {
        problem.message = redactor.text(&problem.message).into_owned();
        for text in [&mut problem.label, &mut problem.hint].into_iter().flatten() {
            *text = redactor.text(text).into_owned();
        }
    }
}

/// Tries the edits on a copy. Where the scenario has other mistakes, those edits that could be read are tried all
/// the same, so that one look shows everything.
fn try_on_copy(folder: &ScenarioFolder, checked: &mut Checked) -> Result<(), Failure> {
    let Some(draft) = checked.draft() else {
        return Ok(());
    };
    let steps = &draft.build.steps;
    let context = folder.path().join(&draft.context.path);
    let fill = &draft.context.fill;
    if let Some(replay) = &draft.replay {
        let found = if fill.is_empty() {
            Vec::new()
        } else {
            match try_fills(folder.path(), replay, fill, steps) {
                Ok(problems) => problems
                    .iter()
                    .map(|problem| problem_of_fill(checked, Some(problem.fill_index), problem))
                    .collect(),
                Err(error) => vec![Problem::of_command_line(in_one_line(&error))],
            }
        };
        checked.problems.extend(found);
        return Ok(());
    }
    // A context that is not there is a mistake that was said already.
    if draft.context.path.as_os_str().is_empty() {
        return Ok(());
    }
    if steps.iter().all(|step| step.edits.is_empty()) && fill.is_empty() || !context.is_dir() {
        return Ok(());
    }
    let scratch =
        Scratch::create(&std::env::temp_dir()).map_err(|error| Failure::new(ExitCode::Failed, error))?;
    let problems = match try_edits(&scratch, &context, fill, steps) {
        Ok(problems) => problems,
        Err(CopyError::Fill(error)) => {
            let index = fill
                .iter()
                .position(|fill| fill.path.starts_with(error.path()) || error.path().starts_with(&fill.path));
            let problem = problem_of_fill(checked, index, &error);
            checked.problems.push(problem);
            return Ok(());
        }
        Err(error) => {
            checked
                .problems
                .push(Problem::of_command_line(in_one_line(&error)));
            return Ok(());
        }
    };
    for problem in problems {
        let text = in_one_line(&problem.error);
        let place = checked.span_of_edit(problem.step_index, problem.edit_index);
        let problem = match place {
            Some(place) => Problem::at(place.clone(), text),
            None => Problem::of_command_line(text),
        };
        checked.problems.push(problem);
    }
    Ok(())
}

/// What is wrong with a fill, at its path.
fn problem_of_fill(checked: &Checked, fill: Option<usize>, error: &dyn std::error::Error) -> Problem {
    let text = in_one_line(error);
    match fill.and_then(|fill| checked.span_of_fill(fill)) {
        Some(place) => Problem::at(place.clone(), text),
        None => Problem::of_command_line(text),
    }
}
