//! The shape of a variant's dots, which tells variants apart without colour.

use super::canvas::{Canvas, ChartError};
use super::theme::Ink;
use crate::analyze::Standing;

/// Draws a dot of a variant. Shapes repeat after eight, colours after four.
pub(super) fn variant(
    canvas: &Canvas<'_>,
    at: (i32, i32),
    variant: usize,
    standing: Standing,
) -> Result<(), ChartError> {
    match standing {
        Standing::Counted => shape(canvas, at, variant),
        Standing::WarmUp => canvas.circle(at, 3, Ink::Muted, false),
        Standing::Invalid => cross(canvas, at),
    }
}

fn shape(canvas: &Canvas<'_>, at: (i32, i32), variant: usize) -> Result<(), ChartError> {
    let ink = Ink::Variant(variant);
    let (x, y) = at;
    match variant % 8 {
        0 => canvas.circle(at, 4, ink, true),
        1 => canvas.polygon(
            vec![(x - 4, y - 4), (x + 4, y - 4), (x + 4, y + 4), (x - 4, y + 4)],
            ink,
            0.85,
        ),
        2 => canvas.polygon(vec![(x, y - 5), (x + 5, y + 4), (x - 5, y + 4)], ink, 0.85),
        3 => canvas.polygon(vec![(x, y - 6), (x + 6, y), (x, y + 6), (x - 6, y)], ink, 0.85),
        4 => canvas.circle(at, 4, ink, false),
        5 => canvas.line(
            vec![
                (x - 4, y - 4),
                (x + 4, y - 4),
                (x + 4, y + 4),
                (x - 4, y + 4),
                (x - 4, y - 4),
            ],
            ink,
            2,
        ),
        6 => canvas.line(
            vec![(x, y - 5), (x + 5, y + 4), (x - 5, y + 4), (x, y - 5)],
            ink,
            2,
        ),
        _ => canvas.line(
            vec![(x, y - 6), (x + 6, y), (x, y + 6), (x - 6, y), (x, y - 6)],
            ink,
            2,
        ),
    }
}

fn cross(canvas: &Canvas<'_>, (x, y): (i32, i32)) -> Result<(), ChartError> {
    canvas.line(vec![(x - 4, y - 4), (x + 4, y + 4)], Ink::Muted, 2)?;
    canvas.line(vec![(x - 4, y + 4), (x + 4, y - 4)], Ink::Muted, 2)
}
