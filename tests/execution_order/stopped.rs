//! Runs that end before their plan is complete, and go on later.

use seatrial::results::{Record, ResumedRecord, Run, StopReason, TurnKey};
use seatrial::run::{Earlier, Limits};
use seatrial::scenario::ProbeTier;
use seatrial::unit::Nanos;

use crate::rehearsal::{BuildAct, ContainerAct, Finished, Rehearsal, step};

fn trial() -> Rehearsal {
    Rehearsal::of([
        step("cold").no_layers().no_context(),
        step("edit").append_to("main.txt"),
    ])
    .variants(&["a", "b"])
    .rounds(2)
}

/// Variant, round and step of every build, in order.
fn built(run: &Finished) -> Vec<String> {
    let builds = run.builds().into_iter();
    builds
        .map(|build| format!("{}{} {}", build.key.variant, build.key.round, build.step))
        .collect()
}

#[test]
fn a_run_goes_on_at_the_turn_in_which_it_was_stopped_and_completes_the_same_plan() {
    let whole = trial().carry_out();
    // The fourth build is the second of the second turn.
    let stopped = trial().build(4, BuildAct::Interrupted).carry_out();
    assert_eq!(stopped.outcome.stop, StopReason::Interrupted);
    assert_eq!(built(&stopped), built(&whole)[..3]);

    let resumed = trial().after(&stopped).carry_out();
    assert_eq!(resumed.outcome.stop, StopReason::Complete);
    assert_eq!(built(&resumed), built(&whole)[2..]);
    let orders: Vec<_> = resumed.builds().iter().map(|build| build.key.order).collect();
    assert_eq!(orders, [4, 5, 6, 7, 8, 9]);
    // What the stopped session left in the daemon must not be found again.
    let again = |nonce: &String| stopped.nonces.contains(nonce);
    assert!(!resumed.nonces.iter().any(again), "{:?}", resumed.nonces);
    resumed.left_nothing();
}

#[test]
fn samples_of_a_turn_that_was_begun_again_are_kept_and_do_not_count() {
    let steps = || vec!["cold".to_owned(), "edit".to_owned()];
    let stopped = trial().build(4, BuildAct::Interrupted).carry_out();
    let earlier = Earlier::of(&stopped.as_run(steps()));
    let begun_again = earlier.given_up();
    let variant = built(&stopped)[2][..1].to_owned();
    let (round, warmup) = (1, false);
    assert_eq!(
        begun_again,
        [TurnKey {
            variant,
            round,
            warmup
        }]
    );

    let resumed = trial().after(&stopped).carry_out();
    let header = stopped.as_run(steps()).header;
    let gap = Record::Resumed(ResumedRecord {
        resumed_utc: "2026-01-01T00:00:00Z".to_owned(),
        begun_again,
    });
    let records = std::iter::once(Record::Run(Box::new(header)))
        .chain(stopped.records)
        .chain([gap])
        .chain(resumed.records);
    let run = Run::from_records(records).unwrap();
    assert_eq!(run.builds.len(), 8);
    assert!(run.builds.iter().all(|build| build.outcome.is_ok()));
    let [given_up] = run.given_up.as_slice() else {
        panic!("{:?}", run.given_up);
    };
    assert!(!given_up.outcome.is_ok() && given_up.duration_ns.is_some());
    assert_eq!(Earlier::of(&run).given_up(), []);
    assert_eq!(Earlier::of(&run).sessions(), 2);
}

#[test]
fn starts_that_are_left_begin_with_the_image_that_the_last_turn_made() {
    let stopped = trial()
        .starts(2)
        .container(2, ContainerAct::Interrupted)
        .carry_out();
    assert_eq!((stopped.builds().len(), stopped.starts().len()), (8, 1));
    let resumed = trial().starts(2).after(&stopped).carry_out();
    assert_eq!((resumed.builds().len(), resumed.starts().len()), (0, 3));
    assert_eq!(resumed.outcome.stop, StopReason::Complete);
    // Each image is made once, of a copy that has the edits of its last turn.
    let work = resumed.lines_of(&["reset", "edit", "build", "create"]);
    assert_eq!(work.matches("build ").count(), 2, "{work}");
    assert_eq!(work.matches("edit ").count(), 2, "{work}");
    assert!(
        work.find("edit ") < work.find("build ") && work.find("build ") < work.find("create "),
        "{work}"
    );
    resumed.left_nothing();
}

#[test]
fn a_variant_whose_last_turn_failed_has_no_image_to_start_later_either() {
    let stopped = trial()
        .rounds(1)
        .starts(1)
        .build(2, BuildAct::Fails)
        .container(1, ContainerAct::Interrupted)
        .carry_out();
    let resumed = trial().rounds(1).starts(1).after(&stopped).carry_out();
    let outcomes: Vec<_> = [&stopped, &resumed]
        .iter()
        .flat_map(|run| run.starts())
        .map(|start| start.outcome.is_ok())
        .collect();
    assert_eq!(outcomes.iter().filter(|ok| **ok).count(), 1, "{outcomes:?}");
    assert_eq!(outcomes.len(), 2);
}

#[test]
fn a_time_budget_ends_a_run_after_the_first_round_at_the_earliest() {
    // The clock goes on by a millisecond each time that it is read.
    let limits = Limits {
        time_budget: Some(Nanos::from_millis(1)),
        fail_fast: false,
    };
    let run = trial().rounds(5).starts(3).limits(limits).carry_out();
    assert_eq!(run.outcome.stop, StopReason::TimeBudget);
    assert_eq!((run.builds().len(), run.starts().len()), (4, 2));
    let warned = run.lines_of(&["keep"]);
    assert!(
        warned.contains("the time budget left no room for all rounds of builds and starts"),
        "{warned}"
    );
    run.left_nothing();

    let resumed = trial().rounds(5).starts(3).after(&run).carry_out();
    assert_eq!((resumed.builds().len(), resumed.starts().len()), (16, 4));
    assert_eq!(resumed.outcome.stop, StopReason::Complete);
}

#[test]
fn a_run_that_is_to_fail_fast_ends_at_the_first_sample_that_is_not_good() {
    let limits = Limits {
        time_budget: None,
        fail_fast: true,
    };
    let run = trial().build(3, BuildAct::Fails).limits(limits).carry_out();
    assert_eq!(run.outcome.stop, StopReason::FailFast);
    assert_eq!((run.builds().len(), run.outcome.bad_samples), (3, 1));
    run.left_nothing();
    let keeps_going = trial().build(3, BuildAct::Fails).carry_out();
    assert_eq!(keeps_going.outcome.stop, StopReason::Complete);
    assert_eq!(keeps_going.builds().len(), 8);
}

#[test]
fn a_run_that_could_not_look_at_starts_goes_on_without_them() {
    let elsewhere = || trial().starts(2).daemon_alone();
    let stopped = elsewhere().build(4, BuildAct::Interrupted).carry_out();
    let found = stopped.records.iter().find_map(|record| match record {
        Record::Probe(probe) => Some((probe.tier, probe.forced)),
        _ => None,
    });
    assert_eq!(found, Some((ProbeTier::Ip, false)));
    let resumed = elsewhere().after(&stopped).carry_out();
    assert_eq!(resumed.outcome.stop, StopReason::Complete);
    assert_eq!(resumed.starts().len(), 0);
    resumed.left_nothing();
}
