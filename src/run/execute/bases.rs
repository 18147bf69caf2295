//! Getting the base images, before anything is measured.

use super::{Execution, Halt, PreparedBase, RunFault, interruption};
use crate::causes::in_one_line;
use crate::results::{BaseRecord, ImportingRecord, NotMeasuredRecord, Record};
use crate::run::Daemon;
use crate::run::events::{Event, Watcher};
use crate::run::plan::Plan;
use crate::run::ports::{BaseImage, Bases, EngineFault, Ledger, Probe, Workshop};
use crate::scenario::{Base, BaseSource, Variant};

impl<D, B, W, P, L, N> Execution<'_, D, B, W, P, L, N>
where
    D: Daemon,
    B: Bases,
    W: Workshop,
    P: Probe,
    L: Ledger,
    N: Watcher,
{
    /// Prepares the bases; leaves the variants out whose base cannot be had and need not be.
    pub(super) async fn prepare_bases(&mut self, plan: &Plan) -> Result<(), Halt> {
        for base in &self.scenario.bases {
            let prepared = match self.prepared(base).await {
                Err(Halt::Fault(fault @ RunFault::PrepareBase { .. })) if base.optional => {
                    self.leave_out(base, &in_one_line(&fault), plan)?;
                    continue;
                }
                prepared => prepared?,
            };
            self.ports.ledger.keep(&Record::Base(BaseRecord {
                name: base.name.clone(),
                reference: prepared.reference.clone(),
                id: prepared.image.id.clone(),
                repo_digest: prepared.image.repo_digest.clone(),
                size_bytes: prepared.image.size,
                source: prepared.source.to_owned(),
                own: prepared.own,
            }))?;
            self.bases.push(PreparedBase {
                name: base.name.clone(),
                build_arg: base.build_arg(),
                reference: prepared.reference,
                image: prepared.image,
                own: prepared.own,
            });
        }
        Ok(())
    }

    async fn prepared(&mut self, base: &Base) -> Result<Prepared, Halt> {
        let image = match &base.source {
            BaseSource::Pulled { image } => return self.pulled(base, image).await,
            BaseSource::Imported { .. } | BaseSource::Ballast => return self.imported(base).await,
            BaseSource::PulledOrImported { image, .. } => image,
        };
        match self.pulled(base, image).await {
            Err(Halt::Fault(RunFault::PrepareBase { source, .. })) => {
                // Another base is another measurement, so it is said, and kept with the results.
                let cause = source
                    .source()
                    .map_or_else(|| source.to_string(), ToString::to_string);
                self.warn(format!(
                    "base `{}` is imported, since `{image}` cannot be pulled: {cause}",
                    base.name
                ))?;
                self.imported(base).await
            }
            pulled => pulled,
        }
    }

    /// Leaves out the variants that choose a base.
    fn leave_out(&mut self, base: &Base, reason: &str, plan: &Plan) -> Result<(), Halt> {
        let reason = self.ports.grants.redactor.text(reason).into_owned();
        let choose = |variant: &&Variant| variant.base.as_ref() == Some(&base.name);
        for variant in self.scenario.variants.iter().filter(choose) {
            let own = plan.only(|name| name == variant.name);
            self.ports.watcher.notice(&Event::LeftOut {
                variant: &variant.name,
                reason: &reason,
                parts: own.builds(self.scenario) + own.starts(self.ways()) + own.bursts(),
            });
            self.ports.ledger.keep(&Record::NotMeasured(NotMeasuredRecord {
                variant: variant.name.clone(),
                reason: reason.clone(),
            }))?;
            self.left_out.insert(variant.name.clone());
        }
        Ok(())
    }

    /// The reference of a base that was prepared.
    pub(super) fn base_reference(&self, name: &str) -> Option<String> {
        let prepared = self.bases.iter().find(|base| base.name == name)?;
        Some(prepared.reference.clone())
    }

    /// A base from a registry; one that the daemon has already is taken as it is.
    async fn pulled(&mut self, base: &Base, image: &str) -> Result<Prepared, Halt> {
        let source = "pulled";
        if let Some(found) = self.ports.daemon.find_base(image).await? {
            return Ok(Prepared {
                image: found,
                reference: image.to_owned(),
                source,
                own: false,
            });
        }
        self.prepares(format!("base `{}`: pulling {image}", base.name), image);
        let pull = self.ports.daemon.pull(image);
        let pulled = tokio::select! {
            pulled = pull => pulled,
            () = interruption(&mut self.interrupted) => return Err(Halt::Interrupted),
        };
        pulled.map_err(|fault| unavailable(base, fault))?;
        self.put(image, source).await
    }

    /// A base that is imported, once per recipe.
    pub(super) async fn imported(&mut self, base: &Base) -> Result<Prepared, Halt> {
        let reference = self
            .ports
            .bases
            .reference(base)
            .map_err(|fault| unavailable(base, fault))?;
        let source = if base.source == BaseSource::Ballast {
            "ballast"
        } else {
            "imported"
        };
        if let Some(image) = self.ports.daemon.find_base(&reference).await? {
            return Ok(Prepared {
                image,
                // It may have been brought for what holds a network.
                own: self.own_images.contains(&reference),
                reference,
                source,
            });
        }
        self.prepares(format!("base `{}`: importing {reference}", base.name), &reference);
        self.ports.ledger.keep(&Record::Importing(ImportingRecord {
            reference: reference.clone(),
        }))?;
        let import = async {
            // A recipe may take minutes; it can be interrupted meanwhile.
            let root = self
                .ports
                .bases
                .root_fs(base)
                .await
                .map_err(|fault| unavailable(base, fault))?;
            let imported = self.ports.daemon.import(&reference, root).await;
            imported.map_err(|fault| unavailable(base, fault))
        };
        tokio::select! {
            imported = import => imported?,
            () = interruption(&mut self.interrupted) => return Err(Halt::Interrupted),
        }
        self.put(&reference, source).await
    }

    /// Says what takes a while, and notes the image as the run's own before it is there, so that what is half done
    /// is removed as well.
    fn prepares(&mut self, what: String, reference: &str) {
        self.ports.watcher.notice(&Event::Preparing { what });
        self.own_images.insert(reference.to_owned());
    }

    /// What was just put into the daemon.
    async fn put(&self, reference: &str, source: &'static str) -> Result<Prepared, Halt> {
        let image = self.ports.daemon.find_base(reference).await?;
        let image = image.ok_or_else(|| EngineFault {
            operation: "find base",
            subject: reference.to_owned(),
            status: None,
            source: "it is not there after it was put there".into(),
        })?;
        Ok(Prepared {
            image,
            reference: reference.to_owned(),
            source,
            own: true,
        })
    }
}

/// A base that is ready.
pub(super) struct Prepared {
    image: BaseImage,
    pub(super) reference: String,
    source: &'static str,
    own: bool,
}

fn unavailable(base: &Base, source: impl std::error::Error + Send + Sync + 'static) -> RunFault {
    RunFault::PrepareBase {
        name: base.name.clone(),
        source: Box::new(source),
    }
}
