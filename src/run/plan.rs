//! What a run will do, in order: made from the scenario alone, before anything is touched.

use crate::digest::Digest;
use crate::scenario::{LayerState, Scenario, Variant};

/// Every build and start of a run, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What the order within rounds is made from.
    pub seed: u64,
    /// Builds first, then starts.
    pub parts: Vec<Part>,
}

/// One piece of work on one variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Every step of the scenario, once, from the original files on.
    Builds(Turn),
    /// One start of the image that the last builds left.
    Start(Turn),
}

/// One variant's turn in a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The variant.
    pub variant: String,
    /// The round, from 1; warm-up rounds count from 1 as well.
    pub round: u32,
    /// Whether the round is a warm-up.
    pub warmup: bool,
}

impl Plan {
    /// Plans a scenario. The same scenario and seed give the same plan.
    #[must_use]
    pub fn of(scenario: &Scenario, seed: u64) -> Self {
        let mut parts = Vec::new();
        let build = &scenario.build;
        for turn in turns(&scenario.variants, build.warmups, build.rounds, seed, "build") {
            parts.push(Part::Builds(turn));
        }
        if let Some(start) = &scenario.start {
            for turn in turns(&scenario.variants, start.warmups, start.samples, seed, "start") {
                parts.push(Part::Start(turn));
            }
        }
        Self { seed, parts }
    }

    /// Builds of the plan, warm-ups included.
    #[must_use]
    pub fn builds(&self, scenario: &Scenario) -> usize {
        let turns = self
            .parts
            .iter()
            .filter(|part| matches!(part, Part::Builds(_)))
            .count();
        turns * scenario.build.steps.len()
    }

    /// Starts of the plan, warm-ups included.
    #[must_use]
    pub fn starts(&self) -> usize {
        self.parts
            .iter()
            .filter(|part| matches!(part, Part::Start(_)))
            .count()
    }
}

/// A build at the beginning of a turn that is not measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Priming {
    /// Whether it also exports what it did to the remote cache.
    pub(super) export: bool,
}

/// The build that a turn must begin with, so that its steps find the state that they name: results to reuse for the
/// first step, and a remote cache for one that imports from it before any step has exported.
pub(super) fn priming(scenario: &Scenario) -> Option<Priming> {
    let steps = &scenario.build.steps;
    let reuses = steps
        .first()
        .is_some_and(|step| step.cache.layers == LayerState::Primed);
    let uses_cache = steps
        .iter()
        .find(|step| step.export_cache || step.cache.layers == LayerState::Imported);
    let export = uses_cache.is_some_and(|step| step.cache.layers == LayerState::Imported);
    (reuses || export).then_some(Priming { export })
}

/// Every variant once per round, warm-up rounds first.
fn turns(variants: &[Variant], warmups: u32, rounds: u32, seed: u64, kind: &str) -> Vec<Turn> {
    let warmup_rounds = (1..=warmups).map(|round| (round, true));
    let measured_rounds = (1..=rounds).map(|round| (round, false));
    warmup_rounds
        .chain(measured_rounds)
        .flat_map(|(round, warmup)| {
            shuffled(variants, &format!("{seed}\0{kind}\0{warmup}\0{round}"))
                .into_iter()
                .map(move |variant| Turn {
                    variant,
                    round,
                    warmup,
                })
        })
        .collect()
}

/// The variants' names in an order that looks random and is the same on every machine for the same key: sorted by a
/// digest of key and name.
fn shuffled(variants: &[Variant], key: &str) -> Vec<String> {
    let mut names: Vec<_> = variants.iter().map(|variant| variant.name.clone()).collect();
    names.sort_by_cached_key(|name| Digest::of(format!("{key}\0{name}")));
    names
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use super::*;
    use crate::scenario::{BuildOptions, BuilderKind};

    fn variants(names: &[&str]) -> Vec<Variant> {
        names
            .iter()
            .map(|name| Variant {
                name: (*name).to_owned(),
                dockerfile: PathBuf::from("Dockerfile"),
                ignore: None,
                args: BTreeMap::new(),
                base: None,
                target: None,
                builder: BuilderKind::Buildkit,
                options: BuildOptions::default(),
                baseline: false,
            })
            .collect()
    }

    #[test]
    fn every_variant_has_one_turn_in_every_round() {
        let turns = turns(&variants(&["a", "b", "c"]), 1, 4, 7, "build");
        assert_eq!(turns.len(), 15);
        for (index, round) in turns.chunks(3).enumerate() {
            let mut names: Vec<_> = round.iter().map(|turn| turn.variant.as_str()).collect();
            names.sort_unstable();
            assert_eq!(names, ["a", "b", "c"], "round {index}");
            assert!(round.iter().all(|turn| turn.warmup == (index == 0)));
        }
    }

    #[test]
    fn the_order_depends_on_the_seed_alone_and_each_order_comes_about_as_often() {
        let variants = variants(&["a", "b", "c"]);
        let order = |seed: u64| shuffled(&variants, &seed.to_string());
        assert_eq!(order(1), order(1));
        let mut counts: BTreeMap<Vec<String>, u32> = BTreeMap::new();
        for seed in 0..6_000 {
            *counts.entry(order(seed)).or_default() += 1;
        }
        assert_eq!(counts.len(), 6);
        // 1000 each are expected, with a standard deviation of 29.
        assert!(
            counts.values().all(|count| (870..=1_130).contains(count)),
            "{counts:?}"
        );
    }
}
