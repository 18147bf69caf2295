//! A ledger in memory, on a disk that may be full.

use seatrial::results::{Record, SampleKey, Status};
use seatrial::run::{Ledger, LedgerFault};

use super::log_book::LogBook;

/// Records in memory.
#[derive(Debug)]
pub(crate) struct FakeLedger {
    pub(super) log: LogBook,
    pub(super) records: Vec<Record>,
    pub(super) full_from: Option<usize>,
}

impl Ledger for FakeLedger {
    fn keep(&mut self, record: &Record) -> Result<(), LedgerFault> {
        if self.full_from.is_some_and(|from| self.records.len() + 1 >= from) {
            self.log.note(format!("cannot {}", said(record)));
            return Err(LedgerFault {
                message: "cannot write the journal".to_owned(),
                source: Some("the disk is full".into()),
            });
        }
        self.log.note(said(record));
        self.records.push(record.clone());
        Ok(())
    }

    fn note(&mut self, record: &Record) -> Result<(), LedgerFault> {
        self.keep(record)
    }
}

fn said(record: &Record) -> String {
    match record {
        Record::Base(base) => {
            let own = if base.own { ", own" } else { "" };
            format!(
                "keep base {}: {}, {}{own}",
                base.name, base.source, base.reference
            )
        }
        Record::Context(_) => "keep context".to_owned(),
        Record::Sources(_) => "keep sources".to_owned(),
        Record::Resumed(_) => "keep resumed".to_owned(),
        Record::Errand(_) => "keep errand".to_owned(),
        Record::NotMeasured(left_out) => format!("keep {} is not measured", left_out.variant),
        Record::Importing(importing) => format!("keep importing {}", importing.reference),
        Record::Pulling(pulling) => format!("keep pulling {}", pulling.repository),
        Record::ClassicStand(_) => "keep where the classic build stands".to_owned(),
        Record::MadeImages(made) => format!("keep made images {}", made.ids.join(" ")),
        Record::Build(sample) => {
            let place = place(&sample.key);
            format!("keep {place}, {}: {}", sample.step, outcome(&sample.outcome))
        }
        Record::BuildRecords(seen) => {
            let doubtful = seen.doubtful.iter().map(|id| format!("{id}?"));
            let ids: Vec<_> = seen.own.iter().cloned().chain(doubtful).collect();
            format!("journal records {}", ids.join(" "))
        }
        Record::Start(sample) => {
            format!("keep {}, start: {}", place(&sample.key), outcome(&sample.outcome))
        }
        Record::Burst(sample) => {
            let place = place(&sample.key);
            format!(
                "keep {place}, burst of {}: {}",
                sample.containers,
                outcome(&sample.outcome)
            )
        }
        Record::Companion(companion) => format!(
            "keep companion {}: {} at {}",
            companion.name,
            companion.image,
            companion.address.as_deref().unwrap_or("no address")
        ),
        Record::Calibration(_) => "keep calibration".to_owned(),
        Record::Probe(probe) => format!("keep probe {}", probe.tier),
        Record::Warning(warning) => format!("keep warning: {}", warning.message),
        Record::Run(_) => "keep header".to_owned(),
        Record::End(_) => "keep end".to_owned(),
    }
}

fn place(key: &SampleKey) -> String {
    let kind = if key.warmup { "warm-up" } else { "round" };
    format!("#{} {} {kind} {}", key.order, key.variant, key.round)
}

fn outcome(status: &Status) -> String {
    match status {
        Status::Ok => "ok".to_owned(),
        Status::Failed { reason } => format!("failed, {reason}"),
        Status::Invalid { reason } => format!("invalid, {reason}"),
    }
}
