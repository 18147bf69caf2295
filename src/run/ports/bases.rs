//! Where base images that no registry has come from.

use super::{RootFs, WorkshopFault};
use crate::scenario::Base;

/// Makes root file systems.
pub trait Bases: Sync {
    /// The reference that the base is imported under, made of its recipe.
    ///
    /// # Errors
    ///
    /// Where the recipe cannot be read.
    fn reference(&self, base: &Base) -> Result<String, WorkshopFault>;

    /// The base's root file system, made now or found where it was kept.
    fn root_fs(&self, base: &Base) -> impl Future<Output = Result<RootFs, WorkshopFault>> + Send;
}
