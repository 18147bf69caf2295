//! Builds per step and variant, with every sample visible.

use super::canvas::{Area, Canvas, ChartError};
use super::chart::{Source, sentence_case};
use super::lanes::{self, Group};
use super::sheet::{Body, DataTable, Texts, described_by};
use super::strip::{self, Strip};
use crate::analyze::Metric;

/// The height of a lane of few samples; more of them need more room to be told apart.
const LANE: i32 = 28;
const TALL_LANE: i32 = 42;
/// Up to this many samples fit into a low lane.
const FEW: usize = 6;

/// Builds per step and variant.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Builds {
    texts: Texts,
    groups: Vec<Group<Strip>>,
    nothing: Option<String>,
}

impl Builds {
    pub(super) fn of(source: &Source<'_>) -> Self {
        let steps = source.run.header.steps.iter();
        let groups: Vec<Group<Strip>> = steps
            .map(|step| strip::group(source, step.clone(), &Metric::StepTime(step.clone())))
            .filter(|group| !group.lanes.is_empty())
            .collect();
        let caption = format!(
            "Each mark is one build, from top to bottom in the order in which they were taken; the upright line is \
             the median{}",
            strip::legend(&groups, "build")
        );
        let headline = if source.leads_with_a_build() {
            sentence_case(&source.analysis.sentence.headline)
        } else {
            "Build time of each step".to_owned()
        };
        let any = strip::samples(&groups).next().is_some();
        Self {
            texts: Texts {
                name: "builds",
                title: headline,
                subtitle: source.subtitle(),
                caption,
                description: described_by("Median build times", &strip::described(&groups)),
            },
            nothing: (!any).then(|| source.nothing("No build has a time to draw.")),
            groups,
        }
    }

    fn lane(&self) -> i32 {
        let lanes = self.groups.iter().flat_map(|group| &group.lanes);
        let most = lanes.map(|lane| lane.marks.samples.len()).max();
        if most.unwrap_or(0) > FEW { TALL_LANE } else { LANE }
    }
}

impl Body for Builds {
    fn texts(&self) -> &Texts {
        &self.texts
    }

    fn nothing(&self) -> Option<&str> {
        self.nothing.as_deref()
    }

    fn data(&self) -> DataTable {
        strip::data(&self.groups, "step")
    }

    fn height(&self, _width: i32) -> i32 {
        lanes::height(&self.groups, self.lane())
    }

    fn draw(&self, canvas: &mut Canvas<'_>, area: Area) -> Result<(), ChartError> {
        strip::draw(canvas, area, &self.groups, "build time", self.lane())
    }
}
