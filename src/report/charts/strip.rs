//! Strips of samples: a lane for each variant, every sample a mark, from top to bottom in the order in which they were
//! taken, with the interval in which it truly lies where there is one, the median and its interval.

use super::axis::{Axis, AxisUnit};
use super::canvas::{Area, Canvas, ChartError, px};
use super::chart::Source;
use super::lanes::{self, Frame, Group, Lane};
use super::marker;
use super::sheet::DataTable;
use super::theme::Ink;
use crate::analyze::{Metric, MetricUnit, Sample, Standing};
use crate::report::quantity::{Shown, ratio};
use crate::unit::Nanos;

/// The samples of a lane.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Strip {
    pub(super) samples: Vec<Sample>,
    median: Option<f64>,
    interval: Option<(u64, u64)>,
}

/// The lanes of a metric, by variant.
pub(super) fn group(source: &Source<'_>, name: String, metric: &Metric) -> Group<Strip> {
    let lanes = source.variants().filter_map(|(variant, name)| {
        let series = source.analysis.series(name, metric)?;
        let shown = Shown::of(Some(series));
        let summary = series.estimate.timed();
        Some(Lane {
            variant,
            name: name.to_owned(),
            value: shown.value,
            lost: shown.lost,
            marks: Strip {
                samples: series.samples.clone(),
                median: summary.map(|summary| summary.median),
                interval: summary
                    .and_then(|summary| summary.interval)
                    .map(|interval| (interval.low, interval.high)),
            },
        })
    });
    let compared = source.only_comparison(metric);
    let told = compared.filter(|_| !source.run.header.quick);
    let remark = told.and_then(|comparison| {
        let ratio = ratio(comparison)?;
        Some(format!("{} ÷ {} {ratio}", comparison.other, comparison.baseline))
    });
    Group {
        name,
        remark: remark.unwrap_or_default(),
        lanes: lanes.collect(),
    }
}

fn strips(groups: &[Group<Strip>]) -> impl Iterator<Item = &Strip> {
    let lanes = groups.iter().flat_map(|group| &group.lanes);
    lanes.map(|lane| &lane.marks)
}

/// All samples that are drawn.
pub(super) fn samples(groups: &[Group<Strip>]) -> impl Iterator<Item = &Sample> {
    strips(groups).flat_map(|strip| &strip.samples)
}

/// What the marks are, as the end of a caption that has told of mark and median; `noun` is what a sample is of.
pub(super) fn legend(groups: &[Group<Strip>], noun: &str) -> String {
    let has = |what: fn(&Sample) -> bool| samples(groups).any(what);
    let mut text = String::new();
    if strips(groups).any(|strip| strip.interval.is_some()) {
        text.push_str(", the band its 95\u{a0}% interval");
    }
    if has(|sample| sample.left_censored) {
        text.push_str("; an arrow was ready before it was first looked at");
    }
    if has(|sample| sample.standing == Standing::WarmUp) {
        text.push_str("; a grey ring is a warm-up, which is not counted");
    }
    if has(|sample| sample.standing == Standing::Invalid) {
        text.push_str("; a grey cross is an invalid ");
        text.push_str(noun);
        text.push_str(", which is not counted");
    }
    text.push('.');
    text
}

/// Each lane with its value, in words.
pub(super) fn described(groups: &[Group<Strip>]) -> Vec<String> {
    let lanes = groups.iter().flat_map(|group| {
        let lanes = group.lanes.iter();
        lanes.map(move |lane| format!("{}, {}: {}", group.name, lane.name, lane.value))
    });
    lanes.collect()
}

/// Every sample in words; `heading` names what a group is.
pub(super) fn data(groups: &[Group<Strip>], heading: &str) -> DataTable {
    let mut table = DataTable::new(&[heading, "variant", "median", "every sample"]);
    for group in groups {
        for lane in &group.lanes {
            let samples: Vec<String> = lane.marks.samples.iter().map(words).collect();
            table.row(&[&group.name, &lane.name, &lane.value, &samples.join(", ")]);
        }
    }
    table
}

/// A sample in words, with its interval.
fn words(sample: &Sample) -> String {
    let value = Nanos(sample.value);
    let told = match sample.low {
        Some(low) if sample.left_censored => format!("{value} (from {}, ready before)", Nanos(low)),
        Some(low) => format!("{value} (from {})", Nanos(low)),
        None => value.to_string(),
    };
    sample.standing.beside(told)
}

fn extremes(groups: &[Group<Strip>]) -> (f64, f64) {
    let lowest = samples(groups)
        .map(|sample| sample.low.unwrap_or(sample.value))
        .min();
    let highest = samples(groups).map(|sample| sample.value).max();
    (
        lowest.unwrap_or(1).max(1) as f64,
        highest.unwrap_or(1).max(1) as f64,
    )
}

/// Draws all lanes, each of the height `lane`, above one axis; `title` is what it shows.
pub(super) fn draw(
    canvas: &mut Canvas<'_>,
    area: Area,
    groups: &[Group<Strip>],
    title: &str,
    lane: i32,
) -> Result<(), ChartError> {
    let layout = lanes::layout(groups, area.width());
    let (low, high) = extremes(groups);
    let axis = Axis::for_dots(low, high, layout.plot_left + 6, layout.plot_right - 6);
    let unit = AxisUnit::fitting(MetricUnit::Nanoseconds, high);
    let scale = if axis.is_log() { ", logarithmic scale" } else { "" };
    let axis_title = format!("{title}, {}{scale}", unit.name);
    let frame = Frame {
        axis,
        unit,
        axis_title: &axis_title,
        lane,
    };
    lanes::draw(canvas, area, groups, &frame, |canvas, row, lane| {
        strip(canvas, row, &axis, lane)
    })
}

fn strip(canvas: &Canvas<'_>, row: Area, axis: &Axis, lane: &Lane<Strip>) -> Result<(), ChartError> {
    let marks = &lane.marks;
    let ink = Ink::Variant(lane.variant);
    if let Some((low, high)) = marks.interval {
        let band = Area {
            left: axis.at(low as f64) - 1,
            right: axis.at(high as f64) + 1,
            top: row.top + 2,
            bottom: row.bottom - 2,
        };
        canvas.fill(band, ink, 0.22)?;
    }
    let last = marks.samples.len().saturating_sub(1).max(1) as f64;
    for (index, sample) in marks.samples.iter().enumerate() {
        // A single mark stands in the middle of its lane.
        let share = if marks.samples.len() == 1 {
            0.5
        } else {
            index as f64 / last
        };
        let y = px(f64::from(row.top + 8) + share * f64::from(row.bottom - row.top - 16));
        let x = axis.at(sample.value as f64);
        if let (Some(low), Standing::Counted) = (sample.low, sample.standing) {
            canvas.line(vec![(axis.at(low as f64), y), (x, y)], ink, 1)?;
        }
        if sample.left_censored && sample.standing == Standing::Counted {
            canvas.line(vec![(x, y - 4), (x - 6, y), (x, y + 4)], ink, 2)?;
        } else {
            marker::variant(canvas, (x, y), lane.variant, sample.standing)?;
        }
    }
    // Notches beside the marks and a thin line over them, so that neither hides the other where marks are close.
    if let Some(median) = marks.median {
        let x = axis.at(median);
        canvas.line(vec![(x, row.top), (x, row.bottom)], Ink::Foreground, 1)?;
        canvas.line(vec![(x, row.top), (x, row.top + 5)], Ink::Foreground, 3)?;
        canvas.line(vec![(x, row.bottom - 5), (x, row.bottom)], Ink::Foreground, 3)?;
    }
    Ok(())
}
