//! Where the time of a build goes: stacked phases of the median build.

use std::collections::BTreeSet;

use super::axis::{Axis, AxisUnit};
use super::canvas::{Area, Canvas, ChartError, Hatch, Lettering};
use super::chart::Source;
use super::lanes::{self, Frame, Group, Lane};
use super::lettering;
use super::sheet::{Body, DataTable, Texts};
use super::theme::Ink;
use crate::analyze::{Metric, MetricUnit, Series};
use crate::report::quantity::Shown;
use crate::results::BuildSample;
use crate::unit::Nanos;

const LANE: i32 = 24;
const KEY: i32 = 22;
const KEY_GAP: i32 = 8;

/// The phases of a build in the order in which they are stacked; what none covers is the rest.
const NAMES: [&str; 5] = ["context", "resolve", "instructions", "export", "rest"];
/// Which phase a moment belongs to where several overlap: the later in a build, the stronger.
const STRENGTH: [usize; 4] = [3, 2, 0, 1];
const REST: usize = 4;
const HATCHES: [Hatch; 5] = [
    Hatch::Falling,
    Hatch::Upright,
    Hatch::None,
    Hatch::Rising,
    Hatch::None,
];

/// Stacked phases of the median build of each variant and step.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Phases {
    texts: Texts,
    groups: Vec<Group<Stack>>,
    nothing: Option<String>,
}

/// The phases of one build, by [`NAMES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stack {
    parts: [Nanos; NAMES.len()],
}

impl Stack {
    fn total(&self) -> Nanos {
        self.parts.iter().fold(Nanos::ZERO, |sum, part| sum + *part)
    }

    /// Gives every moment of a build to one phase, so that the stack is as long as the build.
    fn of(build: &BuildSample) -> Option<Self> {
        let total = build.duration_ns?;
        let known = |name: &str| NAMES[..REST].iter().position(|phase| *phase == name);
        let spans: Vec<(usize, u64, u64)> = build
            .phases
            .iter()
            .filter_map(|phase| {
                let from = phase.started_ns.0.min(total.0);
                let to = (phase.started_ns + phase.duration_ns).0.min(total.0);
                Some((known(&phase.name)?, from, to))
            })
            .collect();
        let moments: BTreeSet<u64> = spans
            .iter()
            .flat_map(|(_, from, to)| [*from, *to])
            .chain([0, total.0])
            .collect();
        let moments: Vec<u64> = moments.into_iter().collect();
        let mut parts = [Nanos::ZERO; NAMES.len()];
        for pair in moments.windows(2) {
            let strongest = spans
                .iter()
                .filter(|(_, from, to)| *from <= pair[0] && pair[1] <= *to)
                .map(|(phase, _, _)| *phase)
                .min_by_key(|phase| STRENGTH[*phase])
                .unwrap_or(REST);
            parts[strongest] = parts[strongest] + Nanos(pair[1] - pair[0]);
        }
        Some(Self { parts })
    }
}

impl Phases {
    pub(super) fn of(source: &Source<'_>) -> Self {
        let groups: Vec<Group<Stack>> = source
            .run
            .header
            .steps
            .iter()
            .map(|step| Group {
                name: step.clone(),
                remark: String::new(),
                lanes: source
                    .variants()
                    .filter_map(|(variant, name)| lane(source, step, variant, name))
                    .collect(),
            })
            .filter(|group| !group.lanes.is_empty())
            .collect();
        let drawn = || groups.iter().flat_map(|group| &group.lanes);
        let phased = source
            .run
            .builds
            .iter()
            .any(|build| build.outcome.is_ok() && !build.phases.is_empty());
        let reason = "No valid build has phases to draw.";
        let described: Vec<String> = groups
            .iter()
            .flat_map(|group| {
                group.lanes.iter().map(move |lane| {
                    let parts: Vec<String> = NAMES
                        .iter()
                        .zip(lane.marks.parts)
                        .filter(|(_, part)| *part > Nanos::ZERO)
                        .map(|(name, part)| format!("{name} {part}"))
                        .collect();
                    format!("{}, {}: {}", group.name, lane.name, parts.join(", "))
                })
            })
            .collect();
        Self {
            texts: Texts {
                name: "phases",
                title: finding(&groups),
                subtitle: source.subtitle(),
                caption: "Each bar is the build whose time is nearest to the median of its step. A moment in which \
                          phases overlap counts for the later one; rest is time that belongs to no phase."
                    .to_owned(),
                description: format!("Phases of the median builds. {}.", described.join("; ")),
            },
            nothing: (!phased || drawn().next().is_none()).then(|| source.nothing(reason)),
            groups,
        }
    }
}

/// The largest phase of the longest median build.
fn finding(groups: &[Group<Stack>]) -> String {
    let longest = groups
        .iter()
        .flat_map(|group| group.lanes.iter().map(move |lane| (group, lane)))
        .max_by_key(|(_, lane)| lane.marks.total());
    let Some((group, lane)) = longest else {
        return "Phases of the median build".to_owned();
    };
    let total = lane.marks.total();
    let largest = (0..NAMES.len()).max_by_key(|phase| lane.marks.parts[*phase]);
    let phase = largest.unwrap_or(REST);
    let share = lane.marks.parts[phase].0 as f64 / total.0.max(1) as f64 * 100.0;
    let verb = if NAMES[phase] == "instructions" {
        "take"
    } else {
        "takes"
    };
    let mut name = NAMES[phase].to_owned();
    name[..1].make_ascii_uppercase();
    format!(
        "{name} {verb} {share:.0} % of the longest build, {} of {}",
        group.name, lane.name
    )
}

