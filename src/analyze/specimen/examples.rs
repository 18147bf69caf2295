//! Runs that several tests read.

use super::{MIB, Specimen, image, instruction};
use crate::results::{
    BuildGraph, BuildSample, CacheExport, Downloaded, Downloads, GRAPH_VERSION, GraphPart, GraphVertex,
    InstructionResult, Phase, ReplayRecord, ReplayedCommit, WorkSpan,
};
use crate::scenario::Commit;
use crate::unit::{ByteSize, Nanos};

/// A spread of about three per cent that is the same in every test run.
fn spread(base: u64, round: u64) -> u64 {
    base + base * ((round * 7 + 3) % 11) / 300
}

/// A remote cache that one step stores and another reads, over three rounds.
pub(crate) fn remote_cache() -> Specimen {
    let phase = |name: &str, millis| Phase {
        name: name.to_owned(),
        started_ns: Nanos(0),
        duration_ns: Nanos::from_millis(millis),
    };
    let mut specimen = Specimen::new(&["a"], &["push", "laptop", "pull"]);
    for round in 0..3 {
        let push = specimen.build("a", "push", 2_000);
        push.phases.push(phase("cache-export", 300 + round));
        push.cache_export = Some(CacheExport {
            layers: 4,
            written_bytes: Some(ByteSize(round * MIB)),
        });
        specimen.build("a", "laptop", 100).downloads = Some(Downloads::default());
        let pull = specimen.build("a", "pull", 500);
        pull.phases.push(phase("cache-import", 20));
        pull.downloads = Some(Downloads {
            layers: Downloaded {
                count: 3,
                // One build did not tell: of the others alone the median would be another thing.
                bytes: (round > 0).then_some(ByteSize(MIB)),
            },
            base: Downloaded::default(),
        });
    }
    // A warm-up never counts.
    specimen.warm_up("a", "laptop", 100).cache_export = Some(CacheExport {
        layers: 1,
        written_bytes: None,
    });
    specimen
}

/// Two variants, four steps, five rounds, ten starts, all well.
pub(crate) fn quick_start() -> Specimen {
    let steps = ["cold", "unchanged", "edit source", "edit ignored file"];
    let mut specimen = Specimen::new(&["naive", "ordered"], &steps).gates(&["step.edit source.time"]);
    for (variant, times) in [
        ("naive", [3_100, 240, 2_900, 260]),
        ("ordered", [3_120, 250, 560, 255]),
    ] {
        specimen.warm_up(variant, "cold", times[0] * 3 / 2);
        for round in 0..5 {
            for (step, base) in steps.iter().zip(times) {
                let sample = specimen.build(variant, step, spread(base, round));
                mark_cached(sample);
            }
        }
    }
    for round in 0..10 {
        for (variant, base) in [("naive", 212_000), ("ordered", 211_000)] {
            let ready = Nanos(spread(base, round) * 1_000);
            specimen.start(variant, ready, Nanos::from_millis(1));
        }
    }
    specimen
}

/// Three variants, five steps, ten rounds, twenty starts, with failed and invalid samples, each with its own sizes.
pub(crate) fn layer_order() -> Specimen {
    let steps = [
        "cold",
        "unchanged",
        "edit source",
        "edit requirements",
        "touch only",
    ];
    let variants = ["naive", "ordered", "cache-mount"];
    let mut specimen = Specimen::new(&variants, &steps).gates(&["step.edit source.time", "start.ready"]);
    let times = [
        ("naive", [31_000, 420, 27_500, 28_200, 430]),
        ("ordered", [31_400, 415, 1_320, 28_000, 425]),
        ("cache-mount", [31_900, 418, 1_330, 9_200, 421]),
    ];
    for round in 0..10 {
        for (variant, times) in times {
            for (step, base) in steps.iter().zip(times) {
                if variant == "naive" && *step == "edit requirements" && round == 4 {
                    specimen.failed(variant, step, "`RUN pip install` ended with exit code 1");
                    continue;
                }
                if variant == "ordered" && *step == "edit source" && round == 7 {
                    specimen.invalid(
                        variant,
                        step,
                        430,
                        "it was fully cached and expected to rebuild `COPY . /app`",
                    );
                    continue;
                }
                let sample = specimen.build(variant, step, spread(base, round));
                mark_cached(sample);
                let layers = [
                    ("COPY requirements.txt /app/", 0),
                    (
                        "RUN --mount=type=cache,target=/root/.cache/pip pip install --require-hashes -r \
                         /app/requirements.txt",
                        if variant == "cache-mount" { 62 } else { 71 },
                    ),
                    ("COPY . /app", 3),
                ];
                let size = if variant == "cache-mount" { 189 } else { 198 };
                sample.image = Some(image(size, &layers));
            }
        }
    }
    for round in 0..20 {
        for (variant, base) in [("naive", 812_000), ("ordered", 809_000), ("cache-mount", 760_000)] {
            if variant == "ordered" && round == 11 {
                let start =
                    specimen.failed_start(variant, "the container exited with code 1 before it was ready");
                start.log_tail = vec!["ImportError: no module named specimen".to_owned()];
                continue;
            }
            specimen.start(variant, Nanos(spread(base, round) * 1_000), Nanos::from_millis(1));
        }
    }
    specimen
}

