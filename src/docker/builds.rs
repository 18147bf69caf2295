//! Builds, and the daemon's build cache.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bollard::query_parameters::PruneBuildOptionsBuilder;
use bollard_buildkit_proto::moby::buildkit::v1::DiskUsageRequest;
use jiff::Timestamp;

use super::classic::HeaderForm;
use super::engine::PATIENCE;
use super::images::fault;
use super::solve::{control, solve};
use super::{Engine, classic};
use crate::digest::Digest;
use crate::results::ImageStore;
use crate::run::{
    BuildRecord, BuildReport, BuildRequest, Builder, ClassicProgress, EngineFault, NamelessImage, RecordKind,
};
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

    async fn answers(&self) -> Result<(), EngineFault> {
        let address = self.endpoint.address();
        match tokio::time::timeout(PATIENCE, self.docker.ping()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(refusal)) => Err(fault("answer at", &address, refusal)),
            Err(_) => Err(EngineFault {
                operation: "answer at",
                subject: address,
                status: None,
                source: format!("there was no answer within {} s", PATIENCE.as_secs()).into(),
            }),
        }
    }

    async fn clock(&self) -> Option<DaemonInstant> {
        let told = self.docker.info().await.ok()?.system_time?;
        let told: Timestamp = told.parse().ok()?;
        i64::try_from(told.as_nanosecond()).ok().map(DaemonInstant)
    }

    async fn classic_news(&self) {
        self.made_images.news().await;
    }

    fn classic_progress(&self) -> ClassicProgress {
        self.made_images.progress()
    }

    async fn nameless_images(&self) -> Result<Vec<NamelessImage>, EngineFault> {
        self.list_nameless().await
    }

    fn made_images(&self) -> Vec<String> {
        self.made_images.all()
    }

    async fn remove_made_images(&self, ids: &[String]) -> Result<(), EngineFault> {
        self.remove_nameless(ids).await
    }

    async fn build_records(&self) -> Result<Vec<BuildRecord>, EngineFault> {
        let usage = in_time("list", LONGEST_LIST, async {
            let mut control = control(&self.endpoint)
                .await
                .map_err(|error| failed("list", RECORDS, error))?;
            let usage = control.disk_usage(DiskUsageRequest::default()).await;
            usage.map_err(|error| failed("list", RECORDS, error))
        });
        let records = usage.await?.into_inner().record.into_iter();
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

    fn forgets_when_pruned(&self) -> bool {
        // Seen with the docker command alone on 28.5; with storage drivers, and with bases that a build itself pulled,
        // it does not happen. No version is known in which it is mended.
        self.store == ImageStore::Containerd
    }

    async fn prune_build_records(&self, ids: &[String]) -> Result<(), EngineFault> {
        if ids.is_empty() {
            // No filter would mean every record.
            return Ok(());
        }
        // A filter of this interface takes one value, which the daemon matches as an expression.
        let wanted = format!("\"^({})$\"", ids.join("|"));
        let filters = HashMap::from([("id", vec![wanted])]);
        let options = PruneBuildOptionsBuilder::new()
            .all(true)
            .filters(&filters)
            .build();
        // Not over `Control.Prune`, which streams what it removes: an older engine, seen with 20.10, that loses its client
        // there never lets go of the build cache again (moby/buildkit issue 4399). Here it gathers, and waits for nobody.
        in_time("prune", LONGEST_PRUNING, async {
            // The client's own limit is of shorter calls.
            let patient = self.docker.clone().with_timeout(LONGEST_PRUNING * 2);
            let pruned = patient.prune_build(Some(options)).await;
            pruned
                .map(drop)
                .map_err(|refusal| fault("prune", RECORDS, refusal))
        })
        .await
    }
}

/// How long the daemon may take to list its records: it may have to measure large ones first.
const LONGEST_LIST: Duration = Duration::from_secs(60);

/// How long it may take to remove records.
const LONGEST_PRUNING: Duration = Duration::from_secs(600);

/// What the daemon answers about its build cache, if it does in time: one that is frozen takes connections and says
/// nothing.
async fn in_time<T>(
    operation: &'static str,
    longest: Duration,
    answer: impl Future<Output = Result<T, EngineFault>>,
) -> Result<T, EngineFault> {
    match tokio::time::timeout(longest, answer).await {
        Ok(answered) => answered,
        Err(_) => Err(EngineFault {
            operation,
            subject: RECORDS.to_owned(),
            status: None,
            source: format!("there was no answer within {} s", longest.as_secs()).into(),
        }),
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
