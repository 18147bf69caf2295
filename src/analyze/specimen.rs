//! Synthetic runs for tests: round values and made-up names, never to be mistaken for a measurement.

use crate::digest::Digest;
use crate::results::{
    Attempts, BaseRecord, Bounded, BuildFailure, BuildGraph, BuildSample, ContextSent, Environment,
    GRAPH_VERSION, GraphPart, GraphVertex, ImageFacts, ImageStore, InstructionResult, InstructionSize, Phase,
    ProbeTier, RESULTS_SCHEMA, ReplayRecord, ReplayedCommit, Run, RunEnd, RunHeader, SampleKey, StartSample,
    Status, StopReason, VariantRecord, WorkSpan,
};
use crate::scenario::{BuilderKind, Commit};
use crate::unit::{ByteSize, Nanos};

const MIB: u64 = 1024 * 1024;

/// A run under construction.
#[derive(Clone)]
pub(crate) struct Specimen {
    run: Run,
    order: u32,
}

impl Specimen {
    /// A complete run without samples; the first variant is the baseline.
    pub(crate) fn new(variants: &[&str], steps: &[&str]) -> Self {
        let header = RunHeader {
            schema: RESULTS_SCHEMA,
            tool_version: "0.0.0".to_owned(),
            run_id: "20010203T040506Z-specimen-0a1b".to_owned(),
            started_utc: "2001-02-03T04:05:06Z".to_owned(),
            scenario: "specimen".to_owned(),
            title: "A specimen with made-up values".to_owned(),
            question: Some("Do reports show what is in them?".to_owned()),
            scenario_digest: Digest::of(b"scenario"),
            protocol: None,
            variants: variants
                .iter()
                .map(|name| VariantRecord {
                    cache_image: None,
                    name: (*name).to_owned(),
                    dockerfile: format!("{name}.Dockerfile"),
                    builder: BuilderKind::Buildkit,
                    dockerfile_digest: Digest::of(name),
                    image: format!("seatrial/specimen/{name}"),
                    options: crate::scenario::BuildOptions::default(),
                    env_args: Vec::new(),
                })
                .collect(),
            baseline: (*variants.first().unwrap_or(&"")).to_owned(),
            steps: steps.iter().map(|step| (*step).to_owned()).collect(),
            replay: None,
            gates: Vec::new(),
            rounds: 5,
            starts: 10,
            seed: 7,
            quick: false,
            environment: Environment {
                engine: "20.10.0".to_owned(),
                api: "1.41".to_owned(),
                builder: "buildkit".to_owned(),
                store: ImageStore::Graphdriver,
                storage_driver: "overlay2".to_owned(),
                export_waits_for_second: false,
                os: "linux".to_owned(),
                kernel: "Linux 6.1.0".to_owned(),
                architecture: "x86_64".to_owned(),
                cpu: Some("Specimen CPU at 1 GHz".to_owned()),
                cpus: Some(4),
                memory_bytes: Some(ByteSize(8 << 30)),
                components: vec![("containerd".to_owned(), "1.0.0".to_owned())],
                load_1m: Some(0.5),
            },
        };
        let run = Run {
            given_up: Vec::new(),
            resumed: Vec::new(),
            sources: None,
            build_records: Vec::new(),
            header,
            bases: vec![BaseRecord {
                name: "base".to_owned(),
                reference: "specimen/base:1".to_owned(),
                id: Digest::of(b"base").to_string(),
                repo_digest: None,
                size_bytes: ByteSize(40 * MIB),
                source: "imported".to_owned(),
                own: true,
            }],
            contexts: Vec::new(),
            made_images: Vec::new(),
            classic_stand: None,
            importing: Vec::new(),
            builds: Vec::new(),
            starts: Vec::new(),
            warnings: Vec::new(),
            end: Some(RunEnd {
                finished_utc: "2001-02-03T04:15:06Z".to_owned(),
                stop: StopReason::Complete,
                left_behind: Vec::new(),
            }),
        };
        Self { run, order: 0 }
    }

    pub(crate) fn run(&self) -> Run {
        self.run.clone()
    }

