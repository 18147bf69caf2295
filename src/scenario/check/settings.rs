//! Settings that several places can set: command line > scenario > defaults > built in.

use std::path::PathBuf;

use crate::scenario::file::{BuildTable, DefaultsTable, DurationText, StartTable, VariantDefaults};
use crate::scenario::{BuilderKind, Origin, Overrides, ProbeTier, Provenance};
use crate::unit::Nanos;

const ROUNDS: u32 = 10;
const BUILD_WARMUPS: u32 = 1;
const BUILD_TIMEOUT: Nanos = Nanos::from_secs(600);
const START_SAMPLES: u32 = 20;
const START_WARMUPS: u32 = 1;
const START_TIMEOUT: Nanos = Nanos::from_secs(60);

/// How often and how long to build.
#[derive(Clone, Copy, Debug)]
pub(super) struct BuildCounts {
    pub(super) rounds: u32,
    pub(super) warmups: u32,
    pub(super) timeout: Nanos,
}

/// How often and how long to start.
#[derive(Clone, Copy, Debug)]
pub(super) struct StartCounts {
    pub(super) samples: u32,
    pub(super) warmups: u32,
    pub(super) timeout: Nanos,
    pub(super) probe: Option<ProbeTier>,
}

/// One setting as each place gives it.
struct Layers<T> {
    command_line: Option<T>,
    scenario: Option<T>,
    defaults: Option<T>,
    built_in: T,
}

/// Lays the places over each other, and notes which one won.
#[derive(Debug)]
pub(super) struct Settings<'input> {
    pub(super) overrides: &'input Overrides,
    pub(super) defaults: Option<DefaultsTable>,
    pub(super) defaults_path: PathBuf,
}

impl Settings<'_> {
    /// The settings of `[build]`.
    pub(super) fn build(&self, table: &BuildTable, provenance: &mut Provenance) -> BuildCounts {
        let defaults = self
            .defaults
            .as_ref()
            .and_then(|defaults| defaults.build.as_ref());
        let quick = self.overrides.quick;
        let rounds = Layers {
            command_line: self.overrides.rounds.or(quick.then_some(1)),
            scenario: table.rounds,
            defaults: defaults.and_then(|defaults| defaults.rounds),
            built_in: ROUNDS,
        };
        let warmups = Layers {
            command_line: quick.then_some(0),
            scenario: table.warmups,
            defaults: defaults.and_then(|defaults| defaults.warmups),
            built_in: BUILD_WARMUPS,
        };
        let timeout = Layers {
            command_line: None,
            scenario: table.timeout.map(nanos),
            defaults: defaults.and_then(|defaults| defaults.timeout).map(nanos),
            built_in: BUILD_TIMEOUT,
        };
        BuildCounts {
            rounds: self.pick("build.rounds", rounds, provenance),
            warmups: self.pick("build.warmups", warmups, provenance),
            timeout: self.pick("build.timeout", timeout, provenance),
        }
    }

    /// The builder of variants that name none, and who says so.
    pub(super) fn builder(&self, table: &BuildTable, provenance: &mut Provenance) -> (BuilderKind, Origin) {
        const SETTING: &str = "build.builder";
        let defaults = self
            .defaults
            .as_ref()
            .and_then(|defaults| defaults.build.as_ref());
        let builder = Layers {
            command_line: None,
            scenario: table.builder,
            defaults: defaults.and_then(|defaults| defaults.builder),
            built_in: BuilderKind::default(),
        };
        let builder = self.pick(SETTING, builder, provenance);
        (builder, provenance.of(SETTING).clone())
    }

    /// What variants get that do not say otherwise, and who says so.
    pub(super) fn variant(&self) -> (VariantDefaults, Origin) {
        let defaults = self.defaults.as_ref();
        let defaults = defaults.and_then(|defaults| defaults.variant.clone());
        (
            defaults.unwrap_or_default(),
            Origin::Defaults(self.defaults_path.clone()),
        )
    }

    /// The settings of `[start]`.
    pub(super) fn start(&self, table: &StartTable, provenance: &mut Provenance) -> StartCounts {
        let defaults = self
            .defaults
            .as_ref()
            .and_then(|defaults| defaults.start.as_ref());
        let quick = self.overrides.quick;
        let default_samples = defaults.and_then(|defaults| defaults.samples);
        let usual = table.samples.or(default_samples).unwrap_or(START_SAMPLES);
        let samples = Layers {
            command_line: self
                .overrides
                .starts
                .or(quick.then_some(usual.min(Overrides::QUICK_STARTS))),
            scenario: table.samples,
            defaults: default_samples,
            built_in: START_SAMPLES,
        };
        let warmups = Layers {
            command_line: quick.then_some(0),
            scenario: table.warmups,
            defaults: defaults.and_then(|defaults| defaults.warmups),
            built_in: START_WARMUPS,
        };
        let timeout = Layers {
            command_line: None,
            scenario: table.timeout.map(nanos),
            defaults: defaults.and_then(|defaults| defaults.timeout).map(nanos),
            built_in: START_TIMEOUT,
        };
        let asks = table.ready.as_ref().is_none_or(|ready| ready.http.is_some());
        if asks && table.ready.as_ref().is_none_or(|ready| ready.status.is_none()) {
            provenance.note("start.ready.status", Origin::BuiltIn);
        }
        StartCounts {
            samples: self.pick("start.samples", samples, provenance),
            warmups: self.pick("start.warmups", warmups, provenance),
            timeout: self.pick("start.timeout", timeout, provenance),
            probe: self.overrides.probe,
        }
    }

    fn pick<T>(&self, key: &str, layers: Layers<T>, provenance: &mut Provenance) -> T {
        let (value, origin) = if let Some(value) = layers.command_line {
            (value, Origin::CommandLine)
        } else if let Some(value) = layers.scenario {
            (value, Origin::Scenario)
        } else if let Some(value) = layers.defaults {
            (value, Origin::Defaults(self.defaults_path.clone()))
        } else {
            (layers.built_in, Origin::BuiltIn)
        };
        provenance.note(key, origin);
        value
    }
}

fn nanos(duration: DurationText) -> Nanos {
    duration.0
}
