//! When each thing of a build was worked on: what went on at the same time, and what determined the end.

use super::axis::{Axis, AxisUnit};
use super::canvas::{Anchor, Area, Canvas, ChartError, Hatch, Lettering, bold_size};
use super::chart::Source;
use super::lettering;
use super::marker;
use super::sheet::{Body, DataTable, Texts, described_by};
use super::theme::Ink;
use crate::analyze::{Bar, Metric, MetricUnit, Standing, Timeline, Waits};
use crate::unit::Nanos;

const HEADING: i32 = 24;
/// A label, and its bar below it: so there is room for eighty columns of an instruction.
const ROW: i32 = LABEL + 18;
const LABEL: i32 = 18;
/// The room of what stands behind a label.
const VALUE: i32 = 150;
const GAP: i32 = 12;
const AXIS: i32 = 40;
const KEY: i32 = 26;
/// Below this width the remark of a build stands below its name.
const NARROW: i32 = 560;
/// How many bars of a build are drawn; what took the least time is summed up.
const DRAWN: usize = 12;

/// The builds that stand for their variants at one step, over time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TimelineChart {
    texts: Texts,
    builds: Vec<Build>,
    nothing: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
struct Build {
    /// The variant's position in the run, which gives its mark.
    variant: usize,
    name: String,
    /// What stands at the end of the heading.
    remark: String,
    total: Nanos,
    waits: Waits,
    bars: Vec<Bar>,
    /// How many bars were left out, and the time of all of them.
    left_out: (usize, Nanos),
}

impl Build {
    fn of(timeline: &Timeline, variant: usize) -> Self {
        let mut by_weight: Vec<usize> = (0..timeline.bars.len()).collect();
        by_weight.sort_by_key(|index| std::cmp::Reverse(timeline.bars[*index].work()));
        // What is shorter than a pixel says nothing in a drawing; the table beside it has everything.
        let least = Nanos(timeline.total.0 / 400);
        let drawn = by_weight.iter().take(DRAWN);
        let mut drawn: Vec<usize> = drawn
            .filter(|index| timeline.bars[**index].work() >= least)
            .copied()
            .collect();
        drawn.sort_unstable();
        let left_out: Vec<&Bar> = (0..timeline.bars.len())
            .filter(|index| !drawn.contains(index))
            .map(|index| &timeline.bars[index])
            .collect();
        let mut remark = vec![format!("{} in all", timeline.total)];
        if let (Some(path), Waits::Told) = (timeline.path, timeline.waits) {
            remark.push(format!("path {path}"));
        }
        if timeline.stages_at_once > Nanos::ZERO {
            remark.push(format!("stages at once for {}", timeline.stages_at_once));
        }
        Self {
            variant,
            name: timeline.variant.clone(),
            remark: remark.join(", "),
            total: timeline.total,
            waits: timeline.waits,
            bars: drawn.iter().map(|index| timeline.bars[*index].clone()).collect(),
            left_out: (
                left_out.len(),
                left_out.iter().fold(Nanos::ZERO, |sum, bar| sum + bar.work()),
            ),
        }
    }

    fn rows(&self) -> usize {
        self.bars.len() + usize::from(self.left_out.0 > 0)
    }
}

/// A bar with its stage, as a label.
fn label(bar: &Bar) -> String {
    match &bar.stage {
        Some(stage) => format!("{stage}: {}", bar.name),
        None => bar.name.clone(),
    }
}

/// What stands behind a bar.
fn value(bar: &Bar) -> String {
    let work = bar.work();
    match (bar.on_path, bar.slack) {
        (true, _) => format!("{work}, path"),
        (false, Some(slack)) => format!("{work}, slack {slack}"),
        (false, None) => work.to_string(),
    }
}

