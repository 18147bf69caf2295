//! Image size against start time, a panel for each state of the image: what a MiB costs.

use super::axis::{Axis, AxisUnit};
use super::canvas::{Anchor, Area, Canvas, ChartError, Lettering, px};
use super::chart::{Source, last_image};
use super::key;
use super::lettering;
use super::marker;
use super::sheet::{Body, DataTable, Texts, described_by};
use super::theme::Ink;
use crate::analyze::StartMetric;
use crate::analyze::{Finding, Metric, MetricUnit, Series, Standing, whole};
use crate::report::quantity::Shown;
use crate::scenario::StartCache;
use crate::stats::{SlopeEstimate, slope};
use crate::unit::{ByteSize, Nanos};

/// The height of the plot of a chart that has one panel, and of each where there are several.
const PLOT: i32 = 300;
const SMALL_PLOT: i32 = 190;
const AXIS: i32 = 44;
/// The space below a panel that another one follows.
const GAP: i32 = 14;
/// The height of a line above a plot.
const LINE: i32 = 17;
/// The widest a cloud of samples may be, to either side of its image's size.
const CLOUD: i32 = 14;
/// Nanoseconds a byte in milliseconds a MiB.
const MILLIS_PER_MIB: f64 = 1_048_576.0 / 1e6;

/// Image size against start time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SizeStart {
    texts: Texts,
    weighed: Weighed,
    panels: Vec<Panel>,
    /// The variants with their mark and what is said of them above all panels.
    key: Vec<(usize, String)>,
    nothing: Option<String>,
}

/// Which size of an image is meant: both are never in one chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weighed {
    /// As pulled, known of every variant.
    Packed,
    /// As the image store counts.
    OnDisk,
}

impl Weighed {
    const fn name(self) -> &'static str {
        match self {
            Self::Packed => "image size, packed",
            Self::OnDisk => "image size on disk",
        }
    }
}

/// One metric over the sizes of the images.
#[derive(Clone, Debug, PartialEq)]
struct Panel {
    metric: Metric,
    points: Vec<Point>,
    slope: Option<SlopeEstimate>,
    /// What a MiB costs, or why that is not said.
    told: String,
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
        let metrics = measured(source);
        let weighed = weighed(source, &metrics);
        let panels = metrics.into_iter().map(|metric| {
            let points = source.variants();
            let points = points.filter_map(|(variant, name)| point(source, &metric, weighed, variant, name));
            let points = points.collect();
            Panel::of(metric, points, source.run.header.quick)
        });
        let panels: Vec<Panel> = panels.filter(|panel| !panel.points.is_empty()).collect();
        let described: Vec<String> = panels
            .iter()
            .flat_map(|panel| panel.described(panels.len()))
            .collect();
        Self {
            texts: Texts {
                name: "size-start",
                title: finding(source, &panels),
                subtitle: source.subtitle(),
                caption: caption(&panels),
                description: described_by("Image size and start time", &described),
            },
            nothing: panels
                .is_empty()
                .then(|| source.nothing("No variant has both an image size and a valid start.")),
            key: key_lines(source, &panels),
            weighed,
            panels,
        }
    }
}

/// The metrics that starts and pulls have a time in: in each state the best way, and for pulls their parts as well.
fn measured(source: &Source<'_>) -> Vec<Metric> {
    let is_counted = |metric: &Metric| {
        source
            .variants()
            .any(|(_, name)| counted(source, name, metric).is_some())
    };
    let mut metrics = Vec::new();
    for cache in StartCache::ALL {
        if cache == StartCache::ColdPull {
            let pulls = [StartMetric::Pull, StartMetric::Download, StartMetric::Extract];
            metrics.extend(pulls.map(|what| Metric::Start(what, cache)));
        }
        let ways = [StartMetric::Ready, StartMetric::Client].map(|what| Metric::Start(what, cache));
        metrics.extend(ways.into_iter().find(is_counted));
    }
    metrics.retain(is_counted);
    metrics
}

/// The packed size only where it is known of every variant that is drawn.
fn weighed(source: &Source<'_>, metrics: &[Metric]) -> Weighed {
    let is_drawn = |name: &str| {
        metrics
            .iter()
            .any(|metric| counted(source, name, metric).is_some())
    };
    let mut drawn = source.variants().filter(|(_, name)| is_drawn(name)).peekable();
    if drawn.peek().is_some() && drawn.all(|(_, name)| packed(source, name).is_some()) {
        Weighed::Packed
    } else {
        Weighed::OnDisk
    }
}

