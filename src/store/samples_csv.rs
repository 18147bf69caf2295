//! `samples.csv`: every sample in long form, one value per row, in base units.
//!
//! RFC 4180 with a header row. Rows of a failed sample have an empty value, so that no spreadsheet averages them;
//! what was measured under the wrong conditions keeps its value and says `invalid`. Text that a spreadsheet would
//! take for a formula has an apostrophe before it. Each row repeats what went on around its sample: how busy the
//! machine was, and what else the daemon did; what is not known is empty.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::results::{
    Bounded, BuildSample, BurstSample, HostConditions, Neighbours, Run, RunHeader, SampleKey, StartSample,
    Status,
};
use crate::scenario::ProbeTier;
use crate::unit::{ByteSize, Nanos};

/// The table's name within the folder of its run.
pub const SAMPLES_FILE: &str = "samples.csv";

/// Why the table of samples cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteSamples {
    /// The file cannot be made or put into place.
    #[error("cannot create {}", path.display())]
    Create {
        /// The table.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A row cannot be written.
    #[error("cannot write a row of the samples")]
    WriteRow(#[source] csv::Error),
    /// The last rows cannot be written.
    #[error("cannot write the last rows of the samples")]
    Flush(#[source] io::Error),
}

/// One row. The fields' order is the columns' order.
#[derive(Clone, Debug, Serialize)]
struct Row<'a> {
    schema: u32,
    run_id: Cow<'a, str>,
    started_utc: Cow<'a, str>,
    scenario: Cow<'a, str>,
    variant: Cow<'a, str>,
    step: Cow<'a, str>,
    instruction: Cow<'a, str>,
    metric: Cow<'a, str>,
    kind: Kind,
    unit: Unit,
    warmup: bool,
    round: u32,
    order: u32,
    value: Option<u64>,
    value_lo: Option<u64>,
    value_hi: Option<u64>,
    left_censored: Option<bool>,
    status: &'static str,
    reason: Cow<'a, str>,
    probe_tier: Option<ProbeTier>,
    load_1m: Option<f64>,
    steal_ratio: Option<f64>,
    cpu_pressure_ns: Option<u64>,
    io_pressure_ns: Option<u64>,
    memory_pressure_ns: Option<u64>,
    available_bytes: Option<u64>,
    disk_free_bytes: Option<u64>,
    disk_free_inodes: Option<u64>,
    neighbour_containers: Option<u32>,
    neighbour_builds: Option<u32>,
}

/// Whether equal conditions give equal values; what a build logs may vary as its times do.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Timed,
    Exact,
}

/// What a value counts.
#[derive(Clone, Copy, Debug, Serialize)]
enum Unit {
    #[serde(rename = "ns")]
    Nanoseconds,
    #[serde(rename = "bytes")]
    Bytes,
    #[serde(rename = "count")]
    Count,
    /// 0 or 1.
    #[serde(rename = "flag")]
    Flag,
}

/// One value of a sample, before it is set beside where the sample was taken.
#[derive(Clone, Debug)]
struct Measure<'a> {
    metric: String,
    instruction: &'a str,
    unit: Unit,
    value: Option<u64>,
    bounds: Option<Bounded>,
    /// Whether equal conditions may give another value although it is no time.
    varies: bool,
}

impl<'a> Measure<'a> {
    fn new(metric: impl Into<String>, unit: Unit, value: Option<u64>) -> Self {
        Self {
            metric: metric.into(),
            instruction: "",
            unit,
            value,
            bounds: None,
            varies: false,
        }
    }

    /// Bytes of which equal conditions may give a few more or less.
    fn varying(metric: impl Into<String>, bytes: Option<ByteSize>) -> Self {
        Self {
            varies: true,
            ..Self::new(metric, Unit::Bytes, bytes.map(|bytes| bytes.0))
        }
    }

