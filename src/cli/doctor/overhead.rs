//! What this program costs beside the docker command: the same small cached build by both, in turns.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::process::Command;
use tokio::sync::watch;

use super::finding::Finding;
use crate::causes::in_one_line;
use crate::digest::Digest;
use crate::docker::Engine;
use crate::results::{ErrandRecord, Record};
use crate::run::{
    Attribution, BuildRequest, Builder as _, Images as _, Ledger as _, Pruning, prune_own_records,
};
use crate::stats::{Sorted, median, median_interval};
use crate::store::Journal;
use crate::unit::{Nanos, Ratio};
use crate::workspace::{Scratch, ServedTree};

/// Pairs of builds that are timed; the first pair before them fills the cache.
const PAIRS: usize = 11;

/// No cached build of two instructions takes that long.
const LONGEST: Duration = Duration::from_secs(60);

/// Ratios are counted in millionths: statistics are of whole numbers.
const WHOLE: f64 = 1e6;

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// The docker command, as it names itself; absent where there is none that runs.
pub(super) async fn docker_command() -> Option<String> {
    let told = Command::new("docker")
        .arg("--version")
        .stdin(Stdio::null())
        .output();
    let told = tokio::time::timeout(LONGEST, told).await.ok()?.ok()?;
    let version = String::from_utf8_lossy(&told.stdout).trim().to_owned();
    (told.status.success() && !version.is_empty()).then_some(version)
}

/// Compares the two; removes what that leaves in the daemon. `interrupted` ends it early.
pub(super) async fn overhead(engine: &Engine, interrupted: &watch::Receiver<bool>) -> Finding {
    match Comparison::carry_out(engine, interrupted).await {
        Ok(Some((ratios, ours, theirs))) => finding(&ratios, &ours, &theirs),
        Ok(None) => Finding::unknown("overhead", "not measured: interrupted"),
        Err(fault) => Finding::unknown("overhead", format!("not measured: {}", in_one_line(&*fault))),
    }
}

fn finding(ratios: &[u64], ours: &[u64], theirs: &[u64]) -> Finding {
    let middle = |samples: &[u64]| Sorted::of(samples).map(|sorted| median(&sorted));
    let sorted = Sorted::of(ratios);
    let interval = sorted.as_ref().and_then(median_interval);
    let (Some(sorted), Some(interval), Some(ours), Some(theirs)) =
        (sorted, interval, middle(ours), middle(theirs))
    else {
        return Finding::unknown("overhead", "too few builds to compare");
    };
    let ratio = |value: f64| Ratio(value / WHOLE);
    let (low, high) = (ratio(interval.low as f64), ratio(interval.high as f64));
    let millis = |nanos: f64| nanos / 1e6;
    let found = format!(
        "a small cached build takes {} as long as by the docker command ({low} to {high}, {:.1} % interval, n {}; {:.0} ms \
         and {:.0} ms)",
        ratio(median(&sorted)),
        interval.level * 100.0,
        ratios.len(),
        millis(ours),
        millis(theirs),
    );
    if low > Ratio(1.0) {
        Finding::warning(
            "overhead",
            found,
            "times are longer than those that a user of the docker command sees",
            "look for what delays this program alone; on a quiet machine it is the faster one",
        )
    } else {
        Finding::ok("overhead", found)
    }
}

/// The builds of one comparison, and whose records of the build cache they leave.
struct Comparison<'a> {
    engine: &'a Engine,
    folder: &'a Path,
    records: Attribution,
    /// Tells `clean` what there is to remove, should this be killed.
    journal: Journal,
    /// The repository of both images.
    name: String,
}

