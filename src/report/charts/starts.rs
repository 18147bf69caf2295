//! Starts by metric and variant, every one with the interval in which it truly lies.

use super::canvas::{Area, Canvas, ChartError};
use super::chart::{Source, sentence_case};
use super::lanes::{self, Group};
use super::sheet::{Body, DataTable, Texts, described_by};
use super::strip::{self, Strip};
use crate::analyze::{Metric, StartMetric};
use crate::scenario::StartCache;

/// The height of a lane: the intervals of twenty starts below each other can be told apart in it.
const LANE: i32 = 64;

/// Starts by metric and variant.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Starts {
    texts: Texts,
    groups: Vec<Group<Strip>>,
    nothing: Option<String>,
}

impl Starts {
    /// The times that a reader compares: for each state of the image what the image takes, or where that is not known
    /// what the start takes, and what users wait for; and before that the pull.
    pub(super) fn of(source: &Source<'_>) -> Self {
        let metrics = StartCache::ALL.into_iter().flat_map(|cache| {
            let own = [StartMetric::App, StartMetric::Ready]
                .into_iter()
                .find(|what| is_measured(source, &Metric::Start(*what, cache)));
            let pull = (cache == StartCache::ColdPull).then_some(StartMetric::Pull);
            let metrics = pull.into_iter().chain(own).chain([StartMetric::Client]);
            metrics.map(move |what| Metric::Start(what, cache))
        });
        let groups: Vec<_> = metrics
            .map(|metric| strip::group(source, metric.to_string(), &metric))
            .filter(|group| !group.lanes.is_empty())
            .collect();
        let caption = format!(
            "Each mark is one start, from top to bottom in the order in which they were taken; the line to its left is the \
             interval in which it truly lies. The upright line is the median{}",
            strip::legend(&groups, "start")
        );
        let lead = source.analysis.sentence.metric.as_ref();
        let title = if lead.is_some_and(Metric::is_start) {
            sentence_case(&source.analysis.sentence.headline)
        } else {
            "Start time by state of the image".to_owned()
        };
        let any = strip::samples(&groups).next().is_some();
        Self {
            texts: Texts {
                name: "starts",
                title,
                subtitle: source.subtitle(),
                caption,
                description: described_by("Median start times", &strip::described(&groups)),
            },
            nothing: (!any).then(|| source.nothing("No start has a time to draw.")),
            groups,
        }
    }
}

fn is_measured(source: &Source<'_>, metric: &Metric) -> bool {
    let series = |(_, name)| source.analysis.series(name, metric);
    source
        .variants()
        .filter_map(series)
        .any(|series| !series.samples.is_empty())
}

impl Body for Starts {
    fn texts(&self) -> &Texts {
        &self.texts
    }

    fn nothing(&self) -> Option<&str> {
        self.nothing.as_deref()
    }

    fn data(&self) -> DataTable {
        strip::data(&self.groups, "metric")
    }

    fn height(&self, _width: i32) -> i32 {
        lanes::height(&self.groups, LANE)
    }

    fn draw(&self, canvas: &mut Canvas<'_>, area: Area) -> Result<(), ChartError> {
        strip::draw(canvas, area, &self.groups, "time", LANE)
    }
}
