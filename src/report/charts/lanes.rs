//! Rows grouped by step: a heading a step, a lane a variant, one axis below all.

use super::axis::{Axis, AxisUnit};
use super::canvas::{Anchor, Area, Canvas, ChartError, Lettering};
use super::lettering;
use super::marker;
use super::theme::Ink;
use crate::analyze::Standing;

const HEADING: i32 = 22;
const GAP: i32 = 8;
const AXIS: i32 = 40;

/// A step with a lane for each variant.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group<L> {
    pub(super) name: String,
    /// What stands at the end of the heading.
    pub(super) remark: String,
    pub(super) lanes: Vec<Lane<L>>,
}

/// A variant at a step.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lane<L> {
    /// The variant's position in the run, which gives colour and shape.
    pub(super) variant: usize,
    pub(super) name: String,
    /// The value in words, at the end of the lane.
    pub(super) value: String,
    /// What was lost, in words, below the value.
    pub(super) lost: Option<String>,
    /// What is drawn.
    pub(super) marks: L,
}

/// Where things are at a width.
pub(super) struct Layout {
    pub(super) plot_left: i32,
    pub(super) plot_right: i32,
    label: i32,
}

impl<L> Lane<L> {
    fn height(&self, base: i32) -> i32 {
        if self.lost.is_some() { base.max(34) } else { base }
    }
}

/// Measures labels and values of all lanes.
pub(super) fn layout<L>(groups: &[Group<L>], width: i32) -> Layout {
    let lanes = || groups.iter().flat_map(|group| &group.lanes);
    let widest = |texts: &mut dyn Iterator<Item = &String>| {
        texts.map(|text| lettering::width(text, 12)).max().unwrap_or(0)
    };
    let label = widest(&mut lanes().map(|lane| &lane.name)).min(width * 27 / 100);
    let values = widest(&mut lanes().flat_map(|lane| std::iter::once(&lane.value).chain(&lane.lost)));
    let value = values.min(width * 27 / 100);
    Layout {
        // The marker stands before the label.
        plot_left: 18 + label + 10,
        plot_right: width - value - 12,
        label,
    }
}

/// The height of all groups and the axis.
pub(super) fn height<L>(groups: &[Group<L>], lane: i32) -> i32 {
    let groups: i32 = groups
        .iter()
        .map(|group| HEADING + GAP + group.lanes.iter().map(|one| one.height(lane)).sum::<i32>())
        .sum();
    groups + AXIS
}

/// How the lanes of a chart are drawn.
pub(super) struct Frame<'a> {
    pub(super) axis: Axis,
    pub(super) unit: AxisUnit,
    /// What the axis is, with its unit.
    pub(super) axis_title: &'a str,
    /// The height of a lane without a second line.
    pub(super) lane: i32,
}

/// Draws headings, labels, axis and, by `marks`, what is in each lane.
pub(super) fn draw<L>(
    canvas: &mut Canvas<'_>,
    area: Area,
    groups: &[Group<L>],
    frame: &Frame<'_>,
    mut marks: impl FnMut(&mut Canvas<'_>, Area, &Lane<L>) -> Result<(), ChartError>,
) -> Result<(), ChartError> {
    let layout = layout(groups, area.width());
    let bottom = area.bottom - AXIS;
    draw_axis(canvas, &layout, frame, (area.top, bottom))?;
    let muted = Lettering::SMALL.ink(Ink::Muted);
    let mut y = area.top;
    for group in groups {
        let remark = lettering::width(&group.remark, 12);
        let name = area.width() - remark - 16;
        let name = name.max(area.width() / 3);
        canvas.fitted(
            (0, y + HEADING / 2),
            &group.name,
            name,
            Lettering::SMALL.bold().size(13),
        )?;
        if remark + 16 <= area.width() * 2 / 3 {
            let look = muted.anchor(Anchor::Right);
            canvas.text((area.right, y + HEADING / 2), &group.remark, look)?;
        }
        y += HEADING;
        for lane in &group.lanes {
            let row = Area {
                left: layout.plot_left,
                top: y,
                right: layout.plot_right,
                bottom: y + lane.height(frame.lane),
            };
            let middle = row.middle();
            marker::variant(canvas, (7, middle), lane.variant, Standing::Counted)?;
            canvas.fitted((18, middle), &lane.name, layout.label, Lettering::SMALL)?;
            marks(canvas, row, lane)?;
            let value = Lettering::SMALL.anchor(Anchor::Right);
            let room = area.right - layout.plot_right - 12;
            match &lane.lost {
                None => canvas.fitted((area.right, middle), &lane.value, room, value)?,
                Some(lost) => {
                    canvas.fitted((area.right, middle - 7), &lane.value, room, value)?;
                    canvas.fitted((area.right, middle + 8), lost, room, value.ink(Ink::Muted))?;
                }
            }
            y = row.bottom;
        }
        y += GAP;
    }
    Ok(())
}

fn draw_axis(
    canvas: &Canvas<'_>,
    layout: &Layout,
    frame: &Frame<'_>,
    (top, bottom): (i32, i32),
) -> Result<(), ChartError> {
    let muted = Lettering::SMALL.ink(Ink::Muted).anchor(Anchor::Middle);
    let room = layout.plot_right - layout.plot_left;
    let most = usize::try_from(room / 44).unwrap_or(2).max(3);
    for tick in frame.axis.ticks(frame.unit, most) {
        let x = frame.axis.at(tick);
        canvas.line(vec![(x, top + HEADING), (x, bottom)], Ink::Grid, 1)?;
        canvas.text((x, bottom + 10), &frame.unit.tick(tick), muted)?;
    }
    let middle = i32::midpoint(layout.plot_left, layout.plot_right);
    canvas.text((middle, bottom + 28), frame.axis_title, muted)
}
