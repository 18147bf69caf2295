//! The manifest of a build context and its changes.

use serde::{Deserialize, Serialize};

/// A change from one manifest to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestDelta {}