impl TimelineChart {
    pub(super) fn of(source: &Source<'_>) -> Self {
        let step = step(source);
        let timelines: Vec<(usize, &Timeline)> = source
            .variants()
            .filter_map(|(variant, name)| {
                let mut all = source.analysis.timelines.iter();
                let found = all.find(|one| one.variant == name && Some(&one.step) == step)?;
                Some((variant, found))
            })
            .collect();
        let builds: Vec<Build> = timelines
            .iter()
            .map(|(variant, timeline)| Build::of(timeline, *variant))
            .collect();
        let described: Vec<String> = timelines
            .iter()
            .map(|(_, timeline)| {
                let bars: Vec<String> = timeline
                    .bars
                    .iter()
                    .map(|bar| format!("{} {}", label(bar), value(bar)))
                    .collect();
                format!("{}: {}", timeline.variant, bars.join(", "))
            })
            .collect();
        let of_step = step.map_or_else(String::new, |step| format!(" of “{step}”"));
        Self {
            texts: Texts {
                name: "timeline",
                title: finding(&timelines),
                subtitle: source.subtitle(),
                caption: caption(&builds, &of_step),
                description: described_by(&format!("The builds{of_step} over time"), &described),
            },
            nothing: builds
                .is_empty()
                .then(|| source.nothing("No valid build tells what it worked on.")),
            builds,
        }
    }

    fn knows_a_path(&self) -> bool {
        self.builds.iter().any(|build| build.waits != Waits::Unknown)
    }
}

/// The step that the verdict is about, or the one whose builds took longest.
fn step<'a>(source: &Source<'a>) -> Option<&'a String> {
    let timelines = &source.analysis.timelines;
    let lead = source.analysis.sentence.metric.as_ref();
    let leading = timelines
        .iter()
        .find(|one| lead == Some(&Metric::StepTime(one.step.clone())));
    leading
        .or_else(|| timelines.iter().rev().max_by_key(|one| one.total))
        .map(|one| &one.step)
}

/// What took longest on the path of the longest build; of one whose path the daemon told, where there is one.
fn finding(timelines: &[(usize, &Timeline)]) -> String {
    let told = |timeline: &Timeline| timeline.waits == Waits::Told;
    let all = timelines.iter().map(|(_, timeline)| *timeline);
    let longest = all.rev().max_by_key(|timeline| (told(timeline), timeline.total));
    let Some(timeline) = longest else {
        return "What a build waited for".to_owned();
    };
    let place = format!("{}, {}", timeline.variant, timeline.step);
    match (timeline.path, timeline.heaviest_on_path()) {
        (Some(path), Some(bar)) if timeline.waits == Waits::Told => format!(
            "{} is {} of the {path} that determine the end of {place}",
            short(&label(bar)),
            bar.work()
        ),
        _ => {
            let heaviest = timeline.bars.iter().rev().max_by_key(|bar| bar.work());
            let name = heaviest.map_or_else(String::new, |bar| short(&label(bar)));
            format!("{name} takes the longest in the build of {place}")
        }
    }
}

/// As much of a name as a title has room for.
fn short(name: &str) -> String {
    const MOST: usize = 48;
    if name.chars().count() <= MOST {
        return name.to_owned();
    }
    let kept: String = name.chars().take(MOST - 1).collect();
    format!("{}…", kept.trim_end())
}

fn caption(builds: &[Build], of_step: &str) -> String {
    let has = |waits| builds.iter().any(|build| build.waits == waits);
    let mut caption = format!(
        "The build{of_step} of each variant whose time is nearest to the median, from the first thing that the daemon \
         began on."
    );
    if has(Waits::Told) {
        caption.push_str(
            " Full bars with bold names are the critical path: the longest chain in which each waited for the one \
             before, joined by lines. Slack is how much longer any other may take before it is on it.",
        );
    }
    if has(Waits::OneAfterAnother) {
        caption.push_str(
            " The classic builder does one thing after another, so that all of it determines the end; its times are \
             those at which its lines arrived.",
        );
    }
    if has(Waits::Unknown) {
        caption.push_str(if has(Waits::Told) || has(Waits::OneAfterAnother) {
            " Where no bar is full the journal does not say what waited for what."
        } else {
            " The journal does not say what waited for what: an earlier version wrote it."
        });
    }
    caption
}

