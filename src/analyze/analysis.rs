//! All that the samples of a run say.

use super::cache_traffic::CacheTraffic;
use super::comparison::{Comparison, compare_all};
use super::instruction_series::{InstructionSeries, instruction_series};
use super::metric::Metric;
use super::replay::ReplayCosts;
use super::sentence::Sentence;
use super::series::{Series, extract};
use super::timeline::{Timeline, timelines};
use super::warning::{Warning, warn};
use crate::results::Run;

/// All that the samples of a run say.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// What was measured and what it comes to: by step and variant in the header's order, then starts.
    pub series: Vec<Series>,
    /// The baseline against each other variant in every timed metric.
    pub comparisons: Vec<Comparison>,
    /// The instructions of each step and variant, in the header's order.
    pub instructions: Vec<InstructionSeries>,
    /// The build that stands for each step and variant, over time, in the header's order.
    pub timelines: Vec<Timeline>,
    /// What builds read from remote caches and stored in them, in the header's order.
    pub cache_traffic: Vec<CacheTraffic>,
    /// What the commits cost; absent where no repository was replayed.
    pub replay: Option<ReplayCosts>,
    /// The answer in one sentence.
    pub sentence: Sentence,
    /// What a reader must know before using the numbers.
    pub warnings: Vec<Warning>,
}

impl Analysis {
    /// Analyses a run, complete or not.
    #[must_use]
    pub fn of(run: &Run) -> Self {
        let series = extract(run);
        let comparisons = compare_all(run, &series);
        let replay = ReplayCosts::of(run);
        let sentence = Sentence::of(run, &series, &comparisons, replay.as_ref());
        let warnings = warn(run, &series);
        Self {
            instructions: instruction_series(run),
            timelines: timelines(run, &series),
            cache_traffic: CacheTraffic::of(run),
            series,
            comparisons,
            replay,
            sentence,
            warnings,
        }
    }

    /// The series of a metric whose key names its step, or of a start.
    #[must_use]
    pub fn series(&self, variant: &str, metric: &Metric) -> Option<&Series> {
        self.series
            .iter()
            .find(|series| series.variant == variant && series.metric == *metric)
    }

    /// The series of a metric of builds at one step.
    #[must_use]
    pub fn series_at(&self, variant: &str, metric: &Metric, step: &str) -> Option<&Series> {
        self.series.iter().find(|series| {
            series.variant == variant && series.metric == *metric && series.step.as_deref() == Some(step)
        })
    }

    /// The comparison of a metric between the baseline and another variant.
    #[must_use]
    pub fn comparison(&self, other: &str, metric: &Metric) -> Option<&Comparison> {
        self.comparisons
            .iter()
            .find(|comparison| comparison.other == other && comparison.metric == *metric)
    }
}
