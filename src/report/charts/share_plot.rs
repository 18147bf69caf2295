//! What share was ready by when: a step curve for each variant, with a band for what is not known of it.

use super::axis::{Axis, AxisUnit};
use super::canvas::{Anchor, Area, Canvas, ChartError, Lettering, px};
use super::theme::Ink;
use super::{lettering, marker};
use crate::analyze::{MetricUnit, Standing};

/// The curve of a variant. All three lists are as long as there is something to become ready, the smallest first.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ShareCurve {
    pub(super) variant: usize,
    /// When so many were ready.
    pub(super) values: Vec<u64>,
    /// The earliest instants that are possible.
    pub(super) earliest: Vec<u64>,
    /// The latest.
    pub(super) latest: Vec<u64>,
}

/// Draws curves over time, in nanoseconds; `title` is what stands below the axis, to which the unit is added.
pub(super) fn draw(
    canvas: &Canvas<'_>,
    area: Area,
    title: &str,
    curves: &[&ShareCurve],
) -> Result<(), ChartError> {
    let lowest = curves.iter().filter_map(|curve| curve.earliest.first()).min();
    let highest = curves.iter().filter_map(|curve| curve.latest.last()).max();
    let (low, high) = (
        lowest.copied().unwrap_or_default() as f64,
        highest.copied().unwrap_or(1) as f64,
    );
    let muted = Lettering::SMALL.ink(Ink::Muted);
    let left = area.left + lettering::width("100 %", 12) + 10;
    let axis = Axis::around(low, high, left + 4, area.right - 4);
    let unit = AxisUnit::fitting(MetricUnit::Nanoseconds, high);
    let top = area.top + 8;
    let y_of = |share: f64| px(f64::from(area.bottom) - share * f64::from(area.bottom - top));
    for quarters in 0..=4 {
        let y = y_of(f64::from(quarters) / 4.0);
        let ink = if quarters == 0 { Ink::Muted } else { Ink::Grid };
        canvas.line(vec![(left, y), (area.right, y)], ink, 1)?;
        let text = format!("{} %", quarters * 25);
        canvas.text((left - 6, y), &text, muted.anchor(Anchor::Right))?;
    }
    let most = usize::try_from(area.width() / 80).unwrap_or(2).max(2);
    for tick in axis.ticks(unit, most) {
        let x = axis.at(tick);
        let text = unit.tick(tick);
        canvas.text((x, area.bottom + 13), &text, muted.anchor(Anchor::Middle))?;
        canvas.line(vec![(x, area.bottom), (x, area.bottom + 4)], Ink::Muted, 1)?;
    }
    let from_zero = if axis.begins_at_zero() {
        ""
    } else {
        ", not from zero"
    };
    let title = format!("{title}, {}{from_zero}", unit.name);
    let middle = i32::midpoint(left, area.right);
    canvas.text((middle, area.bottom + 32), &title, muted.anchor(Anchor::Middle))?;
    for curve in curves {
        let steps = |sorted: &[u64]| -> Vec<(i32, i32)> {
            let n = sorted.len() as f64;
            let corners = sorted.iter().enumerate().flat_map(|(index, value)| {
                let x = axis.at(*value as f64);
                [(x, y_of(index as f64 / n)), (x, y_of((index as f64 + 1.0) / n))]
            });
            corners.collect()
        };
        let ink = Ink::Variant(curve.variant);
        let (earliest, latest) = (steps(&curve.earliest), steps(&curve.latest));
        let band = earliest.iter().chain(latest.iter().rev()).copied().collect();
        canvas.polygon(band, ink, 0.18)?;
        canvas.line(steps(&curve.values), ink, 2)?;
        let mut marked = None;
        for quarters in 1..=3 {
            let index = at_share(curve.values.len(), quarters);
            if marked.replace(index) == Some(index) {
                continue;
            }
            let share = (index as f64 + 1.0) / curve.values.len() as f64;
            let at = (axis.at(curve.values[index] as f64), y_of(share));
            marker::variant(canvas, at, curve.variant, Standing::Counted)?;
        }
    }
    Ok(())
}

/// The index of the value by which so many quarters of `n` were ready.
pub(super) fn at_share(n: usize, quarters: usize) -> usize {
    (n * quarters).div_ceil(4).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_reached_with_the_first_start_that_makes_it_up() {
        assert_eq!(
            [1, 2, 3, 4].map(|quarters| at_share(20, quarters)),
            [4, 9, 14, 19]
        );
        assert_eq!(
            [1, 2, 3, 4].map(|quarters| at_share(21, quarters)),
            [5, 10, 15, 20]
        );
    }
}
