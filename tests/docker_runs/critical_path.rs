//! Stages that work at the same time: what determined the end, held against the docker command's own trace.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use seatrial::analyze::{Bar, Timeline, Waits};
use seatrial::results::BuildGraph;
use seatrial::run::BuildReport;
use seatrial::unit::Nanos;
use serde_json::Value;

use crate::daemon::{at_once, daemon, unique};
use crate::fixture_tree::write_files;
use crate::inventory::Inventory;
use crate::side_by_side::{Builders, Trace};
use crate::trial::{Trial, builds};

/// How long the stages sleep.
const SLOW: Nanos = Nanos::from_millis(1_500);
const QUICK: Nanos = Nanos::from_millis(700);

const DOCKERFILE: &str = r#"ARG BALLAST
FROM ${BALLAST} AS slow
COPY side.txt /side-of-slow.txt
RUN ["/ballast", "work", "--sleep", "1500ms", "--input", "/side-of-slow.txt", "--files", "1", "--bytes", "64B", "--output", "/slow"]

FROM ${BALLAST} AS quick
COPY side.txt /side-of-quick.txt
RUN ["/ballast", "work", "--sleep", "700ms", "--input", "/side-of-quick.txt", "--files", "1", "--bytes", "64B", "--output", "/quick"]

FROM ${BALLAST}
COPY --from=quick /quick /quick
COPY --from=slow /slow /slow
CMD ["/ballast", "serve"]
"#;

const SCENARIO: &str = r#"
schema = 1
title = "Two stages at once"
question = "Which stage determines the end?"

[context]
path = "context"

[base.ballast]
ballast = true

[[variant]]
name = "buildkit"
dockerfile = "staged.Dockerfile"

[[variant]]
name = "classic"
dockerfile = "staged.Dockerfile"
builder = "classic"

[build]
rounds = 1
warmups = 0

[[build.step]]
name = "cold"
cache = { layers = "empty", context = "absent" }
"#;

fn sleeps<'timeline>(timeline: &'timeline Timeline, millis: &str) -> &'timeline Bar {
    let mut bars = timeline.bars.iter();
    bars.find(|bar| bar.name.contains(&format!("{millis}ms")))
        .unwrap()
}

