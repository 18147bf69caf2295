//! Where the time of a start goes: stacked phases of the median start, a panel for each state of the image.

use super::axis::{Axis, AxisUnit};
use super::canvas::{Area, Canvas, ChartError, Hatch};
use super::chart::Source;
use super::lanes::{self, Frame, Group, Lane};
use super::sheet::{Body, DataTable, Texts, described_by};
use super::stacks::{self, Part, Parts};
use super::theme::Ink;
use crate::analyze::{MedianStart, Metric, MetricUnit, StartMetric, median_start};
use crate::report::quantity::{self, Shown};
use crate::results::StartSample;
use crate::scenario::{ProbeTier, StartCache};
use crate::unit::Nanos;

const LANE: i32 = 32;
/// Below so many pixels the strip of what is not known would be nothing but its outline.
const LEAST_STRIP: i32 = 3;

/// What a start is made of, in the order in which it is stacked. The last two stand for those before them where the instants
/// between those are not known.
const PHASES: [Part; 8] = [
    Part::new("pull", 1, Hatch::Upright),
    Part::new("create", 5, Hatch::Level),
    Part::new("runtime", 0, Hatch::Falling),
    Part::new("listen", 2, Hatch::None),
    Part::new("answer", 3, Hatch::Rising),
    Part::new("warm-up", 6, Hatch::Upright),
    Part::new("exec to match", 6, Hatch::None),
    Part::new("start to match", 4, Hatch::None),
];
const PULL: usize = 0;
const CREATE: usize = 1;
const RUNTIME: usize = 2;
const LISTEN: usize = 3;
const ANSWER: usize = 4;
const WARM_UP: usize = 5;
const EXEC_TO_MATCH: usize = 6;
const START_TO_MATCH: usize = 7;

/// What of each phase is known of one start, by [`PHASES`].
type Known = [Option<Nanos>; PHASES.len()];

/// Stacked phases of the median start of each variant and state.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StartPhases {
    texts: Texts,
    /// States in which the image is on the machine, and that in which it is pulled, whose times are of another size.
    blocks: Vec<Block>,
    parts: Parts,
}

/// Panels above one axis.
#[derive(Clone, Debug, PartialEq)]
struct Block {
    groups: Vec<Group<Stack>>,
    axis_title: &'static str,
}

/// One start, and how sure its total is.
#[derive(Clone, Debug, PartialEq)]
struct Stack {
    known: Known,
    /// How long each phase is; nothing where it is not known.
    lengths: [Nanos; PHASES.len()],
    total: Nanos,
    n: usize,
    interval: Option<(u64, u64)>,
    uncertainty: f64,
}

impl Stack {
    fn of(median: &MedianStart<'_>) -> Option<Self> {
        let known = known(median.start)?;
        Some(Self {
            known,
            lengths: known.map(Option::unwrap_or_default),
            total: median.start.total()?,
            n: median.totals.n,
            interval: median
                .totals
                .interval
                .map(|interval| (interval.low, interval.high)),
            uncertainty: median.uncertainty,
        })
    }

    /// The interval of the median total, in words.
    fn interval(&self) -> String {
        let shown = |(low, high)| quantity::span(MetricUnit::Nanoseconds, low, high);
        self.interval.map_or_else(|| "–".to_owned(), shown)
    }

    fn known_to(&self) -> String {
        MetricUnit::Nanoseconds.show_rounded(self.uncertainty)
    }
}

/// What of each phase is known of a start that was ready.
fn known(start: &StartSample) -> Option<Known> {
    let matched = start.seen()?.value_ns;
    let mut known = Known::default();
    known[PULL] = start.pull.as_ref().map(|pull| pull.duration_ns);
    known[CREATE] = start.creation();
    let stamps = start.stamps.as_ref();
    let exec = stamps
        .and_then(|stamps| stamps.exec_ns)
        .filter(|exec| *exec <= matched);
    // A listener of before the program's begin would be another's.
    let listen = stamps
        .and_then(|stamps| stamps.listen_ns)
        .filter(|listen| Some(*listen) >= exec && *listen <= matched);
    match (exec, listen) {
        (None, _) => known[START_TO_MATCH] = Some(matched),
        (Some(exec), None) => {
            known[RUNTIME] = Some(exec);
            known[EXEC_TO_MATCH] = Some(matched - exec);
        }
        (Some(exec), Some(listen)) => {
            known[RUNTIME] = Some(exec);
            known[LISTEN] = Some(listen - exec);
            let answered = start.answered_otherwise_ns;
            let answered = answered.filter(|answered| (listen..=matched).contains(answered));
            known[ANSWER] = Some(answered.unwrap_or(matched) - listen);
            known[WARM_UP] = answered.map(|answered| matched - answered);
        }
    }
    Some(known)
}

