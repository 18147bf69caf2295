//! What every commit of a replay costs, with every sample visible.

use super::axis::{Axis, AxisUnit};
use super::canvas::{Anchor, Area, Canvas, ChartError, Lettering, px};
use super::chart::{Source, sentence_case};
use super::key;
use super::lettering;
use super::marker;
use super::sheet::{Body, DataTable, Texts, described_by};
use super::theme::Ink;
use crate::analyze::{MetricUnit, ReplayCosts, Standing};
use crate::unit::Nanos;

const PLOT: i32 = 260;
const AXIS: i32 = 44;
/// The farthest that the marks of neighbouring variants of one commit are apart.
const APART: f64 = 12.0;

/// What every commit costs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Commits {
    texts: Texts,
    steps: Vec<String>,
    variants: Vec<Line>,
    nothing: Option<String>,
}

/// A variant's commits.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    variant: usize,
    name: String,
    label: String,
    commits: Vec<Point>,
}

#[derive(Clone, Debug, PartialEq)]
struct Point {
    samples: Vec<u64>,
    median: Option<f64>,
    free: bool,
}

impl Point {
    fn words(&self) -> (String, String) {
        if self.free {
            return ("free".to_owned(), "nothing to build".to_owned());
        }
        let median = self.median.map_or_else(
            || "–".to_owned(),
            |median| MetricUnit::Nanoseconds.show_rounded(median),
        );
        let samples: Vec<String> = self
            .samples
            .iter()
            .map(|sample| Nanos(*sample).to_string())
            .collect();
        (median, samples.join(", "))
    }
}

impl Commits {
    pub(super) fn of(source: &Source<'_>, costs: &ReplayCosts) -> Self {
        let show = |value: f64| MetricUnit::Nanoseconds.show_rounded(value);
        let variants: Vec<Line> = source
            .variants()
            .filter_map(|(variant, name)| {
                let cost = costs.variant(name)?;
                let per_commit = cost.per_commit.map_or_else(
                    || "no commit counts".to_owned(),
                    |summary| format!("{} a commit", show(summary.median)),
                );
                let total = cost
                    .total()
                    .map(|total| format!(", {} in all", show(total.median)))
                    .unwrap_or_default();
                Some(Line {
                    variant,
                    name: name.to_owned(),
                    label: format!("{per_commit}{total}"),
                    commits: cost
                        .commits
                        .iter()
                        .map(|commit| Point {
                            samples: commit.samples.clone(),
                            median: commit.cost(),
                            free: commit.free.is_some(),
                        })
                        .collect(),
                })
            })
            .collect();
        let steps: Vec<String> = costs
            .variants
            .first()
            .map(|cost| cost.commits.iter().map(|commit| commit.step.clone()).collect())
            .unwrap_or_default();
        let points = || variants.iter().flat_map(|line| &line.commits);
        let mut caption = String::from(
            "Each mark is one build of a commit, oldest commit first; the line joins the medians",
        );
        if points().any(|point| point.free) {
            caption.push_str("; a grey ring at zero is a commit with nothing to build, which counts as free");
        }
        caption.push('.');
        let described: Vec<String> = variants
            .iter()
            .map(|line| format!("{}: {}", line.name, line.label))
            .collect();
        let title = if source.analysis.sentence.metric.is_none() {
            sentence_case(&source.analysis.sentence.headline)
        } else {
            "What each commit costs".to_owned()
        };
        let any = points().any(|point| !point.samples.is_empty());
        Self {
            texts: Texts {
                name: "commits",
                title,
                subtitle: source.subtitle(),
                caption,
                description: described_by("Build time of each commit", &described),
            },
            nothing: (!any).then(|| source.nothing("No commit has a time to draw.")),
            steps,
            variants,
        }
    }
}

impl Body for Commits {
    fn texts(&self) -> &Texts {
        &self.texts
    }

    fn nothing(&self) -> Option<&str> {
        self.nothing.as_deref()
    }

