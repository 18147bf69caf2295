//! Drawing in pixels on an SVG through plotters.

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::prelude::SVGBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, ShapeStyle, TextStyle};

use super::lettering;
use super::theme::{Description, Ink, escape, finish};
use crate::report::untrusted::plain_line;

/// A chart could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// The drawing library refused.
    #[error("cannot draw the chart")]
    Draw(#[source] DrawingAreaErrorKind<std::io::Error>),
}

/// Where a text hangs on its point; its middle is at the point's height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Left,
    Middle,
    Right,
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lettering {
    pub(super) size: i32,
    pub(super) ink: Ink,
    pub(super) anchor: Anchor,
    pub(super) bold: bool,
}

impl Lettering {
    /// Plain text at the smallest size that is used.
    pub(super) const SMALL: Self = Self {
        size: 12,
        ink: Ink::Foreground,
        anchor: Anchor::Left,
        bold: false,
    };

    pub(super) const fn ink(mut self, ink: Ink) -> Self {
        self.ink = ink;
        self
    }

    pub(super) const fn anchor(mut self, anchor: Anchor) -> Self {
        self.anchor = anchor;
        self
    }

    pub(super) const fn bold(mut self) -> Self {
        self.bold = true;
        self
    }

    pub(super) const fn size(mut self, size: i32) -> Self {
        self.size = size;
        self
    }
}

/// A rectangle in pixels: left, top, right, bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) right: i32,
    pub(super) bottom: i32,
}

impl Area {
    pub(super) const fn width(&self) -> i32 {
        self.right - self.left
    }

    pub(super) const fn middle(&self) -> i32 {
        i32::midpoint(self.top, self.bottom)
    }
}

/// Lines across an area, which tell fills apart without colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hatch {
    None,
    Rising,
    Falling,
    Upright,
    Level,
    Dense,
}

/// An SVG under construction.
pub(super) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
    /// Full texts of what was truncated, put into the drawing when it is complete.
    notes: Vec<String>,
}

/// Characters that stand around the number of a note until the drawing is complete. Text from outside has none.
const NOTE_BEGIN: char = '\u{e000}';
const NOTE_END: char = '\u{e001}';