    fn time(metric: impl Into<String>, value: Option<Nanos>) -> Self {
        Self::new(metric, Unit::Nanoseconds, value.map(|value| value.0))
    }

    fn bounded(metric: impl Into<String>, bounds: Option<Bounded>) -> Self {
        Self {
            bounds,
            ..Self::time(metric, bounds.map(|bounds| bounds.value_ns))
        }
    }

    fn of_instruction(self, instruction: &'a str) -> Self {
        Self { instruction, ..self }
    }

    const fn kind(&self) -> Kind {
        match self.unit {
            _ if self.varies => Kind::Timed,
            Unit::Nanoseconds => Kind::Timed,
            Unit::Bytes | Unit::Count | Unit::Flag => Kind::Exact,
        }
    }
}

/// Where a sample was taken, and whether it counts.
#[derive(Clone, Copy, Debug)]
struct Place<'a> {
    header: &'a RunHeader,
    key: &'a SampleKey,
    step: &'a str,
    outcome: &'a Status,
    /// Why there was nothing to measure, where that is so.
    free: Option<&'a str>,
    tier: Option<ProbeTier>,
    host: Option<&'a HostConditions>,
    neighbours: Option<Neighbours>,
}

impl<'a> Place<'a> {
    /// Writes a row for each value of its sample.
    fn write(
        self,
        measures: &[Measure<'a>],
        table: &mut csv::Writer<impl Write>,
    ) -> Result<(), WriteSamples> {
        for measure in measures {
            table
                .serialize(self.row(measure))
                .map_err(WriteSamples::WriteRow)?;
        }
        Ok(())
    }

    fn row(self, measure: &Measure<'a>) -> Row<'a> {
        let failed = matches!(self.outcome, Status::Failed { .. });
        let host = self.host;
        let time = |field: fn(&HostConditions) -> Option<Nanos>| host.and_then(field).map(|value| value.0);
        let bytes =
            |field: fn(&HostConditions) -> Option<ByteSize>| host.and_then(field).map(|value| value.0);
        let shown = |value: Option<u64>| value.filter(|_| !failed);
        Row {
            schema: self.header.schema,
            run_id: text(&self.header.run_id),
            started_utc: text(&self.header.started_utc),
            scenario: text(&self.header.scenario),
            variant: text(&self.key.variant),
            step: text(self.step),
            instruction: text(measure.instruction),
            kind: measure.kind(),
            metric: text(&measure.metric).into_owned().into(),
            unit: measure.unit,
            warmup: self.key.warmup,
            round: self.key.round,
            order: self.key.order,
            value: shown(measure.value),
            value_lo: shown(measure.bounds.map(|bounds| bounds.low_ns.0)),
            value_hi: shown(measure.bounds.map(|bounds| bounds.value_ns.0)),
            left_censored: measure
                .bounds
                .map(|bounds| bounds.left_censored)
                .filter(|_| !failed),
            status: match self.outcome {
                Status::Ok => "ok",
                Status::Failed { .. } => "failed",
                Status::Invalid { .. } => "invalid",
            },
            reason: text(self.outcome.reason().or(self.free).unwrap_or_default()),
            probe_tier: self.tier,
            load_1m: host.and_then(|host| host.load_1m),
            steal_ratio: host.and_then(|host| host.steal_ratio),
            cpu_pressure_ns: time(|host| host.cpu_pressure_ns),
            io_pressure_ns: time(|host| host.io_pressure_ns),
            memory_pressure_ns: time(|host| host.memory_pressure_ns),
            available_bytes: bytes(|host| host.available_bytes),
            disk_free_bytes: bytes(|host| host.disk_free_bytes),
            disk_free_inodes: host.and_then(|host| host.disk_free_inodes),
            neighbour_containers: self.neighbours.and_then(|neighbours| neighbours.containers),
            neighbour_builds: self.neighbours.and_then(|neighbours| neighbours.builds),
        }
    }
}

/// Keeps a spreadsheet from taking text for a formula.
fn text(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}").into()
    } else {
        text.into()
    }
}

