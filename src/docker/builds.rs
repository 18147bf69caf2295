//! Builds, and the daemon's build cache.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bollard_buildkit_proto::moby::buildkit::v1::{DiskUsageRequest, PruneRequest};

use super::classic::HeaderForm;
use super::solve::{control, solve};
use super::{Engine, classic};
use crate::digest::Digest;
use crate::run::{BuildRecord, BuildReport, BuildRequest, Builder, EngineFault, RecordKind};
use crate::scenario::BuilderKind;
use crate::unit::{DaemonInstant, DaemonSpan};

impl Builder for Engine {
    async fn build(&self, request: &BuildRequest) -> Result<BuildReport, EngineFault> {
        if request.builder == BuilderKind::Classic {
            let form = HeaderForm::of_engine(&self.version);
            let built =
                classic::build(&self.endpoint, request, form, &self.given_up, &self.made_images).await;
            return built.map_err(|error| failed("build", &request.image, error));
        }
        let gateway = if request.options.needs_gateway() {
            Some(self.host_gateway().await?)
        } else {
            None
        };
        let id = build_id();
        self.heard.own_build(&id);
        let built = solve(&self.endpoint, &id, request, gateway, &self.given_up).await;
        built.map_err(|error| failed("build", &request.image, error))
    }

    async fn settle(&self) -> Option<DaemonSpan> {
        self.given_up.settle().await
    }

    fn made_images(&self) -> Vec<String> {
        self.made_images.all()
    }

    async fn remove_made_images(&self, ids: &[String]) -> Result<(), EngineFault> {
        self.remove_nameless(ids).await
    }

    async fn build_records(&self) -> Result<Vec<BuildRecord>, EngineFault> {
        let list = |error| failed("list", RECORDS, error);
        let mut control = control(&self.endpoint)
            .await
            .map_err(|error| failed("list", RECORDS, error))?;
        let usage = control
            .disk_usage(DiskUsageRequest::default())
            .await
            .map_err(list)?;
        let records = usage.into_inner().record.into_iter();
        let mut records: Vec<_> = records
            .map(|record| BuildRecord {
                id: record.id,
                kind: match record.record_type.as_str() {
                    "source.local" => RecordKind::Context,
                    "exec.cachemount" => RecordKind::CacheMount,
                    _ => RecordKind::Layer,
                },
                created: record
                    .created_at
                    .and_then(|at| DaemonInstant::at(at.seconds, at.nanos)),
            })
            .collect();
        // The daemon lists them as they lie in a hash table, another time in another order.
        records.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        Ok(records)
    }

    async fn settled_build_records(&self) -> Result<Vec<BuildRecord>, EngineFault> {
        let mut last = self.build_records().await?;
        for _ in 0..MOST_LOOKS {
            tokio::time::sleep(BETWEEN_LOOKS).await;
            let now = self.build_records().await?;
            if now == last {
                break;
            }
            last = now;
        }
        Ok(last)
    }

    async fn prune_build_records(&self, ids: &[String]) -> Result<(), EngineFault> {
        if ids.is_empty() {
            // No filter would mean every record.
            return Ok(());
        }
        let prune = |error| failed("prune", RECORDS, error);
        let mut control = control(&self.endpoint)
            .await
            .map_err(|error| failed("prune", RECORDS, error))?;
        let request = PruneRequest {
            filter: ids.iter().map(|id| format!("id=={id}")).collect(),
            all: true,
            ..PruneRequest::default()
        };
        let mut pruned = control.prune(request).await.map_err(prune)?.into_inner();
        while pruned.message().await.map_err(prune)?.is_some() {}
        Ok(())
    }
}

/// How long the records must stay the same to count as settled.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// After so many changes they are taken as they are: somebody else builds.
const MOST_LOOKS: usize = 20;

/// What a failure to list or prune is about.
const RECORDS: &str = "records of the build cache";

pub(super) fn failed(
    operation: &'static str,
    subject: &str,
    source: impl std::error::Error + Send + Sync + 'static,
) -> EngineFault {
    EngineFault {
        operation,
        subject: subject.to_owned(),
        status: None,
        source: Box::new(source),
    }
}

/// An id that no other build of this daemon has.
fn build_id() -> String {
    static BUILDS: AtomicU64 = AtomicU64::new(0);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    let count = BUILDS.fetch_add(1, Ordering::Relaxed);
    let process = std::process::id();
    Digest::of(format!("{process} {count} {}", now.as_nanos())).hex()[..25].to_owned()
}
