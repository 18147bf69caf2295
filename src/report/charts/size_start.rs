//! Image size against start time: whether a smaller image starts sooner.

use super::axis::{Axis, AxisUnit};
use super::canvas::{Anchor, Area, Canvas, ChartError, Lettering, px};
use super::chart::{Source, last_image};
use super::key;
use super::lettering;
use super::marker;
use super::sheet::{Body, DataTable, Texts, described_by};
use super::theme::Ink;
use crate::analyze::StartMetric;
use crate::analyze::{Finding, Metric, MetricUnit, Series, Standing};
use crate::report::quantity::Shown;
use crate::scenario::StartCache;
use crate::unit::{ByteSize, Nanos};

const PLOT: i32 = 300;
const AXIS: i32 = 44;
/// The widest a cloud of samples may be, to either side of its image's size.
const CLOUD: i32 = 14;

/// Image size against start time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SizeStart {
    texts: Texts,
    metric: Metric,
    points: Vec<Point>,
    nothing: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
struct Point {
    variant: usize,
    name: String,
    size: u64,
    samples: Vec<(u64, Standing)>,
    median: f64,
    interval: Option<(u64, u64)>,
    label: String,
}

impl SizeStart {
    pub(super) fn of(source: &Source<'_>) -> Self {
        let metric = [StartMetric::Ready, StartMetric::Client]
            .into_iter()
            .map(|what| Metric::Start(what, StartCache::Warm))
            .find(|metric| {
                source
                    .variants()
                    .any(|(_, name)| counted(source, name, metric).is_some())
            })
            .unwrap_or(Metric::Start(StartMetric::Ready, StartCache::Warm));
        let points: Vec<Point> = source
            .variants()
            .filter_map(|(variant, name)| point(source, &metric, variant, name))
            .collect();
        let interval = points.iter().any(|point| point.interval.is_some());
        let mut caption = String::from("Each small mark is one start; the horizontal line is the median");
        if interval {
            caption.push_str(", the upright one its 95\u{a0}% interval");
        }
        caption.push_str(
            ". Images of nearly equal size stand side by side; the tick below each is its true size.",
        );
        let described: Vec<String> = points
            .iter()
            .map(|point| format!("{}: {}", point.name, point.label))
            .collect();
        Self {
            texts: Texts {
                name: "size-start",
                title: finding(source, &metric, &points),
                subtitle: source.subtitle(),
                caption,
                description: described_by("Image size and start time", &described),
            },
            nothing: points
                .is_empty()
                .then(|| source.nothing("No variant has both an image size and a valid start.")),
            points,
            metric,
        }
    }
}

fn counted<'a>(source: &Source<'a>, name: &str, metric: &Metric) -> Option<&'a Series> {
    source
        .analysis
        .series(name, metric)
        .filter(|series| series.estimate.n() > 0)
}

fn point(source: &Source<'_>, metric: &Metric, variant: usize, name: &str) -> Option<Point> {
    let series = counted(source, name, metric)?;
    let size = last_image(source.run, name)?.size_bytes;
    let summary = series.estimate.timed()?;
    let shown = Shown::of(Some(series));
    let lost = shown.lost.map(|lost| format!(", {lost}")).unwrap_or_default();
    Some(Point {
        variant,
        name: name.to_owned(),
        size: size.0,
        samples: series
            .samples
            .iter()
            .map(|sample| (sample.value, sample.standing))
            .collect(),
        median: summary.median,
        interval: summary.interval.map(|interval| (interval.low, interval.high)),
        label: format!("{}, {size}{lost}", shown.value),
    })
}

fn finding(source: &Source<'_>, metric: &Metric, points: &[Point]) -> String {
    if points.len() < 2 || source.run.header.quick {
        return match points {
            [only] => format!(
                "{} starts in {}",
                only.name,
                MetricUnit::Nanoseconds.show_rounded(only.median)
            ),
            _ => "Image size and start time".to_owned(),
        };
    }
    let compared: Vec<_> = source
        .analysis
        .comparisons
        .iter()
        .filter(|comparison| comparison.metric == *metric)
        .collect();
    let told: Vec<String> = compared
        .iter()
        .filter_map(|comparison| {
            let ratio = comparison.estimate?.ratio;
            let change = (ratio.0 - 1.0).abs() * 100.0;
            let (other, baseline) = (&comparison.other, &comparison.baseline);
            match comparison.finding {
                Finding::OtherFaster => Some(format!(
                    "{other} starts in {change:.0} % less time than {baseline}"
                )),
                Finding::OtherSlower => Some(format!(
                    "{other} takes {change:.0} % longer to start than {baseline}"
                )),
                _ => None,
            }
        })
        .collect();
    if !told.is_empty() {
        return told.join("; ");
    }
    if compared
        .iter()
        .any(|comparison| comparison.finding == Finding::TooFewSamples)
    {
        return "Too few starts to judge".to_owned();
    }
    "No difference in start time can be told".to_owned()
}

impl Body for SizeStart {
    fn texts(&self) -> &Texts {
        &self.texts
    }

    fn nothing(&self) -> Option<&str> {
        self.nothing.as_deref()
    }

    fn data(&self) -> DataTable {
        let metric = self.metric.to_string();
        let mut table = DataTable::new(&["variant", "image size", &metric, "every sample"]);
        for point in &self.points {
            let samples: Vec<String> = point
                .samples
                .iter()
                .map(|(value, standing)| standing.beside(Nanos(*value)))
                .collect();
            let median = MetricUnit::Nanoseconds.show_rounded(point.median);
            let size = ByteSize(point.size).to_string();
            table.row(&[&point.name, &size, &median, &samples.join(", ")]);
        }
        table
    }

    fn height(&self, _width: i32) -> i32 {
        key::height(self.points.len()) + PLOT + AXIS
    }