/// Writes the samples of `run` as a table: builds, then starts, then bursts, each in the order in which they were taken.
///
/// # Errors
///
/// Where `out` cannot be written.
pub fn write_samples(run: &Run, out: impl Write) -> Result<(), WriteSamples> {
    let mut table = csv::Writer::from_writer(out);
    if run.builds.is_empty() && run.starts.is_empty() && run.bursts.is_empty() {
        table.write_record(COLUMNS).map_err(WriteSamples::WriteRow)?;
    }
    for sample in run.builds.iter().chain(&run.given_up) {
        let place = Place {
            header: &run.header,
            key: &sample.key,
            step: &sample.step,
            outcome: &sample.outcome,
            free: sample.free.as_deref(),
            tier: None,
            host: sample.host.as_ref(),
            neighbours: sample.neighbours,
        };
        place.write(&build_measures(sample), &mut table)?;
    }
    for sample in &run.starts {
        let place = Place {
            header: &run.header,
            key: &sample.key,
            step: "",
            outcome: &sample.outcome,
            free: None,
            tier: Some(sample.tier),
            host: sample.host.as_ref(),
            neighbours: sample.neighbours,
        };
        place.write(&start_measures(sample), &mut table)?;
    }
    for sample in &run.bursts {
        let place = Place {
            header: &run.header,
            key: &sample.key,
            step: "",
            outcome: &sample.outcome,
            free: None,
            tier: Some(ProbeTier::Published),
            host: sample.host.as_ref(),
            neighbours: sample.neighbours,
        };
        place.write(&burst_measures(sample), &mut table)?;
    }
    table.flush().map_err(WriteSamples::Flush)
}

/// Writes the samples of `run` into its folder, as a whole or not at all; gives the path.
///
/// # Errors
///
/// Where the folder cannot be written.
pub fn save_samples(dir: &Path, run: &Run) -> Result<PathBuf, WriteSamples> {
    let path = dir.join(SAMPLES_FILE);
    let partial = dir.join(format!(".{SAMPLES_FILE}.partial"));
    let create = |source| WriteSamples::Create {
        path: path.clone(),
        source,
    };
    let result = File::create(&partial)
        .map_err(create)
        .and_then(|file| write_samples(run, file))
        .and_then(|()| fs::rename(&partial, &path).map_err(create));
    if result.is_err() {
        // What was written of it is of no use; where even this fails, the error above says enough.
        let _ = fs::remove_file(&partial);
    }
    result.map(|()| path)
}

/// The columns, for a table without rows.
const COLUMNS: [&str; 30] = [
    "schema",
    "run_id",
    "started_utc",
    "scenario",
    "variant",
    "step",
    "instruction",
    "metric",
    "kind",
    "unit",
    "warmup",
    "round",
    "order",
    "value",
    "value_lo",
    "value_hi",
    "left_censored",
    "status",
    "reason",
    "probe_tier",
    "load_1m",
    "steal_ratio",
    "cpu_pressure_ns",
    "io_pressure_ns",
    "memory_pressure_ns",
    "available_bytes",
    "disk_free_bytes",
    "disk_free_inodes",
    "neighbour_containers",
    "neighbour_builds",
];

