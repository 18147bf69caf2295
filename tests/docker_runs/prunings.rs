//! Records of the build cache, removed by somebody who goes away meanwhile.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use seatrial::run::{BuildRequest, Builder as _, Images as _};
use seatrial::unit::Nanos;
use seatrial::workspace::ServedTree;

use crate::daemon::{daemon, unique};
use crate::fixture_tree::write_files;
use crate::records::Records;
use crate::support::tell_skip;
use crate::trial::until;
use crate::users_cache::keeps_images_in_containerd;

/// Instructions of the build, each of which leaves a record.
const INSTRUCTIONS: usize = 24;

/// An older engine (seen with 20.10) that loses its client while it streams what it removes never lists a record, builds or
/// prunes again (moby/buildkit issue 4399).
#[test]
fn a_daemon_whose_client_goes_away_while_it_removes_records_goes_on() {
    let Some(_daemon) = daemon() else { return };
    if keeps_images_in_containerd() {
        // It takes no harm either, but for records that stay in use until it is started anew: other tests would meet them.
        tell_skip("the containerd image store keeps what was being removed in use");
        return;
    }
    let records = Records::new();
    for gone_after_ms in [1, 4, 16] {
        let made = build(&records);
        records.runtime.block_on(async {
            let gone_after = Duration::from_millis(gone_after_ms);
            // Whether it was done in time is not the question: what is given up closes its connection.
            let _ = tokio::time::timeout(gone_after, records.engine.prune_build_records(&made)).await;
            records.engine.build_records().await.unwrap();
        });
    }
    // What was being removed may stay; what is made from now on is the daemon's to list and to remove as ever.
    let made = build(&records);
    // Some engines let go of an image that was removed only after a while.
    until("what was built last is gone", || {
        let removed = records.engine.prune_build_records(&made);
        records.runtime.block_on(removed).unwrap();
        let left = records.new_ids();
        !made.iter().any(|id| left.contains(id))
    });
}

/// Builds an image of many instructions and removes it; the records it leaves.
fn build(records: &Records) -> Vec<String> {
    let token = unique("prunings");
    let folder = tempfile::tempdir().unwrap();
    let mut dockerfile = "FROM scratch\n".to_owned();
    for number in 0..INSTRUCTIONS {
        writeln!(dockerfile, "COPY input.txt /{number}.txt").unwrap();
    }
    write_files(
        folder.path(),
        &[("Dockerfile", &dockerfile), ("input.txt", &token)],
    );
    let image = format!("seatrial-test/{token}:built");
    let request = BuildRequest {
        dockerfile_in_context: Some("Dockerfile".to_owned()),
        ..BuildRequest::of_folder(
            Arc::new(ServedTree::new(folder.path().to_owned())),
            &token,
            image.clone(),
            Nanos::from_secs(60),
        )
    };
    let before = records.new_ids();
    records.runtime.block_on(async {
        assert_eq!(records.engine.build(&request).await.unwrap().fault, None);
        records.engine.remove_image(&image).await.unwrap();
    });
    let mut made = records.new_ids();
    made.retain(|id| !before.contains(id));
    assert!(made.len() >= INSTRUCTIONS, "{made:?}");
    made
}
