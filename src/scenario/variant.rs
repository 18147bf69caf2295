//! What is compared.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::BuilderKind;

/// One way to build the image: a Dockerfile with its ignore file, arguments, target and builder.
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
    /// The name of the base that is passed as the build argument [`Variant::BASE_ARGUMENT`].
    pub base: Option<String>,
    /// The stage to build; `None` builds the last.
    pub target: Option<String>,
    /// Which of the engine's builders builds it.
    pub builder: BuilderKind,
    /// Whether the others are compared with this one.
    pub baseline: bool,
}

impl Variant {
    /// The build argument through which a Dockerfile names the base that a variant chooses.
    pub const BASE_ARGUMENT: &'static str = "BASE";
}
