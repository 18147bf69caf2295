//! What was done of a plan before its run was stopped.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{Part, Plan, StartCell, StartWay, Turn};
use crate::results::{BuildSample, Run, StartSample, Status, TurnKey};
use crate::scenario::ProbeTier;

/// What a run has done already, read from its journal; nothing for a new run.
#[derive(Clone, Debug, Default)]
pub struct Earlier {
    sessions: u32,
    last_order: u32,
    built: BTreeSet<TurnKey>,
    started: BTreeSet<(TurnKey, StartCell)>,
    released: BTreeSet<(TurnKey, u32)>,
    /// How readiness was looked for.
    probe: Option<ProbeTier>,
    given_up: BTreeSet<TurnKey>,
    /// Variants whose last turn failed, with the step that did.
    failed: BTreeMap<String, String>,
}

impl Earlier {
    /// Reads a run.
    ///
    /// A turn of builds counts where each of its steps has a sample. The steps of a turn find what those before them
    /// left in the daemon, so that a turn which was stopped in the middle is begun again.
    #[must_use]
    pub fn of(run: &Run) -> Self {
        let mut samples: BTreeMap<TurnKey, Vec<&BuildSample>> = BTreeMap::new();
        for build in &run.builds {
            samples.entry(TurnKey::of(&build.key)).or_default().push(build);
        }
        let (built, given_up): (BTreeMap<_, _>, BTreeMap<_, _>) = samples
            .into_iter()
            .partition(|(_, samples)| samples.len() == run.header.steps.len());
        let mut last_turns: Vec<_> = built.values().collect();
        last_turns.sort_by_key(|samples| samples.iter().map(|sample| sample.key.order).max());
        let mut failed = BTreeMap::new();
        for samples in last_turns {
            let is_failed = |sample: &&&BuildSample| matches!(sample.outcome, Status::Failed { .. });
            let Some(first) = samples.first() else { continue };
            let broken = if run.header.replay.is_some() {
                // A commit that does not build is none the worse for those after it.
                let built = samples.iter().rev().find(|sample| sample.free.is_none());
                built.filter(is_failed)
            } else {
                samples.iter().find(is_failed)
            };
            match broken {
                Some(sample) => failed.insert(first.key.variant.clone(), sample.step.clone()),
                None => failed.remove(&first.key.variant),
            };
        }
        let builds = run.builds.iter().chain(&run.given_up).map(|build| &build.key);
        let keys = builds
            .chain(run.starts.iter().map(|start| &start.key))
            .chain(run.bursts.iter().map(|burst| &burst.key));
        Self {
            sessions: u32::try_from(run.resumed.len()).unwrap_or(u32::MAX - 1) + 1,
            last_order: keys.map(|key| key.order).max().unwrap_or_default(),
            built: built.into_keys().collect(),
            started: run.starts.iter().map(of_start).collect(),
            released: run
                .bursts
                .iter()
                .map(|burst| (TurnKey::of(&burst.key), burst.containers))
                .collect(),
            probe: match &run.probe {
                Some(probe) => Some(probe.tier),
                // Versions that did not say so looked at the container's address.
                None => (!run.starts.is_empty()).then_some(ProbeTier::Ip),
            },
            given_up: given_up.into_keys().collect(),
            failed,
        }
    }

    /// How often the run was begun or resumed before.
    #[must_use]
    pub fn sessions(&self) -> u32 {
        self.sessions
    }

    /// The highest number of a sample; zero where there is none.
    pub(super) fn last_order(&self) -> u32 {
        self.last_order
    }

    /// Turns that were stopped in the middle, and are begun again.
    #[must_use]
    pub fn given_up(&self) -> Vec<TurnKey> {
        self.given_up.iter().cloned().collect()
    }

    /// Whether a part of the plan is done.
    #[must_use]
    pub fn has_done(&self, part: &Part) -> bool {
        match part {
            Part::Builds(turn) => self.built.contains(&key(turn)),
            Part::Start(turn, cell) => self.started.contains(&(key(turn), *cell)),
            Part::Burst(turn, containers) => self.released.contains(&(key(turn), *containers)),
        }
    }

    /// The last turn of builds of each variant that is done.
    pub(super) fn last_builds(&self, plan: &Plan) -> BTreeMap<String, Turn> {
        let done = plan.parts.iter().filter(|part| self.has_done(part));
        done.filter_map(|part| match part {
            Part::Builds(turn) => Some((turn.variant.clone(), turn.clone())),
            Part::Start(..) | Part::Burst(..) => None,
        })
        .collect()
    }

    /// How readiness was looked for, where it was.
    pub(super) fn probe(&self) -> Option<ProbeTier> {
        self.probe
    }

    /// Variants whose last turn failed, with the step that did.
    pub(super) fn failed(&self) -> &BTreeMap<String, String> {
        &self.failed
    }
}

/// The turn of a start, and how its container was reached.
fn of_start(start: &StartSample) -> (TurnKey, StartCell) {
    let way = if start.tier.is_inside() {
        StartWay::Inside
    } else {
        StartWay::Published
    };
    let cell = StartCell {
        way,
        cache: start.cache,
    };
    (TurnKey::of(&start.key), cell)
}

fn key(turn: &Turn) -> TurnKey {
    TurnKey {
        variant: turn.variant.clone(),
        round: turn.round,
        warmup: turn.warmup,
    }
}
