//! What a daemon says of itself beyond what stands next to every number: its builder, its clock, its way out.

use std::time::SystemTime;

use bollard_buildkit_proto::moby::buildkit::v1::{DiskUsageRequest, ListWorkersRequest};
use jiff::Timestamp;

use super::solve::control;
use super::{ConnectEngine, Engine};
use crate::results::Environment;
use crate::unit::ByteSize;

/// What a daemon says of itself. What it does not say is absent.
#[derive(Clone, Debug)]
pub struct Checkup {
    /// Versions, store, machine.
    pub environment: Environment,
    /// The builder's version; engines before 23.0 do not tell.
    pub buildkit: Option<String>,
    /// What the build cache takes, over all its records.
    pub cache: Option<ByteSize>,
    /// What the build cache may take before the builder removes records by itself: the least of its rules that hold for
    /// every kind of record.
    pub cache_limit: Option<ByteSize>,
    /// Where the daemon keeps its data, as it names the folder.
    pub data_root: Option<String>,
    /// The daemon's clock less ours.
    pub clock: Option<ClockOffset>,
    /// Whether the daemon goes through a proxy to registries.
    pub has_proxy: bool,
    /// What the daemon warns of by itself.
    pub warnings: Vec<String>,
}

/// How far the daemon's clock is from ours, in seconds: between the two, since asking takes time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClockOffset {
    /// The least that it may be.
    pub low: f64,
    /// The most that it may be.
    pub high: f64,
}

impl ClockOffset {
    /// A daemon that said `told` at some time between `asked` and `answered` of our clock, in seconds.
    fn of(asked: f64, told: f64, answered: f64) -> Self {
        Self {
            low: told - answered,
            high: told - asked,
        }
    }

    /// How far the two clocks are apart at the least.
    #[must_use]
    pub fn at_least(self) -> f64 {
        self.low.max(-self.high).max(0.0)
    }
}

impl Engine {
    /// Asks the daemon for what `seatrial doctor` looks at.
    ///
    /// # Errors
    ///
    /// Where the daemon does not answer.
    pub async fn checkup(&self) -> Result<Checkup, ConnectEngine> {
        let environment = self.environment().await?;
        let asked = seconds();
        let info = self.docker.info().await;
        let answered = seconds();
        let info = info.map_err(|source| ConnectEngine::AskDaemon {
            address: self.endpoint.address(),
            request: "GET /info",
            source: Box::new(source),
        })?;
        let told = info.system_time.and_then(|time| time.parse::<Timestamp>().ok());
        let clock = told.map(|told| ClockOffset::of(asked, told.as_nanosecond() as f64 / 1e9, answered));
        let builder = self.builder().await.unwrap_or_default();
        let is_set = |proxy: Option<String>| proxy.is_some_and(|proxy| !proxy.is_empty());
        Ok(Checkup {
            environment,
            buildkit: builder.version,
            cache: builder.cache,
            cache_limit: builder.cache_limit,
            data_root: info.docker_root_dir,
            clock,
            has_proxy: is_set(info.http_proxy) || is_set(info.https_proxy),
            warnings: info.warnings.unwrap_or_default(),
        })
    }

    /// Nothing where the daemon's builder does not answer.
    async fn builder(&self) -> Option<BuilderFacts> {
        let mut control = control(&self.endpoint).await.ok()?;
        let usage = control.disk_usage(DiskUsageRequest::default()).await.ok()?;
        let sizes = usage.into_inner().record.into_iter();
        let cache = sizes.filter_map(|record| u64::try_from(record.size).ok()).sum();
        let workers = control.list_workers(ListWorkersRequest::default()).await;
        let workers = workers.map_or_else(|_| Vec::new(), |answer| answer.into_inner().record);
        let rules = workers.iter().flat_map(|worker| &worker.gc_policy);
        let limits = rules
            .filter(|rule| rule.filters.is_empty())
            // Before there were three limits, the one that there was had the place of the first.
            .map(|rule| rule.max_used_space.max(rule.reserved_space))
            .filter_map(|limit| u64::try_from(limit).ok().filter(|limit| *limit > 0));
        Some(BuilderFacts {
            version: workers
                .iter()
                .find_map(|worker| Some(worker.buildkit_version.as_ref()?.version.clone())),
            cache: Some(ByteSize(cache)),
            cache_limit: limits.min().map(ByteSize),
        })
    }
}

#[derive(Debug, Default)]
struct BuilderFacts {
    version: Option<String>,
    cache: Option<ByteSize>,
    cache_limit: Option<ByteSize>,
}

/// Our clock, in seconds since 1970.
fn seconds() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_apart_only_by_what_asking_does_not_explain() {
        for (asked, told, answered, apart) in [
            (10.0, 10.5, 11.0, 0.0),
            (10.0, 10.0, 11.0, 0.0),
            (10.0, 14.0, 11.0, 3.0),
            (10.0, 4.0, 11.0, 6.0),
        ] {
            let offset = ClockOffset::of(asked, told, answered);
            assert!((offset.at_least() - apart).abs() < 1e-9, "{offset:?}");
        }
    }
}
