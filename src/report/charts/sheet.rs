//! What every chart has: a title that states the finding, a subtitle, a body, and a caption that says what the marks
//! are.

use super::canvas::{Area, Canvas, ChartError, Lettering, bold_size, picture};
use super::lettering;
use super::theme::{Description, Ink};
use crate::report::untrusted::plain_line;

/// Text around a chart's body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Texts {
    /// The name of the file without its ending; part of ids.
    pub(super) name: &'static str,
    /// The finding.
    pub(super) title: String,
    /// Counts, machine, date.
    pub(super) subtitle: String,
    /// What the marks are, in words.
    pub(super) caption: String,
    /// The data in a sentence, for a screen reader.
    pub(super) description: String,
}

/// The description of a chart: what it is about, and what each of its parts shows.
pub(super) fn described_by(what: &str, parts: &[String]) -> String {
    if parts.is_empty() {
        return format!("{what}.");
    }
    format!("{what}. {}.", parts.join("; "))
}

/// The data of a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataTable {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Cells, as many in a row as there are columns. Text from outside is made harmless, not escaped.
    pub rows: Vec<Vec<String>>,
}

impl DataTable {
    pub(super) fn new(columns: &[&str]) -> Self {
        Self {
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    pub(super) fn row(&mut self, cells: &[&str]) {
        self.rows
            .push(cells.iter().map(|cell| plain_line(cell)).collect());
    }
}

/// The width at which a chart is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    /// For a desktop and for paper.
    Wide,
    /// For a phone.
    Narrow,
}

impl Width {
    /// In pixels.
    pub(super) const fn pixels(self) -> i32 {
        match self {
            Self::Wide => 800,
            Self::Narrow => 352,
        }
    }

    /// Part of ids, so that both can stand in one page.
    const fn suffix(self) -> &'static str {
        match self {
            Self::Wide => "",
            Self::Narrow => "-narrow",
        }
    }
}

/// The part of a chart that differs from chart to chart.
pub(super) trait Body {
    /// The text around it.
    fn texts(&self) -> &Texts;
    /// Why there is nothing to draw, where there is not.
    fn nothing(&self) -> Option<&str>;
    /// Its data, for those who cannot or would not read a drawing.
    fn data(&self) -> DataTable;
    /// How high it is at a width.
    fn height(&self, width: i32) -> i32;
    /// Draws it into an area of that height.
    fn draw(&self, canvas: &mut Canvas<'_>, area: Area) -> Result<(), ChartError>;
}

const LINE: i32 = 16;
const TITLE_LINE: i32 = 22;

/// Draws a chart at a width.
pub(super) fn render(body: &dyn Body, width: Width) -> Result<String, ChartError> {
    let texts = body.texts();
    let pixels = width.pixels();
    let title_look = Lettering::SMALL
        .size(if width == Width::Wide { 17 } else { 15 })
        .bold();
    let muted = Lettering::SMALL.ink(Ink::Muted);
    let title = lettering::wrap(&texts.title, bold_size(title_look), pixels);
    let subtitle = lettering::wrap(&texts.subtitle, 12, pixels);
    let (caption, body_height) = match body.nothing() {
        Some(reason) => {
            let lines = lettering::wrap(reason, 12, pixels);
            (lines, 0)
        }
        None => (lettering::wrap(&texts.caption, 12, pixels), body.height(pixels)),
    };
    let lines = |lines: &[String]| i32::try_from(lines.len()).unwrap_or(i32::MAX / 64);
    let top = 4 + lines(&title) * TITLE_LINE + lines(&subtitle) * LINE + 10;
    let bottom = top + body_height;
    let height = bottom + 8 + lines(&caption) * LINE + 4;
    let id = format!("{}{}", texts.name, width.suffix());
    let description = Description {
        id: &id,
        title: &texts.title,
        text: &texts.description,
    };
    picture((pixels, height), &description, |canvas| {
        let mut y = 4 + TITLE_LINE / 2;
        for line in &title {
            canvas.text((0, y), line, title_look)?;
            y += TITLE_LINE;
        }
        y += (LINE - TITLE_LINE) / 2;
        for line in &subtitle {
            canvas.text((0, y), line, muted)?;
            y += LINE;
        }
        if body_height > 0 {
            let area = Area {
                left: 0,
                top,
                right: pixels,
                bottom,
            };
            body.draw(canvas, area)?;
        }
        y = bottom + 8 + LINE / 2;
        for line in &caption {
            canvas.text((0, y), line, muted)?;
            y += LINE;
        }
        Ok(())
    })
}
