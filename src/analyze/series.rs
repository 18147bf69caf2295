//! The samples of one metric of one variant, and what they come to.

use std::collections::BTreeSet;

use super::burst_metric::BurstMetric;
use super::estimate::Estimate;
use super::metric::{Metric, MetricKind};
use super::start_metric::StartMetric;
use crate::results::{Bounded, BuildSample, BurstSample, Run, SampleKey, StartSample, Status};
use crate::scenario::{BuilderKind, ProbeTier, StartCache};
use crate::stats::{Sorted, median};

/// The samples of one metric of one variant. Of a metric without a step in its key, such as `image.size`, there is
/// a series for every step, since an edit may change it.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The variant.
    pub variant: String,
    /// The metric.
    pub metric: Metric,
    /// The step whose builds were measured; absent for a start.
    pub step: Option<String>,
    /// What was measured, warm-ups and invalid samples included, in the order in which it was taken.
    pub samples: Vec<Sample>,
    /// How many samples failed, warm-ups aside.
    pub failed: usize,
    /// How many samples were not taken under the planned conditions, warm-ups aside.
    pub invalid: usize,
    /// What the valid samples come to.
    pub estimate: Estimate,
}

/// One measured value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The round, from 1.
    pub round: u32,
    /// The position among all samples of the run, from 1.
    pub order: u32,
    /// The value, in the metric's unit.
    pub value: u64,
    /// The lower end of the interval in which the value truly lies; absent where there is none.
    pub low: Option<u64>,
    /// Whether nothing proved "not yet" before the value, so that it is an upper bound only.
    pub left_censored: bool,
    /// How readiness was looked for; absent for a build.
    pub tier: Option<ProbeTier>,
    /// Whether the value is used.
    pub standing: Standing,
}

/// Whether a measured value is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It enters statistics.
    Counted,
    /// It is a warm-up: kept, and never used.
    WarmUp,
    /// It was measured under other conditions than planned.
    Invalid,
}

impl Standing {
    /// A value with what keeps it out of statistics, where something does: "4.2 s (warm-up)".
    #[must_use]
    pub fn beside(self, value: impl std::fmt::Display) -> String {
        match self {
            Self::Counted => value.to_string(),
            Self::WarmUp => format!("{value} (warm-up)"),
            Self::Invalid => format!("{value} (invalid)"),
        }
    }
}

impl Series {
    /// The values that enter statistics, in the order in which they were taken.
    #[must_use]
    pub fn counted(&self) -> Vec<u64> {
        self.counted_samples().map(|sample| sample.value).collect()
    }

    /// The samples that enter statistics, in the order in which they were taken.
    pub fn counted_samples(&self) -> impl Iterator<Item = &Sample> {
        self.samples
            .iter()
            .filter(|sample| sample.standing == Standing::Counted)
    }

    /// The number of samples that should have counted: valid, failed and invalid ones.
    #[must_use]
    pub fn attempted(&self) -> usize {
        self.estimate.n() + self.failed + self.invalid
    }

    /// The median width of the samples' own intervals, in the metric's unit; absent where samples have none.
    #[must_use]
    pub fn uncertainty(&self) -> Option<f64> {
        let widths: Vec<u64> = self
            .counted_samples()
            .filter_map(|sample| sample.low.map(|low| sample.value.saturating_sub(low)))
            .collect();
        Sorted::of(&widths).map(|sorted| median(&sorted))
    }

    fn new(variant: &str, metric: Metric, step: Option<&str>) -> Self {
        Self {
            variant: variant.to_owned(),
            metric,
            step: step.map(str::to_owned),
            samples: Vec::new(),
            failed: 0,
            invalid: 0,
            estimate: Estimate::Missing,
        }
    }

    fn take(&mut self, key: &SampleKey, outcome: &Status, value: Option<Measured>) {
        if !key.warmup {
            match outcome {
                Status::Failed { .. } => self.failed += 1,
                Status::Invalid { .. } => self.invalid += 1,
                Status::Ok => {}
            }
        }
        // What failed has no number, whatever was measured before it did.
        let standing = match outcome {
            Status::Failed { .. } => return,
            Status::Invalid { .. } => Standing::Invalid,
            Status::Ok if key.warmup => Standing::WarmUp,
            Status::Ok => Standing::Counted,
        };
        if let Some(value) = value {
            self.samples.push(Sample {
                round: key.round,
                order: key.order,
                value: value.value,
                low: value.low,
                left_censored: value.left_censored,
                tier: value.tier,
                standing,
            });
        }
    }

    fn close(mut self) -> Option<Self> {
        if self.samples.is_empty() && self.failed + self.invalid == 0 {
            return None;
        }
        self.samples.sort_by_key(|sample| sample.order);
        self.estimate = Estimate::of(self.metric.kind(), &self.counted());
        Some(self)
    }
}

/// A value with what is known about it.
struct Measured {
    value: u64,
    low: Option<u64>,
    left_censored: bool,
    tier: Option<ProbeTier>,
}