    pub(crate) fn quick(mut self) -> Self {
        self.run.header.quick = true;
        self
    }

    pub(crate) fn gates(mut self, gates: &[&str]) -> Self {
        self.run.header.gates = gates.iter().map(|gate| (*gate).to_owned()).collect();
        self
    }

    pub(crate) fn load(mut self, load_1m: f64) -> Self {
        // The specimen's machine has four processors; two make the load heavy.
        self.run.header.environment.cpus = Some(2);
        self.run.header.environment.load_1m = Some(load_1m);
        self
    }

    /// Sets how the run ended; `None` is a killed run.
    pub(crate) fn ended(mut self, stop: Option<StopReason>) -> Self {
        self.run.end = stop.map(|stop| RunEnd {
            finished_utc: "2001-02-03T04:15:06Z".to_owned(),
            stop,
            left_behind: Vec::new(),
        });
        self
    }

    pub(crate) fn build(&mut self, variant: &str, step: &str, millis: u64) -> &mut BuildSample {
        self.sample(variant, step, millis, Status::Ok, false)
    }

    pub(crate) fn warm_up(&mut self, variant: &str, step: &str, millis: u64) -> &mut BuildSample {
        self.sample(variant, step, millis, Status::Ok, true)
    }

    pub(crate) fn invalid(&mut self, variant: &str, step: &str, millis: u64, reason: &str) {
        let reason = reason.to_owned();
        self.sample(variant, step, millis, Status::Invalid { reason }, false);
    }

    pub(crate) fn failed(&mut self, variant: &str, step: &str, reason: &str) -> &mut BuildSample {
        let outcome = Status::Failed {
            reason: reason.to_owned(),
        };
        let sample = self.sample(variant, step, 1, outcome, false);
        sample.duration_ns = None;
        sample.image = None;
        sample.failure = Some(BuildFailure {
            message: reason.to_owned(),
            instruction: Some("RUN make".to_owned()),
            file: Some(format!("{}.Dockerfile", sample.key.variant)),
            line: Some(3),
            log_tail: vec!["make: no rule to make target".to_owned()],
        });
        sample
    }

    pub(crate) fn start(&mut self, variant: &str, ready: Nanos, width: Nanos) -> &mut StartSample {
        let key = self.key(variant, None, false);
        let client = ready + Nanos(250_000);
        self.run.starts.push(StartSample {
            key,
            outcome: Status::Ok,
            tier: ProbeTier::Ip,
            client: Some(Bounded {
                value_ns: client,
                low_ns: client - width,
                left_censored: false,
            }),
            ready: Some(Bounded {
                value_ns: ready,
                low_ns: ready - width,
                left_censored: false,
            }),
            phases: Vec::new(),
            attempts: Attempts::default(),
            exit_code: None,
            log_tail: Vec::new(),
            host: None,
            neighbours: None,
        });
        self.run.starts.last_mut().unwrap()
    }

    pub(crate) fn failed_start(&mut self, variant: &str, reason: &str) -> &mut StartSample {
        let start = self.start(variant, Nanos(1), Nanos(1));
        start.outcome = Status::Failed {
            reason: reason.to_owned(),
        };
        start.client = None;
        start.ready = None;
        start.exit_code = Some(1);
        start
    }

    pub(crate) fn last_build(&mut self) -> &mut BuildSample {
        self.run.builds.last_mut().unwrap()
    }

    pub(crate) fn last_valid_build(&mut self) -> &mut BuildSample {
        let mut valid = self.run.builds.iter_mut().rev();
        valid.find(|build| build.outcome.is_ok()).unwrap()
    }

    pub(crate) fn header(&mut self) -> &mut RunHeader {
        &mut self.run.header
    }

    fn key(&mut self, variant: &str, step: Option<&str>, warmup: bool) -> SampleKey {
        self.order += 1;
        let earlier = match step {
            Some(step) => self
                .run
                .builds
                .iter()
                .filter(|build| {
                    build.step == step && build.key.variant == variant && build.key.warmup == warmup
                })
                .count(),
            None => self
                .run
                .starts
                .iter()
                .filter(|start| start.key.variant == variant && start.key.warmup == warmup)
                .count(),
        };
        SampleKey {
            variant: variant.to_owned(),
            round: u32::try_from(earlier + 1).unwrap(),
            order: self.order,
            warmup,
        }
    }

