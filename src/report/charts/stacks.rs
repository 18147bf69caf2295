//! Stacked bars: parts of a time after each other from zero, told apart by colour and by hatch, with a key above.

use super::axis::Axis;
use super::canvas::{Area, Canvas, ChartError, Hatch, Lettering};
use super::lettering;
use super::theme::Ink;
use crate::unit::Nanos;

/// The height of a line of the key.
const LINE: i32 = 22;
/// The space below the key.
const GAP: i32 = 8;
/// Half the height of a bar.
const HALF: i32 = 8;

/// A kind of part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) name: &'static str,
    /// Its colour, by its position among those of phases.
    colour: usize,
    hatch: Hatch,
}

impl Part {
    pub(super) const fn new(name: &'static str, colour: usize, hatch: Hatch) -> Self {
        Self { name, colour, hatch }
    }
}

/// The kinds of parts of a chart, in the order in which they are stacked, and which of them the key explains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    all: &'static [Part],
    shown: Vec<usize>,
}

impl Parts {
    /// Those of `all` that some stack has.
    pub(super) fn of<'a>(all: &'static [Part], stacks: impl Iterator<Item = &'a [Nanos]>) -> Self {
        let mut shown = vec![false; all.len()];
        for stack in stacks {
            for (is_shown, length) in shown.iter_mut().zip(stack) {
                *is_shown |= *length > Nanos::ZERO;
            }
        }
        Self {
            all,
            shown: (0..all.len()).filter(|part| shown[*part]).collect(),
        }
    }

    /// The height of the key and the space below it.
    pub(super) fn key_height(&self, width: i32) -> i32 {
        self.places(width).last().map_or(0, |(_, _, y)| *y) + LINE + GAP
    }

    /// Draws the key at the top of an area; gives what is left of it.
    pub(super) fn draw_key(&self, canvas: &Canvas<'_>, area: Area) -> Result<Area, ChartError> {
        for (part, x, y) in self.places(area.width()) {
            let swatch = Area {
                left: x,
                top: area.top + y + 4,
                right: x + 22,
                bottom: area.top + y + 17,
            };
            fill(canvas, swatch, part)?;
            canvas.text((x + 28, swatch.middle()), part.name, Lettering::SMALL)?;
        }
        Ok(Area {
            top: area.top + self.key_height(area.width()),
            ..area
        })
    }

    /// Draws a stack into a row; its lengths are by the order of the kinds. Gives where it lies.
    pub(super) fn draw_bar(
        &self,
        canvas: &Canvas<'_>,
        row: Area,
        axis: &Axis,
        stack: &[Nanos],
    ) -> Result<Area, ChartError> {
        let bar = |from: Nanos, to: Nanos| Area {
            left: axis.at(from.0 as f64),
            right: axis.at(to.0 as f64),
            top: row.middle() - HALF,
            bottom: row.middle() + HALF,
        };
        let mut sum = Nanos::ZERO;
        for (part, length) in self.all.iter().zip(stack) {
            let from = sum;
            sum = sum + *length;
            let area = bar(from, sum);
            if *length > Nanos::ZERO && area.width() > 0 {
                fill(canvas, area, part)?;
            }
        }
        Ok(bar(Nanos::ZERO, sum))
    }

    /// Where the entry of each part stands in the key, in lines as the width allows.
    fn places(&self, width: i32) -> Vec<(&'static Part, i32, i32)> {
        let mut places = Vec::new();
        let (mut x, mut y) = (0, 0);
        for part in &self.shown {
            let part = &self.all[*part];
            let entry = 28 + lettering::width(part.name, 12) + 14;
            if x > 0 && x + entry > width {
                x = 0;
                y += LINE;
            }
            places.push((part, x, y));
            x += entry;
        }
        places
    }
}

fn fill(canvas: &Canvas<'_>, area: Area, part: &Part) -> Result<(), ChartError> {
    canvas.fill(area, Ink::Phase(part.colour), 1.0)?;
    if area.width() > 6 {
        canvas.hatch(area, part.hatch, Ink::Foreground)?;
    }
    canvas.outline(area, Ink::Foreground)
}

/// The part that takes most of a stack, and its share in hundredths: "Runtime takes 62 %".
pub(super) fn largest(all: &[Part], stack: &[Nanos], verb: impl Fn(usize) -> &'static str) -> Option<String> {
    let total: u64 = stack.iter().map(|length| length.0).sum();
    let (index, length) = stack.iter().enumerate().max_by_key(|(_, length)| **length)?;
    let share = length.0 as f64 / total.max(1) as f64 * 100.0;
    let mut name = all.get(index)?.name.to_owned();
    name[..1].make_ascii_uppercase();
    Some(format!("{name} {} {share:.0} %", verb(index)))
}