/// Two variants, ten commits of which one is free, four rounds.
pub(crate) fn replay() -> Specimen {
    let names = ["c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9", "d1"]
        .map(|commit| format!("{commit} Change it"));
    let steps: Vec<&str> = std::iter::once("base")
        .chain(names.iter().map(String::as_str))
        .collect();
    let mut specimen = Specimen::new(&["none", "cached"], &steps);
    let commit = |hash: &str| Commit {
        hash: hash.repeat(20),
        tree: hash.repeat(20),
        subject: "Change it".to_owned(),
        authored_unix_s: 981_173_106,
    };
    specimen.header().replay = Some(ReplayRecord {
        range: "HEAD~10..HEAD".to_owned(),
        path: ".".to_owned(),
        base: commit("c0"),
        commits: names
            .iter()
            .map(|name| ReplayedCommit {
                step: name.clone(),
                commit: commit(&name[..2]),
            })
            .collect(),
    });
    for round in 0..4 {
        for (variant, times) in [
            (
                "none",
                [
                    50_000, 40_000, 41_000, 0, 43_000, 44_000, 45_000, 46_000, 40_000, 41_000, 42_000,
                ],
            ),
            (
                "cached",
                [
                    50_000, 1_900, 1_930, 0, 2_000, 44_000, 2_100, 2_200, 1_900, 1_950, 2_000,
                ],
            ),
        ] {
            for (step, base) in steps.iter().zip(times) {
                let sample = specimen.build(variant, step, base + 10 * round);
                if base > 0 {
                    mark_cached(sample);
                    continue;
                }
                sample.free = Some("the commit changes nothing that the ignore rules keep".to_owned());
                sample.duration_ns = None;
                sample.instructions.clear();
                sample.phases.clear();
                sample.image = None;
            }
        }
    }
    specimen
}

/// Marks what the cache gives by the time a synthetic build took: under half a second everything, under two seconds
/// everything but the copy.
fn mark_cached(sample: &mut BuildSample) {
    let millis = sample.duration_ns.unwrap().0 / 1_000_000;
    for instruction in &mut sample.instructions {
        instruction.cached = match instruction.line {
            Some(3) => millis < 2_000,
            Some(2) => millis < 500,
            _ => true,
        };
        if instruction.cached {
            instruction.duration_ns = Some(Nanos::ZERO);
        }
    }
    if let Some(context) = &mut sample.context {
        context.sent_bytes = match millis {
            0..500 => ByteSize::ZERO,
            500..2_000 => ByteSize(2_048),
            _ => ByteSize(MIB),
        };
    }
}

