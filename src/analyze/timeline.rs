//! When each thing of a build was worked on, and which of it determined the build's end.

use super::critical_path::CriticalPath;
use super::median_build::median_build;
use super::series::Series;
use crate::dockerfile::VertexName;
use crate::results::{BuildSample, GraphPart, Run, WorkSpan};
use crate::scenario::BuilderKind;
use crate::unit::Nanos;

/// The work of one build over time: that of the build that stands for its step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// The step.
    pub step: String,
    /// The variant.
    pub variant: String,
    /// The wall time of the build.
    pub total: Nanos,
    /// How it is known what waited for what.
    pub waits: Waits,
    /// What worked, by its beginning.
    pub bars: Vec<Bar>,
    /// The work on the critical path; `None` where that is not known.
    pub path: Option<Nanos>,
    /// How long instructions of at least two stages worked at the same time.
    pub stages_at_once: Nanos,
}

/// How it is known what waited for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Waits {
    /// The daemon told the inputs of each vertex.
    Told,
    /// The classic builder does one thing after another, in the order of the Dockerfile.
    OneAfterAnother,
    /// The journal does not say: an earlier version wrote it.
    Unknown,
}

/// One thing that was worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// The instruction, or what else it was.
    pub name: String,
    /// The stage of an instruction, where the Dockerfile has several.
    pub stage: Option<String>,
    /// What of the build it is.
    pub part: GraphPart,
    /// When it was worked on, in order, without overlap.
    pub spans: Vec<WorkSpan>,
    /// Whether it is on the critical path.
    pub on_path: bool,
    /// How much longer it might take before it is; `None` where that is not known.
    pub slack: Option<Nanos>,
}

impl Bar {
    /// How long it was worked on.
    #[must_use]
    pub fn work(&self) -> Nanos {
        sum(&self.spans)
    }

    fn started(&self) -> Nanos {
        self.spans.first().map_or(Nanos::ZERO, |span| span.started)
    }
}

impl Timeline {
    /// The timeline of a build of a run; `None` where it did not end, or nothing in it worked.
    #[must_use]
    pub fn of(run: &Run, build: &BuildSample) -> Option<Self> {
        let total = build.duration_ns?;
        let classic = run
            .header
            .variants
            .iter()
            .any(|variant| variant.name == build.key.variant && variant.builder == BuilderKind::Classic);
        let told = build
            .graph
            .as_ref()
            .and_then(|graph| Some((graph, CriticalPath::of(graph)?)));
        let (waits, mut bars, path) = match told {
            Some((graph, path)) => {
                let bars = graph.vertices.iter().enumerate().filter_map(|(index, vertex)| {
                    let instruction = vertex
                        .instruction
                        .and_then(|place| build.instructions.get(usize::try_from(place).ok()?));
                    let (name, stage) = match (instruction, vertex.part) {
                        (Some(instruction), _) => {
                            (instruction.name.as_str(), stage(instruction.position.as_deref()))
                        }
                        (None, GraphPart::Base) => {
                            let name = VertexName::split(vertex.name.as_deref()?);
                            (name.instruction, stage(name.position))
                        }
                        (None, _) => (vertex.name.as_deref()?, None),
                    };
                    Some(Bar {
                        name: name.to_owned(),
                        stage,
                        part: vertex.part,
                        spans: WorkSpan::merged(vertex.spans_ns.clone()),
                        on_path: path.vertices.contains(&index),
                        slack: path.slack.get(index).copied().flatten(),
                    })
                });
                (Waits::Told, bars.collect::<Vec<_>>(), Some(path.length))
            }
            None if classic => {
                let mut bars = without_graph(build);
                for bar in &mut bars {
                    bar.on_path = true;
                    bar.slack = Some(Nanos::ZERO);
                }
                let spans = bars.iter().flat_map(|bar| bar.spans.iter().copied()).collect();
                (
                    Waits::OneAfterAnother,
                    bars,
                    Some(sum(&WorkSpan::merged(spans)).min(total)),
                )
            }
            None => (Waits::Unknown, without_graph(build), None),
        };
        bars.retain(|bar: &Bar| bar.work() > Nanos::ZERO);
        bars.sort_by_key(Bar::started);
        (!bars.is_empty()).then(|| Self {
            step: build.step.clone(),
            variant: build.key.variant.clone(),
            total,
            waits,
            path,
            stages_at_once: stages_at_once(&bars),
            bars,
        })
    }

