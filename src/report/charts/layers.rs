//! What an image is made of: its base and the layers of its own instructions.

use super::axis::{Axis, AxisUnit};
use super::canvas::{Anchor, Area, Canvas, ChartError, Hatch, Lettering};
use super::chart::{Source, last_image};
use super::lettering;
use super::marker;
use super::sheet::{Body, DataTable, Texts, described_by};
use super::theme::Ink;
use crate::analyze::{MetricUnit, Standing};
use crate::unit::ByteSize;

const TITLE: i32 = 24;
const BAR: i32 = 26;
const LINE: i32 = 17;
const GAP: i32 = 14;
const AXIS: i32 = 40;
/// How many own layers are named below a bar; the rest is summed up.
const NAMED: usize = 6;

/// Image size by layer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layers {
    texts: Texts,
    images: Vec<Image>,
    nothing: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
struct Image {
    variant: usize,
    name: String,
    base: ByteSize,
    own: Vec<Layer>,
    total: ByteSize,
}

#[derive(Clone, Debug, PartialEq)]
struct Layer {
    name: String,
    size: ByteSize,
}

impl Layers {
    pub(super) fn of(source: &Source<'_>) -> Self {
        let images: Vec<Image> = source
            .variants()
            .filter_map(|(variant, name)| image(source, variant, name))
            .collect();
        let described: Vec<String> = images
            .iter()
            .map(|image| {
                let own: Vec<String> = image
                    .own
                    .iter()
                    .map(|layer| format!("{} {}", layer.name, layer.size))
                    .collect();
                format!(
                    "{}: {}, of it {} of the base, {}",
                    image.name,
                    image.total,
                    image.base,
                    own.join(", ")
                )
            })
            .collect();
        Self {
            texts: Texts {
                name: "layers",
                title: finding(&images),
                subtitle: source.subtitle(),
                caption: format!(
                    "The hatched part is the base, numbered parts are the layers of the variant's own instructions, \
                     as of the last valid build{}. Sizes as the {} store counts them.",
                    source
                        .run
                        .header
                        .steps
                        .last()
                        .map(|step| format!(" of “{step}”"))
                        .unwrap_or_default(),
                    source.run.header.environment.store
                ),
                description: described_by("Image sizes by layer", &described),
            },
            nothing: images
                .is_empty()
                .then(|| source.nothing("No valid build has an image to draw.")),
            images,
        }
    }
}

fn finding(images: &[Image]) -> String {
    // The first of equals stands, as the scenario has them.
    let smallest = images.iter().min_by_key(|image| image.total);
    let largest = images.iter().rev().max_by_key(|image| image.total);
    match (smallest, largest) {
        (Some(small), Some(large)) if images.len() > 1 => {
            if small.total.to_string() == large.total.to_string() {
                return format!("All images are about {}", large.total);
            }
            format!(
                "{} has the smallest image, {}; {} the largest, {}",
                small.name, small.total, large.name, large.total
            )
        }
        (Some(image), _) => format!("The image of {} is {}", image.name, image.total),
        _ => "Image size by layer".to_owned(),
    }
}

fn image(source: &Source<'_>, variant: usize, name: &str) -> Option<Image> {
    let facts = last_image(source.run, name)?;
    let base = facts
        .history
        .iter()
        .filter(|entry| !entry.own)
        .map(|entry| entry.size_bytes)
        .sum();
    let mut layers: Vec<Layer> = facts
        .history
        .iter()
        .filter(|entry| entry.own && entry.size_bytes > ByteSize::ZERO)
        .map(|entry| Layer {
            name: entry.created_by.clone(),
            size: entry.size_bytes,
        })
        .collect();
    if layers.len() > NAMED {
        // The largest are named, in the order of the Dockerfile; the rest is one part at the end.
        let mut sizes: Vec<ByteSize> = layers.iter().map(|layer| layer.size).collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        let least = sizes[NAMED - 1];
        let mut named = Vec::new();
        let mut rest = Vec::new();
        for layer in layers {
            if layer.size >= least && named.len() < NAMED {
                named.push(layer);
            } else {
                rest.push(layer.size);
            }
        }
        let count = rest.len();
        named.push(Layer {
            name: format!("{count} smaller layers"),
            size: rest.into_iter().sum(),
        });
        layers = named;
    }
    Some(Image {
        variant,
        name: name.to_owned(),
        base,
        own: layers,
        total: facts.size_bytes,
    })
}

impl Image {
    fn height(&self) -> i32 {
        let lines = i32::try_from(self.own.len() + 1).unwrap_or(1);
        TITLE + BAR + 6 + lines * LINE + GAP
    }

    fn drawn(&self) -> ByteSize {
        self.base + self.own.iter().map(|layer| layer.size).sum()
    }
}

impl Body for Layers {
    fn texts(&self) -> &Texts {
        &self.texts
    }

    fn nothing(&self) -> Option<&str> {
        self.nothing.as_deref()
    }