/// What one build gives. A failed build has its rows too, without the instructions that came before the failure.
fn build_measures(sample: &BuildSample) -> Vec<Measure<'_>> {
    let step = |name: &str| format!("step.{}.{name}", sample.step);
    let failed = matches!(sample.outcome, Status::Failed { .. });
    let context = sample.context.as_ref();
    let image = sample.image.as_ref();
    let mut measures = vec![
        Measure::time(step("time"), sample.duration_ns),
        // A build that never began has no instructions, which is not the same as none that ran.
        Measure::new(
            step("rebuilt"),
            Unit::Count,
            (!sample.instructions.is_empty()).then(|| sample.rebuilt() as u64),
        ),
        Measure::new(
            step("sent"),
            Unit::Bytes,
            context.map(|context| context.sent_bytes.0),
        ),
        Measure::new(
            "context.size",
            Unit::Bytes,
            context.map(|context| context.kept_bytes.0),
        ),
        Measure::new(
            "context.files",
            Unit::Count,
            context.map(|context| context.kept_files),
        ),
        Measure::new("image.size", Unit::Bytes, image.map(|image| image.size_bytes.0)),
        Measure::new(
            "image.layers",
            Unit::Count,
            image.map(|image| u64::from(image.layers)),
        ),
    ];
    let tar = context.and_then(|context| context.tar_bytes);
    measures.extend(tar.map(|tar| Measure::new("context.tar", Unit::Bytes, Some(tar.0))));
    if failed {
        return measures;
    }
    let imported = sample.downloads.map(|downloads| downloads.layers);
    if let Some(layers) = imported.filter(|layers| layers.count > 0) {
        measures.extend([
            Measure::new(step("imported-layers"), Unit::Count, Some(layers.count)),
            Measure::varying(step("imported"), layers.bytes),
        ]);
    }
    if let Some(export) = sample.cache_export {
        measures.extend([
            Measure::new(step("exported-layers"), Unit::Count, Some(export.layers)),
            Measure::varying(step("exported"), export.written_bytes),
        ]);
    }
    measures.extend(
        sample
            .phases
            .iter()
            .map(|phase| Measure::time(step(&format!("phase.{}", phase.name)), Some(phase.duration_ns))),
    );
    measures.extend(sample.instructions.iter().flat_map(|instruction| {
        let cached = Some(u64::from(instruction.cached));
        [
            Measure::time("instruction.time", instruction.duration_ns),
            Measure::new("instruction.cached", Unit::Flag, cached),
            Measure::varying("instruction.log", Some(instruction.log_bytes)),
        ]
        .map(|measure| measure.of_instruction(&instruction.name))
    }));
    measures
}

/// What one burst gives: when the first, half and all of its containers were ready, and what all of them used.
fn burst_measures(sample: &BurstSample) -> Vec<Measure<'_>> {
    let key = |name: &str| format!("burst.{}.{name}", sample.containers);
    vec![
        Measure::bounded(key("first"), sample.first()),
        Measure::bounded(key("median"), sample.median()),
        Measure::bounded(key("last"), sample.last()),
        Measure::varying(key("memory"), sample.memory_bytes),
        Measure::varying(key("disk"), sample.written_bytes),
    ]
}

