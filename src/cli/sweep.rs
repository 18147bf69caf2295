//! Removing what a run that was stopped left in the daemon.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::docker::Engine;
use crate::run::{
    Attribution, Builder as _, ClassicLeftovers, Containers as _, EngineFault, Images as _, Pruning, SPARED,
    prune_own_records,
};
use crate::store::Named;

/// What a sweep came to.
#[derive(Debug, Default)]
pub(super) struct Swept {
    /// What could not be removed.
    pub(super) faults: Vec<EngineFault>,
    /// What was left so that others keep what they have in the cache.
    pub(super) spared: Option<String>,
}

impl Swept {
    /// Whether nothing is left to come back for.
    pub(super) fn is_done(&self) -> bool {
        self.faults.is_empty() && self.spared.is_none()
    }
}

/// The removal of one run's leftovers.
pub(super) struct Sweep<'a> {
    pub(super) engine: &'a Engine,
    /// Whether it is only said what would be removed.
    pub(super) dry_run: bool,
    pub(super) pruning: Pruning,
}

impl Sweep<'_> {
    /// Removes what is there.
    pub(super) async fn run(&self, named: &Named, out: &mut dyn Write) -> io::Result<Swept> {
        let mut swept = Swept::default();
        let faults = &mut swept.faults;
        match self.engine.containers_of_run(&named.run_id).await {
            Err(fault) => faults.push(fault),
            Ok(ids) => {
                for id in ids {
                    self.say("container", &id, out)?;
                    if !self.dry_run {
                        faults.extend(self.engine.remove_container(&id).await.err());
                    }
                }
            }
        }
        if let Some(id) = named
            .classic_stand
            .as_ref()
            .and_then(|stand| stand.container.as_ref())
        {
            match self.engine.has_container(id).await {
                Ok(false) => {}
                Ok(true) => {
                    self.say("container", id, out)?;
                    if !self.dry_run {
                        faults.extend(self.engine.remove_container(id).await.err());
                    }
                }
                Err(fault) => faults.push(fault),
            }
        }
        let nameless = match self.nameless_images(named).await {
            Ok(found) => {
                found.tell(self, named, out)?;
                found.own
            }
            Err(fault) => {
                faults.push(fault);
                Vec::new()
            }
        };
        for name in &named.references {
            let tagged = match self.engine.image_references(name).await {
                Ok(tagged) => tagged,
                Err(fault) => {
                    faults.push(fault);
                    continue;
                }
            };
            for reference in tagged {
                self.say("image", &reference, out)?;
                if !self.dry_run {
                    faults.extend(self.engine.remove_image(&reference).await.err());
                }
            }
        }
        if built_by_classic(named) && !self.dry_run {
            // The daemon may have made another one while it noticed that nobody listens any more.
            let late = self.nameless_images(named).await;
            let late = late.map(|found| found.own).unwrap_or_default().into_iter();
            let late: Vec<_> = late.filter(|id| !nameless.contains(id)).collect();
            // Bases are the oldest: they are without a name by now, where something was made of them.
            let ids = named
                .image_ids
                .iter()
                .map(|id| id.trim_start_matches("sha256:").to_owned());
            let ids: Vec<_> = ids.chain(nameless).chain(late).collect();
            faults.extend(self.engine.remove_made_images(&ids).await.err());
        }
        self.build_records(named, &mut swept, out).await?;
        Ok(swept)
    }

    /// The images without a name that builds of the classic builder made; also those that nobody heard of any more when
    /// the run was killed.
    async fn nameless_images(&self, named: &Named) -> Result<Nameless, EngineFault> {
        if !built_by_classic(named) {
            return Ok(Nameless::default());
        }
        let images = self.engine.nameless_images().await?;
        let short = |id: &str| id.trim_start_matches("sha256:").to_owned();
        let is_there = |made: &&String| images.iter().any(|image| short(&image.id).starts_with(*made));
        let unheard = named
            .classic_stand
            .as_ref()
            .map_or_else(ClassicLeftovers::default, |stand| {
                ClassicLeftovers::find(stand, &named.made_images, &images)
            });
        let unheard_own: Vec<String> = unheard.own.iter().map(|id| short(id)).collect();
        let there = named.made_images.iter().filter(is_there).chain(&unheard_own);
        Ok(Nameless {
            there: there.cloned().collect(),
            doubtful: unheard.doubtful,
            // One that has a name still has none once that is removed.
            own: named.made_images.iter().cloned().chain(unheard_own).collect(),
        })
    }

    /// Removes records of the build cache that were the run's for certain, and says how many are left because they may
    /// be somebody else's.
    async fn build_records(&self, named: &Named, swept: &mut Swept, out: &mut dyn Write) -> io::Result<()> {
        if named.build_records.is_empty() {
            return Ok(());
        }
        let records = match self.engine.settled_build_records().await {
            Ok(records) => records,
            Err(fault) => {
                swept.faults.push(fault);
                return Ok(());
            }
        };
        let attribution = Attribution::of_journal(&named.build_records).after_kill(&records);
        let spares = self.pruning.spares(self.engine, &attribution, &records);
        let own = attribution.own(&records).count();
        if spares && own > 0 {
            let left = format!("{own} records of the build cache: {SPARED}");
            writeln!(
                out,
                "left of {}: {left}; `--prune-anyway` removes them",
                named.run_id
            )?;
            swept.spared = Some(left);
        } else {
            for record in attribution.own(&records) {
                self.say("record of the build cache", &record.id, out)?;
            }
        }
        let doubtful = attribution.doubtful(&records).count();
        if doubtful > 0 {
            writeln!(
                out,
                "left of {}: {doubtful} records of the build cache: they appeared while others built, and may be \
                 theirs",
                named.run_id
            )?;
        }
        if self.dry_run || spares {
            return Ok(());
        }
        let pruned = prune_own_records(self.engine, &attribution, records).await;
        swept.faults.extend(pruned.err());
        Ok(())
    }

    fn say(&self, kind: &str, name: &str, out: &mut dyn Write) -> io::Result<()> {
        let verb = if self.dry_run { "would remove" } else { "removed" };
        writeln!(out, "{verb} {kind} {name}")
    }
}

