//! A series of a history as Apache Otava reads it from CSV.

use crate::analyze::{MetricUnit, NightHistory};
use crate::results::Night;

/// The CSV cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot make the CSV")]
pub struct WriteOtava(#[source] csv::Error);

/// One series: `time,commit,<metric>`, a row for each night in which it was measured, oldest first. Times are in seconds.
///
/// # Errors
///
/// Where the CSV cannot be made.
pub fn otava(history: &NightHistory, nights: &[Night]) -> Result<String, WriteOtava> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let metric = history.metric.to_string();
    writer
        .write_record(["time", "commit", &metric])
        .map_err(WriteOtava)?;
    for point in &history.points {
        let night = nights.iter().find(|night| night.header.run_id == point.run_id);
        let commit = night.and_then(|night| night.header.commit.as_ref());
        let commit = commit.map_or_else(|| point.run_id.clone(), |commit| commit.sha.clone());
        let value = match history.metric.unit() {
            MetricUnit::Nanoseconds => format!("{:.9}", point.value as f64 / 1e9),
            MetricUnit::Bytes | MetricUnit::Count => point.value.to_string(),
        };
        writer
            .write_record([point.started_utc.as_str(), &commit, &value])
            .map_err(WriteOtava)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| WriteOtava(error.into_error().into()))?;
    // What went in was text.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
