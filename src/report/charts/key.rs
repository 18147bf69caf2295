//! The key of a chart that has all variants in one plot: above it a line for each, with its mark.

use super::canvas::{Area, Canvas, ChartError, Lettering};
use super::marker;
use crate::analyze::Standing;

/// The height of a line.
const LINE: i32 = 18;

/// The height of a key of so many variants, with the space below it.
pub(super) fn height(variants: usize) -> i32 {
    i32::try_from(variants).unwrap_or(1) * LINE + 8
}

/// Draws the key at the top of `area`, by a variant's number and what is said of it. Gives what is left for the plot above
/// `axis`, the height of what stands below it.
pub(super) fn above_plot(
    canvas: &mut Canvas<'_>,
    area: Area,
    axis: i32,
    variants: impl Iterator<Item = (usize, String)>,
) -> Result<Area, ChartError> {
    let mut y = area.top + 9;
    for (variant, text) in variants {
        marker::variant(canvas, (7, y), variant, Standing::Counted)?;
        canvas.fitted((18, y), &text, area.width() - 18, Lettering::SMALL)?;
        y += LINE;
    }
    Ok(Area {
        top: y + 2,
        bottom: area.bottom - axis,
        left: area.left,
        right: area.right - 8,
    })
}