fn packed(source: &Source<'_>, name: &str) -> Option<ByteSize> {
    let metric = Metric::Start(StartMetric::PulledBytes, StartCache::ColdPull);
    let summary = counted(source, name, &metric)?.estimate.timed()?;
    Some(ByteSize(whole(summary.median)))
}

fn counted<'a>(source: &Source<'a>, name: &str, metric: &Metric) -> Option<&'a Series> {
    source
        .analysis
        .series(name, metric)
        .filter(|series| series.estimate.n() > 0)
}

fn point(
    source: &Source<'_>,
    metric: &Metric,
    weighed: Weighed,
    variant: usize,
    name: &str,
) -> Option<Point> {
    let series = counted(source, name, metric)?;
    let size = match weighed {
        Weighed::Packed => packed(source, name)?,
        Weighed::OnDisk => last_image(source.run, name)?.size_bytes,
    };
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

impl Panel {
    /// An image counts once, by its median: its starts repeat each other and tell nothing of another image.
    fn of(metric: Metric, points: Vec<Point>, quick: bool) -> Self {
        let medians: Vec<(u64, u64)> = points
            .iter()
            .map(|point| (point.size, whole(point.median)))
            .collect();
        let slope = if quick { None } else { slope(&medians) };
        Self {
            told: match &slope {
                Some(slope) => per_mib(slope),
                None if quick => "of a quick run no slope is claimed".to_owned(),
                None => "fewer than three sizes of images: no slope is claimed".to_owned(),
            },
            metric,
            points,
            slope,
        }
    }

    /// The slope where it is known as surely as any other interval here.
    fn sure(&self) -> Option<&SlopeEstimate> {
        self.slope.as_ref().filter(|slope| slope.interval.is_sure())
    }

    fn described(&self, panels: usize) -> Vec<String> {
        let place = if panels > 1 {
            format!("{}, ", self.metric)
        } else {
            String::new()
        };
        let points = self
            .points
            .iter()
            .map(|point| format!("{place}{}: {}", point.name, point.label));
        points
            .chain(std::iter::once(format!("{}: {}", self.metric, self.told)))
            .collect()
    }
}

/// What a MiB costs, with its interval.
fn per_mib(found: &SlopeEstimate) -> String {
    let interval = &found.interval;
    let shown = |slope: f64| three_digits(slope * MILLIS_PER_MIB);
    let images = found.n;
    let few = if interval.is_sure() {
        ""
    } else {
        ", too few for 95\u{a0}%"
    };
    format!(
        "{} ms per MiB ({} to {}, {:.1}\u{a0}% interval, {images} images{few})",
        shown(found.slope),
        shown(interval.low),
        shown(interval.high),
        interval.level * 100.0
    )
}

/// A number with three significant digits, and no more than three behind the point.
fn three_digits(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.9995 => 2,
        _ => 3,
    };
    let text = format!("{value:.decimals$}");
    // A minus before nothing but zeros says nothing.
    if text.trim_start_matches(['-', '0', '.']).is_empty() {
        return "0".to_owned();
    }
    text.replace('-', "\u{2212}")
}

/// With one panel each variant's value stands in the key; with several its size, which is the same in all.
fn key_lines(source: &Source<'_>, panels: &[Panel]) -> Vec<(usize, String)> {
    let lines = source.variants().filter_map(|(variant, name)| {
        let mut points = panels.iter().flat_map(|panel| &panel.points);
        let point = points.find(|point| point.variant == variant)?;
        let told = match panels {
            [_] => point.label.clone(),
            _ => ByteSize(point.size).to_string(),
        };
        Some((variant, format!("{name}: {told}")))
    });
    lines.collect()
}

fn caption(panels: &[Panel]) -> String {
    let mut caption = String::from("Each small mark is one start; the horizontal line is the median");
    let mut points = panels.iter().flat_map(|panel| &panel.points);
    if points.any(|point| point.interval.is_some()) {
        caption.push_str(", the upright one its 95\u{a0}% interval");
    }
    caption
        .push_str(". Images of nearly equal size stand side by side; the tick below each is its true size.");
    if panels.iter().any(|panel| panel.slope.is_some()) {
        caption.push_str(
            " The sloping line has the median of the slopes of all pairs of images; each image counts once, by its median, \
             since its starts tell nothing of another image. It is thin where its level is below 95\u{a0}%. It is a line \
             through these images, which differ in more than their size.",
        );
    }
    caption
}