impl StartPhases {
    /// `None` where no start counts.
    pub(super) fn of(source: &Source<'_>) -> Option<Self> {
        let (pulled, local): (Vec<_>, Vec<_>) = StartCache::ALL
            .into_iter()
            .filter_map(|cache| Some((cache, group(source, cache)?)))
            .partition(|(cache, _)| *cache == StartCache::ColdPull);
        let blocks = [
            (local, "from the create call to the match"),
            (pulled, "from the pull call to the match"),
        ];
        let blocks: Vec<Block> = blocks
            .into_iter()
            .filter(|(groups, _)| !groups.is_empty())
            .map(|(groups, axis_title)| Block {
                groups: groups.into_iter().map(|(_, group)| group).collect(),
                axis_title,
            })
            .collect();
        let stacks = || lanes_of(&blocks).map(|(_, lane)| &lane.marks);
        let longest = lanes_of(&blocks).max_by_key(|(_, lane)| lane.marks.total)?;
        let described: Vec<String> = lanes_of(&blocks)
            .map(|(group, lane)| {
                let parts = told(&lane.marks).map(|(name, length)| format!("{name} {length}"));
                let parts: Vec<String> = parts.collect();
                let total = lane.marks.total;
                format!(
                    "{}, {}: {}, in all {total}",
                    group.name,
                    lane.name,
                    parts.join(", ")
                )
            })
            .collect();
        Some(Self {
            texts: Texts {
                name: "start-phases",
                title: finding(longest),
                subtitle: source.subtitle(),
                caption: caption(stacks),
                description: described_by("Phases of the median starts", &described),
            },
            parts: Parts::of(&PHASES, stacks().map(|stack| stack.lengths.as_slice())),
            blocks,
        })
    }
}

fn lanes_of(blocks: &[Block]) -> impl Iterator<Item = (&Group<Stack>, &Lane<Stack>)> {
    let groups = blocks.iter().flat_map(|block| &block.groups);
    groups.flat_map(|group| group.lanes.iter().map(move |lane| (group, lane)))
}

/// The phases of a stack that are known, by name.
fn told(stack: &Stack) -> impl Iterator<Item = (&'static str, Nanos)> {
    let named = PHASES.iter().zip(stack.known);
    named.filter_map(|(part, length)| Some((part.name, length?)))
}

/// The largest phase of the longest median start, where its phases are known.
fn finding((group, lane): (&Group<Stack>, &Lane<Stack>)) -> String {
    let place = format!(
        "{} of {}",
        group.name.split(',').next().unwrap_or_default(),
        lane.name
    );
    if lane.marks.known[START_TO_MATCH] > Some(Nanos(lane.marks.total.0 / 2)) {
        let total = lane.marks.total;
        return format!("The longest start takes {total}, {place}; what most of it goes into is not known");
    }
    let largest = stacks::largest(&PHASES, &lane.marks.lengths, |_| "takes").unwrap_or_default();
    format!("{largest} of the longest start, {place}")
}

/// What the marks are; only of what is drawn.
fn caption<'a, I: Iterator<Item = &'a Stack>>(stacks: impl Fn() -> I) -> String {
    let has = |phase: usize| stacks().any(|stack| stack.known[phase].is_some());
    let mut text = String::from(
        "Each bar is one start, the one whose total is nearest to the median, so that its phases add up; what is made \
         ready between them is not timed.",
    );
    if has(RUNTIME) {
        text.push_str(" Runtime ends where the container's program begins.");
    }
    if has(LISTEN) {
        text.push_str(if has(WARM_UP) {
            " Listen lasts until it listens, answer from there to the first response, and warm-up from one that does not \
             count as ready, such as a 503, to the match."
        } else {
            " Listen lasts until it listens, answer from there to the match."
        });
    }
    if has(EXEC_TO_MATCH) || has(START_TO_MATCH) {
        text.push_str(
            " Where instants between are not known to the way of looking, one part stands for all.",
        );
    }
    if stacks().any(|stack| stack.interval.is_some()) {
        text.push_str(" The whisker is the 95\u{a0}% interval of the median total.");
    }
    text.push_str(
        " The hatched strip at the end of a bar, where it is wide enough to be seen, is what is not known of a start: the \
         median width of their intervals.",
    );
    text
}

