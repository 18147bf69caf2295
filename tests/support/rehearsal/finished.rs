//! What a rehearsal came to.

use std::collections::BTreeSet;
use std::path::Path;

use seatrial::results::{BuildSample, BurstSample, Record, Run, StartSample};
use seatrial::run::Outcome;
use seatrial::unit::Nanos;

/// A run that was rehearsed.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(super) lines: Vec<String>,
    pub(crate) outcome: Outcome,
    pub(crate) records: Vec<Record>,
    /// Every nonce, in the order of use.
    pub(crate) nonces: Vec<String>,
    /// How long each look for readiness was to last.
    pub(crate) patience: Vec<Nanos>,
    /// Images that the daemon holds after the run.
    pub(crate) images: BTreeSet<String>,
    /// Records of the build cache after the run.
    pub(crate) build_records: Vec<String>,
    /// Containers after the run.
    pub(crate) containers: Vec<String>,
}

impl Finished {
    /// The lines that begin with one of these words, in order.
    pub(crate) fn lines_of(&self, words: &[&str]) -> String {
        let begins = |line: &&String| {
            let first = line.split(' ').next().unwrap_or_default();
            words.contains(&first)
        };
        self.lines
            .iter()
            .filter(begins)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Every line but what the watcher is told.
    pub(crate) fn work(&self) -> String {
        let is_work = |line: &&String| !line.starts_with("say ");
        self.lines
            .iter()
            .filter(is_work)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    }

    pub(crate) fn builds(&self) -> Vec<&BuildSample> {
        let mut builds = Vec::new();
        for record in &self.records {
            if let Record::Build(sample) = record {
                builds.push(&**sample);
            }
        }
        builds
    }

    pub(crate) fn starts(&self) -> Vec<&StartSample> {
        let mut starts = Vec::new();
        for record in &self.records {
            if let Record::Start(sample) = record {
                starts.push(&**sample);
            }
        }
        starts
    }

    pub(crate) fn bursts(&self) -> Vec<&BurstSample> {
        let bursts = self.records.iter().filter_map(|record| match record {
            Record::Burst(sample) => Some(&**sample),
            _ => None,
        });
        bursts.collect()
    }

    /// The run as it is read back from its records.
    pub(crate) fn as_run(&self, steps: Vec<String>) -> Run {
        let header = seatrial::store::load(Path::new("tests/fixtures/runs/quickstart-20.10-fuse-overlayfs"));
        let mut header = header.expect("a journal that is committed").header;
        header.steps = steps;
        let records = self.records.iter().cloned();
        let all = std::iter::once(Record::Run(Box::new(header))).chain(records);
        Run::from_records(all).expect("records of a run")
    }

    /// What stopped the run, with its cause.
    pub(crate) fn fault(&self) -> String {
        use std::error::Error as _;
        let fault = self.outcome.fault.as_ref().expect("a run that was aborted");
        let cause = fault.source().map(|cause| format!(": {cause}"));
        format!("{fault}{}", cause.unwrap_or_default())
    }

    /// Asserts that nothing of the run is left in the daemon.
    pub(crate) fn left_nothing(&self) {
        let images: Vec<_> = self
            .images
            .iter()
            .filter(|image| image.starts_with("seatrial/"))
            .collect();
        assert!(images.is_empty(), "images stay: {images:?}");
        assert!(
            self.containers.is_empty(),
            "containers stay: {:?}",
            self.containers
        );
        let own = |id: &&String| id.starts_with("layer-") || id.starts_with("context-");
        let records: Vec<_> = self.build_records.iter().filter(own).collect();
        assert!(records.is_empty(), "records of the build cache stay: {records:?}");
        assert!(
            self.outcome.left_behind.is_empty(),
            "said to stay: {:?}",
            self.outcome.left_behind
        );
    }
}