    fn draw(&self, canvas: &mut Canvas<'_>, area: Area) -> Result<(), ChartError> {
        let lines = self
            .points
            .iter()
            .map(|point| (point.variant, format!("{}: {}", point.name, point.label)));
        let plot = key::above_plot(canvas, area, AXIS, lines)?;
        self.plot(canvas, plot)
    }
}

impl SizeStart {
    fn plot(&self, canvas: &Canvas<'_>, area: Area) -> Result<(), ChartError> {
        let values = || {
            self.points
                .iter()
                .flat_map(|point| &point.samples)
                .map(|(value, _)| *value as f64)
        };
        let (low, high) = (values().fold(f64::MAX, f64::min), values().fold(0.0, f64::max));
        let sizes = || self.points.iter().map(|point| point.size as f64);
        let time_unit = AxisUnit::fitting(MetricUnit::Nanoseconds, high);
        let size_unit = AxisUnit::fitting(MetricUnit::Bytes, sizes().fold(0.0, f64::max));
        let times = Axis::around(low, high, area.bottom - 6, area.top + 22);
        let muted = Lettering::SMALL.ink(Ink::Muted);
        let ticks: Vec<(f64, String)> = times
            .ticks(time_unit, 6)
            .into_iter()
            .map(|tick| (tick, time_unit.tick(tick)))
            .collect();
        let widest = ticks
            .iter()
            .map(|(_, text)| lettering::width(text, 12))
            .max()
            .unwrap_or(0);
        let left = area.left + widest + 10;
        let sizes = Axis::around(
            sizes().fold(f64::MAX, f64::min),
            sizes().fold(0.0, f64::max),
            left + CLOUD,
            area.right - CLOUD,
        );
        let from_zero = |axis: &Axis| {
            if axis.begins_at_zero() {
                ""
            } else {
                ", not from zero"
            }
        };
        let title = format!("{}, {}{}", self.metric, time_unit.name, from_zero(&times));
        canvas.text((area.left, area.top + 6), &title, muted)?;
        for (tick, text) in &ticks {
            let y = times.at(*tick);
            canvas.line(vec![(left, y), (area.right, y)], Ink::Grid, 1)?;
            canvas.text((left - 6, y), text, muted.anchor(Anchor::Right))?;
        }
        canvas.line(
            vec![(left, area.bottom), (area.right, area.bottom)],
            Ink::Muted,
            1,
        )?;
        let most = usize::try_from(area.width() / 80).unwrap_or(2).max(2);
        for tick in sizes.ticks(size_unit, most) {
            let text = size_unit.tick(tick);
            canvas.text(
                (sizes.at(tick), area.bottom + 17),
                &text,
                muted.anchor(Anchor::Middle),
            )?;
            canvas.line(
                vec![(sizes.at(tick), area.bottom), (sizes.at(tick), area.bottom + 4)],
                Ink::Muted,
                1,
            )?;
        }
        let title = format!("image size, {}{}", size_unit.name, from_zero(&sizes));
        let middle = i32::midpoint(left, area.right);
        canvas.text((middle, area.bottom + 34), &title, muted.anchor(Anchor::Middle))?;
        for (point, x) in self.points.iter().zip(self.places(&sizes, (left, area.right))) {
            draw_point(canvas, point, x, &times)?;
            let true_x = sizes.at(point.size as f64);
            let tick = vec![(true_x, area.bottom - 8), (true_x, area.bottom)];
            canvas.line(tick, Ink::Variant(point.variant), 3)?;
        }
        Ok(())
    }

    /// Where each cloud stands: at its size, or beside a cloud that is already there.
    fn places(&self, sizes: &Axis, (left, right): (i32, i32)) -> Vec<i32> {
        let apart = 2 * CLOUD + 8;
        let mut order: Vec<usize> = (0..self.points.len()).collect();
        order.sort_by_key(|index| (self.points[*index].size, *index));
        let mut places: Vec<i32> = order
            .iter()
            .map(|index| sizes.at(self.points[*index].size as f64))
            .collect();
        // Neighbours push each other apart by halves until all have room, or the axis is full.
        for _ in 0..64 {
            for index in 1..places.len() {
                let missing = apart - (places[index] - places[index - 1]);
                if missing > 0 {
                    places[index - 1] -= missing / 2;
                    places[index] += missing - missing / 2;
                }
            }
            for place in &mut places {
                *place = (*place).clamp(left + CLOUD, right - CLOUD);
            }
        }
        let mut by_point = vec![0; self.points.len()];
        for (place, index) in places.into_iter().zip(order) {
            by_point[index] = place;
        }
        by_point
    }
}

fn draw_point(canvas: &Canvas<'_>, point: &Point, x: i32, times: &Axis) -> Result<(), ChartError> {
    let last = point.samples.len().saturating_sub(1).max(1) as f64;
    for (index, (value, standing)) in point.samples.iter().enumerate() {
        let share = if point.samples.len() == 1 {
            0.5
        } else {
            index as f64 / last
        };
        let across = px((share - 0.5) * 2.0 * f64::from(CLOUD - 4));
        let at = (x + across, times.at(*value as f64));
        marker::variant(canvas, at, point.variant, *standing)?;
    }
    let y = times.at(point.median);
    canvas.line(vec![(x - CLOUD - 2, y), (x + CLOUD + 2, y)], Ink::Foreground, 2)?;
    if let Some((low, high)) = point.interval {
        let (low, high) = (times.at(low as f64), times.at(high as f64));
        canvas.line(vec![(x, low), (x, high)], Ink::Foreground, 2)?;
        for end in [low, high] {
            canvas.line(vec![(x - 4, end), (x + 4, end)], Ink::Foreground, 2)?;
        }
    }
    Ok(())
}
