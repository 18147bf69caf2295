//! The samples of one metric of one variant, and what they come to.

use super::estimate::Estimate;
use super::metric::{Metric, MetricKind};
use crate::results::{BuildSample, ProbeTier, Run, SampleKey, StartSample, Status};
use crate::scenario::BuilderKind;

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
        let mut widths: Vec<u64> = self
            .counted_samples()
            .filter_map(|sample| sample.low.map(|low| sample.value.saturating_sub(low)))
            .collect();
        widths.sort_unstable();
        let middle = widths.len() / 2;
        match widths.len() {
            0 => None,
            odd if odd % 2 == 1 => Some(widths[middle] as f64),
            _ => Some(widths[middle - 1] as f64 / 2.0 + widths[middle] as f64 / 2.0),
        }
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
    tier: Option<ProbeTier>,
}

impl Measured {
    const fn plain(value: u64) -> Self {
        Self {
            value,
            low: None,
            tier: None,
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
    for metric in [Metric::StartReady, Metric::StartClient] {
        for variant in &run.header.variants {
            let mut series = Series::new(&variant.name, metric.clone(), None);
            for start in &run.starts {
                if start.key.variant == variant.name {
                    series.take(&start.key, &start.outcome, of_start(&metric, start));
                }
            }
            all.extend(series.close());
        }
    }
    all
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
        Metric::StartClient | Metric::StartReady => None,
    };
    debug_assert!(metric.kind() == MetricKind::Exact || metric.is_step_time());
    value.map(Measured::plain)
}

fn of_start(metric: &Metric, start: &StartSample) -> Option<Measured> {
    let bounded = match metric {
        Metric::StartClient => start.client,
        Metric::StartReady => start.ready,
        _ => None,
    }?;
    Some(Measured {
        value: bounded.value_ns.0,
        low: Some(bounded.low_ns.0),
        tier: Some(start.tier),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::specimen::Specimen;
    use crate::unit::Nanos;

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
    fn the_uncertainty_of_starts_is_the_median_width_of_their_intervals() {
        let mut specimen = Specimen::new(&["naive"], &["cold"]);
        for (millis, width) in [(300, 2), (301, 4), (305, 9)] {
            specimen.start("naive", Nanos::from_millis(millis), Nanos::from_millis(width));
        }
        let series = extract(&specimen.run());
        let ready = series
            .iter()
            .find(|series| series.metric == Metric::StartReady)
            .unwrap();
        assert!((ready.uncertainty().unwrap() - 4e6).abs() < 1.0);
    }
}