/// Makes an SVG of a size: `draw` draws, `describe` names it.
pub(super) fn picture(
    size: (i32, i32),
    description: &Description<'_>,
    draw: impl FnOnce(&mut Canvas<'_>) -> Result<(), ChartError>,
) -> Result<String, ChartError> {
    let mut buffer = String::new();
    let notes = {
        let size = (size.0.unsigned_abs(), size.1.unsigned_abs());
        let area = SVGBackend::with_string(&mut buffer, size).into_drawing_area();
        let mut canvas = Canvas {
            area,
            notes: Vec::new(),
        };
        draw(&mut canvas)?;
        canvas.notes
    };
    // The backend closes the root element when it is dropped or presented; either way it ends here once.
    let mut drawing = buffer.trim_end().trim_end_matches("</svg>").to_owned();
    for (index, note) in notes.iter().enumerate() {
        let mark = format!("{NOTE_BEGIN}{index}{NOTE_END}");
        drawing = drawing.replace(&mark, &format!("<title>{}</title>", escape(note)));
    }
    Ok(finish(&drawing, description))
}

impl Canvas<'_> {
    pub(super) fn fill(&self, area: Area, ink: Ink, alpha: f64) -> Result<(), ChartError> {
        self.draw_rectangle(area, ink.sentinel().mix(alpha).filled())
    }

    pub(super) fn outline(&self, area: Area, ink: Ink) -> Result<(), ChartError> {
        self.draw_rectangle(area, ink.sentinel().stroke_width(1))
    }

    fn draw_rectangle(&self, area: Area, style: ShapeStyle) -> Result<(), ChartError> {
        let corners = [(area.left, area.top), (area.right, area.bottom)];
        self.area
            .draw(&Rectangle::new(corners, style))
            .map_err(ChartError::Draw)
    }

    pub(super) fn line(&self, points: Vec<(i32, i32)>, ink: Ink, width: u32) -> Result<(), ChartError> {
        self.area
            .draw(&PathElement::new(points, ink.sentinel().stroke_width(width)))
            .map_err(ChartError::Draw)
    }

    pub(super) fn polygon(&self, points: Vec<(i32, i32)>, ink: Ink, alpha: f64) -> Result<(), ChartError> {
        self.area
            .draw(&Polygon::new(points, ink.sentinel().mix(alpha).filled()))
            .map_err(ChartError::Draw)
    }

    pub(super) fn circle(
        &self,
        at: (i32, i32),
        radius: i32,
        ink: Ink,
        filled: bool,
    ) -> Result<(), ChartError> {
        let style = if filled {
            ink.sentinel().mix(0.85).filled()
        } else {
            ink.sentinel().stroke_width(2)
        };
        self.area
            .draw(&Circle::new(at, radius, style))
            .map_err(ChartError::Draw)
    }

    pub(super) fn hatch(&self, area: Area, hatch: Hatch, ink: Ink) -> Result<(), ChartError> {
        let (width, height) = (area.right - area.left, area.bottom - area.top);
        match hatch {
            Hatch::None => {}
            Hatch::Upright => {
                for x in (area.left + 4..area.right).step_by(5) {
                    self.line(vec![(x, area.top), (x, area.bottom)], ink, 1)?;
                }
            }
            Hatch::Level => {
                for y in (area.top + 4..area.bottom).step_by(4) {
                    self.line(vec![(area.left, y), (area.right, y)], ink, 1)?;
                }
            }
            Hatch::Rising | Hatch::Falling | Hatch::Dense => {
                let step = if hatch == Hatch::Dense { 4 } else { 7 };
                // Each line runs at 45 degrees; the part inside the area is from offset `from` to `to`.
                for start in (-height..width).step_by(step) {
                    let from = start.max(0);
                    let to = (start + height).min(width);
                    if to - from < 2 {
                        continue;
                    }
                    let y = |x: i32| {
                        let along = x - start;
                        if hatch == Hatch::Falling {
                            area.top + along
                        } else {
                            area.bottom - along
                        }
                    };
                    let points = vec![(area.left + from, y(from)), (area.left + to, y(to))];
                    self.line(points, ink, 1)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn text(&self, at: (i32, i32), text: &str, look: Lettering) -> Result<(), ChartError> {
        self.raw_text(at, &plain_line(text), look)
    }

    /// Draws as much of a text as fits, with the whole of it as a note.
    pub(super) fn fitted(
        &mut self,
        at: (i32, i32),
        text: &str,
        max: i32,
        look: Lettering,
    ) -> Result<(), ChartError> {
        let text = plain_line(text);
        let mut shown = lettering::truncate(&text, bold_size(look), max);
        if shown != text {
            shown.push(NOTE_BEGIN);
            shown.push_str(&self.notes.len().to_string());
            shown.push(NOTE_END);
            self.notes.push(text);
        }
        self.raw_text(at, &shown, look)
    }

    fn raw_text(&self, at: (i32, i32), text: &str, look: Lettering) -> Result<(), ChartError> {
        let horizontal = match look.anchor {
            Anchor::Left => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::Right => HPos::Right,
        };
        let weight = if look.bold {
            FontStyle::Bold
        } else {
            FontStyle::Normal
        };
        // The backend divides the size by 1.24.
        let font = FontDesc::new(FontFamily::SansSerif, f64::from(look.size) * 1.24, weight);
        let ink = look.ink.sentinel();
        let style = TextStyle::from(font)
            .color(&ink)
            .pos(Pos::new(horizontal, VPos::Center));
        self.area
            .draw(&Text::new(text.to_owned(), at, style))
            .map_err(ChartError::Draw)
    }
}

/// Bold letters are wider; a larger size stands in for that.
pub(super) const fn bold_size(look: Lettering) -> i32 {
    if look.bold {
        look.size * 8 / 7 + 1
    } else {
        look.size
    }
}

/// The nearest pixel.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the cast saturates, and drawings are a few thousand pixels wide"
)]
pub(super) fn px(value: f64) -> i32 {
    value.round() as i32
}
