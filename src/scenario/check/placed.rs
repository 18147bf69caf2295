//! A variant with the places of what it is made of.

use crate::scenario::Variant;
use crate::scenario::file::Cursor;

/// A variant, and where in the file it stands. Variants that a matrix makes of one table share its place.
#[derive(Clone, Debug)]
pub(super) struct Placed<'tree> {
    pub(super) variant: Variant,
    /// The table.
    pub(super) at: Cursor<'tree>,
    /// The target, in the table or in the matrix.
    pub(super) target: Cursor<'tree>,
    /// The platform, likewise.
    pub(super) platform: Cursor<'tree>,
}
