//! Recipes that give an empty root file system.

use seatrial::run::{Bases, RootFs, WorkshopFault};
use seatrial::scenario::Base;

use super::log_book::LogBook;

/// Root file systems without a recipe.
#[derive(Debug)]
pub(crate) struct FakeBases {
    pub(super) log: LogBook,
}

impl Bases for FakeBases {
    fn reference(&self, base: &Base) -> Result<String, WorkshopFault> {
        Ok(format!("seatrial/base/{}:recipe", base.name))
    }

    async fn root_fs(&self, base: &Base) -> Result<RootFs, WorkshopFault> {
        self.log.note(format!("make the root of {}", base.name));
        Ok(RootFs::Bytes(Vec::new()))
    }
}