impl Body for TimelineChart {
    fn texts(&self) -> &Texts {
        &self.texts
    }

    fn nothing(&self) -> Option<&str> {
        self.nothing.as_deref()
    }

    fn data(&self) -> DataTable {
        let mut table = DataTable::new(&[
            "variant",
            "stage",
            "what",
            "began",
            "worked",
            "critical path",
            "slack",
        ]);
        for build in &self.builds {
            for bar in &build.bars {
                let began = bar.spans.first().map_or(Nanos::ZERO, |span| span.started);
                let (path, slack) = match (build.waits, bar.on_path) {
                    (Waits::Unknown, _) => ("not known", "not known".to_owned()),
                    (_, true) => ("yes", "–".to_owned()),
                    (_, false) => (
                        "no",
                        bar.slack
                            .map_or_else(|| "–".to_owned(), |slack| slack.to_string()),
                    ),
                };
                table.row(&[
                    &build.name,
                    bar.stage.as_deref().unwrap_or("–"),
                    &bar.name,
                    &began.to_string(),
                    &bar.work().to_string(),
                    path,
                    &slack,
                ]);
            }
            if build.left_out.0 > 0 {
                let (name, time) = left_out(build);
                table.row(&[&build.name, "–", &name, "–", &time, "–", "–"]);
            }
        }
        table
    }

    fn height(&self, width: i32) -> i32 {
        let builds: i32 = self
            .builds
            .iter()
            .map(|build| heading(width) + GAP + ROW * i32::try_from(build.rows()).unwrap_or(0))
            .sum();
        builds + AXIS + if self.knows_a_path() { KEY } else { 0 }
    }

    fn draw(&self, canvas: &mut Canvas<'_>, area: Area) -> Result<(), ChartError> {
        let mut y = area.top;
        if self.knows_a_path() {
            draw_key(canvas, y)?;
            y += KEY;
        }
        let (left, right) = (area.left + 4, area.right - 8);
        let longest = self.builds.iter().map(|build| build.total.0).max().unwrap_or(0) as f64;
        let axis = Axis::from_zero(longest * 1.01, left, right);
        let unit = AxisUnit::fitting(MetricUnit::Nanoseconds, longest);
        let bottom = area.bottom - AXIS;
        let muted = Lettering::SMALL.ink(Ink::Muted).anchor(Anchor::Middle);
        let most = usize::try_from((right - left) / 60).unwrap_or(2).max(3);
        for tick in axis.ticks(unit, most) {
            let x = axis.at(tick);
            canvas.line(vec![(x, y + heading(area.width())), (x, bottom)], Ink::Grid, 1)?;
            // Half of the first label would stand outside.
            let at = if tick > 0.0 { x } else { x + 2 };
            canvas.text((at, bottom + 10), &unit.tick(tick), muted)?;
        }
        let middle = i32::midpoint(left, right);
        let axis_title = format!("time of the build, {}", unit.name);
        canvas.text((middle, bottom + 28), &axis_title, muted)?;
        for build in &self.builds {
            y = draw_build(canvas, area.width(), &axis, build, y)?;
        }
        Ok(())
    }
}

/// The height of a build's heading.
const fn heading(width: i32) -> i32 {
    if width < NARROW { HEADING + LABEL } else { HEADING }
}

fn draw_key(canvas: &Canvas<'_>, y: i32) -> Result<(), ChartError> {
    let swatch = |left: i32| Area {
        left,
        top: y + 4,
        right: left + 22,
        bottom: y + 17,
    };
    let first = swatch(0);
    bar_look(canvas, first, true)?;
    canvas.text((28, first.middle()), "critical path", Lettering::SMALL.bold())?;
    let second = swatch(130);
    bar_look(canvas, second, false)?;
    canvas.text((158, second.middle()), "work beside it", Lettering::SMALL)
}

