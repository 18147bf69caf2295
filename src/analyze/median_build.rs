//! The build that stands for a step.

use super::metric::Metric;
use super::series::Series;
use crate::results::{BuildSample, Run};

/// The valid build of a variant at a step whose time is nearest to the median; the earlier of two that are equally near.
/// The parts of one build add up to its time, which medians of parts would not.
#[must_use]
pub fn median_build<'run>(
    run: &'run Run,
    series: &[Series],
    variant: &str,
    step: &str,
) -> Option<&'run BuildSample> {
    let metric = Metric::StepTime(step.to_owned());
    let series = series
        .iter()
        .find(|series| series.variant == variant && series.metric == metric)?;
    let median = series.estimate.timed()?.median;
    run.counted_builds(variant, step)
        .filter_map(|build| Some(((build.duration_ns?.0 as f64 - median).abs(), build)))
        .reduce(|best, next| if next.0 < best.0 { next } else { best })
        .map(|(_, build)| build)
}
