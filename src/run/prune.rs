//! Removing records of the build cache that are a run's own, where that costs nobody anything.

use super::attribution::Attribution;
use super::ports::{BuildRecord, Builder, EngineFault, RecordKind};

/// How often records that stay are tried again: the daemon may still be at work on one, and one that another is made
/// of goes only after that.
const PRUNINGS: usize = 3;

/// Why own records are left where they are.
pub const SPARED: &str =
    "removing any makes an engine with the containerd image store forget what others built on local images";

/// What is done where removing own records costs others their cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pruning {
    /// Own records are left.
    #[default]
    Sparing,
    /// Own records are removed.
    Anyway,
}

impl Pruning {
    /// Whether own records are to be left, so that others keep what they have in the cache.
    pub fn spares(self, daemon: &impl Builder, attribution: &Attribution, records: &[BuildRecord]) -> bool {
        let is_others =
            |record: &BuildRecord| record.kind == RecordKind::Layer && !attribution.is_own(record);
        self == Self::Sparing && daemon.forgets_when_pruned() && records.iter().any(is_others)
    }
}

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
