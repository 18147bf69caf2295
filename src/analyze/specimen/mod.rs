//! Synthetic runs for tests: round values and made-up names, never to be mistaken for a measurement.

mod examples;

pub(crate) use self::examples::{hostile, layer_order, quick_start, remote_cache, replay, two_stages};
use crate::digest::Digest;
use crate::results::{
    Attempts, BaseRecord, Bounded, BuildFailure, BuildSample, ContextSent, Environment, GateRecord,
    ImageFacts, ImageStore, InstructionResult, InstructionSize, Phase, RESULTS_SCHEMA, Run, RunEnd,
    RunHeader, SampleKey, StartSample, Status, StopReason, VariantRecord,
};
use crate::scenario::{BuilderKind, ProbeTier, StartCache};
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
            commit: None,
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
                is_virtual: None,
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
            not_measured: Vec::new(),
            contexts: Vec::new(),
            made_images: Vec::new(),
            classic_stand: None,
            importing: Vec::new(),
            pulling: Vec::new(),
            builds: Vec::new(),
            probe: None,
            companions: Vec::new(),
            calibration: None,
            starts: Vec::new(),
            bursts: Vec::new(),
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

    /// Gates on these metrics that allow nothing beyond what is material of each.
    pub(crate) fn gates(mut self, metrics: &[&str]) -> Self {
        let gate = |metric: &&str| GateRecord {
            metric: (*metric).to_owned(),
            worse_by: None,
            at_least: None,
            at_most: None,
        };
        self.run.header.gates = metrics.iter().map(gate).collect();
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
            cache: StartCache::Warm,
            pull: None,
            pages: None,
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
            app: None,
            answered_otherwise_ns: None,
            stamps: None,
            state: None,
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
            cache_export: None,
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
                tar_bytes: None,
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
