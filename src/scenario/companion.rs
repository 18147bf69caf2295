//! A container that stands beside the one under trial.

use serde::Serialize;

use super::{ContainerOptions, Readiness};
use crate::unit::Nanos;

/// A container that is started and ready before the first start, untimed, so that the application can use it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Companion {
    /// Its name in the scenario.
    pub name: String,
    /// What it is made of.
    pub image: CompanionImage,
    /// What counts as ready; never its end.
    pub ready: Readiness,
    /// The port that others reach it at; `None` where nobody asks for its address.
    pub port: Option<u16>,
    /// The longest that it may take until it is ready.
    pub timeout: Nanos,
    /// What it is started with besides. Its network is that of the application.
    #[serde(flatten)]
    pub container: ContainerOptions,
}

/// The image of a companion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CompanionImage {
    /// One that the engine has, by its reference.
    Present(String),
    /// A base of the scenario, by its name.
    Base(String),
}