/// The variants in one state, by the best way in which one of them was looked at.
fn group(source: &Source<'_>, cache: StartCache) -> Option<Group<Stack>> {
    let counted = |start: &&StartSample| start.counts() && start.cache == cache && start.seen().is_some();
    let tier = source
        .run
        .starts
        .iter()
        .filter(counted)
        .map(|start| start.tier)
        .min()?;
    let what = match tier {
        ProbeTier::Published => StartMetric::Client,
        _ => StartMetric::Ready,
    };
    let metric = Metric::Start(what, cache);
    let lanes: Vec<Lane<Stack>> = source
        .variants()
        .filter_map(|(variant, name)| {
            let marks = Stack::of(&median_start(source.run, name, cache, tier)?)?;
            Some(Lane {
                variant,
                name: name.to_owned(),
                value: marks.total.to_string(),
                lost: Shown::of(source.analysis.series(name, &metric)).lost,
                marks,
            })
        })
        .collect();
    let widest = lanes
        .iter()
        .map(|lane| lane.marks.uncertainty)
        .fold(0.0, f64::max);
    Some(Group {
        name: format!("{cache}, by {tier}"),
        remark: format!("known to {}", MetricUnit::Nanoseconds.show_rounded(widest)),
        lanes,
    })
}

impl Body for StartPhases {
    fn texts(&self) -> &Texts {
        &self.texts
    }

    fn nothing(&self) -> Option<&str> {
        None
    }

    fn data(&self) -> DataTable {
        let mut columns = vec!["state", "variant"];
        columns.extend(PHASES.map(|part| part.name));
        columns.extend(["total", "interval of the median", "known to", "n"]);
        let mut table = DataTable::new(&columns);
        for (group, lane) in lanes_of(&self.blocks) {
            let stack = &lane.marks;
            let length =
                |length: Option<Nanos>| length.map_or_else(|| "–".to_owned(), |length| length.to_string());
            let mut cells = vec![group.name.clone(), lane.name.clone()];
            cells.extend(stack.known.map(length));
            cells.extend([
                stack.total.to_string(),
                stack.interval(),
                stack.known_to(),
                stack.n.to_string(),
            ]);
            let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
            table.row(&cells);
        }
        table
    }

    fn height(&self, width: i32) -> i32 {
        let blocks = self.blocks.iter().map(|block| lanes::height(&block.groups, LANE));
        self.parts.key_height(width) + blocks.sum::<i32>()
    }

    fn draw(&self, canvas: &mut Canvas<'_>, area: Area) -> Result<(), ChartError> {
        let mut rest = self.parts.draw_key(canvas, area)?;
        for block in &self.blocks {
            let panels = Area {
                bottom: rest.top + lanes::height(&block.groups, LANE),
                ..rest
            };
            self.draw_block(canvas, panels, block)?;
            rest.top = panels.bottom;
        }
        Ok(())
    }
}

impl StartPhases {
    fn draw_block(&self, canvas: &mut Canvas<'_>, area: Area, block: &Block) -> Result<(), ChartError> {
        let layout = lanes::layout(&block.groups, area.width());
        let ends = block.groups.iter().flat_map(|group| &group.lanes).map(|lane| {
            let high = lane.marks.interval.map_or(0, |(_, high)| high);
            lane.marks.total.0.max(high)
        });
        let longest = ends.max().unwrap_or_default() as f64;
        let axis = Axis::from_zero(longest * 1.02, layout.plot_left, layout.plot_right);
        let unit = AxisUnit::fitting(MetricUnit::Nanoseconds, longest);
        let axis_title = format!("{}, {}", block.axis_title, unit.name);
        let frame = Frame {
            axis,
            unit,
            axis_title: &axis_title,
            lane: LANE,
        };
        lanes::draw(canvas, area, &block.groups, &frame, |canvas, row, lane| {
            let stack = &lane.marks;
            let bar = self.parts.draw_bar(canvas, row, &axis, &stack.lengths)?;
            draw_unknown(canvas, bar, &axis, stack)?;
            draw_whisker(canvas, bar, &axis, stack)
        })
    }
}

