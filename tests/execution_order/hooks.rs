//! When the user's commands run.

use seatrial::results::{Status, StopReason};

use crate::rehearsal::{BuildAct, Rehearsal, step};

fn trial() -> Rehearsal {
    Rehearsal::of([
        step("cold").no_layers().no_context(),
        step("edit").append_to("main.txt"),
    ])
    .hooks(
        &["registry up", "seed"],
        &["drop caches", "settle"],
        &["registry down", "report"],
    )
}

const WORK: [&str; 6] = ["hook", "edit", "build", "keep", "remove", "prune"];

#[test]
fn hooks_run_in_their_order_and_are_unwound_in_reverse() {
    let run = trial().carry_out();
    insta::assert_snapshot!(run.lines_of(&WORK), @"
    hook setup registry up
    hook setup seed
    keep context
    hook prepare drop caches plain cold 1 0
    hook prepare settle plain cold 1 0
    build plain:1 without cache, mounts-1, context-1
    keep #1 plain round 1, cold: ok
    edit plain: append main.txt, nonce-1
    keep context
    hook prepare drop caches plain edit 1 0
    hook prepare settle plain edit 1 0
    build plain:2, mounts-1, context-1
    keep #2 plain round 1, edit: ok
    remove image plain:1
    prune layer-1 layer-2
    remove image plain:2
    prune context-1
    hook cleanup report
    hook cleanup registry down
    remove copies
    ");
    assert_eq!(run.outcome.stop, StopReason::Complete);
    assert_eq!(run.outcome.left_behind, [""; 0]);
}

#[test]
fn a_setup_that_fails_ends_the_run_before_anything_is_built_and_is_cleaned_up_after() {
    let run = trial().hook_fails("registry up").carry_out();
    assert_eq!(run.outcome.stop, StopReason::Aborted);
    assert_eq!(
        run.fault(),
        "the setup hook `registry up` failed: as the script has it"
    );
    insta::assert_snapshot!(run.lines_of(&WORK), @"
    hook setup registry up
    hook cleanup report
    hook cleanup registry down
    remove copies
    ");
}

#[test]
fn a_preparation_that_fails_fails_its_sample_and_the_run_goes_on() {
    let run = trial().rounds(2).hook_fails("drop caches").carry_out();
    assert_eq!(run.outcome.stop, StopReason::Complete);
    let builds = run.builds();
    let Status::Failed { reason } = &builds[0].outcome else {
        panic!("{:?}", builds[0]);
    };
    assert_eq!(
        reason,
        "the prepare hook `drop caches` failed: as the script has it"
    );
    assert!(matches!(builds[1].outcome, Status::Invalid { .. }));
    assert_eq!((builds.len(), run.lines_of(&["build"]).as_str()), (4, ""));
}

#[test]
fn every_cleanup_runs_whatever_became_of_the_run_and_of_the_others() {
    let runs = [
        trial().build(1, BuildAct::Interrupted),
        trial().build(1, BuildAct::EngineFault),
    ];
    for run in runs {
        let run = run.hook_fails("report").carry_out();
        let hooks = run.lines_of(&["hook"]);
        assert!(
            hooks.ends_with("hook cleanup report\nhook cleanup registry down"),
            "{hooks}"
        );
        assert_eq!(
            run.outcome.left_behind,
            ["what `report` cleans up: as the script has it"]
        );
    }
}
