//! Reading a scenario and checking everything about it before anything is done.

use std::path::Path;

use super::args::{BasesFrom, OverrideArgs};
use super::{ExitCode, Failure};
use crate::scenario::check::{Checked, ScenarioInput, check};
use crate::scenario::{BaseChoice, Overrides, Problem};
use crate::workspace::{ScenarioFolder, Scratch, try_edits};

/// A scenario's folder and what checking it came to.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) folder: ScenarioFolder,
    pub(super) checked: Checked,
}

impl From<&OverrideArgs> for Overrides {
    fn from(args: &OverrideArgs) -> Self {
        Self {
            rounds: args.rounds,
            starts: args.starts,
            seed: None,
            quick: args.quick,
            bases: args.bases.map(|from| match from {
                BasesFrom::Pulled => BaseChoice::Pulled,
                BasesFrom::Imported => BaseChoice::Imported,
            }),
            variants: args.variant.clone(),
            steps: args.step.clone(),
        }
    }
}

/// Reads a scenario, checks it, and tries its edits on a scratch copy. Mistakes are in the result; only a folder
/// without a scenario is a failure.
pub(super) fn load(path: &Path, overrides: &Overrides) -> Result<Loaded, Failure> {
    let folder = ScenarioFolder::open(path).map_err(|error| {
        let hints = error.hints();
        Failure::new(ExitCode::Usage, error).with_hints(hints)
    })?;
    let input = ScenarioInput {
        name: folder.name(),
        source: folder.file().clone(),
        defaults: folder.defaults().cloned(),
        files: &folder,
    };
    let mut checked = check(&input, overrides);
    try_on_copy(&folder, &mut checked)?;
    Ok(Loaded { folder, checked })
}

/// Tries the edits on a copy. Where the scenario has other mistakes, those edits that could be read are tried all
/// the same, so that one look shows everything.
fn try_on_copy(folder: &ScenarioFolder, checked: &mut Checked) -> Result<(), Failure> {
    let Some(draft) = checked.draft() else { return Ok(()) };
    let steps = &draft.build.steps;
    if steps.iter().all(|step| step.edits.is_empty()) && draft.context.fill.is_empty() {
        return Ok(());
    }
    let context = folder.path().join(&draft.context.path);
    if !context.is_dir() {
        // That is a problem of its own, and said already.
        return Ok(());
    }
    let scratch = Scratch::create(&std::env::temp_dir()).map_err(|error| Failure::new(ExitCode::Failed, error))?;
    let problems = match try_edits(&scratch, &context, &draft.context.fill, steps) {
        Ok(problems) => problems,
        Err(error) => {
            let text = super::failure::in_one_line(&error);
            checked.problems.push(Problem::of_command_line(text));
            return Ok(());
        }
    };
    for problem in problems {
        let text = super::failure::in_one_line(&problem.error);
        let place = checked.span_of_edit(problem.step_index, problem.edit_index);
        let problem = match place {
            Some(place) => Problem::at(place.clone(), text),
            None => Problem::of_command_line(text),
        };
        checked.problems.push(problem);
    }
    Ok(())
}