impl Measured {
    const fn plain(value: u64) -> Self {
        Self {
            value,
            low: None,
            left_censored: false,
            tier: None,
        }
    }

    const fn bounded(bounded: Bounded, tier: ProbeTier) -> Self {
        Self {
            value: bounded.value_ns.0,
            low: Some(bounded.low_ns.0),
            left_censored: bounded.left_censored,
            tier: Some(tier),
        }
    }
}

/// Every series of a run that has samples or failures: builds by step and variant in the header's order, then starts.
pub(super) fn extract(run: &Run) -> Vec<Series> {
    let mut all = Vec::new();
    for step in &run.header.steps {
        for variant in &run.header.variants {
            let builds: Vec<&BuildSample> = run
                .builds
                .iter()
                .filter(|build| build.step == *step && build.key.variant == variant.name)
                .collect();
            for metric in [
                Metric::StepTime(step.clone()),
                Metric::StepRebuilt(step.clone()),
                Metric::StepSent(step.clone()),
                Metric::ContextSize,
                Metric::ContextFiles,
                Metric::ContextTar,
                Metric::ImageSize,
                Metric::ImageLayers,
            ] {
                if metric == Metric::ContextTar && variant.builder != BuilderKind::Classic {
                    continue;
                }
                let mut series = Series::new(&variant.name, metric, Some(step));
                for build in &builds {
                    let value = of_build(&series.metric, build);
                    series.take(&build.key, &build.outcome, value);
                }
                all.extend(series.close());
            }
        }
    }
    let looks_inside = run.starts.iter().any(|start| start.tier.is_inside());
    for cache in caches(run) {
        for what in StartMetric::ALL {
            if what.is_of_pull() && cache != StartCache::ColdPull {
                continue;
            }
            // Where some starts were looked at from within, those are for what is seen there, and the others for what users
            // see.
            let is_told_by = |start: &StartSample| match what {
                StartMetric::Client => matches!(start.tier, ProbeTier::Ip | ProbeTier::Published),
                // Of pulls one a round: those of the other way are pulls of the same image.
                _ if what.is_of_pull() || what == StartMetric::Ready => {
                    start.tier.is_inside() == looks_inside
                }
                StartMetric::App | StartMetric::Runtime => {
                    matches!(start.tier, ProbeTier::Trace | ProbeTier::Engine)
                }
                _ => start.tier.is_inside() || start.tier == ProbeTier::Engine,
            };
            for variant in &run.header.variants {
                let mut series = Series::new(&variant.name, Metric::Start(what, cache), None);
                for start in &run.starts {
                    if start.key.variant == variant.name && start.cache == cache && is_told_by(start) {
                        series.take(&start.key, &start.outcome, of_start(what, start));
                    }
                }
                all.extend(series.close());
            }
        }
    }
    all.extend(bursts(run));
    all
}

/// What is measured of bursts, by how many containers they are of.
fn bursts(run: &Run) -> impl Iterator<Item = Series> {
    let sizes: BTreeSet<u32> = run.bursts.iter().map(|burst| burst.containers).collect();
    let metrics = sizes
        .into_iter()
        .flat_map(|containers| BurstMetric::ALL.map(|what| (what, containers)));
    metrics.flat_map(move |(what, containers)| {
        run.header.variants.iter().filter_map(move |variant| {
            let mut series = Series::new(&variant.name, Metric::Burst(what, containers), None);
            for burst in &run.bursts {
                if burst.key.variant == variant.name && burst.containers == containers {
                    series.take(&burst.key, &burst.outcome, of_burst(what, burst));
                }
            }
            series.close()
        })
    })
}

fn of_burst(what: BurstMetric, burst: &BurstSample) -> Option<Measured> {
    let bounded = match what {
        BurstMetric::First => burst.first(),
        BurstMetric::Median => burst.median(),
        BurstMetric::Last => burst.last(),
        BurstMetric::Memory => return Some(Measured::plain(burst.memory_bytes?.0)),
        BurstMetric::Disk => return Some(Measured::plain(burst.written_bytes?.0)),
    };
    Some(Measured::bounded(bounded?, ProbeTier::Published))
}

fn of_build(metric: &Metric, build: &BuildSample) -> Option<Measured> {
    let context = build.context.as_ref();
    let image = build.image.as_ref();
    let value = match metric {
        Metric::StepTime(_) => build.duration_ns.map(|duration| duration.0),
        // A build without instructions was not listed by the daemon, which is not the same as fully cached.
        Metric::StepRebuilt(_) => {
            (!build.instructions.is_empty()).then(|| u64::try_from(build.rebuilt()).unwrap_or(u64::MAX))
        }
        Metric::StepSent(_) => context.map(|context| context.sent_bytes.0),
        Metric::ContextSize => context.map(|context| context.kept_bytes.0),
        Metric::ContextFiles => context.map(|context| context.kept_files),
        Metric::ContextTar => context.and_then(|context| context.tar_bytes).map(|tar| tar.0),
        Metric::ImageSize => image.map(|image| image.size_bytes.0),
        Metric::ImageLayers => image.map(|image| u64::from(image.layers)),
        Metric::Start(..) | Metric::Burst(..) => None,
    };
    debug_assert!(metric.kind() == MetricKind::Exact || metric.is_step_time());
    value.map(Measured::plain)
}

