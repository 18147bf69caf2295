//! What is compared.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

/// One way to build the image: a Dockerfile with its ignore file, arguments and target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Variant {
    /// Its name, unique in the scenario.
    pub name: String,
    /// The Dockerfile.
    pub dockerfile: PathBuf,
    /// The ignore file that goes with this Dockerfile; `None` leaves it to the context's own `.dockerignore`.
    pub ignore: Option<PathBuf>,
    /// Build arguments.
    pub args: BTreeMap<String, String>,
    /// The stage to build; `None` builds the last.
    pub target: Option<String>,
    /// Whether the others are compared with this one.
    pub baseline: bool,
}