/// Full and dark on the path; light with a hatch beside it.
fn bar_look(canvas: &Canvas<'_>, area: Area, on_path: bool) -> Result<(), ChartError> {
    if on_path {
        return canvas.fill(area, Ink::Foreground, 1.0);
    }
    canvas.fill(area, Ink::Phase(0), 1.0)?;
    if area.width() > 6 {
        canvas.hatch(area, Hatch::Rising, Ink::Foreground)?;
    }
    canvas.outline(area, Ink::Foreground)
}

fn left_out(build: &Build) -> (String, String) {
    let (count, time) = build.left_out;
    let noun = if count == 1 { "shorter one" } else { "shorter ones" };
    (format!("{count} {noun}"), time.to_string())
}

fn draw_build(
    canvas: &mut Canvas<'_>,
    width: i32,
    axis: &Axis,
    build: &Build,
    top: i32,
) -> Result<i32, ChartError> {
    let muted = Lettering::SMALL.ink(Ink::Muted);
    let at_end = muted.anchor(Anchor::Right);
    let name = Lettering::SMALL.bold().size(13);
    let middle = top + HEADING / 2;
    marker::variant(canvas, (7, middle), build.variant, Standing::Counted)?;
    if width < NARROW {
        canvas.fitted((18, middle), &build.name, width - 18, name)?;
        canvas.fitted((18, middle + LABEL), &build.remark, width - 18, muted)?;
    } else {
        let remark = lettering::width(&build.remark, 12).min(width / 2);
        canvas.fitted((18, middle), &build.name, width - 18 - remark - 16, name)?;
        canvas.fitted((width, middle), &build.remark, width / 2, at_end)?;
    }
    let first = top + heading(width);
    if build.waits == Waits::Told {
        draw_joints(canvas, axis, build, first)?;
    }
    let mut y = first;
    for bar in &build.bars {
        let text = y + LABEL / 2;
        let plain = Lettering::SMALL;
        let (label_look, value_look) = if bar.on_path {
            (plain.bold(), plain.anchor(Anchor::Right))
        } else {
            (plain, at_end)
        };
        let (name, value) = (label(bar), value(bar));
        let room = width - VALUE - 16;
        // Lines behind a text would make it hard to read.
        let end = lettering::width(&name, bold_size(label_look)).min(room) + 8;
        let begin = width - 8 - lettering::width(&value, 12).min(VALUE);
        for (left, right) in [(1, end), (begin, width)] {
            let (top, bottom) = (y + 1, y + LABEL - 1);
            let back = Area {
                left,
                top,
                right,
                bottom,
            };
            canvas.fill(back, Ink::Page, 1.0)?;
        }
        canvas.fitted((4, text), &name, room, label_look)?;
        canvas.fitted((width - 4, text), &value, VALUE, value_look)?;
        for place in places(axis, bar, y) {
            bar_look(canvas, place, bar.on_path)?;
        }
        y += ROW;
    }
    if build.left_out.0 > 0 {
        let (name, time) = left_out(build);
        canvas.fitted((4, y + LABEL / 2), &name, width - VALUE - 16, muted)?;
        canvas.text((width - 4, y + LABEL / 2), &time, at_end)?;
        y += ROW;
    }
    Ok(y + GAP)
}

/// Where the spans of a bar are whose label is at a height.
fn places(axis: &Axis, bar: &Bar, y: i32) -> Vec<Area> {
    let spans = bar.spans.iter();
    spans
        .map(|span| {
            let left = axis.at(span.started.0 as f64);
            Area {
                left,
                top: y + LABEL,
                right: axis.at(span.ended().0 as f64).max(left + 2),
                bottom: y + LABEL + 12,
            }
        })
        .collect()
}