fn of_start(what: StartMetric, start: &StartSample) -> Option<Measured> {
    let state = start.state.as_ref();
    let plain = |value: u64| {
        Some(Measured {
            tier: Some(start.tier),
            ..Measured::plain(value)
        })
    };
    let bounded = match what {
        StartMetric::Client => start.client,
        StartMetric::Ready => start.ready,
        StartMetric::App => start.app,
        StartMetric::Runtime => return plain(start.runtime()?.0),
        StartMetric::Cpu => return plain(state?.cpu_ns?.0),
        StartMetric::Memory => return plain(state?.memory_bytes?.0),
        StartMetric::MajorFaults => return plain(state?.major_faults?),
        StartMetric::Read => return plain(state?.read_bytes?.0),
        StartMetric::Disk => return plain(state?.written_bytes?.0),
        StartMetric::Pull => return plain(start.pull.as_ref()?.duration_ns.0),
        StartMetric::PulledBytes => return plain(start.pull.as_ref()?.bytes.0),
        StartMetric::Download => return plain(start.pull.as_ref()?.download()?.0),
        StartMetric::Extract => return plain(start.pull.as_ref()?.extract()?.0),
    }?;
    Some(Measured::bounded(bounded, start.tier))
}

/// The states that images were started in, the usual one first.
fn caches(run: &Run) -> BTreeSet<StartCache> {
    run.starts.iter().map(|start| start.cache).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::specimen::Specimen;
    use crate::results::Pull;
    use crate::scenario::PullShape;
    use crate::unit::{ByteSize, Nanos};

    #[test]
    fn warm_ups_failed_and_invalid_samples_are_counted_apart() {
        let mut specimen = Specimen::new(&["naive"], &["cold"]);
        specimen.warm_up("naive", "cold", 900);
        for millis in [100, 120, 110] {
            specimen.build("naive", "cold", millis);
        }
        specimen.invalid("naive", "cold", 3, "it was fully cached");
        specimen.failed("naive", "cold", "exit code 1");
        let series = extract(&specimen.run());
        let time = series.iter().find(|series| series.metric.is_step_time()).unwrap();
        assert_eq!(time.counted(), [100_000_000, 120_000_000, 110_000_000]);
        assert_eq!((time.samples.len(), time.failed, time.invalid), (5, 1, 1));
        assert_eq!(time.attempted(), 5);
        assert!((time.estimate.timed().unwrap().median - 110e6).abs() < 1.0);
    }

    #[test]
    fn a_variant_that_only_failed_has_a_series_without_samples() {
        let mut specimen = Specimen::new(&["naive"], &["cold"]);
        specimen.failed("naive", "cold", "exit code 1");
        let series = extract(&specimen.run());
        assert_eq!(series[0].estimate, Estimate::Missing);
        assert_eq!(series[0].failed, 1);
    }

    #[test]
    fn of_pulls_one_a_round_counts_and_only_where_images_are_pulled() {
        let mut specimen = Specimen::new(&["naive"], &["cold"]);
        for (tier, millis) in [(ProbeTier::Trace, 70), (ProbeTier::Published, 90)] {
            let start = specimen.start("naive", Nanos::from_millis(300), Nanos::from_millis(1));
            start.tier = tier;
            start.cache = StartCache::ColdPull;
            start.pull = Some(Pull {
                duration_ns: Nanos::from_millis(millis),
                bytes: ByteSize(1_000),
                layers: Vec::new(),
                shape: PullShape::default(),
            });
        }
        specimen.start("naive", Nanos::from_millis(200), Nanos::from_millis(1));
        let series = extract(&specimen.run());
        let of = |key: &str| {
            let mut found = series.iter().filter(|series| series.metric.to_string() == key);
            let only = found.next().unwrap().counted();
            assert!(found.next().is_none(), "{key}");
            only
        };
        assert_eq!(of("start.pull"), [70_000_000]);
        assert_eq!(of("pull.bytes"), [1_000]);
    }

    #[test]
    fn the_uncertainty_of_starts_is_the_median_width_of_their_intervals() {
        let mut specimen = Specimen::new(&["naive"], &["cold"]);
        for (millis, width) in [(300, 2), (301, 4), (305, 9)] {
            specimen.start("naive", Nanos::from_millis(millis), Nanos::from_millis(width));
        }
        let series = extract(&specimen.run());
        let ready = series
            .iter()
            .find(|series| series.metric == Metric::Start(StartMetric::Ready, StartCache::Warm))
            .unwrap();
        assert!((ready.uncertainty().unwrap() - 4e6).abs() < 1.0);
    }
}
