//! Companions: begun once, before the first start, asked for around every start, and removed whatever happens.

use seatrial::results::{Record, Status, StopReason};
use seatrial::scenario::{BaseSource, CompanionImage, EngineReadiness, Readiness};
use seatrial::unit::Nanos;

use crate::rehearsal::{BuildAct, ContainerAct, Finished, Rehearsal, step};

const WORDS: [&str; 7] = ["build", "create", "start", "look", "read", "keep", "remove"];

/// A run whose application fetches from a companion that is made of a base.
fn beside_weights(starts: u32) -> Rehearsal {
    Rehearsal::of([step("cold").no_layers().no_context()])
        .base(
            "files",
            BaseSource::Pulled {
                image: "files:1".to_owned(),
            },
        )
        .starts(starts)
        .companion("weights", CompanionImage::Base("files".to_owned()))
}

fn outcomes(run: &Finished) -> Vec<Status> {
    run.starts().iter().map(|start| start.outcome.clone()).collect()
}

fn created(run: &Finished) -> usize {
    run.lines_of(&["create"]).lines().count()
}

#[test]
fn a_companion_is_ready_before_the_first_start_and_stays_until_the_end() {
    let run = beside_weights(2).rounds(2).carry_out();
    insta::assert_snapshot!(run.lines_of(&WORDS), @"
    keep probe ip
    keep base files: pulled, files:1, own
    keep context
    build plain:1 without cache, mounts-1, context-1, FILES=files:1
    keep #1 plain round 1, cold: ok
    build plain:2 without cache, mounts-2, context-2, FILES=files:1
    keep #2 plain round 2, cold: ok
    remove image plain:1
    create c1 of files:1
    start c1
    look
    keep companion weights: files:1 at 127.0.0.1:9000
    create c2 of plain:2, WEIGHTS=http://127.0.0.1:9000/
    start c2
    look
    keep #3 plain round 1, start: ok
    remove container c2
    create c3 of plain:2, WEIGHTS=http://127.0.0.1:9000/
    start c3
    look
    keep #4 plain round 2, start: ok
    remove container c3
    remove container c1
    remove image plain:2
    remove image files:1
    remove copies
    ");
    assert_eq!(run.outcome.stop, StopReason::Complete);
    assert_eq!(run.outcome.bad_samples, 0);
    assert_eq!(run.patience[0], Nanos::from_secs(3), "its own timeout");
    let companions = run.as_run(vec!["cold".to_owned()]).companions;
    let [companion] = companions.as_slice() else {
        panic!("{companions:?}");
    };
    assert_eq!(
        (
            companion.name.as_str(),
            companion.image_id.as_str(),
            companion.container.as_str()
        ),
        ("weights", "id of files:1", "c1")
    );
    run.left_nothing();
}

#[test]
fn a_companion_is_told_the_address_of_those_before_it() {
    let run = beside_weights(1)
        .held_before("front:2")
        .companion("front", CompanionImage::Present("front:2".to_owned()))
        .carry_out();
    insta::assert_snapshot!(run.lines_of(&["create", "say"]), @"
    say planned 1 builds, 1 starts
    say starts are looked at by ip
    say base `files`: pulling files:1
    say building plain round 1, cold
    say built #1
    say companion `weights`: waiting until it is ready
    create c1 of files:1
    say companion `front`: waiting until it is ready
    create c2 of front:2, WEIGHTS=http://127.0.0.1:9000/
    say starting plain round 1
    create c3 of plain:1, FRONT=http://127.0.0.1:9000/, WEIGHTS=http://127.0.0.1:9000/
    say started #2
    say removing what is the run's own
    ");
    run.left_nothing();
}

#[test]
fn no_companion_is_begun_where_there_is_nothing_to_start() {
    let run = beside_weights(2).build(1, BuildAct::Fails).carry_out();
    assert_eq!(created(&run), 0);
    assert_eq!(run.starts().len(), 2);
    run.left_nothing();
}

#[test]
fn a_companion_that_does_not_become_ready_fails_the_starts_and_not_the_builds() {
    let failed = |reason: &str| Status::Failed {
        reason: format!("the companion `weights` did not become ready: {reason}"),
    };
    for (rehearsal, reason) in [
        (beside_weights(3).look_misses(1), "nothing answered in time"),
        (
            beside_weights(3).container(1, ContainerAct::Ends(3)),
            "the container ended before it was ready, with exit code 3",
        ),
        (
            beside_weights(3).container(1, ContainerAct::StartFails),
            "the docker daemon did not start container `c1`: as the script has it",
        ),
    ] {
        let run = rehearsal.carry_out();
        assert_eq!(run.outcome.stop, StopReason::Complete, "{reason}");
        assert_eq!(outcomes(&run), [failed(reason), failed(reason), failed(reason)]);
        assert!(run.builds().iter().all(|build| build.outcome.is_ok()), "{reason}");
        // It is tried once, and its log is told once.
        assert_eq!(created(&run), 1, "{reason}");
        let logs: Vec<_> = run.starts().iter().map(|start| start.log_tail.clone()).collect();
        assert_eq!(logs, [vec!["c1 says why".to_owned()], vec![], vec![]], "{reason}");
        let is_kept = |record: &Record| matches!(record, Record::Companion(_));
        assert!(!run.records.iter().any(is_kept), "{reason}");
        run.left_nothing();
    }
}

#[test]
fn an_image_that_the_engine_does_not_have_is_named_and_never_pulled() {
    let run = Rehearsal::of([step("cold").no_layers().no_context()])
        .starts(1)
        .companion("db", CompanionImage::Present("db:9".to_owned()))
        .carry_out();
    let reason = "the companion `db` did not become ready: the engine does not have the image `db:9`; \
                  what is to be pulled is a base";
    assert_eq!(
        outcomes(&run),
        [Status::Failed {
            reason: reason.to_owned()
        }]
    );
    assert_eq!(run.lines_of(&["pull", "create"]), "");
    // Told before the first build.
    let told = run.lines_of(&["build", "keep"]);
    insta::assert_snapshot!(told, @"
    keep probe ip
    keep warning: no start will count as long as the companion `db` has no image: the engine does not have the image `db:9`; what is to be pulled is a base
    keep context
    build plain:1 without cache, mounts-1, context-1
    keep #1 plain round 1, cold: ok
    keep #2 plain round 1, start: failed, the companion `db` did not become ready: the engine does not have the image `db:9`; what is to be pulled is a base
    ");
    run.left_nothing();
}

#[test]
fn companions_that_serve_nobody_are_removed_when_a_later_one_cannot_be_had() {
    let run = beside_weights(1)
        .held_before("front:2")
        .companion("front", CompanionImage::Present("front:2".to_owned()))
        .container(2, ContainerAct::CreateFails)
        .carry_out();
    insta::assert_snapshot!(run.lines_of(&WORDS), @"
    keep probe ip
    keep base files: pulled, files:1, own
    keep context
    build plain:1 without cache, mounts-1, context-1, FILES=files:1
    keep #1 plain round 1, cold: ok
    create c1 of files:1
    start c1
    look
    keep companion weights: files:1 at 127.0.0.1:9000
    create c2 of front:2, WEIGHTS=http://127.0.0.1:9000/
    remove container c1
    keep #2 plain round 1, start: failed, the companion `front` did not become ready: the docker daemon did not create container `seatrial-run-companion-front`: as the script has it
    remove image plain:1
    remove image files:1
    remove copies
    ");
    run.left_nothing();
}

#[test]
fn a_start_does_not_count_where_a_companion_is_gone_before_it_or_after() {
    let gone = Status::Invalid {
        reason: "the companion `weights` is gone: it ended with exit code 137".to_owned(),
    };
    // It is asked for after the first start, and from then on before and after each.
    for (asks, expected, containers) in [
        (0, [gone.clone(), gone.clone(), gone.clone()], 2),
        (1, [Status::Ok, gone.clone(), gone.clone()], 2),
        (2, [Status::Ok, gone.clone(), gone.clone()], 3),
        (3, [Status::Ok, Status::Ok, gone.clone()], 3),
        (5, [Status::Ok, Status::Ok, Status::Ok], 4),
    ] {
        let run = beside_weights(3)
            .container(1, ContainerAct::Outlives(asks))
            .carry_out();
        assert_eq!(outcomes(&run), expected, "{asks}");
        assert_eq!(created(&run), containers, "{asks}");
        for start in run.starts() {
            assert_eq!(start.ready.is_some(), start.outcome.is_ok(), "{asks}");
        }
        let logs: Vec<_> = run
            .starts()
            .iter()
            .flat_map(|start| start.log_tail.clone())
            .collect();
        let told = usize::from(expected.contains(&gone));
        assert_eq!(logs, vec!["c1 says why"; told], "{asks}");
        run.left_nothing();
    }
}

#[test]
fn bursts_need_companions_as_starts_do() {
    let run = beside_weights(1).bursts(&[2]).carry_out();
    insta::assert_snapshot!(run.lines_of(&["create", "keep"]), @"
    keep probe ip
    keep base files: pulled, files:1, own
    keep context
    keep #1 plain round 1, cold: ok
    create c1 of files:1
    keep companion weights: files:1 at 127.0.0.1:9000
    create c2 of plain:1, WEIGHTS=http://127.0.0.1:9000/
    keep #2 plain round 1, start: ok
    create c3 of plain:1, WEIGHTS=http://127.0.0.1:9000/
    create c4 of plain:1, WEIGHTS=http://127.0.0.1:9000/
    keep #3 plain round 1, burst of 2: ok
    ");
    run.left_nothing();

    // Asked for after the start, before the burst, and after that.
    let run = beside_weights(1)
        .bursts(&[2])
        .container(1, ContainerAct::Outlives(2))
        .carry_out();
    let outcome = &run.bursts()[0].outcome;
    assert_eq!(
        outcome.reason(),
        Some("the companion `weights` is gone: it ended with exit code 137")
    );
    assert!(outcomes(&run)[0].is_ok());
    run.left_nothing();
}

#[test]
fn an_interruption_while_a_companion_is_waited_for_leaves_nothing() {
    let run = beside_weights(2)
        .container(1, ContainerAct::Interrupted)
        .carry_out();
    assert_eq!(run.outcome.stop, StopReason::Interrupted);
    assert_eq!((run.builds().len(), run.starts().len()), (1, 0));
    assert_eq!(
        run.lines_of(&["remove"]).matches("remove container c1").count(),
        1
    );
    run.left_nothing();
}

#[test]
fn a_run_that_is_resumed_begins_its_companions_anew() {
    let stopped = beside_weights(2)
        .container(2, ContainerAct::Interrupted)
        .carry_out();
    assert_eq!((stopped.starts().len(), created(&stopped)), (0, 2));
    stopped.left_nothing();
    let resumed = beside_weights(2).after(&stopped).carry_out();
    assert_eq!(outcomes(&resumed), [Status::Ok, Status::Ok]);
    assert_eq!(created(&resumed), 3);
    resumed.left_nothing();
}

#[test]
fn a_companion_without_a_port_is_waited_for_as_the_engine_tells() {
    let run = beside_weights(1)
        .companion_ready(Readiness::Engine(EngineReadiness::Exec {
            command: vec!["ping".to_owned()],
            every: Nanos::from_millis(100),
        }))
        .carry_out();
    insta::assert_snapshot!(run.lines_of(&["create", "run", "look", "keep"]), @"
    keep probe ip
    keep base files: pulled, files:1, own
    keep context
    keep #1 plain round 1, cold: ok
    create c1 of files:1
    run ping in c1
    keep companion weights: files:1 at no address
    create c2 of plain:1
    look
    keep #2 plain round 1, start: ok
    ");
    run.left_nothing();
}