/// What a MiB costs where that is known; else whether a difference can be told at all.
fn finding(source: &Source<'_>, panels: &[Panel]) -> String {
    let costs = panels.iter().filter_map(|panel| Some((panel, panel.sure()?)));
    let costs: Vec<String> = costs
        .filter(|(_, slope)| slope.interval.low > 0.0)
        .map(|(panel, slope)| {
            format!(
                "{} ms of {}",
                three_digits(slope.slope * MILLIS_PER_MIB),
                panel.metric
            )
        })
        .collect();
    match (costs.split_last(), panels.first()) {
        (Some((last, [])), _) => format!("Each MiB of image costs {last}"),
        (Some((last, rest)), _) => format!("Each MiB of image costs {} and {last}", rest.join(", ")),
        (None, Some(panel)) => difference(source, &panel.metric, &panel.points),
        (None, None) => difference(source, &Metric::Start(StartMetric::Ready, StartCache::Warm), &[]),
    }
}

fn difference(source: &Source<'_>, metric: &Metric, points: &[Point]) -> String {
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
        let columns = [
            "metric",
            "variant",
            self.weighed.name(),
            "median",
            "every sample",
            "slope",
        ];
        let mut table = DataTable::new(&columns);
        for panel in &self.panels {
            for point in &panel.points {
                let samples: Vec<String> = point
                    .samples
                    .iter()
                    .map(|(value, standing)| standing.beside(Nanos(*value)))
                    .collect();
                let median = MetricUnit::Nanoseconds.show_rounded(point.median);
                let (metric, size) = (panel.metric.to_string(), ByteSize(point.size).to_string());
                table.row(&[
                    &metric,
                    &point.name,
                    &size,
                    &median,
                    &samples.join(", "),
                    &panel.told,
                ]);
            }
        }
        table
    }

    fn height(&self, width: i32) -> i32 {
        let plots = self
            .panels
            .iter()
            .map(|panel| panel.heading(width) + self.plot_height() + GAP);
        key::height(self.key.len()) + plots.sum::<i32>() - GAP + AXIS
    }

    fn draw(&self, canvas: &mut Canvas<'_>, area: Area) -> Result<(), ChartError> {
        let mut rest = key::above_plot(canvas, area, AXIS, self.key.iter().cloned())?;
        let left = rest.left + self.panels.iter().map(Panel::label_width).max().unwrap_or(0);
        let sizes = self
            .panels
            .iter()
            .flat_map(|panel| &panel.points)
            .map(|point| point.size as f64);
        let (smallest, largest) = sizes.fold((f64::MAX, 0.0_f64), |(small, large), size| {
            (small.min(size), large.max(size))
        });
        let sizes = Axis::around(smallest, largest, left + CLOUD, rest.right - CLOUD);
        for panel in &self.panels {
            let heading = panel.heading(area.width());
            let plot = Area {
                left,
                top: rest.top + heading,
                bottom: rest.top + heading + self.plot_height(),
                ..rest
            };
            panel.draw(canvas, (rest.left, rest.top), plot, &sizes)?;
            rest.top = plot.bottom + GAP;
        }
        let plot = Area {
            left,
            bottom: rest.top - GAP,
            ..rest
        };
        self.draw_sizes(canvas, plot, &sizes)
    }
}

/// Said of an axis that does not begin at zero.
fn from_zero(axis: &Axis) -> &'static str {
    if axis.begins_at_zero() {
        ""
    } else {
        ", not from zero"
    }
}

impl SizeStart {
    const fn plot_height(&self) -> i32 {
        if self.panels.len() > 1 { SMALL_PLOT } else { PLOT }
    }

    /// The axis below the last panel.
    fn draw_sizes(&self, canvas: &Canvas<'_>, plot: Area, sizes: &Axis) -> Result<(), ChartError> {
        let muted = Lettering::SMALL.ink(Ink::Muted).anchor(Anchor::Middle);
        let largest = self
            .panels
            .iter()
            .flat_map(|panel| &panel.points)
            .map(|point| point.size)
            .max();
        let unit = AxisUnit::fitting(MetricUnit::Bytes, largest.unwrap_or_default() as f64);
        let most = usize::try_from(plot.width() / 80).unwrap_or(2).max(2);
        for tick in sizes.ticks(unit, most) {
            let x = sizes.at(tick);
            canvas.text((x, plot.bottom + 17), &unit.tick(tick), muted)?;
            canvas.line(vec![(x, plot.bottom), (x, plot.bottom + 4)], Ink::Muted, 1)?;
        }
        let title = format!("{}, {}{}", self.weighed.name(), unit.name, from_zero(sizes));
        let middle = i32::midpoint(plot.left, plot.right);
        canvas.text((middle, plot.bottom + 34), &title, muted)
    }
}

