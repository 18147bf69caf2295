//! Getting the base images, before anything is measured.

use super::{Execution, Halt, RunFault, interruption};
use crate::results::{BaseRecord, Record};
use crate::run::Daemon;
use crate::run::events::{Event, Watcher};
use crate::run::ports::{BaseImage, Bases, EngineFault, Ledger, Probe, Workshop};
use crate::scenario::{Base, BaseSource};

impl<D, B, W, P, L, N> Execution<'_, D, B, W, P, L, N>
where
    D: Daemon,
    B: Bases,
    W: Workshop,
    P: Probe,
    L: Ledger,
    N: Watcher,
{
    pub(super) async fn prepare_bases(&mut self) -> Result<(), Halt> {
        for base in &self.scenario.bases {
            let (image, reference, own) = self.prepare_base(base).await?;
            self.ports.ledger.keep(&Record::Base(BaseRecord {
                name: base.name.clone(),
                reference: reference.clone(),
                id: image.id.clone(),
                repo_digest: image.repo_digest.clone(),
                size_bytes: image.size,
                source: base.source.word().to_owned(),
                own,
            }))?;
            self.base_images.push(image);
            self.bases.push((base.build_arg(), reference));
        }
        Ok(())
    }

    /// Finds a base in the daemon, or puts it there.
    async fn prepare_base(&mut self, base: &Base) -> Result<(BaseImage, String, bool), Halt> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| RunFault::PrepareBase {
            name: base.name.clone(),
            source,
        };
        let reference = match &base.source {
            BaseSource::Pulled { image } => image.clone(),
            BaseSource::Imported { .. } | BaseSource::Ballast => self
                .ports
                .bases
                .reference(base)
                .map_err(|fault| failed(fault.into()))?,
        };
        if let Some(image) = self.ports.daemon.find_base(&reference).await? {
            return Ok((image, reference, false));
        }
        let what = format!("base `{}`: {} {reference}", base.name, base.source.doing());
        self.ports.watcher.notice(&Event::Preparing { what });
        // Noted before it is there, so that what is half done is removed as well.
        self.own_images.insert(reference.clone());
        let put = async {
            match &base.source {
                BaseSource::Pulled { image } => {
                    let pulled = self.ports.daemon.pull(image).await;
                    pulled.map_err(|fault| failed(fault.into()))
                }
                BaseSource::Imported { .. } | BaseSource::Ballast => {
                    // A recipe may take minutes; it runs beside, so that the run can be interrupted meanwhile.
                    let root = self
                        .ports
                        .bases
                        .root_fs(base)
                        .await
                        .map_err(|fault| failed(fault.into()))?;
                    let imported = self.ports.daemon.import(&reference, root).await;
                    imported.map_err(|fault| failed(fault.into()))
                }
            }
        };
        tokio::select! {
            put = put => put?,
            () = interruption(&mut self.interrupted) => return Err(Halt::Interrupted),
        }
        let image = self.ports.daemon.find_base(&reference).await?;
        let image = image.ok_or_else(|| EngineFault {
            operation: "find base",
            subject: reference.clone(),
            status: None,
            source: "it is not there after it was put there".into(),
        })?;
        Ok((image, reference, true))
    }
}