/// Images without a name, by ids without the algorithm and oldest first.
#[derive(Default)]
struct Nameless {
    /// The run's own that are there without a name now.
    there: Vec<String>,
    /// Those that may be somebody else's.
    doubtful: Vec<String>,
    /// The run's own that are or will be without one.
    own: Vec<String>,
}

impl Nameless {
    fn tell(&self, sweep: &Sweep<'_>, named: &Named, out: &mut dyn Write) -> io::Result<()> {
        for id in &self.there {
            sweep.say("image without a name", shown(id), out)?;
        }
        if self.doubtful.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = self.doubtful.iter().map(|id| shown(id)).collect();
        writeln!(
            out,
            "left of {}: images without a name {}: they may be of a build of somebody else's",
            named.run_id,
            ids.join(", ")
        )
    }
}

/// Whether the classic builder may have left images of the run.
fn built_by_classic(named: &Named) -> bool {
    !named.made_images.is_empty() || named.classic_stand.is_some()
}

/// An id as it is shown, without the algorithm and shortened as the docker command does.
fn shown(id: &str) -> &str {
    let id = id.trim_start_matches("sha256:");
    id.get(..12).unwrap_or(id)
}

/// Waits until the daemon is done with what killed runs had begun, or for a while: it learns of their end from
/// connections that broke, and what it stores after that would never be looked for again.
pub(super) async fn settle(engine: &Engine, killed: &[&Named]) {
    /// The daemon can wait for the next second of its clock before it stores an image.
    const QUIET: Duration = Duration::from_millis(1_300);
    const BETWEEN_LOOKS: Duration = Duration::from_millis(200);
    const LONGEST: Duration = Duration::from_secs(30);
    if killed.is_empty() {
        return;
    }
    let began = Instant::now();
    let mut last = None;
    let mut since = Instant::now();
    while began.elapsed() < LONGEST && since.elapsed() < QUIET {
        // What cannot be listed is told of where it is to be removed.
        let Ok(now) = look(engine, killed).await else {
            return;
        };
        if last.as_ref() != Some(&now) {
            last = Some(now);
            since = Instant::now();
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// What killed runs left as far as they have names, and everything without one.
async fn look(engine: &Engine, killed: &[&Named]) -> Result<Vec<String>, EngineFault> {
    let mut seen = Vec::new();
    for name in killed.iter().flat_map(|named| &named.references) {
        seen.extend(engine.image_references(name).await?);
    }
    for named in killed {
        seen.extend(engine.containers_of_run(&named.run_id).await?);
    }
    seen.extend(engine.nameless_images().await?.into_iter().map(|image| image.id));
    seen.extend(engine.build_records().await?.into_iter().map(|record| record.id));
    Ok(seen)
}