/// What one start gives. A metric has a row only where the probe looked for it. The state that the image was in is part of
/// the metric, as everywhere: what is read by metric alone never mixes states.
fn start_measures(sample: &StartSample) -> Vec<Measure<'_>> {
    let key = |name: &str| format!("start.{name}{}", sample.cache.suffix());
    let mut measures = Vec::new();
    if matches!(sample.tier, ProbeTier::Ip | ProbeTier::Published) {
        measures.push(Measure::bounded(key("client"), sample.client));
    }
    if sample.ready.is_some() || sample.tier != ProbeTier::Published {
        measures.push(Measure::bounded(key("ready"), sample.ready));
    }
    if matches!(sample.tier, ProbeTier::Trace) || sample.app.is_some() {
        measures.push(Measure::bounded(key("app"), sample.app));
        measures.push(Measure::time(key("runtime"), sample.runtime()));
    }
    if let Some(state) = &sample.state {
        measures.extend([
            Measure::time(key("cpu"), state.cpu_ns),
            Measure::varying(key("memory"), state.memory_bytes),
            Measure::varying(key("read"), state.read_bytes),
            Measure::varying(key("disk"), state.written_bytes),
        ]);
        measures.push(Measure {
            varies: true,
            ..Measure::new(key("majflt"), Unit::Count, state.major_faults)
        });
        let pressures = [
            ("cpu-pressure", state.cpu_pressure_ns),
            ("memory-pressure", state.memory_pressure_ns),
            ("io-pressure", state.io_pressure_ns),
        ];
        let told = pressures.into_iter().filter(|(_, waited)| waited.is_some());
        measures.extend(told.map(|(name, waited)| Measure::time(key(name), waited)));
    }
    if let Some(pages) = sample.pages {
        measures.extend([
            Measure::varying(key("pages-before"), Some(pages.before_bytes)),
            Measure::varying(key("pages"), pages.ready_bytes),
        ]);
    }
    if let Some(pull) = &sample.pull {
        measures.extend([
            Measure::time("start.pull", Some(pull.duration_ns)),
            Measure::varying("pull.bytes", Some(pull.bytes)),
            Measure::new("pull.layers", Unit::Count, u64::try_from(pull.layers.len()).ok()),
        ]);
        let parts = [
            ("pull.download", pull.download()),
            ("pull.extract", pull.extract()),
        ];
        let told = parts.into_iter().filter(|(_, spent)| spent.is_some());
        measures.extend(told.map(|(name, spent)| Measure::time(name, spent)));
    }
    if !matches!(sample.outcome, Status::Failed { .. }) {
        measures.extend(
            sample
                .phases
                .iter()
                .map(|phase| Measure::time(key(&format!("phase.{}", phase.name)), Some(phase.duration_ns))),
        );
    }
    measures
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{ImagePages, Pull, StartState};
    use crate::scenario::{PullShape, StartCache};
    use crate::store::fixture;

    fn table(run: &Run) -> String {
        let mut bytes = Vec::new();
        write_samples(run, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn run() -> Run {
        Run::from_records(fixture::records()).unwrap()
    }

    #[test]
    fn the_table_is_long_in_base_units_and_failures_have_no_value() {
        // What stands in every row is cut off, so that the rest can be read.
        let cut = "1,20261121T024403Z-quickstart-4f2a,2026-11-21T02:44:03Z,quickstart,";
        insta::assert_snapshot!(table(&run()).replace(cut, "…,"));
    }

    #[test]
    fn starts_of_another_state_have_metrics_of_their_own() {
        let mut run = run();
        for start in &mut run.starts {
            start.cache = StartCache::ColdPages;
            start.pages = Some(ImagePages {
                image_bytes: ByteSize(900),
                before_bytes: ByteSize(0),
                ready_bytes: Some(ByteSize(300)),
            });
        }
        let text = table(&run);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows = reader.records().map(Result::unwrap);
        let of_starts: Vec<_> = rows.filter(|row| row[7].starts_with("start.")).collect();
        assert!(
            of_starts.iter().all(|row| row[7].ends_with(".cold-pages")),
            "{text}"
        );
        let pages = of_starts
            .iter()
            .find(|row| &row[7] == "start.pages.cold-pages")
            .unwrap();
        assert_eq!(&pages[13], "300");
    }

    #[test]
    fn a_pull_has_rows_of_its_own() {
        let mut run = run();
        run.starts.truncate(1);
        run.starts[0].cache = StartCache::ColdPull;
        run.starts[0].pull = Some(Pull {
            duration_ns: Nanos(7_000),
            bytes: ByteSize(900),
            layers: Vec::new(),
            shape: PullShape::default(),
        });
        let text = table(&run);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
        for (metric, unit, value) in [
            ("start.pull", "ns", "7000"),
            ("pull.bytes", "bytes", "900"),
            ("pull.layers", "count", "0"),
        ] {
            let row = rows.iter().find(|row| &row[7] == metric).unwrap();
            assert_eq!((&row[9], &row[13]), (unit, value), "{row:?}");
        }
    }

    #[test]
    fn what_a_container_waited_for_has_rows_where_it_is_told() {
        let mut run = run();
        run.starts.truncate(1);
        run.starts[0].outcome = Status::Ok;
        run.starts[0].state = Some(StartState {
            cpu_pressure_ns: Some(Nanos(18_342_000)),
            io_pressure_ns: Some(Nanos(0)),
            ..StartState::default()
        });
        let text = table(&run);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows = reader.records().map(Result::unwrap);
        let pressures: Vec<_> = rows
            .filter(|row| row[7].ends_with("-pressure"))
            .map(|row| {
                (
                    row[7].to_owned(),
                    row[8].to_owned(),
                    row[9].to_owned(),
                    row[13].to_owned(),
                )
            })
            .collect();
        let row = |metric: &str, value: &str| {
            let [metric, kind, unit, value] = [metric, "timed", "ns", value].map(str::to_owned);
            (metric, kind, unit, value)
        };
        assert_eq!(
            pressures,
            [
                row("start.cpu-pressure", "18342000"),
                row("start.io-pressure", "0")
            ]
        );
    }

    #[test]
    fn another_reader_gets_back_every_field_as_many_as_there_are_columns() {
        let text = table(&run());
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        assert_eq!(reader.headers().unwrap(), COLUMNS.as_slice());
        let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
        assert!(rows.iter().any(|row| &row[6] == "'=RUN \"quoted\"\nand broken"));
        for row in &rows {
            let failed = &row[17] == "failed";
            assert!(!failed || row[13].is_empty(), "{row:?}");
            assert!(&row[17] == "ok" || !row[18].is_empty(), "a reason: {row:?}");
        }
    }

    #[test]
    fn a_build_that_never_began_has_no_values() {
        let mut run = run();
        run.builds.truncate(1);
        run.starts.clear();
        let build = &mut run.builds[0];
        build.outcome = Status::Invalid {
            reason: "step `cold` before it failed".to_owned(),
        };
        build.duration_ns = None;
        build.context = None;
        build.instructions.clear();
        build.phases.clear();
        build.image = None;
        let text = table(&run);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let values = reader.records().map(|row| row.unwrap()[13].to_owned());
        assert_eq!(values.collect::<Vec<_>>(), [""; 7]);
    }

    #[test]
    fn a_commit_with_nothing_to_build_counts_without_a_value_and_says_why() {
        let mut run = run();
        let build = &mut run.builds[0];
        build.outcome = Status::Ok;
        build.free = Some("nothing that the ignore rules keep".to_owned());
        build.duration_ns = None;
        let order = build.key.order.to_string();
        let table = table(&run);
        let mut rows = csv::Reader::from_reader(table.as_bytes());
        let row = rows
            .records()
            .map(Result::unwrap)
            .find(|row| row[12] == order)
            .unwrap();
        assert_eq!(
            (&row[13], &row[17], &row[18]),
            ("", "ok", "nothing that the ignore rules keep")
        );
    }

    #[test]
    fn a_run_without_samples_is_a_table_without_rows() {
        let mut run = run();
        run.builds.clear();
        run.starts.clear();
        assert_eq!(table(&run).lines().collect::<Vec<_>>(), [COLUMNS.join(",")]);
    }

    #[test]
    fn text_that_would_be_a_formula_is_defused_and_other_text_is_left_alone() {
        for (plain, expected) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-x", "'-x"),
            ("@sum", "'@sum"),
            ("\tx", "'\tx"),
            ("\rx", "'\rx"),
            ("a=b", "a=b"),
            ("COPY . .", "COPY . ."),
            ("", ""),
        ] {
            assert_eq!(text(plain), expected, "{plain:?}");
        }
    }

    #[test]
    fn saving_replaces_the_table_and_leaves_nothing_half_written() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(SAMPLES_FILE), "old").unwrap();
        let path = save_samples(dir.path(), &run()).unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), table(&run()));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);

        let error = save_samples(&dir.path().join("missing"), &run()).unwrap_err();
        assert!(error.to_string().ends_with("missing/samples.csv"), "{error}");
    }
}