#[test]
fn the_path_goes_through_the_longer_stage_and_the_shorter_one_works_beside_it() {
    let Some(_daemon) = daemon() else { return };
    let trial = Trial::new(&[
        ("scenario.toml", SCENARIO),
        ("context/side.txt", &unique("stages")),
        ("staged.Dockerfile", DOCKERFILE),
    ]);
    let before = Inventory::take();
    let ended = trial.run(&[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(Inventory::take(), before);

    let run = trial.journal();
    let build = builds(&run, "buildkit", "cold")[0];
    let timeline = Timeline::of(&run, build).unwrap();
    assert_eq!(timeline.waits, Waits::Told, "{timeline:?}");
    let (slow, quick) = (sleeps(&timeline, "1500"), sleeps(&timeline, "700"));
    assert!(slow.on_path && !quick.on_path, "{timeline:?}");
    assert_eq!(
        (slow.stage.as_deref(), quick.stage.as_deref()),
        (Some("slow"), Some("quick"))
    );
    assert_eq!(timeline.heaviest_on_path(), Some(slow));
    let path = timeline.path.unwrap();
    assert!(
        slow.work() >= SLOW && path >= slow.work() && path <= timeline.total,
        "{timeline:?}"
    );
    // The shorter stage slept while the longer one did, and had time to spare.
    assert!(quick.work() >= QUICK, "{quick:?}");
    assert!(timeline.stages_at_once > Nanos::ZERO, "{timeline:?}");
    assert!(quick.slack.unwrap() > Nanos::ZERO, "{quick:?}");
    let ends = [slow, quick].map(|bar| bar.spans.last().unwrap().ended());
    let last_copy = timeline
        .on_path()
        .find(|bar| bar.name.contains("--from=slow"))
        .unwrap();
    assert!(
        ends.iter().all(|end| *end <= last_copy.spans[0].started),
        "{timeline:?}"
    );

    let build = builds(&run, "classic", "cold")[0];
    let timeline = Timeline::of(&run, build).unwrap();
    assert_eq!(timeline.waits, Waits::OneAfterAnother);
    assert_eq!(timeline.stages_at_once, Nanos::ZERO);
    assert!(timeline.bars.iter().all(|bar| bar.on_path), "{timeline:?}");
    assert!(timeline.path.unwrap() >= SLOW + QUICK, "{timeline:?}");

    let report = trial.report();
    let chart = fs::read_to_string(report.join("timeline.svg")).unwrap();
    assert!(
        chart.contains(", slack ") && chart.contains("\ncritical path\n"),
        "{chart}"
    );
    let page = fs::read_to_string(report.join("report.html")).unwrap();
    assert!(page.contains("one after another"), "{page}");
    let summary = fs::read_to_string(report.join("summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&summary).unwrap();
    let waits = summary["timelines"].as_array().unwrap().iter();
    let waits: Vec<_> = waits
        .map(|timeline| timeline["waits"].as_str().unwrap())
        .collect();
    assert_eq!(waits, ["told", "one_after_another"]);
}

/// The inputs of each instruction, by names.
type Inputs = BTreeMap<String, BTreeSet<String>>;

fn inputs_of_ours(report: &BuildReport, graph: &BuildGraph) -> Inputs {
    let name = |index: u32| {
        let vertex = &graph.vertices[index as usize];
        let instruction = vertex
            .instruction
            .map(|place| &report.instructions[place as usize].vertex_name);
        instruction.or(vertex.name.as_ref()).unwrap().clone()
    };
    let instructions = (0..)
        .zip(&graph.vertices)
        .filter(|(_, vertex)| vertex.instruction.is_some());
    instructions
        .map(|(index, vertex)| {
            (
                name(index),
                vertex.inputs.iter().map(|input| name(*input)).collect(),
            )
        })
        .collect()
}

/// The inputs that the docker command was told of, where its trace is JSON.
fn inputs_of_command(trace: &str, instructions: &Inputs) -> Inputs {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut digests: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in trace.lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        for vertex in message["vertexes"].as_array().into_iter().flatten() {
            let name = vertex["name"].as_str().unwrap_or_default().to_owned();
            names.insert(vertex["digest"].as_str().unwrap().to_owned(), name.clone());
            let inputs = vertex["inputs"].as_array().into_iter().flatten();
            digests
                .entry(name)
                .or_default()
                .extend(inputs.map(|input| input.as_str().unwrap().to_owned()));
        }
    }
    digests
        .into_iter()
        .filter(|(name, _)| instructions.contains_key(name))
        .map(|(name, inputs)| {
            (
                name,
                inputs
                    .iter()
                    .filter_map(|digest| names.get(digest).cloned())
                    .collect(),
            )
        })
        .collect()
}

/// How long each RUN took, and the line at which it ends: `#8 [slow 3/3] RUN …`, `#8 DONE 2.7s`.
fn runs_of_command(trace: &str) -> BTreeMap<String, (f64, usize)> {
    let mut begun: BTreeMap<&str, &str> = BTreeMap::new();
    let mut runs = BTreeMap::new();
    for (at, line) in trace.lines().enumerate() {
        let Some((number, said)) = line.split_once(' ').filter(|(number, _)| number.starts_with('#')) else {
            continue;
        };
        if said.starts_with('[') && said.contains("] RUN ") {
            begun.entry(number).or_insert(said);
        } else if let Some(seconds) = said.strip_prefix("DONE ").and_then(|rest| rest.strip_suffix('s'))
            && let Some(name) = begun.get(number)
        {
            runs.insert((*name).to_owned(), (seconds.parse().unwrap(), at));
        }
    }
    runs
}

#[test]
fn times_and_inputs_are_those_that_the_docker_command_is_told_of() {
    let Some(_daemon) = daemon() else { return };
    let token = unique("stages");
    let builders = Builders::new(&token);
    let folder = tempfile::tempdir().unwrap();
    let sides = ["command", "ours"].map(|side| folder.path().join(side));
    for side in &sides {
        let text = format!("{token} {}", side.display());
        write_files(side, &[("Dockerfile", DOCKERFILE), ("side.txt", &text)]);
    }
    let build = |side: &Path| builders.docker_trace(side);
    let (ours, command) = at_once(|| builders.our_report(&sides[1]), || build(&sides[0]));
    assert_eq!(ours.fault, None);
    let graph = ours.graph.as_ref().unwrap();
    let inputs = inputs_of_ours(&ours, graph);
    assert_eq!(inputs.len(), 6, "{inputs:?}");
    let mut took: BTreeMap<&str, f64> = BTreeMap::new();
    for instruction in &ours.instructions {
        took.insert(
            &instruction.vertex_name,
            instruction.duration.unwrap().as_secs_f64(),
        );
    }
    match command {
        Trace::Json(trace) => assert_eq!(inputs, inputs_of_command(&trace, &inputs)),
        Trace::Plain(trace) => {
            let runs = runs_of_command(&trace);
            assert_eq!(runs.len(), 2, "{trace}");
            for (name, (seconds, _)) in &runs {
                let slept = if name.contains("1500ms") { SLOW } else { QUICK };
                // The command rounds to a tenth.
                let least = took[name.as_str()].min(seconds + 0.05);
                assert!(least >= slept.as_secs_f64(), "{name}: {least} s");
            }
            let of_stage = |stage: &str| runs.iter().find(|(name, _)| name.contains(stage)).unwrap().1;
            // The command shows one at a time, so that only the order of their ends can be told from its lines.
            assert!(of_stage("[quick ").1 < of_stage("[slow ").1, "{trace}");
        }
    }
    // What the trace says of every engine: each RUN takes its own COPY alone, the last stage both stages.
    let of = |part: &str| inputs.iter().find(|(name, _)| name.contains(part)).unwrap().1;
    let takes = |part: &str, input: &str| of(part).iter().any(|name| name.contains(input));
    assert!(
        takes("1500ms", "COPY side.txt /side-of-slow.txt") && of("1500ms").len() == 1,
        "{inputs:?}"
    );
    assert!(
        takes("700ms", "COPY side.txt /side-of-quick.txt") && of("700ms").len() == 1,
        "{inputs:?}"
    );
    assert!(
        takes("--from=slow", "1500ms") && takes("--from=slow", "--from=quick"),
        "{inputs:?}"
    );
    assert!(takes("--from=quick", "700ms"), "{inputs:?}");
    assert!(
        takes("COPY side.txt /side-of-slow.txt", "load build context"),
        "{inputs:?}"
    );
}