impl Comparison<'_> {
    /// Gives the ratio of each pair in millionths, and the times of both sides in nanoseconds.
    async fn carry_out(
        engine: &Engine,
        interrupted: &watch::Receiver<bool>,
    ) -> Result<Option<(Vec<u64>, Vec<u64>, Vec<u64>)>, Fault> {
        let scratch = Scratch::create(&std::env::temp_dir())?;
        let unique = scratch.path().display().to_string();
        let folder = scratch.path().join("context");
        fs::create_dir(&folder)?;
        fs::write(folder.join("Dockerfile"), "FROM scratch\nCOPY cargo /cargo\n")?;
        fs::write(folder.join("cargo"), &unique)?;
        let name = format!(
            "seatrial/doctor-{}-{}",
            std::process::id(),
            Digest::of(unique).short()
        );
        let mut journal = Journal::create(scratch.path())?;
        journal.append(&Record::Errand(ErrandRecord {
            daemon_id: engine.id().to_owned(),
            repository: name.clone(),
        }))?;
        let mut comparison = Comparison {
            engine,
            folder: &folder,
            records: Attribution::before_run(&engine.build_records().await?),
            journal,
            name,
        };
        let timed = comparison.pairs(interrupted).await;
        comparison.remove().await?;
        scratch.close()?;
        timed
    }

    async fn pairs(
        &mut self,
        interrupted: &watch::Receiver<bool>,
    ) -> Result<Option<(Vec<u64>, Vec<u64>, Vec<u64>)>, Fault> {
        let (mut ratios, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
        for pair in 0..=PAIRS {
            if *interrupted.borrow() {
                return Ok(None);
            }
            // Who goes first changes from pair to pair.
            let (own, command) = if pair % 2 == 0 {
                let own = self.by_ourselves().await?;
                (own, self.by_docker_command().await?)
            } else {
                let command = self.by_docker_command().await?;
                (self.by_ourselves().await?, command)
            };
            if pair > 0 {
                ratios.push(in_millionths(own, command));
                ours.push(own.0.max(1));
                theirs.push(command.0.max(1));
            }
        }
        Ok(Some((ratios, ours, theirs)))
    }

    async fn by_ourselves(&mut self) -> Result<Nanos, Fault> {
        let tree = Arc::new(ServedTree::new(self.folder.to_owned()));
        let request =
            BuildRequest::of_folder(tree, &self.name, format!("{}:ours", self.name), LONGEST.into());
        self.records.between_builds(&self.engine.build_records().await?);
        let report = self.engine.build(&request).await?;
        self.records
            .after_build(&self.engine.build_records().await?, report.span);
        self.note_records()?;
        match report.fault {
            Some(fault) => Err(format!("our own build failed: {}", fault.message).into()),
            None => Ok(report.duration),
        }
    }

    async fn by_docker_command(&mut self) -> Result<Nanos, Fault> {
        self.records.between_builds(&self.engine.build_records().await?);
        let mut command = Command::new("docker");
        command
            .args(["build", "--quiet", "--tag", &format!("{}:command", self.name)])
            .arg(self.folder)
            // The same daemon and its own builder, whatever the user has chosen.
            .env(
                "DOCKER_HOST",
                format!("unix://{}", self.engine.socket().display()),
            )
            .env("DOCKER_BUILDKIT", "1")
            .env("BUILDX_BUILDER", "default")
            .env_remove("DOCKER_CONTEXT")
            .env_remove("DOCKER_TLS_VERIFY")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let began = Instant::now();
        let told = tokio::time::timeout(LONGEST, command.output()).await??;
        let took = began.elapsed();
        self.records
            .after_build(&self.engine.build_records().await?, None);
        self.note_records()?;
        if told.status.success() {
            return Ok(took.into());
        }
        let said = String::from_utf8_lossy(&told.stderr);
        let last = said.trim().lines().last().unwrap_or("it says nothing").to_owned();
        Err(format!("the docker command does not build: {last}").into())
    }

    fn note_records(&mut self) -> Result<(), Fault> {
        if let Some(seen) = self.records.news() {
            self.journal.keep(&Record::BuildRecords(seen))?;
        }
        Ok(())
    }

    async fn remove(&mut self) -> Result<(), Fault> {
        for reference in self.engine.image_references(&self.name).await? {
            self.engine.remove_image(&reference).await?;
        }
        let records = self.engine.settled_build_records().await?;
        self.records.between_builds(&records);
        if !Pruning::Sparing.spares(self.engine, &self.records, &records) {
            prune_own_records(self.engine, &self.records, records).await?;
        }
        Ok(())
    }
}

fn in_millionths(own: Nanos, command: Nanos) -> u64 {
    let ratio = u128::from(own.0) * 1_000_000 / u128::from(command.0.max(1));
    u64::try_from(ratio).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn only_an_interval_above_one_is_an_overhead() {
        for (ratios, level) in [
            ([600_000, 610_000, 620_000, 630_000, 640_000, 650_000], Level::Ok),
            (
                [900_000, 1_100_000, 1_200_000, 1_200_000, 1_300_000, 1_400_000],
                Level::Ok,
            ),
            (
                [1_010_000, 1_100_000, 1_200_000, 1_200_000, 1_300_000, 1_400_000],
                Level::Warning,
            ),
        ] {
            assert_eq!(finding(&ratios, &[60], &[100]).level, level, "{ratios:?}");
        }
        assert_eq!(finding(&[1; 5], &[60], &[100]).level, Level::Unknown);
        assert_eq!(in_millionths(Nanos(55), Nanos(100)), 550_000);
    }
}
