//! A run read back from its records.

use super::{
    BaseRecord, BuildRecordsSeen, BuildSample, BurstSample, CalibrationRecord, ClassicStand, CompanionRecord,
    ContextRecord, NotMeasuredRecord, ProbeRecord, RESULTS_SCHEMA, Record, ResumedRecord, RunEnd, RunHeader,
    SourcesRecord, StartSample, Status, TurnKey, WarningRecord,
};

/// A run, complete or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// What was measured, on what.
    pub header: RunHeader,
    /// Base images.
    pub bases: Vec<BaseRecord>,
    /// Variants of which nothing could be measured.
    pub not_measured: Vec<NotMeasuredRecord>,
    /// References of bases that were about to be imported.
    pub importing: Vec<String>,
    /// Repositories that images were about to be pulled from.
    pub pulling: Vec<String>,
    /// Build contexts.
    pub contexts: Vec<ContextRecord>,
    /// Short ids of images without a name that builds made, oldest first.
    pub made_images: Vec<String>,
    /// Where the last build of the classic builder stood when it was heard of last.
    pub classic_stand: Option<ClassicStand>,
    /// Builds, in the order in which they were taken.
    pub builds: Vec<BuildSample>,
    /// Builds of turns that were stopped in the middle and begun again when the run was resumed; they do not count.
    pub given_up: Vec<BuildSample>,
    /// When the run was resumed, in UTC, as RFC 3339.
    pub resumed: Vec<String>,
    /// Each variant's context before any edit.
    pub sources: Option<SourcesRecord>,
    /// What was learned of records of the build cache, in the order in which it was.
    pub build_records: Vec<BuildRecordsSeen>,
    /// How readiness was looked for; absent before the first start, and in journals of earlier versions.
    pub probe: Option<ProbeRecord>,
    /// Companions of the starts.
    pub companions: Vec<CompanionRecord>,
    /// How exactly starts are timed on the machine; absent where the run has none, and in journals of earlier versions.
    pub calibration: Option<CalibrationRecord>,
    /// Starts, in the order in which they were taken.
    pub starts: Vec<StartSample>,
    /// Bursts, in the order in which they were taken.
    pub bursts: Vec<BurstSample>,
    /// What a reader must know.
    pub warnings: Vec<WarningRecord>,
    /// How it ended; absent where it was killed.
    pub end: Option<RunEnd>,
}

/// Why records do not make a run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableRun {
    /// The first record is not a header.
    #[error("the journal does not begin with a run header")]
    FindHeader,
    /// Another version of this program wrote it.
    #[error("the journal has schema {found}, expected {RESULTS_SCHEMA}")]
    ReadSchema {
        /// The version that was read.
        found: u32,
    },
}

impl Run {
    /// The builds of a variant at a step that enter statistics, in the order in which they were taken.
    pub fn counted_builds(&self, variant: &str, step: &str) -> impl Iterator<Item = &BuildSample> {
        self.builds
            .iter()
            .filter(move |build| build.step == step && build.key.variant == variant && build.counts())
    }

    /// Puts records together.
    ///
    /// # Errors
    ///
    /// Where the first record is no header, or its schema is not ours.
    pub fn from_records(records: impl IntoIterator<Item = Record>) -> Result<Self, UnreadableRun> {
        let mut records = records.into_iter();
        let Some(Record::Run(header)) = records.next() else {
            return Err(UnreadableRun::FindHeader);
        };
        if header.schema != RESULTS_SCHEMA {
            return Err(UnreadableRun::ReadSchema { found: header.schema });
        }
        let mut run = Self {
            header: *header,
            bases: Vec::new(),
            not_measured: Vec::new(),
            importing: Vec::new(),
            pulling: Vec::new(),
            contexts: Vec::new(),
            made_images: Vec::new(),
            classic_stand: None,
            builds: Vec::new(),
            given_up: Vec::new(),
            resumed: Vec::new(),
            sources: None,
            build_records: Vec::new(),
            probe: None,
            companions: Vec::new(),
            calibration: None,
            starts: Vec::new(),
            bursts: Vec::new(),
            warnings: Vec::new(),
            end: None,
        };
        for record in records {
            match record {
                // A second header has no meaning; the first one stands. An errand is no run's.
                Record::Run(_) | Record::Errand(_) => {}
                Record::Importing(importing) => run.importing.push(importing.reference),
                Record::Pulling(pulling) => run.pulling.push(pulling.repository),
                Record::Base(base) => {
                    // A run that is resumed prepares its bases once more.
                    run.bases.retain(|earlier| earlier.name != base.name);
                    run.bases.push(base);
                }
                Record::NotMeasured(variant) => run.not_measured.push(variant),
                Record::Sources(sources) => run.sources = Some(sources),
                Record::Resumed(resumed) => run.resume(resumed),
                Record::Context(context) => run.contexts.push(context),
                Record::MadeImages(mut made) => run.made_images.append(&mut made.ids),
                Record::ClassicStand(stand) => run.classic_stand = Some(stand),
                Record::Build(sample) => run.builds.push(*sample),
                Record::BuildRecords(seen) => run.build_records.push(seen),
                Record::Probe(probe) => run.probe = Some(probe),
                Record::Companion(companion) => {
                    // A run that is resumed starts its companions once more.
                    run.companions.retain(|earlier| earlier.name != companion.name);
                    run.companions.push(companion);
                }
                Record::Calibration(found) => run.calibration = Some(found),
                Record::Start(sample) => run.starts.push(*sample),
                Record::Burst(sample) => run.bursts.push(*sample),
                Record::Warning(warning) => run.warnings.push(warning),
                Record::End(end) => run.end = Some(end),
            }
        }
        Ok(run)
    }

    fn resume(&mut self, record: ResumedRecord) {
        let is_begun_again = |build: &mut BuildSample| record.begun_again.contains(&TurnKey::of(&build.key));
        for mut build in self.builds.extract_if(.., is_begun_again) {
            build.outcome = Status::Invalid {
                reason: "the run was stopped in the middle of this turn, which was begun again".to_owned(),
            };
            self.given_up.push(build);
        }
        self.resumed.push(record.resumed_utc);
        // Bases are prepared once more, and may be there by now.
        self.not_measured.clear();
        self.end = None;
    }
}
