//! What builds of a test leave in the daemon's cache.

use std::collections::BTreeSet;

use seatrial::docker::{Endpoint, Engine};
use seatrial::run::{BuildRecord, Builder as _, RecordKind};
use tokio::runtime::Runtime;

/// The daemon by our own client, with the records that were there before; newer ones are pruned when this is dropped.
pub(crate) struct Records {
    pub(crate) runtime: Runtime,
    pub(crate) engine: Engine,
    before: BTreeSet<String>,
}

impl Records {
    pub(crate) fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let host = std::env::var("DOCKER_HOST").ok();
        let endpoint = Endpoint::from_docker_host(host.as_deref()).unwrap();
        let engine = runtime.block_on(Engine::connect(endpoint)).unwrap();
        let records = runtime.block_on(engine.build_records()).unwrap();
        Self {
            runtime,
            engine,
            before: records.into_iter().map(|record| record.id).collect(),
        }
    }

    /// Prunes the new records.
    pub(crate) fn prune(&self) {
        // There is nobody to tell, and the daemon's own tidying gets what is left.
        let new = self.new_ids();
        let _ = self.runtime.block_on(self.engine.prune_build_records(&new));
    }

    /// The new records.
    pub(crate) fn new_ids(&self) -> Vec<String> {
        self.new_records().map(|record| record.id).collect()
    }

    /// How many new records hold what an instruction made.
    pub(crate) fn new_layers(&self) -> usize {
        let layers = |record: &BuildRecord| record.kind == RecordKind::Layer;
        self.new_records().filter(layers).count()
    }

    fn new_records(&self) -> impl Iterator<Item = BuildRecord> {
        let records = self.runtime.block_on(self.engine.build_records());
        let new = |record: &BuildRecord| !self.before.contains(&record.id);
        records.unwrap_or_default().into_iter().filter(new)
    }
}

impl Drop for Records {
    fn drop(&mut self) {
        self.prune();
    }
}
