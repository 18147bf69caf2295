//! Where the time of a build goes: stacked phases of the median build.

use super::axis::{Axis, AxisUnit};
use super::canvas::{Area, Canvas, ChartError, Hatch};
use super::chart::Source;
use super::lanes::{self, Frame, Group, Lane};
use super::sheet::{Body, DataTable, Texts, described_by};
use super::stacks::{self, Part, Parts};
use crate::analyze::{Metric, MetricUnit, median_build};
use crate::report::quantity::Shown;
use crate::results::{BuildGraph, BuildSample, WorkSpan};
use crate::unit::Nanos;

const LANE: i32 = 24;

/// The phases of a build in the order in which they are stacked; what none covers is other time.
const PHASES: [Part; 7] = [
    Part::new("context", 0, Hatch::Falling),
    Part::new("resolve", 1, Hatch::Upright),
    Part::new("cache-import", 5, Hatch::Level),
    Part::new("instructions", 2, Hatch::None),
    Part::new("export", 3, Hatch::Rising),
    Part::new("cache-export", 6, Hatch::Dense),
    Part::new("other", 4, Hatch::None),
];
/// Which phase a moment belongs to where several overlap, the strongest first: instructions are what a Dockerfile is
/// about, and the rest counts where nothing that comes later in a build goes on.
const STRENGTH: [usize; OTHER] = [5, 4, 3, 0, 1, 2];
const INSTRUCTIONS: usize = 3;
const OTHER: usize = 6;

/// Stacked phases of the median build of each variant and step.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Phases {
    texts: Texts,
    groups: Vec<Group<Stack>>,
    parts: Parts,
    nothing: Option<String>,
}

/// The phases of one build, by [`PHASES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stack {
    parts: [Nanos; PHASES.len()],
}

impl Stack {
    fn total(&self) -> Nanos {
        self.parts.iter().fold(Nanos::ZERO, |sum, part| sum + *part)
    }

    /// Gives every moment of a build to one phase, so that the stack is as long as the build.
    fn of(build: &BuildSample) -> Option<Self> {
        let total = build.duration_ns?;
        // Phases that begin and end by moment: what works between two of them works all the time between them.
        let mut changes: Vec<(Nanos, usize, i32)> = Vec::new();
        for (phase, part) in PHASES[..OTHER].iter().enumerate() {
            for span in phase_spans(build, part.name) {
                changes.push((span.started.min(total), phase, 1));
                changes.push((span.ended().min(total), phase, -1));
            }
        }
        changes.sort_unstable_by_key(|(at, _, _)| *at);
        let mut parts = [Nanos::ZERO; PHASES.len()];
        let mut at_work = [0; OTHER];
        let mut since = Nanos::ZERO;
        let end = (total, OTHER, 0);
        for (at, phase, change) in changes.into_iter().chain([end]) {
            let strongest = (0..OTHER)
                .filter(|phase| at_work[*phase] > 0)
                .min_by_key(|phase| STRENGTH[*phase])
                .unwrap_or(OTHER);
            parts[strongest] = parts[strongest] + at.saturating_since(since);
            since = at;
            if let Some(count) = at_work.get_mut(phase) {
                *count += change;
            }
        }
        Some(Self { parts })
    }
}