fn lane(source: &Source<'_>, step: &str, variant: usize, name: &str) -> Option<Lane<Stack>> {
    let metric = Metric::StepTime(step.to_owned());
    let series = source.analysis.series(name, &metric)?;
    let shown = Shown::of(Some(series));
    let build = median_build(source, series, step)?;
    let marks = Stack::of(build)?;
    Some(Lane {
        variant,
        name: name.to_owned(),
        value: marks.total().to_string(),
        lost: shown.lost,
        marks,
    })
}

/// The valid build whose time is nearest to the median; the earlier of two that are equally near.
pub(super) fn median_build<'a>(source: &Source<'a>, series: &Series, step: &str) -> Option<&'a BuildSample> {
    let median = series.estimate.timed()?.median;
    source
        .run
        .builds
        .iter()
        .filter(|build| {
            build.step == step
                && build.key.variant == series.variant
                && build.outcome.is_ok()
                && !build.key.warmup
        })
        .filter_map(|build| Some(((build.duration_ns?.0 as f64 - median).abs(), build)))
        .reduce(|best, next| if next.0 < best.0 { next } else { best })
        .map(|(_, build)| build)
}

impl Body for Phases {
    fn texts(&self) -> &Texts {
        &self.texts
    }

    fn nothing(&self) -> Option<&str> {
        self.nothing.as_deref()
    }

    fn data(&self) -> DataTable {
        let mut columns = vec!["step", "variant"];
        columns.extend(NAMES);
        columns.push("total");
        let mut table = DataTable::new(&columns);
        for group in &self.groups {
            for lane in &group.lanes {
                let mut cells = vec![group.name.clone(), lane.name.clone()];
                cells.extend(lane.marks.parts.iter().map(Nanos::to_string));
                cells.push(lane.marks.total().to_string());
                let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
                table.row(&cells);
            }
        }
        table
    }

    fn height(&self, width: i32) -> i32 {
        key_places(width).last().map_or(0, |place| place.1)
            + KEY
            + KEY_GAP
            + lanes::height(&self.groups, LANE)
    }

    fn draw(&self, canvas: &mut Canvas<'_>, area: Area) -> Result<(), ChartError> {
        let mut bottom = area.top;
        for (phase, (x, y)) in key_places(area.width()).into_iter().enumerate() {
            let swatch = Area {
                left: x,
                top: area.top + y + 4,
                right: x + 22,
                bottom: area.top + y + 17,
            };
            fill(canvas, swatch, phase)?;
            let at = (x + 28, swatch.middle());
            canvas.text(at, NAMES[phase], Lettering::SMALL)?;
            bottom = area.top + y + KEY + KEY_GAP;
        }
        let layout = lanes::layout(&self.groups, area.width());
        let longest = self
            .groups
            .iter()
            .flat_map(|group| &group.lanes)
            .map(|lane| lane.marks.total().0 as f64)
            .fold(0.0, f64::max);
        let axis = Axis::from_zero(longest * 1.02, layout.plot_left, layout.plot_right);
        let unit = AxisUnit::fitting(MetricUnit::Nanoseconds, longest);
        let axis_title = format!("build time, {}", unit.name);
        let frame = Frame {
            axis,
            unit,
            axis_title: &axis_title,
            lane: LANE,
        };
        let rest = Area { top: bottom, ..area };
        lanes::draw(canvas, rest, &self.groups, &frame, |canvas, row, lane| {
            let mut sum = Nanos::ZERO;
            for (phase, part) in lane.marks.parts.iter().enumerate() {
                let from = axis.at(sum.0 as f64);
                sum = sum + *part;
                let bar = Area {
                    left: from,
                    right: axis.at(sum.0 as f64),
                    top: row.middle() - 8,
                    bottom: row.middle() + 8,
                };
                if *part > Nanos::ZERO && bar.width() > 0 {
                    fill(canvas, bar, phase)?;
                }
            }
            Ok(())
        })
    }
}

fn fill(canvas: &Canvas<'_>, area: Area, phase: usize) -> Result<(), ChartError> {
    canvas.fill(area, Ink::Phase(phase), 1.0)?;
    if area.width() > 6 {
        canvas.hatch(area, HATCHES[phase], Ink::Foreground)?;
    }
    canvas.outline(area, Ink::Foreground)
}

/// Where each entry of the key stands, in rows as the width allows.
fn key_places(width: i32) -> Vec<(i32, i32)> {
    let mut places = Vec::new();
    let (mut x, mut y) = (0, 0);
    for name in NAMES {
        let entry = 28 + lettering::width(name, 12) + 14;
        if x > 0 && x + entry > width {
            x = 0;
            y += KEY;
        }
        places.push((x, y));
        x += entry;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::specimen::Specimen;
    use crate::results::Phase;

    #[test]
    fn overlapping_phases_are_counted_once_and_sum_to_the_build() {
        let mut specimen = Specimen::new(&["a"], &["cold"]);
        let build = specimen.build("a", "cold", 100);
        let phase = |name: &str, from: u64, to: u64| Phase {
            name: name.to_owned(),
            started_ns: Nanos::from_millis(from),
            duration_ns: Nanos::from_millis(to - from),
        };
        build.phases = vec![
            phase("context", 10, 40),
            phase("resolve", 20, 60),
            phase("instructions", 50, 80),
            phase("export", 80, 120),
            phase("something new", 0, 100),
        ];
        let stack = Stack::of(build).unwrap();
        let millis = stack.parts.map(|part| part.0 / 1_000_000);
        assert_eq!(millis, [10, 30, 30, 20, 10]);
        assert_eq!(stack.total(), Nanos::from_millis(100));
    }
}