/// A strip at the lower end of a bar: the part of its time before which the start may have been ready as well.
fn draw_unknown(canvas: &Canvas<'_>, bar: Area, axis: &Axis, stack: &Stack) -> Result<(), ChartError> {
    let strip = Area {
        left: axis.at(stack.total.0 as f64 - stack.uncertainty),
        top: bar.bottom - 6,
        ..bar
    };
    if strip.width() < LEAST_STRIP {
        return Ok(());
    }
    canvas.fill(strip, Ink::Page, 1.0)?;
    canvas.hatch(strip, Hatch::Dense, Ink::Foreground)?;
    canvas.outline(strip, Ink::Foreground)
}

/// The interval of the median total, above the bar that it is about.
fn draw_whisker(canvas: &Canvas<'_>, bar: Area, axis: &Axis, stack: &Stack) -> Result<(), ChartError> {
    let Some((low, high)) = stack.interval else {
        return Ok(());
    };
    let (low, high) = (axis.at(low as f64), axis.at(high as f64));
    let y = bar.top - 4;
    canvas.line(vec![(low, y), (high, y)], Ink::Foreground, 2)?;
    for end in [low, high] {
        canvas.line(vec![(end, y - 3), (end, y + 3)], Ink::Foreground, 2)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::Analysis;
    use crate::analyze::specimen::Specimen;
    use crate::results::{Phase, Pull, Run, StartStamps};
    use crate::scenario::PullShape;
    use crate::unit::ByteSize;

    const MILLI: u64 = 1_000_000;

    /// Six starts in each of some states, by the kernel's record, with a spread of their totals.
    fn states(caches: &[StartCache]) -> Specimen {
        let mut specimen = Specimen::new(&["large", "small"], &["cold"]);
        for cache in caches {
            for (variant, factor) in [("large", 2), ("small", 1)] {
                for round in 0..6 {
                    let ready = Nanos::from_millis(150 * factor + round);
                    let start = specimen.start(variant, ready, Nanos(MILLI / 2));
                    start.tier = ProbeTier::Trace;
                    start.cache = *cache;
                    start.client = None;
                    start.phases = vec![Phase {
                        name: "create".to_owned(),
                        started_ns: Nanos::ZERO,
                        duration_ns: Nanos::from_millis(30),
                    }];
                    start.stamps = Some(StartStamps {
                        exec_ns: Some(Nanos::from_millis(90)),
                        listen_ns: Some(ready - Nanos::from_millis(20)),
                        ..StartStamps::default()
                    });
                    start.pull = (*cache == StartCache::ColdPull).then(|| Pull {
                        duration_ns: Nanos::from_millis(900 * factor),
                        bytes: ByteSize(1),
                        layers: Vec::new(),
                        shape: PullShape::default(),
                    });
                }
            }
        }
        specimen
    }

    fn chart(run: &Run) -> Option<StartPhases> {
        let analysis = Analysis::of(run);
        StartPhases::of(&Source {
            run,
            analysis: &analysis,
        })
    }

    fn rows(run: &Run) -> Vec<String> {
        let rows = chart(run).unwrap().data().rows;
        rows.iter().map(|cells| cells.join(" | ")).collect()
    }

    #[test]
    fn the_phases_of_one_start_add_up_and_each_state_is_a_panel_of_its_own() {
        let all = [StartCache::Warm, StartCache::Restart, StartCache::ColdPull];
        let run = states(&all).run();
        insta::assert_snapshot!(rows(&run).join("\n"), @"
        warm, by trace | large | – | 30.0 ms | 90.0 ms | 192 ms | 20.0 ms | – | – | – | 332 ms | 330–335 ms | 500 µs | 6
        warm, by trace | small | – | 30.0 ms | 90.0 ms | 42.0 ms | 20.0 ms | – | – | – | 182 ms | 180–185 ms | 500 µs | 6
        restart, by trace | large | – | – | 90.0 ms | 192 ms | 20.0 ms | – | – | – | 302 ms | 300–305 ms | 500 µs | 6
        restart, by trace | small | – | – | 90.0 ms | 42.0 ms | 20.0 ms | – | – | – | 152 ms | 150–155 ms | 500 µs | 6
        cold-pull, by trace | large | 1.80 s | 30.0 ms | 90.0 ms | 192 ms | 20.0 ms | – | – | – | 2.13 s | 2.13 s | 500 µs | 6
        cold-pull, by trace | small | 900 ms | 30.0 ms | 90.0 ms | 42.0 ms | 20.0 ms | – | – | – | 1.08 s | 1.08 s | 500 µs | 6
        ");
        let chart = chart(&run).unwrap();
        assert_eq!(
            chart.texts.title,
            "Pull takes 84 % of the longest start, cold-pull of large"
        );
        let axes: Vec<_> = chart.blocks.iter().map(|block| block.groups.len()).collect();
        assert_eq!(axes, [2, 1], "pulls have an axis of their own");
    }

    #[test]
    fn instants_that_are_not_known_join_the_phases_between_and_nothing_is_zero() {
        let mut specimen = Specimen::new(&["a"], &["cold"]);
        let ready = Nanos::from_millis(200);
        let stamps = |exec: Option<u64>, listen: Option<u64>| StartStamps {
            exec_ns: exec.map(Nanos::from_millis),
            listen_ns: listen.map(Nanos::from_millis),
            ..StartStamps::default()
        };
        for (stamps, expected) in [
            (None, vec![("start to match", 200)]),
            (Some(stamps(None, Some(150))), vec![("start to match", 200)]),
            (
                Some(stamps(Some(80), None)),
                vec![("runtime", 80), ("exec to match", 120)],
            ),
            // A port that was listened on only after the match is not what answered.
            (
                Some(stamps(Some(80), Some(201))),
                vec![("runtime", 80), ("exec to match", 120)],
            ),
            (
                Some(stamps(Some(80), Some(70))),
                vec![("runtime", 80), ("exec to match", 120)],
            ),
            (
                Some(stamps(Some(80), Some(150))),
                vec![("runtime", 80), ("listen", 70), ("answer", 50)],
            ),
        ] {
            let start = specimen.start("a", ready, Nanos(MILLI));
            // An answer of before what listened in the end is another's.
            start.answered_otherwise_ns = Some(Nanos::from_millis(60));
            start.stamps = stamps;
            let known = known(start).unwrap();
            let named = PHASES.iter().zip(known);
            let found: Vec<_> = named
                .filter_map(|(part, length)| Some((part.name, length?.0 / MILLI)))
                .collect();
            assert_eq!(found, expected);
        }

        let start = specimen.start("a", ready, Nanos(MILLI));
        start.stamps = Some(stamps(Some(80), Some(150)));
        start.answered_otherwise_ns = Some(Nanos::from_millis(155));
        let known = known(start).unwrap();
        assert_eq!(
            (known[ANSWER], known[WARM_UP]),
            (Some(Nanos::from_millis(5)), Some(Nanos::from_millis(45)))
        );
    }

    #[test]
    fn starts_of_another_way_are_in_no_panel_of_the_better_one() {
        let mut specimen = states(&[StartCache::Warm]);
        for _ in 0..20 {
            let start = specimen.start("large", Nanos::from_millis(9_000), Nanos::from_millis(40));
            start.tier = ProbeTier::Published;
            start.ready = None;
        }
        let rows = rows(&specimen.run());
        assert_eq!(rows.len(), 2);
        assert!(rows[0].ends_with(" | 500 µs | 6"), "{}", rows[0]);
    }

    #[test]
    fn a_run_without_a_start_that_counts_has_no_such_chart() {
        let mut specimen = Specimen::new(&["a"], &["cold"]);
        specimen.build("a", "cold", 100);
        specimen.failed_start("a", "it ended");
        assert_eq!(chart(&specimen.run()), None);
    }
}
