//! A made-up run for the tests of this module: two variants, a warm-up, a failed build, an invalid build, a start
//! on each probe tier, a failed start.

use crate::digest::Digest;
use crate::results::{
    Attempts, BaseRecord, Bounded, BuildFailure, BuildGraph, BuildRecordsSeen, BuildSample, ClassicStand,
    ContextSent, Environment, GRAPH_VERSION, GateRecord, GraphPart, GraphVertex, HostConditions, ImageFacts,
    ImageStore, ImportingRecord, InstructionResult, MadeImagesRecord, Neighbours, Phase, PullingRecord,
    RESULTS_SCHEMA, Record, RunEnd, RunHeader, SampleKey, StartSample, Status, StopReason, VariantRecord,
    WarningRecord, WorkSpan,
};
use crate::scenario::{Allowance, BuilderKind, ProbeTier, StartCache};
use crate::unit::{ByteSize, DaemonInstant, DaemonSpan, Nanos};

/// The records of a complete run: a header first, an end last.
pub(super) fn records() -> Vec<Record> {
    vec![
        Record::Run(Box::new(header())),
        Record::Pulling(PullingRecord {
            repository: "127.0.0.1:5/seatrial/4f2a/naive/c0ffee".to_owned(),
        }),
        Record::Importing(ImportingRecord {
            reference: "seatrial/base/half-imported".to_owned(),
        }),
        Record::Base(BaseRecord {
            name: "cargo".to_owned(),
            reference: "seatrial/4f2a/base-cargo".to_owned(),
            id: "sha256:base".to_owned(),
            repo_digest: None,
            size_bytes: ByteSize(900),
            source: "ballast".to_owned(),
            own: true,
        }),
        Record::Base(BaseRecord {
            name: "python".to_owned(),
            reference: "python:3.12-slim".to_owned(),
            id: "sha256:python".to_owned(),
            repo_digest: Some("sha256:repo".to_owned()),
            size_bytes: ByteSize(9_000),
            source: "pulled".to_owned(),
            own: false,
        }),
        Record::Build(Box::new(build(key("naive", 1, 1, true), Status::Ok))),
        Record::BuildRecords(build_records()),
        Record::Build(Box::new(build(
            key("naive", 1, 2, false),
            Status::Invalid {
                reason: "expected to rebuild, yet fully cached".to_owned(),
            },
        ))),
        Record::Build(Box::new(failed_build())),
        Record::MadeImages(MadeImagesRecord {
            ids: vec!["111111111111".to_owned(), "222222222222".to_owned()],
        }),
        Record::ClassicStand(classic_stand()),
        Record::Start(Box::new(start(key("naive", 1, 4, false), ProbeTier::Ip))),
        Record::Start(Box::new(start(key("naive", 2, 5, false), ProbeTier::Published))),
        Record::Start(Box::new(failed_start())),
        Record::Warning(WarningRecord {
            message: "the machine was busy: load 3.2".to_owned(),
        }),
        Record::End(RunEnd {
            finished_utc: "2026-11-21T02:46:00Z".to_owned(),
            stop: StopReason::Complete,
            left_behind: Vec::new(),
        }),
    ]
}

/// What the run learned of records of the build cache.
pub(super) fn build_records() -> BuildRecordsSeen {
    BuildRecordsSeen {
        own: vec!["own".to_owned()],
        doubtful: vec!["doubtful".to_owned()],
        newest_daemon_ns: Some(DaemonInstant(1_800_000_000_000_000_000)),
        last_build_daemon_ns: Some(DaemonSpan {
            began: DaemonInstant(1_799_999_999_000_000_000),
            ended: DaemonInstant(1_800_000_000_000_000_000),
        }),
    }
}

/// Where a build of the classic builder stood.
pub(super) fn classic_stand() -> ClassicStand {
    ClassicStand {
        parent: Some("222222222222".to_owned()),
        container: None,
        asked_daemon_ns: Some(DaemonInstant(1_800_000_000_000_000_000)),
        over_daemon_ns: Some(DaemonInstant(1_800_000_600_000_000_000)),
    }
}

fn header() -> RunHeader {
    let variant = |name: &str| VariantRecord {
        name: name.to_owned(),
        dockerfile: format!("{name}.Dockerfile"),
        builder: BuilderKind::Buildkit,
        dockerfile_digest: Digest::of(name),
        image: format!("seatrial/4f2a/{name}"),
        options: crate::scenario::BuildOptions::default(),
        env_args: Vec::new(),
        cache_image: None,
    };
    RunHeader {
        schema: RESULTS_SCHEMA,
        tool_version: "0.1.0".to_owned(),
        run_id: "20261121T024403Z-quickstart-4f2a".to_owned(),
        started_utc: "2026-11-21T02:44:03Z".to_owned(),
        scenario: "quickstart".to_owned(),
        title: "Two orders of one Dockerfile".to_owned(),
        question: None,
        scenario_digest: Digest::of("scenario"),
        protocol: None,
        commit: None,
        variants: vec![variant("naive"), variant("ordered")],
        baseline: "naive".to_owned(),
        steps: vec!["edit, source".to_owned()],
        replay: None,
        gates: vec![GateRecord {
            metric: "step.edit, source.time".to_owned(),
            worse_by: Some(Allowance::Share(0.05)),
            at_least: Some(10_000_000),
            at_most: None,
        }],
        rounds: 2,
        starts: 2,
        seed: 7,
        quick: false,
        environment: Environment {
            engine: "20.10.24".to_owned(),
            api: "1.41".to_owned(),
            builder: "buildkit".to_owned(),
            store: ImageStore::Graphdriver,
            storage_driver: "overlay2".to_owned(),
            export_waits_for_second: false,
            os: "linux".to_owned(),
            kernel: "6.1.0".to_owned(),
            architecture: "x86_64".to_owned(),
            cpu: None,
            is_virtual: None,
            cpus: Some(2),
            memory_bytes: Some(ByteSize(8 << 30)),
            components: vec![("runc".to_owned(), "1.1.5".to_owned())],
            load_1m: Some(0.25),
        },
    }
}

