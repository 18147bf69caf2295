//! A daemon that others use as well, where the script says so.

use std::collections::BTreeSet;

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
        let started = self.script.neighbours.get(&number).map(|name| (*name).to_owned());
        NeighboursSeen {
            containers: Some(Seen {
                now: BTreeSet::new(),
                since: started.into_iter().collect(),
            }),
            builds: None,
        }
    }
}
