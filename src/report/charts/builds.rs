//! Builds per step and variant, with every sample visible.

use super::axis::{Axis, AxisUnit};
use super::canvas::{Area, Canvas, ChartError, px};
use super::chart::{Source, sentence_case};
use super::lanes::{self, Frame, Group, Lane};
use super::marker;
use super::sheet::{Body, DataTable, Texts, described_by};
use super::theme::Ink;
use crate::analyze::{Metric, MetricUnit, Standing};
use crate::report::quantity::{Shown, ratio};
use crate::unit::Nanos;

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

/// The samples of a lane.
#[derive(Clone, Debug, Default, PartialEq)]
struct Strip {
    dots: Vec<Dot>,
    median: Option<f64>,
    interval: Option<(u64, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Dot {
    value: u64,
    standing: Standing,
}

impl Dot {
    fn words(&self) -> String {
        self.standing.beside(Nanos(self.value))
    }
}

impl Builds {
    pub(super) fn of(source: &Source<'_>) -> Self {
        let groups: Vec<Group<Strip>> = source
            .run
            .header
            .steps
            .iter()
            .map(|step| group(source, step))
            .filter(|group| !group.lanes.is_empty())
            .collect();
        let strips = || {
            groups
                .iter()
                .flat_map(|group| &group.lanes)
                .map(|lane| &lane.marks)
        };
        let any = strips().any(|strip| !strip.dots.is_empty());
        let interval = strips().any(|strip| strip.interval.is_some());
        let has = |standing| {
            strips()
                .flat_map(|strip| &strip.dots)
                .any(|dot| dot.standing == standing)
        };
        let mut caption = String::from(
            "Each mark is one build, from top to bottom in the order in which they were taken; the upright line is \
             the median",
        );
        if interval {
            caption.push_str(", the band its 95\u{a0}% interval");
        }
        if has(Standing::WarmUp) {
            caption.push_str("; a grey ring is a warm-up, which is not counted");
        }
        if has(Standing::Invalid) {
            caption.push_str("; a grey cross is an invalid build, which is not counted");
        }
        caption.push('.');
        let headline = if source.leads_with_a_build() {
            sentence_case(&source.analysis.sentence.headline)
        } else {
            "Build time of each step".to_owned()
        };
        let described: Vec<String> = groups
            .iter()
            .flat_map(|group| {
                group
                    .lanes
                    .iter()
                    .map(move |lane| format!("{}, {}: {}", group.name, lane.name, lane.value))
            })
            .collect();
        Self {
            texts: Texts {
                name: "builds",
                title: headline,
                subtitle: source.subtitle(),
                caption,
                description: described_by("Median build times", &described),
            },
            nothing: (!any).then(|| source.nothing("No build has a time to draw.")),
            groups,
        }
    }

    fn lane(&self) -> i32 {
        let most = self
            .groups
            .iter()
            .flat_map(|group| &group.lanes)
            .map(|lane| lane.marks.dots.len())
            .max();
        if most.unwrap_or(0) > FEW { TALL_LANE } else { LANE }
    }

    fn extremes(&self) -> (f64, f64) {
        let mut values = self
            .groups
            .iter()
            .flat_map(|group| &group.lanes)
            .flat_map(|lane| &lane.marks.dots)
            .map(|dot| dot.value as f64);
        let first = values.next().unwrap_or(1.0);
        values.fold((first, first), |(low, high), value| {
            (low.min(value), high.max(value))
        })
    }
}

fn group(source: &Source<'_>, step: &str) -> Group<Strip> {
    let metric = Metric::StepTime(step.to_owned());
    let lanes = source
        .variants()
        .filter_map(|(variant, name)| {
            let series = source.analysis.series(name, &metric)?;
            let shown = Shown::of(Some(series));
            let summary = series.estimate.timed();
            Some(Lane {
                variant,
                name: name.to_owned(),
                value: shown.value,
                lost: shown.lost,
                marks: Strip {
                    dots: series
                        .samples
                        .iter()
                        .map(|sample| Dot {
                            value: sample.value,
                            standing: sample.standing,
                        })
                        .collect(),
                    median: summary.map(|summary| summary.median),
                    interval: summary
                        .and_then(|summary| summary.interval)
                        .map(|interval| (interval.low, interval.high)),
                },
            })
        })
        .collect();
    Group {
        name: step.to_owned(),
        remark: source
            .only_comparison(&metric)
            .filter(|_| !source.run.header.quick)
            .and_then(|comparison| {
                let ratio = ratio(comparison)?;
                Some(format!("{} ÷ {} {ratio}", comparison.other, comparison.baseline))
            })
            .unwrap_or_default(),
        lanes,
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
        let mut table = DataTable::new(&["step", "variant", "median", "every sample"]);
        for group in &self.groups {
            for lane in &group.lanes {
                let samples: Vec<String> = lane.marks.dots.iter().map(Dot::words).collect();
                table.row(&[&group.name, &lane.name, &lane.value, &samples.join(", ")]);
            }
        }
        table
    }

    fn height(&self, _width: i32) -> i32 {
        lanes::height(&self.groups, self.lane())
    }

    fn draw(&self, canvas: &mut Canvas<'_>, area: Area) -> Result<(), ChartError> {
        let layout = lanes::layout(&self.groups, area.width());
        let (low, high) = self.extremes();
        let axis = Axis::for_dots(low, high, layout.plot_left + 6, layout.plot_right - 6);
        let unit = AxisUnit::fitting(MetricUnit::Nanoseconds, high);
        let scale = if axis.is_log() { ", logarithmic scale" } else { "" };
        let axis_title = format!("build time, {}{scale}", unit.name);
        let frame = Frame {
            axis,
            unit,
            axis_title: &axis_title,
            lane: self.lane(),
        };
        lanes::draw(canvas, area, &self.groups, &frame, |canvas, row, lane| {
            strip(canvas, row, &axis, lane)
        })
    }
}

fn strip(canvas: &Canvas<'_>, row: Area, axis: &Axis, lane: &Lane<Strip>) -> Result<(), ChartError> {
    let marks = &lane.marks;
    if let Some((low, high)) = marks.interval {
        let band = Area {
            left: axis.at(low as f64) - 1,
            right: axis.at(high as f64) + 1,
            top: row.top + 2,
            bottom: row.bottom - 2,
        };
        canvas.fill(band, Ink::Variant(lane.variant), 0.22)?;
    }
    let last = marks.dots.len().saturating_sub(1).max(1) as f64;
    for (index, dot) in marks.dots.iter().enumerate() {
        // A single dot stands in the middle of its lane.
        let share = if marks.dots.len() == 1 {
            0.5
        } else {
            index as f64 / last
        };
        let y = f64::from(row.top + 8) + share * f64::from(row.bottom - row.top - 16);
        marker::variant(
            canvas,
            (axis.at(dot.value as f64), px(y)),
            lane.variant,
            dot.standing,
        )?;
    }
    // Notches beside the dots and a thin line over them, so that neither hides the other where dots are close.
    if let Some(median) = marks.median {
        let x = axis.at(median);
        canvas.line(vec![(x, row.top), (x, row.bottom)], Ink::Foreground, 1)?;
        canvas.line(vec![(x, row.top), (x, row.top + 5)], Ink::Foreground, 3)?;
        canvas.line(vec![(x, row.bottom - 5), (x, row.bottom)], Ink::Foreground, 3)?;
    }
    Ok(())
}