    fn data(&self) -> DataTable {
        let mut table = DataTable::new(&["variant", "layer", "size"]);
        for image in &self.images {
            table.row(&[&image.name, "base", &image.base.to_string()]);
            for layer in &image.own {
                table.row(&[&image.name, &layer.name, &layer.size.to_string()]);
            }
            table.row(&[&image.name, "whole image", &image.total.to_string()]);
        }
        table
    }

    fn height(&self, _width: i32) -> i32 {
        // The axis stands between the bars' key lines and the caption.
        self.images.iter().map(Image::height).sum::<i32>() + AXIS
    }

    fn draw(&self, canvas: &mut Canvas<'_>, area: Area) -> Result<(), ChartError> {
        let largest = self.images.iter().map(|image| image.drawn().0).max().unwrap_or(0) as f64;
        let axis = Axis::from_zero(largest * 1.01, area.left + 1, area.right - 14);
        let unit = AxisUnit::fitting(MetricUnit::Bytes, largest);
        let bottom = area.bottom - AXIS;
        let muted = Lettering::SMALL.ink(Ink::Muted);
        let most = usize::try_from(area.width() / 70).unwrap_or(2).max(2);
        canvas.line(
            vec![(axis.at(0.0), bottom), (axis.at(largest), bottom)],
            Ink::Muted,
            1,
        )?;
        for tick in axis.ticks(unit, most) {
            let x = axis.at(tick);
            canvas.line(vec![(x, bottom), (x, bottom + 4)], Ink::Muted, 1)?;
            // The first tick stands at the edge of the drawing.
            let anchor = if x - area.left < 8 {
                Anchor::Left
            } else {
                Anchor::Middle
            };
            canvas.text((x, bottom + 13), &unit.tick(tick), muted.anchor(anchor))?;
        }
        let middle = i32::midpoint(area.left, area.right);
        let title = format!("image size, {}", unit.name);
        canvas.text((middle, bottom + 30), &title, muted.anchor(Anchor::Middle))?;
        let mut y = area.top;
        for image in &self.images {
            draw_image(canvas, Area { top: y, ..area }, &axis, image)?;
            y += image.height();
        }
        Ok(())
    }
}

fn draw_image(canvas: &mut Canvas<'_>, area: Area, axis: &Axis, image: &Image) -> Result<(), ChartError> {
    let total = image.total.to_string();
    let room = area.width() - 18 - lettering::width(&total, 14) - 12;
    let title = area.top + TITLE / 2;
    marker::variant(canvas, (7, title), image.variant, Standing::Counted)?;
    let bold = Lettering::SMALL.bold().size(13);
    canvas.fitted((18, title), &image.name, room, bold)?;
    canvas.text((area.right, title), &total, bold.anchor(Anchor::Right))?;
    let top = area.top + TITLE;
    let bar = |from: ByteSize, to: ByteSize| Area {
        left: axis.at(from.0 as f64),
        right: axis.at(to.0 as f64),
        top,
        bottom: top + BAR,
    };
    let mut sum = image.base;
    let base = bar(ByteSize::ZERO, sum);
    if base.width() > 0 {
        canvas.fill(base, Ink::Quiet, 1.0)?;
        canvas.hatch(base, Hatch::Rising, Ink::Grid)?;
        canvas.outline(base, Ink::Foreground)?;
    }
    for (index, layer) in image.own.iter().enumerate() {
        let from = sum;
        sum = sum + layer.size;
        let part = bar(from, sum);
        if part.width() < 1 {
            continue;
        }
        // Neighbours differ in strength, so that a border is seen without its number.
        let alpha = if index % 2 == 0 { 0.3 } else { 0.6 };
        canvas.fill(part, Ink::Variant(image.variant), alpha)?;
        canvas.outline(part, Ink::Foreground)?;
        let number = (index + 1).to_string();
        if part.width() > lettering::width(&number, 12) + 6 {
            let at = (i32::midpoint(part.left, part.right), part.middle());
            canvas.text(at, &number, Lettering::SMALL.anchor(Anchor::Middle))?;
        }
    }
    key(canvas, area, top + BAR + 6, image)
}

/// The parts of a bar in words, with their sizes.
fn key(canvas: &mut Canvas<'_>, area: Area, top: i32, image: &Image) -> Result<(), ChartError> {
    let right = Lettering::SMALL.anchor(Anchor::Right);
    let muted = Lettering::SMALL.ink(Ink::Muted);
    let mut y = top + LINE / 2;
    canvas.text((18, y), "base", muted)?;
    canvas.text((area.right, y), &image.base.to_string(), right.ink(Ink::Muted))?;
    for (index, layer) in image.own.iter().enumerate() {
        y += LINE;
        let size = layer.size.to_string();
        let room = area.width() - 18 - lettering::width(&size, 12) - 12;
        canvas.text((7, y), &(index + 1).to_string(), muted.anchor(Anchor::Middle))?;
        canvas.fitted((18, y), &layer.name, room, Lettering::SMALL)?;
        canvas.text((area.right, y), &size, right)?;
    }
    Ok(())
}
