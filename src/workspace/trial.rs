//! Trying a whole sequence of edits before anything is built.

use std::path::Path;

use super::copy_tree::CopyError;
use super::edit::apply;
use super::edit_error::EditError;
use super::scratch::Scratch;
use crate::scenario::{Fill, Nonce, Step};

/// The name of the copy that is tried on; the colon keeps it apart from the names of variants.
const TRIAL_COPY: &str = "trial:edits";

/// An edit that cannot be applied.
#[derive(Debug)]
pub struct EditProblem {
    /// The step's position, from 0.
    pub step_index: usize,
    /// The edit's position in its step, from 0.
    pub edit_index: usize,
    /// Why not.
    pub error: EditError,
}

/// Applies the edits of all steps in order to a copy of `context` made in `scratch`, and removes the copy.
///
/// A failed edit is left out and the rest goes on, so that all problems are found at once. One can follow
/// from another: an edit of a file that an earlier, failed edit should have written.
///
/// # Errors
///
/// [`CopyError`] when there is no copy to try on.
pub fn try_edits(
    scratch: &Scratch,
    context: &Path,
    fill: &[Fill],
    steps: &[Step],
) -> Result<Vec<EditProblem>, CopyError> {
    let mut copy = scratch.copy_context(context, fill, TRIAL_COPY)?;
    let mut problems = Vec::new();
    for (step_index, step) in steps.iter().enumerate() {
        let nonce = Nonce::of("trial", 0, "trial", &step.name);
        for (edit_index, edit) in step.edits.iter().enumerate() {
            if let Err(error) = apply(&mut copy, edit, &nonce) {
                problems.push(EditProblem {
                    step_index,
                    edit_index,
                    error,
                });
            }
        }
    }
    // What is left of it goes with the scratch folder.
    let _ = copy.remove();
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::scenario::{BaseState, BuildCacheState, ContextState, Edit, LayerState, MountState};

    fn step(name: &str, edits: Vec<Edit>) -> Step {
        Step {
            name: name.to_owned(),
            cache: BuildCacheState {
                layers: LayerState::Primed,
                mounts: MountState::Kept,
                context: ContextState::Kept,
                base: BaseState::Present,
            },
            export_cache: false,
            commit: None,
            edits,
            expect: None,
        }
    }

    fn append(path: &str) -> Edit {
        Edit::Append {
            path: path.into(),
            text: "{{nonce}}".to_owned(),
        }
    }

    #[test]
    fn reports_every_failing_edit_of_the_stacked_sequence() {
        let context = tempfile::tempdir().unwrap();
        fs::write(context.path().join("kept"), "text").unwrap();
        let steps = [
            step("cold", vec![]),
            step(
                "first",
                vec![
                    append("absent"),
                    append("kept"),
                    Edit::Delete { path: "kept".into() },
                ],
            ),
            step(
                "second",
                vec![
                    append("kept"),
                    Edit::Write {
                        path: "kept".into(),
                        text: String::new(),
                    },
                    append("kept"),
                    append("../out"),
                ],
            ),
        ];
        let scratch = Scratch::create(&std::env::temp_dir()).unwrap();
        let problems = try_edits(&scratch, context.path(), &[], &steps).unwrap();
        let said: Vec<_> = problems
            .iter()
            .map(|problem| (problem.step_index, problem.edit_index, problem.error.to_string()))
            .collect();
        let expected = [
            (1, 0, "append `absent`: the context has no such file"),
            (2, 0, "append `kept`: the context has no such file"),
            (
                2,
                3,
                "append `../out`: the path contains `..`, expected one that stays in the context",
            ),
        ];
        assert_eq!(
            said,
            expected.map(|(step, edit, text)| (step, edit, text.to_owned()))
        );
        assert_eq!(fs::read_to_string(context.path().join("kept")).unwrap(), "text");
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
    }
}