    fn sample(
        &mut self,
        variant: &str,
        step: &str,
        millis: u64,
        outcome: Status,
        warmup: bool,
    ) -> &mut BuildSample {
        let key = self.key(variant, Some(step), warmup);
        // Steps whose name begins with "edit" change the context, the others leave it as it was.
        let steps = self.run.header.steps.iter().take_while(|name| *name != step);
        let edits =
            steps.filter(|name| name.starts_with("edit")).count() + usize::from(step.starts_with("edit"));
        let manifest = Digest::of(format!("{variant} {} {edits}", key.round));
        let total = Nanos::from_millis(millis);
        self.run.builds.push(BuildSample {
            downloads: None,
            key,
            step: step.to_owned(),
            outcome,
            duration_ns: Some(total),
            free: None,
            context: Some(ContextSent {
                manifest,
                total_bytes: ByteSize(3 * MIB),
                total_files: 120,
                kept_bytes: ByteSize(MIB),
                kept_files: 20,
                sent_bytes: ByteSize(4_096),
                named: Vec::new(),
            }),
            instructions: vec![
                instruction("FROM specimen/base:1", 1, true, 0),
                instruction("COPY . /app", 2, false, millis / 10),
                instruction("RUN make", 3, false, millis * 7 / 10),
            ],
            phases: phases(total),
            graph: None,
            image: Some(image(45, &[("COPY . /app", 1), ("RUN make", 4)])),
            failure: None,
            host: None,
            neighbours: None,
        });
        self.run.builds.last_mut().unwrap()
    }
}

fn phases(total: Nanos) -> Vec<Phase> {
    let part = |from: u64, to: u64, name: &str| Phase {
        name: name.to_owned(),
        started_ns: Nanos(total.0 / 100 * from),
        duration_ns: Nanos(total.0 / 100 * (to - from)),
    };
    // Context and resolve overlap, as they do in a real build.
    vec![
        part(1, 8, "context"),
        part(2, 12, "resolve"),
        part(12, 85, "instructions"),
        part(85, 97, "export"),
    ]
}

pub(crate) fn instruction(name: &str, line: u32, cached: bool, millis: u64) -> InstructionResult {
    InstructionResult {
        name: name.to_owned(),
        position: Some(format!("{line}/5")),
        line: Some(line),
        cached,
        started_ns: Some(Nanos::ZERO),
        duration_ns: Some(Nanos::from_millis(millis)),
        log_bytes: ByteSize::ZERO,
    }
}

/// An image of `mib`, whose base is what its own layers leave.
pub(crate) fn image(mib: u64, own: &[(&str, u64)]) -> ImageFacts {
    let own_bytes: u64 = own.iter().map(|(_, mib)| mib * MIB).sum();
    let mut history = vec![
        InstructionSize {
            created_by: "base layer".to_owned(),
            size_bytes: ByteSize(mib * MIB - own_bytes),
            own: false,
        },
        InstructionSize {
            created_by: "ENV PATH=/bin".to_owned(),
            size_bytes: ByteSize::ZERO,
            own: true,
        },
    ];
    history.extend(own.iter().map(|(name, mib)| InstructionSize {
        created_by: (*name).to_owned(),
        size_bytes: ByteSize(mib * MIB),
        own: true,
    }));
    ImageFacts {
        id: Digest::of(format!("{mib} {own:?}")).to_string(),
        store: ImageStore::Graphdriver,
        size_bytes: ByteSize(mib * MIB),
        layers: u32::try_from(own.len() + 1).unwrap(),
        empty_layers: 1,
        history,
    }
}

/// A spread of about three per cent that is the same in every test run.
fn spread(base: u64, round: u64) -> u64 {
    base + base * ((round * 7 + 3) % 11) / 300
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