fn key(variant: &str, round: u32, order: u32, warmup: bool) -> SampleKey {
    SampleKey {
        variant: variant.to_owned(),
        round,
        order,
        warmup,
    }
}

fn build(key: SampleKey, outcome: Status) -> BuildSample {
    let instruction = |name: &str, cached, duration_ns| InstructionResult {
        name: name.to_owned(),
        position: None,
        line: Some(1),
        cached,
        started_ns: Some(Nanos(10)),
        duration_ns,
        log_bytes: ByteSize::ZERO,
    };
    BuildSample {
        key,
        step: "edit, source".to_owned(),
        outcome,
        duration_ns: Some(Nanos(1_500_000_000)),
        free: None,
        context: Some(ContextSent {
            manifest: Digest::of("manifest"),
            total_bytes: ByteSize(5_000),
            total_files: 9,
            kept_bytes: ByteSize(4_000),
            kept_files: 7,
            sent_bytes: ByteSize(120),
            tar_bytes: None,
            named: Vec::new(),
        }),
        downloads: None,
        cache_export: None,
        instructions: vec![
            instruction("FROM scratch", true, None),
            instruction("=RUN \"quoted\"\nand broken", false, Some(Nanos(900_000_000))),
        ],
        phases: vec![Phase {
            name: "export".to_owned(),
            started_ns: Nanos(1_400_000_000),
            duration_ns: Nanos(100_000_000),
        }],
        graph: Some(BuildGraph {
            version: GRAPH_VERSION,
            vertices: vec![
                GraphVertex {
                    part: GraphPart::Instruction,
                    instruction: Some(1),
                    ..GraphVertex::default()
                },
                GraphVertex {
                    part: GraphPart::Export,
                    name: Some("exporting to image".to_owned()),
                    inputs: vec![0],
                    spans_ns: vec![WorkSpan {
                        started: Nanos(1_400_000_000),
                        duration: Nanos(100_000_000),
                    }],
                    ..GraphVertex::default()
                },
            ],
        }),
        image: Some(ImageFacts {
            id: "sha256:naive".to_owned(),
            store: ImageStore::Graphdriver,
            size_bytes: ByteSize(70_000),
            layers: 3,
            empty_layers: 2,
            history: Vec::new(),
        }),
        failure: None,
        host: Some(HostConditions {
            span_ns: Nanos(1_600_000_000),
            load_1m: Some(0.5),
            steal_ratio: Some(0.125),
            cpu_pressure_ns: Some(Nanos(70_000_000)),
            io_pressure_ns: None,
            memory_pressure_ns: Some(Nanos::ZERO),
            available_bytes: Some(ByteSize(6 << 30)),
            disk_free_bytes: Some(ByteSize(9_000)),
            disk_free_inodes: None,
        }),
        neighbours: Some(Neighbours {
            containers: Some(0),
            builds: None,
        }),
    }
}

fn failed_build() -> BuildSample {
    let reason = "- RUN /install exited with 1".to_owned();
    BuildSample {
        duration_ns: Some(Nanos(77)),
        image: None,
        failure: Some(BuildFailure {
            message: "exit code: 1".to_owned(),
            instruction: Some("RUN /install".to_owned()),
            file: Some("ordered.Dockerfile".to_owned()),
            line: Some(3),
            log_tail: vec!["no such file".to_owned()],
        }),
        ..build(key("ordered", 1, 3, false), Status::Failed { reason })
    }
}

fn start(key: SampleKey, tier: ProbeTier) -> StartSample {
    let bounded = |value_ns, low_ns| Bounded {
        value_ns: Nanos(value_ns),
        low_ns: Nanos(low_ns),
        left_censored: tier == ProbeTier::Published,
    };
    let mut attempts = Attempts::default();
    attempts.count("refused");
    StartSample {
        cache: StartCache::Warm,
        pages: None,
        pull: None,
        key,
        outcome: Status::Ok,
        tier,
        client: Some(bounded(310_000_000, 309_200_000)),
        ready: (tier == ProbeTier::Ip).then(|| bounded(309_500_000, 308_900_000)),
        app: None,
        answered_otherwise_ns: None,
        stamps: None,
        state: None,
        phases: vec![Phase {
            name: "create".to_owned(),
            started_ns: Nanos::ZERO,
            duration_ns: Nanos(25_000_000),
        }],
        attempts,
        exit_code: None,
        log_tail: Vec::new(),
        host: None,
        neighbours: None,
    }
}

fn failed_start() -> StartSample {
    let reason = "the container exited with 3 before it was ready".to_owned();
    StartSample {
        outcome: Status::Failed { reason },
        client: None,
        ready: None,
        exit_code: Some(3),
        log_tail: vec!["panic".to_owned()],
        ..start(key("ordered", 2, 6, false), ProbeTier::Ip)
    }
}