    /// What is on the critical path, in the order in which it was worked on.
    pub fn on_path(&self) -> impl Iterator<Item = &Bar> {
        self.bars.iter().filter(|bar| bar.on_path)
    }

    /// What on the critical path took longest: where work pays first.
    #[must_use]
    pub fn heaviest_on_path(&self) -> Option<&Bar> {
        // The first of equals stands.
        self.on_path()
            .reduce(|best, next| if next.work() > best.work() { next } else { best })
    }
}

/// The timelines of the builds that stand for each step and variant, in the header's order.
pub(super) fn timelines(run: &Run, series: &[Series]) -> Vec<Timeline> {
    let variants = || run.header.variants.iter();
    run.header
        .steps
        .iter()
        .flat_map(|step| variants().map(move |variant| (step, &variant.name)))
        .filter_map(|(step, variant)| Timeline::of(run, median_build(run, series, variant, step)?))
        .collect()
}

/// What a sample without a graph tells: its phases other than the instructions, and each instruction that ran.
fn without_graph(build: &BuildSample) -> Vec<Bar> {
    let bar = |name: &str, stage, part, span| Bar {
        name: name.to_owned(),
        stage,
        part,
        spans: vec![span],
        on_path: false,
        slack: None,
    };
    let phases = build.phases.iter().filter_map(|phase| {
        let part = match phase.name.as_str() {
            "context" => GraphPart::Context,
            "resolve" => GraphPart::Resolve,
            "cache-import" => GraphPart::CacheImport,
            "export" => GraphPart::Export,
            "cache-export" => GraphPart::CacheExport,
            _ => return None,
        };
        let span = WorkSpan {
            started: phase.started_ns,
            duration: phase.duration_ns,
        };
        Some(bar(&phase.name, None, part, span))
    });
    let ran = build
        .instructions
        .iter()
        .filter(|instruction| !instruction.cached);
    let instructions = ran.filter_map(|instruction| {
        let span = WorkSpan {
            started: instruction.started_ns?,
            duration: instruction.duration_ns?,
        };
        let stage = stage(instruction.position.as_deref());
        Some(bar(&instruction.name, stage, GraphPart::Instruction, span))
    });
    phases.chain(instructions).collect()
}

/// The stage that a position such as `builder 2/5` names; one of the only stage is `2/5`.
fn stage(position: Option<&str>) -> Option<String> {
    let (stage, _) = position?.rsplit_once(' ')?;
    Some(stage.to_owned())
}

fn sum(spans: &[WorkSpan]) -> Nanos {
    spans.iter().fold(Nanos::ZERO, |sum, span| sum + span.duration)
}

