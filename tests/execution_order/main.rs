//! In what order a run does its work, what it does where something goes wrong, and what it leaves behind: the real
//! executor with every port replaced by a fake. Nothing here needs Docker, a clock or a disk.

#[path = "../support/rehearsal/mod.rs"]
mod rehearsal;

mod cold_pull;
mod companions;
mod hooks;
mod stopped;

use std::collections::BTreeSet;

use rehearsal::{BuildAct, ContainerAct, Finished, Rehearsal, Trouble, step};
use seatrial::results::{BurstSample, Record, Status, StopReason};
use seatrial::scenario::{BaseSource, Expectation};
use seatrial::unit::{ByteSize, Nanos};

/// The words of lines that are about builds alone.
const BUILDS: &[&str] = &["build"];

#[test]
fn a_turn_resets_then_edits_surveys_builds_and_keeps_each_step() {
    let run = Rehearsal::of([
        step("cold").no_layers().no_context().no_mounts(),
        step("unchanged"),
        step("edit").append_to("main.txt"),
    ])
    .carry_out();
    insta::assert_snapshot!(run.work(), @"
    list records
    reset plain
    survey plain
    keep context
    list records
    build plain:1 without cache, mounts-1, context-1
    list records
    journal records context-1 layer-1
    inspect plain:1
    keep #1 plain round 1, cold: ok
    survey plain
    list records
    build plain:2, mounts-1, context-1
    list records
    journal records layer-2
    inspect plain:2
    keep #2 plain round 1, unchanged: ok
    remove image plain:1
    edit plain: append main.txt, nonce-1
    survey plain
    keep context
    list records
    build plain:3, mounts-1, context-1
    list records
    journal records layer-3
    inspect plain:3
    keep #3 plain round 1, edit: ok
    remove image plain:2
    list records
    prune layer-1 layer-2 layer-3
    remove image plain:3
    list records
    prune context-1
    list records
    remove copies
    ");
    assert_eq!(run.outcome.stop, StopReason::Complete);
    assert_eq!(run.outcome.bad_samples, 0);
    run.left_nothing();
}

#[test]
fn each_sample_is_kept_before_the_next_build_begins_and_told_before_that() {
    let run = Rehearsal::of([
        step("cold").no_layers().no_context(),
        step("edit").append_to("main.txt"),
    ])
    .rounds(2)
    .carry_out();
    let lines = run.lines_of(&["build", "keep"]);
    let mut unkept = 0;
    for line in lines.lines().filter(|line| !line.starts_with("keep context")) {
        if line.starts_with("build ") {
            assert_eq!(
                unkept, 0,
                "a build began before the last sample was kept:\n{lines}"
            );
            unkept += 1;
        } else {
            unkept -= 1;
        }
    }
    assert_eq!(unkept, 0, "{lines}");
    insta::assert_snapshot!(run.lines_of(&["say"]), @"
    say planned 4 builds, 0 starts
    say building plain round 1, cold
    say built #1
    say building plain round 1, edit
    say built #2
    say building plain round 2, cold
    say built #3
    say building plain round 2, edit
    say built #4
    say removing what is the run's own
    ");
}

#[test]
fn warm_up_rounds_come_first_and_are_flagged() {
    let run = Rehearsal::of([step("cold").no_layers().no_context()])
        .warmups(1)
        .rounds(2)
        .starts(2)
        .start_warmups(1)
        .carry_out();
    insta::assert_snapshot!(run.lines_of(&["keep"]), @"
    keep probe ip
    keep context
    keep #1 plain warm-up 1, cold: ok
    keep #2 plain round 1, cold: ok
    keep #3 plain round 2, cold: ok
    keep #4 plain warm-up 1, start: ok
    keep #5 plain round 1, start: ok
    keep #6 plain round 2, start: ok
    ");
    let flags: Vec<_> = run.builds().iter().map(|sample| sample.key.warmup).collect();
    assert_eq!(flags, [true, false, false]);
    let flags: Vec<_> = run.starts().iter().map(|sample| sample.key.warmup).collect();
    assert_eq!(flags, [true, false, false]);
}

#[test]
fn every_round_takes_each_variant_once_in_an_order_of_its_own() {
    let names = ["a", "b", "c", "d"];
    let order_of = |seed| {
        let run = Rehearsal::of([step("cold").no_layers().no_context()])
            .variants(&names)
            .rounds(8)
            .starts(8)
            .seed(seed)
            .carry_out();
        let builds: Vec<_> = run
            .builds()
            .iter()
            .map(|sample| sample.key.variant.clone())
            .collect();
        let starts: Vec<_> = run
            .starts()
            .iter()
            .map(|sample| sample.key.variant.clone())
            .collect();
        for taken in [&builds, &starts] {
            assert_eq!(taken.len(), 32);
            for round in taken.chunks(4) {
                let mut sorted = round.to_vec();
                sorted.sort_unstable();
                assert_eq!(sorted, names);
            }
            let orders: BTreeSet<_> = taken.chunks(4).collect();
            assert!(orders.len() > 1, "every round has the same order: {taken:?}");
        }
        assert_ne!(builds, starts, "starts repeat the order of the builds");
        (builds, starts)
    };
    assert_eq!(order_of(1), order_of(1));
    assert_ne!(order_of(1), order_of(2));
}

#[test]
fn cache_levers_are_pulled_by_the_steps_that_name_them_and_by_no_other() {
    let run = Rehearsal::of([
        step("cold").no_layers().no_mounts().no_context(),
        step("unchanged"),
        step("without mounts").no_mounts(),
        step("kept again"),
        step("without context").no_context(),
        step("without layers").no_layers(),
        // Nothing that is told to use no cache keeps its mounts.
        step("layers gone").no_layers().kept_mounts(),
    ])
    .variants(&["plain", "ordered"])
    .rounds(2)
    .carry_out();
    insta::assert_snapshot!(run.lines_of(BUILDS), @"
    build ordered:1 without cache, mounts-1, context-1
    build ordered:2, mounts-1, context-1
    build ordered:3, mounts-1, context-1
    build ordered:4, mounts-1, context-1
    build ordered:5, mounts-1, context-2
    build ordered:6 without cache, mounts-1, context-2
    build ordered:7, mounts-1, context-2
    build plain:8 without cache, mounts-2, context-3
    build plain:9, mounts-2, context-3
    build plain:10, mounts-2, context-3
    build plain:11, mounts-2, context-3
    build plain:12, mounts-2, context-4
    build plain:13 without cache, mounts-2, context-4
    build plain:14, mounts-2, context-4
    build ordered:15 without cache, mounts-3, context-5
    build ordered:16, mounts-3, context-5
    build ordered:17, mounts-3, context-5
    build ordered:18, mounts-3, context-5
    build ordered:19, mounts-3, context-6
    build ordered:20 without cache, mounts-3, context-6
    build ordered:21, mounts-3, context-6
    build plain:22 without cache, mounts-4, context-7
    build plain:23, mounts-4, context-7
    build plain:24, mounts-4, context-7
    build plain:25, mounts-4, context-7
    build plain:26, mounts-4, context-8
    build plain:27 without cache, mounts-4, context-8
    build plain:28, mounts-4, context-8
    ");
}

#[test]
fn cache_mounts_are_those_of_a_round_alone_and_the_context_stays_with_the_variant() {
    let run = Rehearsal::of([step("cold").no_layers(), step("unchanged")])
        .warmups(1)
        .rounds(2)
        .carry_out();
    insta::assert_snapshot!(run.lines_of(BUILDS), @"
    build plain:1 without cache, mounts-1, context-1
    build plain:2, mounts-1, context-1
    build plain:3 without cache, mounts-2, context-1
    build plain:4, mounts-2, context-1
    build plain:5 without cache, mounts-3, context-1
    build plain:6, mounts-3, context-1
    ");
}

#[test]
fn a_nonce_is_never_used_by_two_builds() {
    // Names that would read the same if their parts were put together without care.
    let run = Rehearsal::of([
        step("edit").append_to("main.txt"),
        step("edit 1").append_to("main.txt"),
        step("1").append_to("main.txt"),
        step("11").append_to("main.txt"),
    ])
    .variants(&["plain", "plain-1", "1", "11"])
    .warmups(12)
    .rounds(12)
    .carry_out();
    assert_eq!(run.nonces.len(), 4 * 4 * 24);
    let distinct: BTreeSet<_> = run.nonces.iter().collect();
    assert_eq!(distinct.len(), run.nonces.len());
}

#[test]
fn a_turn_whose_first_step_reuses_layers_begins_with_a_build_that_is_not_measured() {
    let run = Rehearsal::of([step("unchanged"), step("edit").append_to("main.txt")])
        .rounds(2)
        .carry_out();
    insta::assert_snapshot!(run.work(), @"
    list records
    reset plain
    survey plain
    list records
    build plain:primed, mounts-1, context-1
    list records
    journal records context-1 layer-1
    remove image plain:primed
    survey plain
    keep context
    list records
    build plain:1, mounts-1, context-1
    list records
    journal records layer-2
    inspect plain:1
    keep #1 plain round 1, unchanged: ok
    edit plain: append main.txt, nonce-1
    survey plain
    keep context
    list records
    build plain:2, mounts-1, context-1
    list records
    journal records layer-3
    inspect plain:2
    keep #2 plain round 1, edit: ok
    remove image plain:1
    list records
    prune layer-1 layer-2 layer-3
    reset plain
    survey plain
    list records
    build plain:primed, mounts-2, context-1
    list records
    journal records layer-4
    remove image plain:primed
    survey plain
    list records
    build plain:3, mounts-2, context-1
    list records
    journal records layer-5
    inspect plain:3
    keep #3 plain round 2, unchanged: ok
    remove image plain:2
    edit plain: append main.txt, nonce-2
    survey plain
    keep context
    list records
    build plain:4, mounts-2, context-1
    list records
    journal records layer-6
    inspect plain:4
    keep #4 plain round 2, edit: ok
    remove image plain:3
    list records
    prune layer-4 layer-5 layer-6
    remove image plain:4
    list records
    prune context-1
    list records
    remove copies
    ");
    assert_eq!(run.builds().len(), 4);
    run.left_nothing();
}

#[test]
fn a_context_that_is_to_be_at_the_daemon_is_sent_by_a_build_that_is_not_measured() {
    let run = Rehearsal::of([step("cold").no_layers()]).rounds(2).carry_out();
    insta::assert_snapshot!(run.lines_of(BUILDS), @"
    build plain:primed, mounts-1, context-1
    build plain:1 without cache, mounts-1, context-1
    build plain:2 without cache, mounts-2, context-1
    ");
    run.left_nothing();
}

#[test]
fn an_image_goes_when_the_next_one_of_its_variant_is_there_and_never_another_variants() {
    let run = Rehearsal::of([
        step("cold").no_layers().no_context(),
        step("edit").append_to("main.txt"),
    ])
    .variants(&["a", "b"])
    .rounds(2)
    .carry_out();
    insta::assert_snapshot!(run.lines_of(&["build", "remove"]), @"
    build b:1 without cache, mounts-1, context-1
    build b:2, mounts-1, context-1
    remove image b:1
    build a:3 without cache, mounts-2, context-2
    build a:4, mounts-2, context-2
    remove image a:3
    build a:5 without cache, mounts-3, context-3
    remove image a:4
    build a:6, mounts-3, context-3
    remove image a:5
    build b:7 without cache, mounts-4, context-4
    remove image b:2
    build b:8, mounts-4, context-4
    remove image b:7
    remove image a:6
    remove image b:8
    remove copies
    ");
    run.left_nothing();
}

#[test]
fn only_own_records_of_the_build_cache_are_pruned_and_those_of_a_context_at_the_end_alone() {
    let run = Rehearsal::of([step("cold").no_layers().no_context()])
        .rounds(2)
        .record_before("theirs")
        .record_before("context-theirs")
        .carry_out();
    insta::assert_snapshot!(run.lines_of(&["list", "build", "prune"]), @"
    list records
    list records
    build plain:1 without cache, mounts-1, context-1
    list records
    list records
    prune layer-1
    list records
    build plain:2 without cache, mounts-2, context-2
    list records
    list records
    prune layer-2
    list records
    prune context-1 context-2
    list records
    ");
    assert_eq!(run.build_records, ["theirs", "context-theirs"]);
}

#[test]
fn records_that_may_be_somebody_elses_stay_and_are_told() {
    // The look before the third build is the eighth: one before the run, then three for each turn.
    let run = Rehearsal::of([step("cold").no_layers().no_context()])
        .rounds(4)
        .stranger_before_listing(8, "theirs")
        .carry_out();
    insta::assert_snapshot!(run.lines_of(&["list", "build", "prune"]), @"
    list records
    list records
    build plain:1 without cache, mounts-1, context-1
    list records
    list records
    prune layer-1
    list records
    build plain:2 without cache, mounts-2, context-2
    list records
    list records
    prune layer-2
    list records
    build plain:3 without cache, mounts-3, context-3
    list records
    list records
    prune
    list records
    build plain:4 without cache, mounts-4, context-4
    list records
    list records
    prune layer-4
    list records
    prune context-1 context-4
    list records
    ");
    assert!(
        run.build_records.contains(&"theirs".to_owned()),
        "{:?}",
        run.build_records
    );
    insta::assert_snapshot!(run.outcome.left_behind.join("\n"), @"3 records of the build cache: somebody else built meanwhile, so they may not be the run's");
}

#[test]
fn a_build_that_was_measured_is_kept_though_the_build_cache_cannot_be_listed_after_it() {
    let run = Rehearsal::of([step("cold").no_layers().no_context()])
        .rounds(2)
        .listing_fails(3)
        .carry_out();
    assert_eq!(run.outcome.stop, StopReason::Complete);
    assert_eq!(run.builds().len(), 2, "{:?}", run.records);
    insta::assert_snapshot!(run.lines_of(&["keep"]), @"
    keep context
    keep warning: records of the build cache that a build left stay: as the script has it
    keep #1 plain round 1, cold: ok
    keep #2 plain round 2, cold: ok
    ");
}

#[test]
fn an_interruption_is_one_though_the_build_cache_cannot_be_listed_after_it() {
    let run = Rehearsal::of([step("cold").no_layers().no_context()])
        .build(1, BuildAct::Interrupted)
        .listing_fails(3)
        .carry_out();
    assert_eq!(run.outcome.stop, StopReason::Interrupted);
    assert!(run.images.is_empty(), "{:?}", run.images);
}

#[test]
fn a_step_that_fails_makes_the_later_steps_of_its_turn_invalid_and_the_run_goes_on() {
    let run = Rehearsal::of([
        step("cold").no_layers().no_context(),
        step("edit").append_to("main.txt"),
        step("again").append_to("main.txt"),
    ])
    .rounds(2)
    .build(2, BuildAct::Fails)
    .carry_out();
    insta::assert_snapshot!(run.work(), @"
    list records
    reset plain
    survey plain
    keep context
    list records
    build plain:1 without cache, mounts-1, context-1
    list records
    journal records context-1 layer-1
    inspect plain:1
    keep #1 plain round 1, cold: ok
    edit plain: append main.txt, nonce-1
    survey plain
    keep context
    list records
    build plain:2, mounts-1, context-1
    list records
    journal records layer-2
    keep #2 plain round 1, edit: failed, install exited with 1
    keep #3 plain round 1, again: invalid, step `edit` before it failed
    list records
    prune layer-1 layer-2
    reset plain
    survey plain
    list records
    build plain:4 without cache, mounts-2, context-2
    list records
    journal records context-2 layer-3
    inspect plain:4
    keep #4 plain round 2, cold: ok
    remove image plain:1
    edit plain: append main.txt, nonce-2
    survey plain
    keep context
    list records
    build plain:5, mounts-2, context-2
    list records
    journal records layer-4
    inspect plain:5
    keep #5 plain round 2, edit: ok
    remove image plain:4
    edit plain: append main.txt, nonce-3
    survey plain
    keep context
    list records
    build plain:6, mounts-2, context-2
    list records
    journal records layer-5
    inspect plain:6
    keep #6 plain round 2, again: ok
    remove image plain:5
    list records
    prune layer-3 layer-4 layer-5
    remove image plain:2
    remove image plain:6
    list records
    prune context-1 context-2
    list records
    remove copies
    ");
    assert_eq!(run.outcome.stop, StopReason::Complete);
    assert_eq!(run.outcome.bad_samples, 2);
    let failed = run.builds()[1];
    assert_eq!((failed.duration_ns, &failed.image), (None, &None));
    let failure = failed.failure.as_ref().unwrap();
    assert_eq!(failure.instruction.as_deref(), Some("RUN install"));
    assert_eq!(
        (failure.file.as_deref(), failure.line),
        (Some("Dockerfile"), Some(3))
    );
    assert_eq!(failure.log_tail, ["no such package"]);
    let unbuilt = run.builds()[2];
    assert!(matches!(unbuilt.outcome, Status::Invalid { .. }), "{unbuilt:?}");
    assert_eq!(unbuilt.duration_ns, None);
    run.left_nothing();
}

#[test]
fn a_sample_that_breaks_its_expectation_is_invalid_and_the_later_steps_are_built() {
    let run = Rehearsal::of([
        step("cold").no_layers().no_context(),
        step("edit")
            .append_to("main.txt")
            .expects(Expectation::Rebuilt(Vec::new())),
        step("unchanged").expects(Expectation::Cached),
    ])
    .carry_out();
    insta::assert_snapshot!(run.lines_of(&["build", "keep"]), @"
    keep context
    build plain:1 without cache, mounts-1, context-1
    keep #1 plain round 1, cold: ok
    keep context
    build plain:2, mounts-1, context-1
    keep #2 plain round 1, edit: invalid, an instruction was to run, yet every one came from the cache
    build plain:3, mounts-1, context-1
    keep #3 plain round 1, unchanged: ok
    ");
    assert_eq!(run.outcome.bad_samples, 1);
}

#[test]
fn a_variant_that_never_builds_has_failed_starts_and_no_container() {
    let run = Rehearsal::of([step("cold").no_layers().no_context()])
        .starts(2)
        .build(1, BuildAct::Fails)
        .carry_out();
    insta::assert_snapshot!(run.lines_of(&["create", "keep"]), @"
    keep probe ip
    keep context
    keep #1 plain round 1, cold: failed, install exited with 1
    keep #2 plain round 1, start: failed, there is no image of the last step: step `cold` failed
    keep #3 plain round 2, start: failed, there is no image of the last step: step `cold` failed
    ");
    assert_eq!(run.outcome.bad_samples, 3);
    run.left_nothing();
}

#[test]
fn an_image_of_an_earlier_step_is_never_started_in_place_of_the_last_ones() {
    let run = Rehearsal::of([
        step("cold").no_layers().no_context(),
        step("edit").append_to("main.txt"),
    ])
    .starts(1)
    .build(2, BuildAct::Fails)
    .carry_out();
    let starts = run.lines_of(&["create", "keep"]);
    assert!(
        starts.contains("failed, there is no image of the last step: step `edit` failed"),
        "{starts}"
    );
    assert!(!starts.contains("create"), "{starts}");
    run.left_nothing();
}

#[test]
fn a_full_disk_stops_the_run_and_everything_is_tidied() {
    // Records: probe, context, build records, cold, context, build records, edit.
    for (record, builds) in [(1, 0), (2, 0), (3, 1), (4, 1), (5, 1), (6, 2), (7, 2)] {
        let run = Rehearsal::of([
            step("cold").no_layers().no_context(),
            step("edit").append_to("main.txt"),
        ])
        .rounds(3)
        .starts(3)
        .disk_full_from(record)
        .carry_out();
        assert_eq!(run.outcome.stop, StopReason::Aborted, "record {record}");
        assert_eq!(run.fault(), "cannot write the journal: the disk is full");
        assert_eq!(run.lines_of(BUILDS).lines().count(), builds, "record {record}");
        assert_eq!(run.lines_of(&["create"]), "", "record {record}");
        assert_eq!(run.records.len(), record - 1, "record {record}");
        assert!(run.work().ends_with("remove copies"), "{}", run.work());
        run.left_nothing();
    }
}

#[test]
fn a_disk_that_fills_up_between_starts_leaves_no_container() {
    let run = Rehearsal::of([step("cold").no_layers().no_context()])
        .starts(3)
        .disk_full_from(6)
        .carry_out();
    insta::assert_snapshot!(run.lines_of(&["create", "keep", "cannot", "remove"]), @"
    keep probe ip
    keep context
    keep #1 plain round 1, cold: ok
    create c1 of plain:1
    keep #2 plain round 1, start: ok
    remove container c1
    create c2 of plain:1
    cannot keep #3 plain round 2, start: ok
    remove container c2
    remove image plain:1
    remove copies
    ");
    assert_eq!(run.outcome.stop, StopReason::Aborted);
    run.left_nothing();
}

#[test]
fn an_interruption_during_a_build_ends_the_run_and_removes_what_the_build_had_stored() {
    let run = Rehearsal::of([
        step("cold").no_layers().no_context(),
        step("edit").append_to("main.txt"),
    ])
    .rounds(2)
    .starts(1)
    .build(2, BuildAct::Interrupted)
    .carry_out();
    insta::assert_snapshot!(run.work(), @"
    keep probe ip
    list records
    reset plain
    survey plain
    keep context
    list records
    build plain:1 without cache, mounts-1, context-1
    list records
    journal records context-1 layer-1
    inspect plain:1
    keep #1 plain round 1, cold: ok
    edit plain: append main.txt, nonce-1
    survey plain
    keep context
    list records
    build plain:2, mounts-1, context-1
    list records
    journal records layer-2
    remove image plain:1
    remove image plain:2
    list records
    prune layer-1 context-1 layer-2
    list records
    remove copies
    ");
    assert_eq!(run.outcome.stop, StopReason::Interrupted);
    assert!(run.outcome.fault.is_none());
    assert_eq!(run.builds().len(), 1);
    run.left_nothing();
}

#[test]
fn an_interruption_during_a_build_that_is_not_measured_leaves_nothing_either() {
    let run = Rehearsal::of([step("unchanged")])
        .build(1, BuildAct::Interrupted)
        .carry_out();
    assert_eq!(run.outcome.stop, StopReason::Interrupted);
    assert_eq!(run.builds().len(), 0);
    run.left_nothing();
}

#[test]
fn an_interruption_during_a_start_keeps_no_number_and_removes_the_container() {
    let run = Rehearsal::of([step("cold").no_layers().no_context()])
        .starts(3)
        .container(2, ContainerAct::Interrupted)
        .carry_out();
    insta::assert_snapshot!(run.lines_of(&["create", "start", "look", "keep", "remove"]), @"
    keep probe ip
    keep context
    keep #1 plain round 1, cold: ok
    create c1 of plain:1
    start c1
    look
    keep #2 plain round 1, start: ok
    remove container c1
    create c2 of plain:1
    start c2
    look
    remove container c2
    remove image plain:1
    remove copies
    ");
    assert_eq!(run.outcome.stop, StopReason::Interrupted);
    assert_eq!(run.starts().len(), 1);
    run.left_nothing();
}

#[test]
fn a_daemon_that_stops_answering_aborts_the_run_and_what_was_measured_stays() {
    let run = Rehearsal::of([
        step("cold").no_layers().no_context(),
        step("edit").append_to("main.txt"),
    ])
    .rounds(3)
    .build(3, BuildAct::EngineFault)
    .carry_out();
    assert_eq!(run.outcome.stop, StopReason::Aborted);
    assert_eq!(
        run.fault(),
        "the docker daemon did not build `plain:3`: as the script has it"
    );
    assert_eq!(run.builds().len(), 2);
    run.left_nothing();
}

#[test]
fn a_build_that_was_measured_is_kept_though_the_daemon_does_not_tell_about_its_image() {
    let run = Rehearsal::of([step("cold").no_layers().no_context()])
        .build(1, BuildAct::FactsFault)
        .carry_out();
    assert_eq!(run.outcome.stop, StopReason::Aborted);
    assert_eq!(
        run.fault(),
        "the docker daemon did not inspect image `plain:1`: as the script has it"
    );
    let kept = run.builds();
    assert_eq!(kept.len(), 1, "{:?}", run.records);
    assert_eq!(kept[0].duration_ns, Some(Nanos::from_millis(5)));
    assert_eq!(kept[0].image, None);
    run.left_nothing();
}

#[test]
fn a_build_that_was_measured_is_kept_though_the_image_before_it_cannot_be_removed() {
    let run = Rehearsal::of([
        step("cold").no_layers().no_context(),
        step("edit").append_to("main.txt"),
    ])
    .image_stays("plain:1")
    .carry_out();
    assert_eq!(run.outcome.stop, StopReason::Aborted);
    assert_eq!(run.builds().len(), 2, "{:?}", run.records);
    assert_eq!(
        run.outcome.left_behind,
        ["image seatrial/run/plain:1: as the script has it"]
    );
}

#[test]
fn starts_follow_all_builds_and_each_container_is_gone_before_the_next() {
    let run = Rehearsal::of([
        step("cold").no_layers().no_context(),
        step("edit").append_to("main.txt"),
    ])
    .variants(&["a", "b"])
    .starts(2)
    .carry_out();
    insta::assert_snapshot!(run.lines_of(&["build", "create", "start", "look", "remove", "keep"]), @"
    keep probe ip
    keep context
    build b:1 without cache, mounts-1, context-1
    keep #1 b round 1, cold: ok
    keep context
    build b:2, mounts-1, context-1
    keep #2 b round 1, edit: ok
    remove image b:1
    build a:3 without cache, mounts-2, context-2
    keep #3 a round 1, cold: ok
    keep context
    build a:4, mounts-2, context-2
    keep #4 a round 1, edit: ok
    remove image a:3
    create c1 of b:2
    start c1
    look
    keep #5 b round 1, start: ok
    remove container c1
    create c2 of a:4
    start c2
    look
    keep #6 a round 1, start: ok
    remove container c2
    create c3 of b:2
    start c3
    look
    keep #7 b round 2, start: ok
    remove container c3
    create c4 of a:4
    start c4
    look
    keep #8 a round 2, start: ok
    remove container c4
    remove image a:4
    remove image b:2
    remove copies
    ");
    for sample in run.starts() {
        assert_eq!(
            sample.client.map(|bounded| bounded.value_ns),
            Some(Nanos::from_millis(30))
        );
        let phases: Vec<_> = sample.phases.iter().map(|phase| phase.name.as_str()).collect();
        assert_eq!(phases, ["create", "start", "ready"]);
    }
    assert_eq!(run.patience, [Nanos::from_secs(7); 4]);
    run.left_nothing();
}

#[test]
fn a_start_that_fails_is_counted_and_shown_with_its_log_and_never_a_number() {
    let rehearsal = || Rehearsal::of([step("cold").no_layers().no_context()]).starts(3);
    let mut told = Vec::new();
    for (what, rehearsal) in [
        (
            "create fails",
            rehearsal().container(2, ContainerAct::CreateFails),
        ),
        ("start fails", rehearsal().container(2, ContainerAct::StartFails)),
        ("ends early", rehearsal().container(2, ContainerAct::Ends(3))),
        ("unpublished", rehearsal().container(2, ContainerAct::Unpublished)),
        ("never answers", rehearsal().look_misses(2)),
    ] {
        let run = rehearsal.carry_out();
        assert_eq!(run.outcome.stop, StopReason::Complete, "{what}");
        assert_eq!(run.outcome.bad_samples, 1, "{what}");
        let starts = run.starts();
        assert_eq!(starts.len(), 3, "{what}");
        assert!(starts[0].outcome.is_ok() && starts[2].outcome.is_ok());
        let bad = starts[1];
        assert_eq!((bad.client, bad.ready), (None, None), "{bad:?}");
        let phases: Vec<_> = bad.phases.iter().map(|phase| phase.name.as_str()).collect();
        assert!(
            !phases.contains(&"ready"),
            "a failure has the phase of a success: {bad:?}"
        );
        let reason = bad.outcome.reason().unwrap_or_default();
        told.push(format!(
            "{what}: {reason}; exit {:?}; phases {phases:?}; log {:?}",
            bad.exit_code, bad.log_tail
        ));
        run.left_nothing();
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    create fails: the docker daemon did not create container `seatrial-run-3`: as the script has it; exit None; phases ["create"]; log []
    start fails: the docker daemon did not start container `c2`: as the script has it; exit None; phases ["create"]; log ["c2 says why"]
    ends early: the container ended before it was ready, with exit code 3; exit Some(3); phases ["create", "start"]; log ["c2 says why"]
    unpublished: the port was not published; exit None; phases ["create", "start"]; log ["c2 says why"]
    never answers: nothing answered in time; exit None; phases ["create", "start"]; log ["c2 says why"]
    "#);
}

#[test]
fn a_start_that_was_measured_is_kept_though_its_container_cannot_be_removed() {
    let run = Rehearsal::of([step("cold").no_layers().no_context()])
        .starts(3)
        .container(2, ContainerAct::Stays)
        .carry_out();
    assert_eq!(run.outcome.stop, StopReason::Aborted);
    assert_eq!(run.starts().len(), 2, "{:?}", run.records);
    assert_eq!(run.outcome.left_behind, ["container c2: as the script has it"]);
}

#[test]
fn a_container_is_removed_though_the_daemon_stops_answering_about_it() {
    let run = Rehearsal::of([step("cold").no_layers().no_context()])
        .starts(3)
        .container(1, ContainerAct::AddressFault)
        .carry_out();
    assert_eq!(run.outcome.stop, StopReason::Aborted);
    assert_eq!(run.starts().len(), 0);
    run.left_nothing();
}

#[test]
fn images_to_keep_stay_and_no_others() {
    let run = Rehearsal::of([
        step("cold").no_layers().no_context(),
        step("edit").append_to("main.txt"),
    ])
    .variants(&["a", "b"])
    .base("ballast", BaseSource::Ballast)
    .base(
        "other",
        BaseSource::Imported {
            command: vec!["make".to_owned()],
        },
    )
    .keep("b")
    .keep("other")
    .carry_out();
    let kept: Vec<_> = run.images.iter().map(String::as_str).collect();
    let latest = run
        .builds()
        .iter()
        .rfind(|sample| sample.key.variant == "b")
        .unwrap()
        .key
        .order;
    assert_eq!(
        kept,
        ["seatrial/base/other:recipe", &format!("seatrial/run/b:{latest}")]
    );
    assert!(run.outcome.left_behind.is_empty());
}

#[test]
fn what_cannot_be_removed_is_reported_and_the_rest_is_removed() {
    let run = Rehearsal::of([step("cold").no_layers().no_context()])
        .variants(&["a", "b"])
        .seed(1)
        .image_stays("a:1")
        .image_stays("a:2")
        .trouble(Trouble::RecordsStay)
        .trouble(Trouble::CopiesStay)
        .carry_out();
    assert_eq!(run.outcome.stop, StopReason::Complete);
    insta::assert_snapshot!(run.outcome.left_behind.join("\n"), @"
    image seatrial/run/a:2: as the script has it
    records of the build cache: as the script has it
    scratch copies: the folder is in use
    ");
    assert_eq!(run.images.len(), 1, "{:?}", run.images);
    insta::assert_snapshot!(run.lines_of(&["keep"]), @"
    keep context
    keep #1 b round 1, cold: ok
    keep warning: records of the build cache stay until the run ends: as the script has it
    keep #2 a round 1, cold: ok
    keep warning: records of the build cache stay until the run ends: as the script has it
    ");
}

#[test]
fn where_the_daemon_forgets_at_any_removal_own_records_are_removed_only_while_nobody_elses_layers_are_there()
{
    let steps = || [step("cold").no_layers().no_context()];
    let prunings = |run: &Finished| run.lines_of(&["prune"]).lines().count();

    let alone = Rehearsal::of(steps())
        .trouble(Trouble::ForgetsWhenPruned)
        .carry_out();
    assert_eq!(prunings(&alone), 2, "{}", alone.lines_of(&["prune"]));
    assert_eq!(alone.outcome.left_behind, [""; 0]);

    // A context of somebody else's is nothing that a build could find.
    let beside_context = Rehearsal::of(steps())
        .trouble(Trouble::ForgetsWhenPruned)
        .stranger_before_listing(1, "context-theirs")
        .carry_out();
    assert_eq!(beside_context.outcome.left_behind, [""; 0]);

    let beside = Rehearsal::of(steps())
        .trouble(Trouble::ForgetsWhenPruned)
        .stranger_before_listing(1, "theirs")
        .carry_out();
    assert_eq!(prunings(&beside), 0, "{}", beside.lines_of(&["prune"]));
    insta::assert_snapshot!(beside.outcome.left_behind.join("\n"), @"2 records of the build cache: removing any makes an engine with the containerd image store forget what others built on local images");

    // A build that has to find none of them is not begun.
    let imported = Rehearsal::of([step("cold").no_layers().no_context(), step("runner").imported()])
        .trouble(Trouble::ForgetsWhenPruned)
        .stranger_before_listing(1, "theirs")
        .carry_out();
    insta::assert_snapshot!(imported.lines_of(&["keep"]), @"
    keep context
    keep #1 plain round 1, cold: ok
    keep #2 plain round 1, runner: invalid, the run's own layers would have to go first, and removing any makes an engine with the containerd image store forget what others built on local images; `--prune-anyway` removes them all the same
    ");
    let anyway = Rehearsal::of(steps())
        .trouble(Trouble::ForgetsWhenPruned)
        .stranger_before_listing(1, "theirs")
        .prune_anyway()
        .carry_out();
    assert_eq!(prunings(&anyway), 2, "{}", anyway.lines_of(&["prune"]));
    assert_eq!(anyway.outcome.left_behind, [""; 0]);
}

#[test]
fn bases_are_got_before_the_first_build_and_passed_to_each_by_name() {
    let run = Rehearsal::of([step("cold").no_layers().no_context()])
        .base("ballast", BaseSource::Ballast)
        .base(
            "debian",
            BaseSource::Pulled {
                image: "debian:13".to_owned(),
            },
        )
        .base(
            "mine",
            BaseSource::Pulled {
                image: "mine:1".to_owned(),
            },
        )
        .held_before("mine:1")
        .carry_out();
    insta::assert_snapshot!(run.work(), @"
    list records
    keep importing seatrial/base/ballast:recipe
    make the root of ballast
    import seatrial/base/ballast:recipe
    keep base ballast: ballast, seatrial/base/ballast:recipe, own
    pull debian:13
    keep base debian: pulled, debian:13, own
    keep base mine: pulled, mine:1
    reset plain
    survey plain
    keep context
    list records
    build plain:1 without cache, mounts-1, context-1, BALLAST=seatrial/base/ballast:recipe, DEBIAN=debian:13, MINE=mine:1
    list records
    journal records context-1 layer-1
    inspect plain:1
    keep #1 plain round 1, cold: ok
    list records
    prune layer-1
    remove image plain:1
    remove image debian:13
    remove image seatrial/base/ballast:recipe
    list records
    prune context-1
    list records
    remove copies
    ");
    // What was there before stays, what was pulled for the run goes.
    assert_eq!(run.images.iter().collect::<Vec<_>>(), ["mine:1"]);
    run.left_nothing();
}

#[test]
fn a_base_that_cannot_be_pulled_is_imported_with_a_warning_where_the_scenario_has_a_recipe() {
    let both = BaseSource::PulledOrImported {
        image: "python:3.12-slim".to_owned(),
        command: vec!["make-python".to_owned()],
    };
    let run = Rehearsal::of([step("cold").no_layers().no_context()])
        .base("python", both)
        .trouble(Trouble::NoRegistry)
        .carry_out();
    insta::assert_snapshot!(run.lines_of(&["pull", "make", "import", "keep", "build"]), @"
    pull python:3.12-slim
    keep warning: base `python` is imported, since `python:3.12-slim` cannot be pulled: as the script has it
    keep importing seatrial/base/python:recipe
    make the root of python
    import seatrial/base/python:recipe
    keep base python: imported, seatrial/base/python:recipe, own
    keep context
    build plain:1 without cache, mounts-1, context-1, PYTHON=seatrial/base/python:recipe
    keep #1 plain round 1, cold: ok
    ");
    assert!(
        run.records
            .iter()
            .any(|record| matches!(record, Record::Warning(_)))
    );
    assert_eq!(run.outcome.stop, StopReason::Complete);
    run.left_nothing();
}

#[test]
fn a_run_goes_on_without_an_optional_base_and_names_the_variants_that_it_leaves_out() {
    let run = Rehearsal::of([step("cold").no_layers().no_context()])
        .variants(&["plain", "alpine"])
        .variant_on_optional_base(
            "alpine",
            BaseSource::Pulled {
                image: "python:3.12-alpine".to_owned(),
            },
        )
        .rounds(2)
        .starts(1)
        .trouble(Trouble::NoRegistry)
        .carry_out();
    insta::assert_snapshot!(run.lines_of(&["say", "keep", "build", "create"]), @"
    keep probe ip
    say planned 4 builds, 2 starts
    say starts are looked at by ip
    say base `alpine-base`: pulling python:3.12-alpine
    say alpine is left out, 3 parts: base `alpine-base` cannot be had: the docker daemon did not pull `python:3.12-alpine`: as the script has it
    keep alpine is not measured
    say building plain round 1, cold
    keep context
    build plain:1 without cache, mounts-1, context-1
    say built #1
    keep #1 plain round 1, cold: ok
    say building plain round 2, cold
    build plain:2 without cache, mounts-2, context-2
    say built #2
    keep #2 plain round 2, cold: ok
    say starting plain round 1
    create c1 of plain:2
    say started #3
    keep #3 plain round 1, start: ok
    say removing what is the run's own
    ");
    assert_eq!(run.outcome.stop, StopReason::Complete);
    assert_eq!(run.outcome.bad_samples, 0);
    let read = run.as_run(vec!["cold".to_owned()]);
    let reason = "base `alpine-base` cannot be had: the docker daemon did not pull `python:3.12-alpine`: as the script has it";
    assert_eq!(
        read.not_measured
            .iter()
            .map(|left_out| (left_out.variant.as_str(), left_out.reason.as_str()))
            .collect::<Vec<_>>(),
        [("alpine", reason)]
    );
    run.left_nothing();
}

#[test]
fn a_base_that_cannot_be_had_ends_the_run_before_the_first_build() {
    let run = Rehearsal::of([step("cold").no_layers().no_context()])
        .base(
            "debian",
            BaseSource::Pulled {
                image: "debian:13".to_owned(),
            },
        )
        .trouble(Trouble::NoRegistry)
        .carry_out();
    assert_eq!(run.outcome.stop, StopReason::Aborted);
    assert_eq!(
        run.fault(),
        "base `debian` cannot be had: the docker daemon did not pull `debian:13`"
    );
    assert_eq!(run.lines_of(BUILDS), "");
    run.left_nothing();
}

#[test]
fn an_edit_that_cannot_be_applied_fails_its_step_and_the_run_goes_on() {
    let run = Rehearsal::of([
        step("cold").no_layers().no_context(),
        step("edit").append_to("main.txt"),
        step("after"),
    ])
    .rounds(2)
    .trouble(Trouble::EditsFail)
    .carry_out();
    assert_eq!(run.outcome.stop, StopReason::Complete);
    let outcomes: Vec<_> = run.builds().iter().map(|build| build.outcome.clone()).collect();
    let failed = Status::Failed {
        reason: "the edit matches nothing".to_owned(),
    };
    let invalid = Status::Invalid {
        reason: "step `edit` before it failed".to_owned(),
    };
    let round = [Status::Ok, failed, invalid];
    assert_eq!(outcomes, [round.clone(), round].concat());
    run.left_nothing();
}

#[test]
fn what_others_do_is_noted_on_the_samples_during_which_they_do_it() {
    // Each build is looked around before and after: the second has the looks 5 and 6. The build that primes the
    // cache goes before them, and the looks 2 and 3 at the build cache are its.
    let run = Rehearsal::of([step("cold").no_layers(), step("unchanged"), step("again")])
        .neighbour_before_look(6, "theirs")
        .neighbour_before_look(7, "between samples")
        .stranger_before_listing(8, "their layer")
        .carry_out();
    let seen: Vec<_> = run
        .builds()
        .iter()
        .map(|build| build.neighbours.map(|seen| (seen.containers, seen.builds)))
        .collect();
    assert_eq!(
        seen,
        [
            Some((Some(0), None)),
            Some((Some(1), None)),
            // Records that are not ours appeared right before it.
            Some((Some(0), Some(1))),
        ]
    );
    assert!(
        run.builds().iter().all(|build| build.outcome.is_ok()),
        "a flag, no verdict"
    );
    assert!(run.builds().iter().all(|build| build.host.is_none()));
}

#[test]
fn what_appears_while_somebody_else_is_seen_to_build_is_left() {
    let run = Rehearsal::of([step("cold").no_layers().no_context(), step("again")])
        .other_build_before_look(4, "theirs")
        .carry_out();
    let seen: Vec<_> = run
        .builds()
        .iter()
        .map(|build| build.neighbours.unwrap().builds)
        .collect();
    assert_eq!(seen, [Some(0), Some(1)]);
    insta::assert_snapshot!(run.lines_of(&["journal", "prune"]), @"
    journal records context-1 layer-1
    journal records layer-2
    journal records layer-2?
    prune layer-1
    prune context-1
    ");
    assert_eq!(run.build_records, ["layer-2"]);
    insta::assert_snapshot!(run.outcome.left_behind.join("\n"), @"1 records of the build cache: somebody else built meanwhile, so they may not be the run's");
}

#[test]
fn a_daemon_that_is_gone_in_the_end_is_asked_for_nothing_more() {
    let run = Rehearsal::of([step("cold").no_layers().no_context()])
        .trouble(Trouble::DaemonGone)
        .carry_out();
    assert_eq!(run.outcome.stop, StopReason::Complete);
    assert_eq!(
        run.outcome.left_behind,
        ["what the run made: the docker daemon did not answer at `unix:///fake.sock`: as the script has it"]
    );
    assert_eq!(run.images.iter().collect::<Vec<_>>(), ["seatrial/run/plain:1"]);
    assert!(run.work().ends_with("remove copies"), "{}", run.work());
}

/// The words of lines that tell how a replay goes.
const REPLAYS: &[&str] = &["reset", "check", "build", "prune", "remove", "keep"];

#[test]
fn a_replay_forgets_earlier_turns_and_builds_what_a_commit_changes() {
    let run = Rehearsal::of([
        step("base").no_layers().no_mounts().no_context(),
        step("one").of_commit("1", "tree-1"),
        step("two").of_commit("2", "tree-1"),
        step("three").of_commit("3", "tree-3"),
    ])
    .replays()
    .rounds(2)
    .carry_out();
    insta::assert_snapshot!(run.lines_of(REPLAYS), @"
    reset plain
    prune
    keep context
    build plain:1 without cache, mounts-1, context-1
    keep #1 plain round 1, base: ok
    check out plain: 1
    keep context
    build plain:2, mounts-1, context-1
    keep #2 plain round 1, one: ok
    remove image plain:1
    check out plain: 2
    keep #3 plain round 1, two: ok
    check out plain: 3
    keep context
    build plain:4, mounts-1, context-1
    keep #4 plain round 1, three: ok
    remove image plain:2
    prune layer-1 layer-2 layer-3
    reset plain
    remove image plain:4
    prune
    build plain:5 without cache, mounts-2, context-2
    keep #5 plain round 2, base: ok
    check out plain: 1
    build plain:6, mounts-2, context-2
    keep #6 plain round 2, one: ok
    remove image plain:5
    check out plain: 2
    keep #7 plain round 2, two: ok
    check out plain: 3
    build plain:8, mounts-2, context-2
    keep #8 plain round 2, three: ok
    remove image plain:6
    prune layer-4 layer-5 layer-6
    remove image plain:8
    prune context-1 context-2
    remove copies
    ");
    let free: Vec<_> = run
        .builds()
        .iter()
        .filter_map(|sample| sample.free.as_deref())
        .collect();
    assert_eq!(
        free,
        ["the commit changes nothing in the folder that is the context"; 2]
    );
    assert_eq!(run.outcome.bad_samples, 0);
    run.left_nothing();
}

#[test]
fn the_containers_of_a_burst_are_created_before_the_first_is_started_and_removed_after() {
    let run = Rehearsal::of([step("cold").no_layers().no_context()])
        .starts(1)
        .bursts(&[1, 3])
        .carry_out();
    let lines = run.lines_of(&["say", "create", "start", "look", "remove container", "keep #"]);
    insta::assert_snapshot!(lines, @"
    say planned 1 builds, 1 starts, 2 bursts
    say starts are looked at by ip
    say building plain round 1, cold
    say built #1
    say starting plain round 1
    create c1 of plain:1
    start c1
    look
    say started #2
    say burst of 1 plain round 1
    create c2 of plain:1
    start c2
    look
    say burst #3
    say burst of 3 plain round 1
    create c3 of plain:1
    create c4 of plain:1
    create c5 of plain:1
    start c3
    look
    start c4
    look
    start c5
    look
    say burst #4
    say removing what is the run's own
    ");
    let bursts = run.bursts();
    let told = |burst: &BurstSample| {
        let ready = burst
            .members
            .iter()
            .filter(|member| member.ready.is_some())
            .count();
        (burst.containers, ready, burst.written_bytes)
    };
    let mut told: Vec<_> = bursts.into_iter().map(told).collect();
    told.sort_unstable();
    assert_eq!(told, [(1, 1, Some(ByteSize(100))), (3, 3, Some(ByteSize(300)))]);
    run.left_nothing();
}

#[test]
fn a_burst_of_which_one_container_ends_has_no_number_and_names_it() {
    // The first container is the one start, and no other is needed before: the image has been started.
    let run = Rehearsal::of([step("cold").no_layers().no_context()])
        .starts(1)
        .bursts(&[3])
        .container(3, ContainerAct::Ends(4))
        .carry_out();
    let bursts = run.bursts();
    let reason = "container 2 of 3: the container ended before it was ready, with exit code 4";
    assert_eq!(bursts[0].outcome.reason(), Some(reason));
    assert_eq!(bursts[0].log_tail, ["c3 says why"]);
    let ready: Vec<bool> = bursts[0]
        .members
        .iter()
        .map(|member| member.ready.is_some())
        .collect();
    assert_eq!(ready, [true, false, true]);
    assert_eq!(run.outcome.bad_samples, 1);
    run.left_nothing();
}

#[test]
fn a_container_of_a_burst_that_cannot_be_created_fails_it_and_leaves_nothing() {
    let run = Rehearsal::of([step("cold").no_layers().no_context()])
        .starts(1)
        .bursts(&[3])
        .container(4, ContainerAct::CreateFails)
        .carry_out();
    let bursts = run.bursts();
    let reason = bursts[0].outcome.reason().unwrap_or_default();
    assert!(reason.contains("create container"), "{reason}");
    assert_eq!(bursts[0].members, []);
    run.left_nothing();
}

#[test]
fn a_run_that_is_interrupted_during_a_burst_leaves_nothing() {
    let run = Rehearsal::of([step("cold").no_layers().no_context()])
        .starts(1)
        .bursts(&[3])
        .container(3, ContainerAct::Interrupted)
        .carry_out();
    assert_eq!(run.outcome.stop, StopReason::Interrupted);
    assert_eq!(run.bursts().len(), 0);
    run.left_nothing();
}