/// When a phase went on. Its vertices tell it exactly; without them it is taken to go on from its beginning for as long
/// as it took.
fn phase_spans(build: &BuildSample, name: &str) -> Vec<WorkSpan> {
    let mut spans: Vec<WorkSpan> = Vec::new();
    for vertex in build.graph.iter().flat_map(BuildGraph::known) {
        // A cached vertex is given a span as well; it stands for a look-up, not for work of that part.
        if vertex.part.phase() == Some(name) && !vertex.cached {
            spans.extend(&vertex.spans_ns);
        }
        if name == "cache-import" {
            spans.extend(&vertex.pulled_ns);
        }
    }
    // The push of an inline cache is no vertex: it begins when all of them have ended.
    let told = spans.iter().map(|span| span.ended()).max();
    let is_untold = |started| told.is_none_or(|told| told <= started);
    let phases = build.phases.iter();
    spans.extend(
        phases
            .filter(|phase| phase.name == name && is_untold(phase.started_ns))
            .map(|phase| WorkSpan {
                started: phase.started_ns,
                duration: phase.duration_ns,
            }),
    );
    WorkSpan::merged(spans)
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
                    let parts: Vec<String> = PHASES
                        .iter()
                        .zip(lane.marks.parts)
                        .filter(|(_, length)| *length > Nanos::ZERO)
                        .map(|(part, length)| format!("{} {length}", part.name))
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
                caption: "Each bar is one build, the one whose time is nearest to the median of its step, so that its \
                          phases add up to its wall time; medians of phases would not. A moment in which several \
                          phases go on counts once: for instructions before export, cache-export, cache-import, \
                          resolve and context. Other is time in which none goes on."
                    .to_owned(),
                description: described_by("Phases of the median builds", &described),
            },
            parts: Parts::of(&PHASES, drawn().map(|lane| lane.marks.parts.as_slice())),
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
    let verb = |part| if part == INSTRUCTIONS { "take" } else { "takes" };
    let largest = stacks::largest(&PHASES, &lane.marks.parts, verb).unwrap_or_default();
    format!("{largest} of the longest build, {} of {}", group.name, lane.name)
}

fn lane(source: &Source<'_>, step: &str, variant: usize, name: &str) -> Option<Lane<Stack>> {
    let metric = Metric::StepTime(step.to_owned());
    let series = source.analysis.series(name, &metric)?;
    let shown = Shown::of(Some(series));
    let build = median_build(source.run, &source.analysis.series, name, step)?;
    let marks = Stack::of(build)?;
    Some(Lane {
        variant,
        name: name.to_owned(),
        value: marks.total().to_string(),
        lost: shown.lost,
        marks,
    })
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
        columns.extend(PHASES.map(|part| part.name));
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
        self.parts.key_height(width) + lanes::height(&self.groups, LANE)
    }

    fn draw(&self, canvas: &mut Canvas<'_>, area: Area) -> Result<(), ChartError> {
        let rest = self.parts.draw_key(canvas, area)?;
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
        lanes::draw(canvas, rest, &self.groups, &frame, |canvas, row, lane| {
            let bar = self.parts.draw_bar(canvas, row, &axis, &lane.marks.parts);
            bar.map(drop)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::specimen::{Specimen, two_stages};
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
            phase("cache-import", 0, 15),
        ];
        let stack = Stack::of(build).unwrap();
        let millis = stack.parts.map(|part| part.0 / 1_000_000);
        assert_eq!(millis, [5, 30, 15, 30, 20, 0, 0]);
        assert_eq!(stack.total(), Nanos::from_millis(100));
    }

    #[test]
    fn the_graph_tells_when_a_phase_went_on_and_what_none_covers_is_other_time() {
        let run = two_stages().run();
        let stack = Stack::of(&run.builds[0]).unwrap();
        let millis = stack.parts.map(|part| part.0 / 1_000_000);
        // Reading until 20, the base to 60 with the context beside it, the stages from 60 to 2080, the copies from 2085
        // to 2115, the export from 2120 to 2420, of 2460.
        assert_eq!(millis, [0, 60, 0, 2_020 + 30, 300, 0, 5 + 5 + 40]);
        assert_eq!(stack.total(), Nanos::from_millis(2_460));
    }

    #[test]
    fn layers_of_a_remote_cache_count_as_import_and_what_came_from_the_cache_as_nothing() {
        let mut specimen = two_stages();
        let build = specimen.last_build();
        let graph = build.graph.as_mut().unwrap();
        let make = &mut graph.vertices[4];
        make.cached = true;
        make.pulled_ns = std::mem::replace(
            &mut make.spans_ns,
            vec![WorkSpan {
                started: Nanos::from_millis(2_080),
                duration: Nanos::ZERO,
            }],
        );
        // The push of an inline cache is no vertex.
        build.phases.push(Phase {
            name: "cache-export".to_owned(),
            started_ns: Nanos::from_millis(2_450),
            duration_ns: Nanos::from_millis(50),
        });
        let millis = Stack::of(build).unwrap().parts.map(|part| part.0 / 1_000_000);
        // The other stage works until 960, the layers come until 2080; the build took 2500.
        assert_eq!(millis, [0, 60, 1_120, 900 + 30, 300, 50, 5 + 5 + 30]);
    }
}
