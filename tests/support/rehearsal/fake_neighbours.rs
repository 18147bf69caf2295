//! A daemon that others use as well, where the script says so.

use std::collections::{BTreeMap, BTreeSet};

use seatrial::run::{NeighbourWatch, NeighboursSeen, Seen};

use super::RUN_ID;
use super::fake_daemon::FakeDaemon;

impl NeighbourWatch for FakeDaemon {
    async fn neighbours(&self, run_id: &str) -> NeighboursSeen {
        assert_eq!(run_id, RUN_ID);
        let number = {
            let mut held = self.held();
            held.looks += 1;
            held.looks
        };
        let seen = |of: &BTreeMap<u32, &'static str>| Seen {
            now: BTreeSet::new(),
            since: of
                .get(&number)
                .map(|name| (*name).to_owned())
                .into_iter()
                .collect(),
        };
        let builds = &self.script.other_builds;
        NeighboursSeen {
            containers: Some(seen(&self.script.neighbours)),
            builds: (!builds.is_empty()).then(|| seen(builds)),
        }
    }
}