/// Lines from the end of each bar on the path to the beginning of the next.
fn draw_joints(canvas: &Canvas<'_>, axis: &Axis, build: &Build, first: i32) -> Result<(), ChartError> {
    let mut y = first;
    let mut before: Option<Area> = None;
    for bar in &build.bars {
        let places = places(axis, bar, y);
        if let (true, Some(begin), Some(end)) = (bar.on_path, places.first(), places.last()) {
            if let Some(before) = before {
                let x = before.right - 1;
                let points = vec![
                    (x, before.bottom),
                    (x, begin.middle()),
                    (begin.left, begin.middle()),
                ];
                canvas.line(points, Ink::Foreground, 1)?;
            }
            before = Some(*end);
        }
        y += ROW;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::Analysis;
    use crate::analyze::specimen::{Specimen, two_stages};
    use crate::report::charts::draw_all;
    use crate::results::Run;
    use crate::scenario::BuilderKind;

    fn chart(run: &Run) -> TimelineChart {
        TimelineChart::of(&Source {
            run,
            analysis: &Analysis::of(run),
        })
    }

    #[test]
    fn the_critical_path_is_named_marked_in_the_table_and_drawn() {
        let run = two_stages().run();
        let chart = chart(&run);
        assert_eq!(
            chart.texts.title,
            "slow: RUN make service is 2.00 s of the 2.40 s that determine the end of staged, cold"
        );
        assert_eq!(
            chart.builds[0].remark,
            "2.48 s in all, path 2.40 s, stages at once for 890 ms"
        );
        let rows = chart.data().rows;
        let row = |what: &str| rows.iter().find(|row| row[2] == what).unwrap()[3..].to_vec();
        assert_eq!(row("RUN make service"), ["80.0 ms", "2.00 s", "yes", "–"]);
        assert_eq!(row("RUN make assets"), ["60.0 ms", "900 ms", "no", "1.12 s"]);
        let analysis = Analysis::of(&run);
        let charts = draw_all(&run, &analysis).unwrap();
        let drawn = charts.iter().find(|chart| chart.file == "timeline.svg").unwrap();
        for svg in [&drawn.wide, &drawn.narrow] {
            assert!(svg.contains(">\n900 ms, slack 1.12 s\n<"), "{svg}");
            assert!(svg.contains(">\n2.00 s, path\n<"), "{svg}");
        }
    }

    #[test]
    fn what_is_not_known_is_said() {
        let mut specimen = Specimen::new(&["a"], &["cold"]);
        specimen.build("a", "cold", 1_000);
        let unknown = chart(&specimen.run());
        assert!(
            unknown.texts.caption.contains("an earlier version wrote it"),
            "{}",
            unknown.texts.caption
        );
        assert_eq!(unknown.data().rows[0][5], "not known");
        assert!(!unknown.knows_a_path());
        specimen.header().variants[0].builder = BuilderKind::Classic;
        let classic = chart(&specimen.run());
        assert!(
            classic.texts.caption.contains("one thing after another"),
            "{}",
            classic.texts.caption
        );
        assert!(classic.builds[0].bars.iter().all(|bar| bar.on_path));
    }

    #[test]
    fn of_many_bars_the_longest_are_drawn_and_the_rest_is_summed_up() {
        let mut specimen = Specimen::new(&["a"], &["cold"]);
        let build = specimen.build("a", "cold", 1_000);
        build.phases.clear();
        build.instructions = (1..=20)
            .map(|index| {
                crate::analyze::specimen::instruction(
                    &format!("RUN {index}"),
                    index,
                    false,
                    10 + u64::from(index),
                )
            })
            .collect();
        let chart = chart(&specimen.run());
        let build = &chart.builds[0];
        assert_eq!(build.bars.len(), DRAWN);
        assert_eq!(build.left_out, (8, Nanos::from_millis((11..=18).sum())));
    }
}