    fn data(&self) -> DataTable {
        let mut table = DataTable::new(&["number", "commit", "variant", "median", "every sample"]);
        for (index, step) in self.steps.iter().enumerate() {
            for line in &self.variants {
                let Some(point) = line.commits.get(index) else {
                    continue;
                };
                let (median, samples) = point.words();
                table.row(&[&(index + 1).to_string(), step, &line.name, &median, &samples]);
            }
        }
        table
    }

    fn height(&self, _width: i32) -> i32 {
        key::height(self.variants.len()) + PLOT + AXIS
    }

    fn draw(&self, canvas: &mut Canvas<'_>, area: Area) -> Result<(), ChartError> {
        let lines = self
            .variants
            .iter()
            .map(|line| (line.variant, format!("{}: {}", line.name, line.label)));
        let plot = key::above_plot(canvas, area, AXIS, lines)?;
        self.plot(canvas, plot)
    }
}

impl Commits {
    fn plot(&self, canvas: &Canvas<'_>, area: Area) -> Result<(), ChartError> {
        let points = || self.variants.iter().flat_map(|line| &line.commits);
        let high = points()
            .flat_map(|point| &point.samples)
            .fold(0.0, |high: f64, sample| high.max(*sample as f64));
        let unit = AxisUnit::fitting(MetricUnit::Nanoseconds, high);
        let times = Axis::from_zero(high * 1.04, area.bottom - 6, area.top + 22);
        let muted = Lettering::SMALL.ink(Ink::Muted);
        let ticks: Vec<(f64, String)> = times
            .ticks(unit, 6)
            .into_iter()
            .map(|tick| (tick, unit.tick(tick)))
            .collect();
        let widest = ticks.iter().map(|(_, text)| lettering::width(text, 12)).max();
        let left = area.left + widest.unwrap_or(0) + 10;
        let title = format!("build time of a commit, {}", unit.name);
        canvas.text((area.left, area.top + 6), &title, muted)?;
        for (tick, text) in &ticks {
            let y = times.at(*tick);
            canvas.line(vec![(left, y), (area.right, y)], Ink::Grid, 1)?;
            canvas.text((left - 6, y), text, muted.anchor(Anchor::Right))?;
        }
        let width = f64::from(area.right - left) / self.steps.len().max(1) as f64;
        let middle = |index: usize| f64::from(left) + (index as f64 + 0.5) * width;
        self.numbers(canvas, area, left, &middle, width)?;
        let apart = APART.min(width / (self.variants.len() + 1) as f64);
        let between = (self.variants.len().saturating_sub(1)) as f64 / 2.0;
        for (place, line) in self.variants.iter().enumerate() {
            let at = |index: usize| px(middle(index) + (place as f64 - between) * apart);
            let medians: Vec<(i32, i32)> = line
                .commits
                .iter()
                .enumerate()
                .filter_map(|(index, point)| Some((at(index), times.at(point.median?))))
                .collect();
            if medians.len() > 1 {
                canvas.line(medians, Ink::Variant(line.variant), 1)?;
            }
            for (index, point) in line.commits.iter().enumerate() {
                if point.free {
                    canvas.circle((at(index), times.at(0.0)), 3, Ink::Muted, false)?;
                    continue;
                }
                for sample in &point.samples {
                    let y = times.at(*sample as f64);
                    marker::variant(canvas, (at(index), y), line.variant, Standing::Counted)?;
                }
            }
        }
        Ok(())
    }

    /// The axis of commits: a number under as many as there is room for.
    fn numbers(
        &self,
        canvas: &Canvas<'_>,
        area: Area,
        left: i32,
        middle: &dyn Fn(usize) -> f64,
        width: f64,
    ) -> Result<(), ChartError> {
        let muted = Lettering::SMALL.ink(Ink::Muted);
        let needed = f64::from(lettering::width(&self.steps.len().to_string(), 12) + 8);
        let every = usize::try_from(px((needed / width).ceil())).unwrap_or(1).max(1);
        for index in (0..self.steps.len()).step_by(every) {
            let at = (px(middle(index)), area.bottom + 10);
            canvas.text(at, &(index + 1).to_string(), muted.anchor(Anchor::Middle))?;
        }
        let title = (i32::midpoint(left, area.right), area.bottom + 30);
        canvas.text(title, "commit, oldest first", muted.anchor(Anchor::Middle))
    }
}
