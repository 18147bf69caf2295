//! `[base.<name>]`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::scenario::BaseChoice;

/// A base image: one of `image`, `import` and `ballast`, or `image` and `import` to choose from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BaseTable {
    /// A reference to pull; recorded by digest.
    pub image: Option<String>,
    /// A command, run in the scenario's folder, that prints a root file system as a tar on its standard output.
    pub import: Option<Vec<String>>,
    /// Whether this base is the built-in test cargo.
    pub ballast: Option<bool>,
    /// Which of `image` and `import` to use where both are given; where it is absent, `image` is pulled, and
    /// imported where no registry answers.
    pub from: Option<BaseChoice>,
    /// Whether a run goes on without it where it cannot be had. The variants that choose it are then not measured, and
    /// named with the reason; the baseline cannot choose it.
    pub optional: Option<bool>,
}
