//! Where imported bases come from: the ballast from this program, the others from the scenario's recipes.

use std::error::Error;
use std::path::PathBuf;

use crate::ballast::BallastImage;
use crate::run::{Bases, RootFs, WorkshopFault};
use crate::scenario::{Base, BaseSource};
use crate::workspace::BaseTar;

/// The bases of one scenario.
#[derive(Debug)]
pub(super) struct BaseSources {
    pub(super) scenario_dir: PathBuf,
    /// Where root file systems are kept between runs.
    pub(super) kept: PathBuf,
    /// The daemon's operating system and architecture.
    pub(super) platform: (String, String),
}

impl BaseSources {
    fn ballast(&self) -> Result<BallastImage, WorkshopFault> {
        BallastImage::for_daemon(&self.platform.0, &self.platform.1).map_err(|error| fault(&error))
    }

    fn tar(&self, command: &[String]) -> Result<BaseTar, WorkshopFault> {
        BaseTar::new(command, &self.scenario_dir, &self.kept).map_err(|error| fault(&error))
    }
}

impl Bases for BaseSources {
    fn reference(&self, base: &Base) -> Result<String, WorkshopFault> {
        match &base.source {
            BaseSource::Ballast => Ok(self.ballast()?.reference()),
            BaseSource::Imported { command } | BaseSource::PulledOrImported { command, .. } => {
                let recipe = self.tar(command)?.recipe();
                Ok(format!(
                    "seatrial/base-{}:{}",
                    base.name.to_lowercase(),
                    recipe.short()
                ))
            }
            BaseSource::Pulled { image } => Ok(image.clone()),
        }
    }

    async fn root_fs(&self, base: &Base) -> Result<RootFs, WorkshopFault> {
        match &base.source {
            BaseSource::Ballast => Ok(RootFs::Bytes(self.ballast()?.rootfs().to_vec())),
            BaseSource::Imported { command } | BaseSource::PulledOrImported { command, .. } => {
                let path = self.tar(command)?.get().await.map_err(|error| fault(&error))?;
                Ok(RootFs::File(path))
            }
            BaseSource::Pulled { image } => {
                let message = format!("`{image}` is pulled and has no root file system to import");
                Err(WorkshopFault {
                    message,
                    source: None,
                })
            }
        }
    }
}

/// Keeps an error's text, and what is below it as the cause.
fn fault(error: &dyn Error) -> WorkshopFault {
    let source = error.source().map(|cause| cause.to_string().into());
    WorkshopFault {
        message: error.to_string(),
        source,
    }
}