/// One variant with two stages that work at the same time, and a third that takes the results of both.
pub(crate) fn two_stages() -> Specimen {
    let mut specimen = Specimen::new(&["staged"], &["cold"]);
    for round in 0..5 {
        let sample = specimen.build("staged", "cold", 2_460 + 10 * round);
        let at = |name: &str, stage: &str, line: u32, from: u64, to: u64| InstructionResult {
            position: Some(format!("{stage} 2/3")),
            started_ns: Some(Nanos::from_millis(from)),
            ..instruction(name, line, false, to - from)
        };
        sample.instructions = vec![
            at("COPY . /src", "slow", 2, 65, 75),
            at("RUN make service", "slow", 3, 80, 2_080),
            at("RUN make assets", "quick", 6, 60, 960),
            at("COPY --from=slow /out /out", "stage-2", 9, 2_085, 2_100),
            at("COPY --from=quick /out /assets", "stage-2", 10, 2_100, 2_115),
        ];
        let span = |from: u64, to: u64| WorkSpan {
            started: Nanos::from_millis(from),
            duration: Nanos::from_millis(to - from),
        };
        let other = |part, name: &str, from, to| GraphVertex {
            part,
            name: Some(name.to_owned()),
            spans_ns: vec![span(from, to)],
            ..GraphVertex::default()
        };
        let mut vertices = vec![
            other(
                GraphPart::Resolve,
                "[internal] load build definition from Dockerfile",
                0,
                20,
            ),
            other(GraphPart::Base, "[slow 1/3] FROM specimen/base:1", 20, 60),
            other(GraphPart::Context, "[internal] load build context", 20, 50),
        ];
        let inputs: [&[u32]; 5] = [&[1, 2], &[3], &[1], &[1, 4], &[6, 5]];
        for (index, (inputs, result)) in (0..).zip(inputs.iter().zip(&sample.instructions)) {
            vertices.push(GraphVertex {
                part: GraphPart::Instruction,
                instruction: Some(index),
                inputs: inputs.to_vec(),
                spans_ns: vec![WorkSpan {
                    started: result.started_ns.unwrap(),
                    duration: result.duration_ns.unwrap(),
                }],
                ..GraphVertex::default()
            });
        }
        vertices.push(other(GraphPart::Export, "exporting to image", 2_120, 2_420));
        sample.graph = Some(BuildGraph {
            version: GRAPH_VERSION,
            vertices,
        });
        specimen.start("staged", Nanos::from_millis(200 + round), Nanos::from_millis(1));
    }
    specimen
}

/// What somebody could write into every text of a run that a report shows.
const HOSTILE: &str = "\u{1b}[31m<script>alert(1)</script>|`*@octocat\n--> \u{202e}&amp; \u{fffe}\u{e000}0\u{e001}\
                       \"'<img src=x>\u{7}";

/// A run whose every text from outside is hostile.
pub(crate) fn hostile() -> Specimen {
    let variant = |name: &str| format!("{name}{HOSTILE}");
    let (a, b) = (variant("a"), variant("b"));
    let step = format!("edit {HOSTILE}");
    let mut specimen = Specimen::new(&[&a, &b], &["cold", &step]);
    for round in 0..6 {
        for (name, base) in [(&a, 900), (&b, 300)] {
            specimen.build(name, "cold", spread(900, round));
            let sample = specimen.build(name, &step, spread(base, round));
            sample.instructions = vec![instruction(HOSTILE, 1, false, 100)];
            sample.image = Some(image(45, &[(HOSTILE, 3)]));
            specimen.start(name, Nanos(spread(base, round) * 1_000), Nanos(1_000));
        }
    }
    let failed = specimen.failed(&a, &step, HOSTILE);
    let failure = failed.failure.as_mut().unwrap();
    failure.message = HOSTILE.to_owned();
    failure.instruction = Some(HOSTILE.to_owned());
    failure.log_tail = vec![HOSTILE.to_owned(), "</pre>".to_owned()];
    specimen.invalid(&b, &step, 5, HOSTILE);
    specimen.failed_start(&b, HOSTILE).log_tail = vec![HOSTILE.to_owned()];
    let header = specimen.header();
    header.title = HOSTILE.to_owned();
    header.question = Some(HOSTILE.to_owned());
    header.scenario = HOSTILE.to_owned();
    header.run_id = format!("20010203T040506Z-{HOSTILE}");
    header.environment.cpu = Some(HOSTILE.to_owned());
    header.variants[0].dockerfile = HOSTILE.to_owned();
    specimen
}
