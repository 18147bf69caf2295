//! Pulling an image before each start, as one that nobody has.

use seatrial::scenario::StartCache;
use seatrial::unit::{ByteSize, Nanos};

use crate::rehearsal::{ContainerAct, Rehearsal, Trouble, step};

const WORDS: [&str; 11] = [
    "export", "take", "offer", "pull", "withdraw", "create", "start", "look", "keep", "remove", "cannot",
];

fn pulled(starts: u32) -> Rehearsal {
    Rehearsal::of([step("cold").no_layers().no_context()])
        .starts(starts)
        .start_caches(&[StartCache::ColdPull])
}

#[test]
fn an_image_is_taken_in_once_and_is_pulled_and_removed_with_every_start() {
    let run = pulled(2).carry_out();
    insta::assert_snapshot!(run.lines_of(&WORDS), @"
    keep probe ip
    keep context
    keep #1 plain round 1, cold: ok
    export plain:1
    take in seatrial/run/plain
    keep pulling registry/seatrial/run/plain
    offer registry/seatrial/run/plain:2
    pull registry/seatrial/run/plain:2
    withdraw registry/seatrial/run/plain
    create c1 of registry/seatrial/run/plain:2
    start c1
    look
    keep #2 plain round 1, start: ok
    remove container c1
    remove image registry/seatrial/run/plain:2
    offer registry/seatrial/run/plain:3
    pull registry/seatrial/run/plain:3
    withdraw registry/seatrial/run/plain
    create c2 of registry/seatrial/run/plain:3
    start c2
    look
    keep #3 plain round 2, start: ok
    remove container c2
    remove image registry/seatrial/run/plain:3
    remove image plain:1
    remove copies
    ");
    for sample in run.starts() {
        assert_eq!(sample.cache, StartCache::ColdPull);
        let pull = sample.pull.as_ref().unwrap();
        assert_eq!(pull.bytes, ByteSize(10));
        assert!(pull.duration_ns > Nanos::ZERO, "{pull:?}");
        assert!(pull.layers[0].download.is_some() && pull.layers[0].extract.is_some());
        assert_eq!(sample.pages, None);
    }
    assert!(run.images.is_empty(), "{:?}", run.images);
    assert!(run.outcome.left_behind.is_empty());
}

#[test]
fn a_pull_that_was_not_cold_does_not_count_and_one_that_fails_is_a_failure() {
    let rehearsals = [
        ("had it", pulled(1).trouble(Trouble::HadLayer)),
        ("no registry", pulled(1).trouble(Trouble::NoRegistry)),
        ("no export", pulled(1).trouble(Trouble::NoExport)),
        ("elsewhere", pulled(1).elsewhere()),
        ("start fails", pulled(1).container(1, ContainerAct::StartFails)),
    ];
    let mut told = Vec::new();
    for (what, rehearsal) in rehearsals {
        let run = rehearsal.carry_out();
        let sample = run.starts()[0];
        let pulled = sample.pull.is_some();
        told.push(format!("{what}: {:?}, pulled: {pulled}", sample.outcome));
        assert!(run.images.is_empty(), "{what}: {:?}", run.images);
        assert!(run.containers.is_empty(), "{what}");
        assert!(sample.ready.is_none() && sample.client.is_none());
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    had it: Invalid { reason: "the image is not cold-pull: the registry served 0 B of the 10 B of blob sha256:dac1d7cfa95021764849fd102524e141488c5e3a90f861dbb5a12d9ac8584f85: the engine had the rest, or did without" }, pulled: false
    no registry: Failed { reason: "the docker daemon did not pull `registry/seatrial/run/plain:2`: as the script has it" }, pulled: false
    no export: Invalid { reason: "the image is not cold-pull: image `seatrial/run/plain` cannot be offered to the daemon: the docker daemon did not export `plain:1`: as the script has it" }, pulled: false
    elsewhere: Invalid { reason: "the image is not cold-pull: the daemon is not on this machine, from whose registry it would be pulled" }, pulled: false
    start fails: Failed { reason: "the docker daemon did not start container `c1`: as the script has it" }, pulled: true
    "#);
}

#[test]
fn an_interruption_during_a_pull_leaves_nothing() {
    let run = pulled(2).trouble(Trouble::HangingPull).carry_out();
    insta::assert_snapshot!(run.lines_of(&WORDS), @"
    keep probe ip
    keep context
    keep #1 plain round 1, cold: ok
    export plain:1
    take in seatrial/run/plain
    keep pulling registry/seatrial/run/plain
    offer registry/seatrial/run/plain:2
    pull registry/seatrial/run/plain:2
    withdraw registry/seatrial/run/plain
    remove image plain:1
    remove image registry/seatrial/run/plain:2
    remove copies
    ");
    assert_eq!(run.starts().len(), 0);
    assert!(run.images.is_empty(), "{:?}", run.images);
}
