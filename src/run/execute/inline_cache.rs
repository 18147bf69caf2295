//! The push of an image that holds an inline cache.

use super::Execution;
use crate::results::{CacheExport, ImageFacts, Phase};
use crate::run::Daemon;
use crate::run::events::Watcher;
use crate::run::ports::{
    Bases, BuildReport, BuildRequest, CacheLocation, EngineFault, Ledger, Probe, Workshop,
};

impl<D, B, W, P, L, N> Execution<'_, D, B, W, P, L, N>
where
    D: Daemon,
    B: Bases,
    W: Workshop,
    P: Probe,
    L: Ledger,
    N: Watcher,
{
    /// What follows a build that succeeded: the export of an inline cache, and a look at the image.
    pub(super) async fn finish_build(
        &mut self,
        request: &BuildRequest,
        report: &mut BuildReport,
    ) -> Result<ImageFacts, EngineFault> {
        let pushed = self.export_inline_cache(request, report).await?;
        let bases: Vec<_> = self.bases.iter().map(|base| base.image.clone()).collect();
        let image = self.ports.daemon.image_facts(&request.image, &bases).await?;
        if pushed {
            // The cache is the image. A push tells of each layer before it is compressed, if of its size at all.
            report.cache_export = Some(CacheExport {
                layers: u64::from(image.layers),
                written_bytes: None,
            });
        }
        Ok(image)
    }

    /// Pushes the image that holds an inline cache, where the build was to export one. The build is not over before the
    /// cache is where the next builder finds it, so its time includes the push, as it does for any other remote cache.
    /// Gives whether there was one.
    async fn export_inline_cache(
        &mut self,
        request: &BuildRequest,
        report: &mut BuildReport,
    ) -> Result<bool, EngineFault> {
        let began = self.ports.probe.now();
        let pushed = self.push_inline_cache(request).await?;
        if pushed {
            let took = self.ports.probe.now() - began;
            report.phases.push(Phase {
                name: "cache-export".to_owned(),
                started_ns: report.duration,
                duration_ns: took,
            });
            report.duration = report.duration + took;
        }
        Ok(pushed)
    }

    /// Pushes the image that holds an inline cache; whether there was one to push.
    pub(super) async fn push_inline_cache(&mut self, request: &BuildRequest) -> Result<bool, EngineFault> {
        let Some(CacheLocation::Inline { reference }) = &request.cache_export else {
            return Ok(false);
        };
        self.own_images.insert(reference.clone());
        self.ports.daemon.push(&request.image, reference).await?;
        self.ports.daemon.remove_image(reference).await?;
        self.own_images.remove(reference);
        Ok(true)
    }
}
