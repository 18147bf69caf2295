//! Removing records of the build cache that are a run's own.

use super::attribution::Attribution;
use super::ports::{BuildRecord, Builder, EngineFault};

/// How often records that stay are tried again: the daemon may still be at work on one, and one that another is made
/// of goes only after that.
const PRUNINGS: usize = 3;

/// Removes, of these records, what is ours for certain. Returns all records that the daemon holds then; one of ours
/// among them is used by something else.
///
/// # Errors
///
/// Where the daemon does not list or remove records.
pub async fn prune_own_records(
    daemon: &impl Builder,
    attribution: &Attribution,
    mut records: Vec<BuildRecord>,
) -> Result<Vec<BuildRecord>, EngineFault> {
    for _ in 0..PRUNINGS {
        let own: Vec<_> = attribution
            .own(&records)
            .map(|record| record.id.clone())
            .collect();
        if own.is_empty() {
            break;
        }
        daemon.prune_build_records(&own).await?;
        records = daemon.settled_build_records().await?;
    }
    Ok(records)
}