/// How long instructions of at least two stages worked at the same time.
fn stages_at_once(bars: &[Bar]) -> Nanos {
    let mut stages: Vec<Option<&str>> = Vec::new();
    let instructions = || bars.iter().filter(|bar| bar.part == GraphPart::Instruction);
    for bar in instructions() {
        if !stages.contains(&bar.stage.as_deref()) {
            stages.push(bar.stage.as_deref());
        }
    }
    // Each stage counts once, however many of its instructions work: so a change of the count is a change of stages.
    let mut changes: Vec<(Nanos, i32)> = Vec::new();
    for stage in stages {
        let of_stage = instructions().filter(|bar| bar.stage.as_deref() == stage);
        let spans = WorkSpan::merged(of_stage.flat_map(|bar| bar.spans.iter().copied()).collect());
        changes.extend(
            spans
                .into_iter()
                .flat_map(|span| [(span.started, 1), (span.ended(), -1)]),
        );
    }
    changes.sort_unstable();
    let (mut at_work, mut since, mut total) = (0, Nanos::ZERO, Nanos::ZERO);
    for (at, change) in changes {
        if at_work >= 2 {
            total = total + at.saturating_since(since);
        }
        at_work += change;
        since = at;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::specimen::{Specimen, instruction, two_stages};

    #[test]
    fn a_timeline_tells_the_path_the_slack_and_what_worked_at_once() {
        let run = two_stages().run();
        let timeline = Timeline::of(&run, &run.builds[0]).unwrap();
        assert_eq!(timeline.waits, Waits::Told);
        let bars: Vec<_> = timeline
            .bars
            .iter()
            .map(|bar| {
                let slack = bar.slack.unwrap().0 / 1_000_000;
                (
                    bar.name.as_str(),
                    bar.stage.as_deref(),
                    bar.work().0 / 1_000_000,
                    bar.on_path,
                    slack,
                )
            })
            .collect();
        assert_eq!(
            bars,
            [
                (
                    "[internal] load build definition from Dockerfile",
                    None,
                    20,
                    true,
                    0
                ),
                ("FROM specimen/base:1", Some("slow"), 40, true, 0),
                ("[internal] load build context", None, 30, false, 10),
                ("RUN make assets", Some("quick"), 900, false, 1_125),
                ("COPY . /src", Some("slow"), 10, true, 0),
                ("RUN make service", Some("slow"), 2_000, true, 0),
                ("COPY --from=slow /out /out", Some("stage-2"), 15, true, 0),
                ("COPY --from=quick /out /assets", Some("stage-2"), 15, true, 0),
                ("exporting to image", None, 300, true, 0),
            ]
        );
        assert_eq!(
            timeline.path,
            Some(Nanos::from_millis(20 + 40 + 10 + 2_000 + 15 + 15 + 300))
        );
        // From 65 to 75 and from 80 to 960: between them the longer stage did nothing.
        assert_eq!(timeline.stages_at_once, Nanos::from_millis(10 + 880));
        assert_eq!(timeline.heaviest_on_path().unwrap().name, "RUN make service");
    }

    #[test]
    fn the_classic_builder_does_one_thing_after_another() {
        let mut specimen = Specimen::new(&["a"], &["cold"]);
        specimen.header().variants[0].builder = BuilderKind::Classic;
        let build = specimen.build("a", "cold", 1_000);
        build.phases.retain(|phase| phase.name == "context");
        let mut copy = instruction("COPY . /app", 2, false, 100);
        copy.started_ns = Some(Nanos::from_millis(80));
        let mut make = instruction("RUN make", 3, false, 700);
        make.started_ns = Some(Nanos::from_millis(180));
        build.instructions = vec![copy, make];
        let run = specimen.run();
        let timeline = Timeline::of(&run, &run.builds[0]).unwrap();
        assert_eq!(timeline.waits, Waits::OneAfterAnother);
        assert!(
            timeline
                .bars
                .iter()
                .all(|bar| bar.on_path && bar.slack == Some(Nanos::ZERO))
        );
        // 70 ms of context.
        assert_eq!(timeline.path, Some(Nanos::from_millis(70 + 100 + 700)));
        assert_eq!(timeline.stages_at_once, Nanos::ZERO);
    }

    #[test]
    fn without_a_graph_no_path_is_claimed() {
        let mut specimen = Specimen::new(&["a"], &["cold"]);
        specimen.build("a", "cold", 1_000);
        let run = specimen.run();
        let timeline = Timeline::of(&run, &run.builds[0]).unwrap();
        assert_eq!((timeline.waits, timeline.path), (Waits::Unknown, None));
        assert!(
            timeline
                .bars
                .iter()
                .all(|bar| !bar.on_path && bar.slack.is_none())
        );
        let names: Vec<_> = timeline.bars.iter().map(|bar| bar.name.as_str()).collect();
        assert_eq!(names, ["COPY . /app", "RUN make", "context", "resolve", "export"]);
    }
}