impl Panel {
    /// The height of what stands above the plot.
    fn heading(&self, width: i32) -> i32 {
        let told = lettering::wrap(&self.told, 12, width).len();
        LINE * (1 + i32::try_from(told).unwrap_or(1)) + 4
    }

    /// From the smallest to the largest value, and the unit.
    fn range(&self) -> (f64, f64, AxisUnit) {
        let samples = self.points.iter().flat_map(|point| &point.samples);
        let values = samples.map(|(value, _)| *value as f64);
        let (low, high) = values.fold((f64::MAX, 0.0_f64), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        (low, high, AxisUnit::fitting(MetricUnit::Nanoseconds, high))
    }

    fn times(&self, top: i32, bottom: i32) -> (Axis, Vec<(f64, String)>, AxisUnit) {
        let (low, high, unit) = self.range();
        let axis = Axis::around(low, high, bottom - 6, top + 8);
        let ticks = axis
            .ticks(unit, 6)
            .into_iter()
            .map(|tick| (tick, unit.tick(tick)));
        let ticks = ticks.collect();
        (axis, ticks, unit)
    }

    fn label_width(&self) -> i32 {
        let (_, ticks, _) = self.times(0, 100);
        let widths = ticks.iter().map(|(_, text)| lettering::width(text, 12));
        widths.max().unwrap_or(0) + 10
    }

    fn draw(
        &self,
        canvas: &Canvas<'_>,
        (x, y): (i32, i32),
        plot: Area,
        sizes: &Axis,
    ) -> Result<(), ChartError> {
        let muted = Lettering::SMALL.ink(Ink::Muted);
        let (times, ticks, unit) = self.times(plot.top, plot.bottom);
        let title = format!("{}, {}{}", self.metric, unit.name, from_zero(&times));
        canvas.text((x, y + LINE / 2), &title, Lettering::SMALL.bold())?;
        let told = lettering::wrap(&self.told, 12, plot.right - x);
        for (line, text) in (1..).zip(&told) {
            canvas.text((x, y + line * LINE + LINE / 2), text, muted)?;
        }
        for (tick, text) in &ticks {
            let y = times.at(*tick);
            canvas.line(vec![(plot.left, y), (plot.right, y)], Ink::Grid, 1)?;
            canvas.text((plot.left - 6, y), text, muted.anchor(Anchor::Right))?;
        }
        canvas.line(
            vec![(plot.left, plot.bottom), (plot.right, plot.bottom)],
            Ink::Muted,
            1,
        )?;
        self.draw_slope(canvas, &times, sizes)?;
        for (point, x) in self
            .points
            .iter()
            .zip(self.places(sizes, (plot.left, plot.right)))
        {
            draw_point(canvas, point, x, &times)?;
            let true_x = sizes.at(point.size as f64);
            let tick = vec![(true_x, plot.bottom - 8), (true_x, plot.bottom)];
            canvas.line(tick, Ink::Variant(point.variant), 3)?;
        }
        Ok(())
    }

    /// The line from the smallest image to the largest, as far as it is on the plot.
    fn draw_slope(&self, canvas: &Canvas<'_>, times: &Axis, sizes: &Axis) -> Result<(), ChartError> {
        let Some(found) = &self.slope else {
            return Ok(());
        };
        let (low, high) = times.ends();
        let on_plot = |size: f64| {
            let time = found.intercept + found.slope * size;
            let within = time.clamp(low, high);
            // A line that leaves the plot ends where it does; a level one never leaves it alone.
            let size = if (within - time).abs() > 0.0 && found.slope.abs() > 0.0 {
                (within - found.intercept) / found.slope
            } else {
                size
            };
            (sizes.at(size), times.at(within))
        };
        let of_points = || self.points.iter().map(|point| point.size);
        let ends = [of_points().min(), of_points().max()];
        let ends = ends.into_iter().flatten().map(|size| on_plot(size as f64));
        let width = if found.interval.is_sure() { 2 } else { 1 };
        canvas.line(ends.collect(), Ink::Muted, width)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::Analysis;
    use crate::analyze::specimen::Specimen;
    use crate::results::{Pull, PullSpan, PulledLayer, Run};
    use crate::scenario::PullShape;

    const MIB: u64 = 1 << 20;

    /// Images of so many MiB, packed to half, with starts in two states: warm ones all alike, and after a pull that takes 8 ms a
    /// MiB.
    fn sized(sizes: &[u64]) -> Specimen {
        let names: Vec<String> = (0..sizes.len()).map(|index| format!("image-{index}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut specimen = Specimen::new(&names, &["cold"]);
        for (name, mib) in names.iter().zip(sizes) {
            let build = specimen.build(name, "cold", 100);
            build.image.as_mut().unwrap().size_bytes = ByteSize(mib * MIB);
            for round in 0..5 {
                // Neither rises nor falls with the size.
                let warm = 200 + mib % 3 * 4 + round;
                specimen.start(name, Nanos::from_millis(warm), Nanos(1));
                let start = specimen.start(name, Nanos::from_millis(300), Nanos(1));
                start.cache = StartCache::ColdPull;
                let layer = |from: u64, millis: u64| PullSpan {
                    started_ns: Nanos::from_millis(from),
                    duration_ns: Nanos::from_millis(millis),
                };
                start.pull = Some(Pull {
                    duration_ns: Nanos::from_millis(50 + 4 * mib),
                    bytes: ByteSize(mib * MIB / 2),
                    layers: vec![PulledLayer {
                        digest: crate::digest::Digest::of(name),
                        size_bytes: ByteSize(mib * MIB / 2),
                        download: Some(layer(10, mib * 3)),
                        extract: None,
                    }],
                    shape: PullShape::default(),
                });
            }
        }
        specimen
    }

    fn chart(run: &Run) -> SizeStart {
        let analysis = Analysis::of(run);
        SizeStart::of(&Source {
            run,
            analysis: &analysis,
        })
    }

    fn told(chart: &SizeStart) -> Vec<String> {
        let panels = chart.panels.iter();
        panels
            .map(|panel| format!("{}: {}", panel.metric, panel.told))
            .collect()
    }

    #[test]
    fn each_state_has_a_panel_and_what_a_mib_costs_is_said_where_it_is_sure() {
        let run = sized(&[10, 20, 40, 80, 100, 200]).run();
        let chart = chart(&run);
        insta::assert_snapshot!(told(&chart).join("\n"), @"
        start.ready: 0 ms per MiB (−0.400 to 0.200, 98.3 % interval, 6 images)
        start.pull: 8.00 ms per MiB (8.00 to 8.00, 98.3 % interval, 6 images)
        pull.download: 6.00 ms per MiB (6.00 to 6.00, 98.3 % interval, 6 images)
        start.ready.cold-pull: 0 ms per MiB (0 to 0, 98.3 % interval, 6 images)
        ");
        assert_eq!(
            chart.texts.title,
            "Each MiB of image costs 8.00 ms of start.pull and 6.00 ms of pull.download"
        );
        assert_eq!(chart.weighed, Weighed::Packed);
        assert_eq!(chart.key[0], (0, "image-0: 5.00 MiB".to_owned()));
        let table = chart.data();
        assert_eq!(table.rows.len(), 4 * 6, "four panels of six images");
    }

    #[test]
    fn four_images_have_a_slope_that_no_title_claims_and_two_sizes_have_none() {
        let four = chart(&sized(&[10, 20, 40, 80]).run());
        assert_eq!(
            told(&four)[1],
            "start.pull: 8.00 ms per MiB (8.00 to 8.00, 91.7\u{a0}% interval, 4 images, too few for 95\u{a0}%)"
        );
        assert!(!four.texts.title.contains("Each MiB"), "{}", four.texts.title);
        let two = chart(&sized(&[10, 20, 20, 10]).run());
        assert!(two.panels.iter().all(|panel| panel.slope.is_none()));
        assert_eq!(
            told(&two)[0],
            "start.ready: fewer than three sizes of images: no slope is claimed"
        );
        let quick = chart(&sized(&[10, 20, 40, 80, 100]).quick().run());
        assert_eq!(told(&quick)[0], "start.ready: of a quick run no slope is claimed");
    }

    #[test]
    fn where_one_packed_size_is_not_known_all_are_those_on_the_disk() {
        let mut run = sized(&[10, 20, 40]).run();
        run.starts
            .retain(|start| start.key.variant != "image-2" || start.pull.is_none());
        let chart = chart(&run);
        assert_eq!(chart.weighed, Weighed::OnDisk);
        assert_eq!(chart.key[0].1, "image-0: 10.0 MiB");
        assert!(chart.data().columns.contains(&"image size on disk".to_owned()));
    }

    #[test]
    fn numbers_have_three_digits_and_a_sign_that_reads_as_one() {
        for (value, expected) in [
            (1234.4, "1234"),
            (99.96, "100"),
            (12.34, "12.3"),
            (8.0, "8.00"),
            (0.1234, "0.123"),
            (0.0004, "0"),
            (-0.0004, "0"),
            (-0.25, "\u{2212}0.250"),
        ] {
            assert_eq!(three_digits(value), expected, "{value}");
        }
    }
}
