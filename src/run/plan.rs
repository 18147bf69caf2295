//! What a run will do, in order: made from the scenario alone, before anything is touched.

use crate::digest::Digest;
use crate::scenario::{LayerState, Readiness, Scenario, StartCache, StartSettings, Variant};

/// Every build and start of a run, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What the order within rounds is made from.
    pub seed: u64,
    /// Builds first, then starts, then bursts.
    pub parts: Vec<Part>,
}

/// One piece of work on one variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Every step of the scenario, once, from the original files on.
    Builds(Turn),
    /// One start of the image that the last builds left.
    Start(Turn, StartCell),
    /// So many starts of that image at once.
    Burst(Turn, u32),
}

impl Part {
    /// Whose work it is, and in which round.
    #[must_use]
    pub const fn turn(&self) -> &Turn {
        match self {
            Self::Builds(turn) | Self::Start(turn, _) | Self::Burst(turn, _) => turn,
        }
    }
}

/// One of the ways and states in which each variant is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StartCell {
    /// How the container is reached.
    pub way: StartWay,
    /// What of the image is there before.
    pub cache: StartCache,
}

/// How a started container is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StartWay {
    /// With a network of its own, as users start it: by its published port, its own address, or what the engine tells.
    Published,
    /// From within a network namespace that is there before it, where that is permitted.
    Inside,
}

impl StartCell {
    /// Those in which a scenario may start its images.
    fn all(start: &StartSettings) -> Vec<Self> {
        let ways: &[StartWay] = match start.ready {
            Readiness::Network(_) => &StartWay::ALL,
            // Nobody asks: there is nothing to be looked at from within.
            Readiness::Engine(_) => &[StartWay::Published],
        };
        let caches = start.caches.iter();
        caches
            .flat_map(|cache| {
                ways.iter().map(|way| Self {
                    way: *way,
                    cache: *cache,
                })
            })
            .collect()
    }
}

impl StartWay {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Published, Self::Inside];

    /// Those that a run goes: `inside` where looking from within is permitted, `through_port` where a published port tells
    /// of readiness at all.
    #[must_use]
    pub const fn of(inside: bool, through_port: bool) -> &'static [Self] {
        match (inside, through_port) {
            (true, true) => &Self::ALL,
            (true, false) => &[Self::Inside],
            (false, _) => &[Self::Published],
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Inside => "inside",
        }
    }
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
        for (turn, ()) in turns(
            &scenario.variants,
            &[()],
            build.warmups,
            build.rounds,
            seed,
            "build",
        ) {
            parts.push(Part::Builds(turn));
        }
        if let Some(start) = &scenario.start {
            for (turn, cell) in turns(
                &scenario.variants,
                &StartCell::all(start),
                start.warmups,
                start.samples,
                seed,
                "start",
            ) {
                parts.push(Part::Start(turn, cell));
            }
            for (turn, containers) in turns(
                &scenario.variants,
                &start.bursts,
                start.warmups,
                start.samples,
                seed,
                "burst",
            ) {
                parts.push(Part::Burst(turn, containers));
            }
        }
        Self { seed, parts }
    }

    /// What is left of it without some parts.
    #[must_use]
    pub(super) fn without(&self, is_gone: impl Fn(&Part) -> bool) -> Self {
        let left = self.parts.iter().filter(|part| !is_gone(part));
        Self {
            seed: self.seed,
            parts: left.cloned().collect(),
        }
    }

    /// What of it is about some variants.
    #[must_use]
    pub(super) fn only(&self, is_wanted: impl Fn(&str) -> bool) -> Self {
        self.without(|part| !is_wanted(&part.turn().variant))
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

    /// Bursts of the plan, warm-ups included.
    #[must_use]
    pub fn bursts(&self) -> usize {
        let bursts = self.parts.iter().filter(|part| matches!(part, Part::Burst(..)));
        bursts.count()
    }

    /// Starts of the plan, warm-ups included, that are reached in one of these ways.
    #[must_use]
    pub fn starts(&self, ways: &[StartWay]) -> usize {
        self.parts
            .iter()
            .filter(|part| matches!(part, Part::Start(_, cell) if ways.contains(&cell.way)))
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

/// Every variant once per round and way, warm-up rounds first.
fn turns<T: Copy>(
    variants: &[Variant],
    ways: &[T],
    warmups: u32,
    rounds: u32,
    seed: u64,
    kind: &str,
) -> Vec<(Turn, T)> {
    let warmup_rounds = (1..=warmups).map(|round| (round, true));
    let measured_rounds = (1..=rounds).map(|round| (round, false));
    warmup_rounds
        .chain(measured_rounds)
        .flat_map(|(round, warmup)| {
            shuffled(variants, ways, &format!("{seed}\0{kind}\0{warmup}\0{round}"))
                .into_iter()
                .map(move |(variant, way)| {
                    let turn = Turn {
                        variant,
                        round,
                        warmup,
                    };
                    (turn, way)
                })
        })
        .collect()
}

/// The variants' names with each way, in an order that looks random and is the same on every machine for the same key:
/// sorted by a digest of key, name and, where there are several, way.
fn shuffled<T: Copy>(variants: &[Variant], ways: &[T], key: &str) -> Vec<(String, T)> {
    let mut all: Vec<_> = variants
        .iter()
        .flat_map(|variant| {
            let ways = ways.iter().enumerate();
            ways.map(|(number, way)| (variant.name.clone(), number, *way))
        })
        .collect();
    all.sort_by_cached_key(|(name, number, _)| match number {
        0 => Digest::of(format!("{key}\0{name}")),
        number => Digest::of(format!("{key}\0{name}\0{number}")),
    });
    all.into_iter().map(|(name, _, way)| (name, way)).collect()
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
        let turns = turns(&variants(&["a", "b", "c"]), &[()], 1, 4, 7, "build");
        assert_eq!(turns.len(), 15);
        for (index, round) in turns.chunks(3).enumerate() {
            let mut names: Vec<_> = round.iter().map(|(turn, ())| turn.variant.as_str()).collect();
            names.sort_unstable();
            assert_eq!(names, ["a", "b", "c"], "round {index}");
            assert!(round.iter().all(|(turn, ())| turn.warmup == (index == 0)));
        }
    }

    #[test]
    fn the_order_depends_on_the_seed_alone_and_each_order_comes_about_as_often() {
        let variants = variants(&["a", "b", "c"]);
        let order = |seed: u64| -> Vec<String> {
            let shuffled = shuffled(&variants, &[()], &seed.to_string());
            shuffled.into_iter().map(|(name, ())| name).collect()
        };
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

    #[test]
    fn each_way_of_each_variant_has_a_turn_in_every_round_and_no_place_of_its_own() {
        let variants = variants(&["a", "b"]);
        let mut firsts = BTreeMap::new();
        for seed in 0..2_000_u64 {
            let mut order = shuffled(&variants, &StartWay::ALL, &seed.to_string());
            *firsts.entry(order[0].clone()).or_insert(0_u32) += 1;
            order.sort();
            assert_eq!(order.len(), 4);
            order.dedup();
            assert_eq!(order.len(), 4);
        }
        // 500 each are expected, with a standard deviation of 19.
        assert!(
            firsts.len() == 4 && firsts.values().all(|count| (410..=590).contains(count)),
            "{firsts:?}"
        );
    }
}
