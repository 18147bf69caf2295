//! A run read back from its records.

use super::{
    BaseRecord, BuildRecordsSeen, BuildSample, ContextRecord, RESULTS_SCHEMA, Record, RunEnd, RunHeader,
    StartSample, WarningRecord,
};

/// A run, complete or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// What was measured, on what.
    pub header: RunHeader,
    /// Base images.
    pub bases: Vec<BaseRecord>,
    /// Build contexts.
    pub contexts: Vec<ContextRecord>,
    /// Short ids of images without a name that builds made, oldest first.
    pub made_images: Vec<String>,
    /// Builds, in the order in which they were taken.
    pub builds: Vec<BuildSample>,
    /// What was learned of records of the build cache, in the order in which it was.
    pub build_records: Vec<BuildRecordsSeen>,
    /// Starts, in the order in which they were taken.
    pub starts: Vec<StartSample>,
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
            contexts: Vec::new(),
            made_images: Vec::new(),
            builds: Vec::new(),
            build_records: Vec::new(),
            starts: Vec::new(),
            warnings: Vec::new(),
            end: None,
        };
        for record in records {
            match record {
                // A second header has no meaning; the first one stands.
                Record::Run(_) => {}
                Record::Base(base) => run.bases.push(base),
                Record::Context(context) => run.contexts.push(context),
                Record::MadeImages(mut made) => run.made_images.append(&mut made.ids),
                Record::Build(sample) => run.builds.push(*sample),
                Record::BuildRecords(seen) => run.build_records.push(seen),
                Record::Start(sample) => run.starts.push(*sample),
                Record::Warning(warning) => run.warnings.push(warning),
                Record::End(end) => run.end = Some(end),
            }
        }
        Ok(run)
    }
}
