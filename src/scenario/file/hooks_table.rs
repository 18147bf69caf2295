//! `[hooks]`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::DurationText;

/// Commands that `/bin/sh` runs in the scenario's folder with the environment of the run, outside of what is timed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HooksTable {
    /// Once, before anything else, in this order. The first that fails ends the run.
    pub setup: Option<Vec<String>>,
    /// Before each build of a step, in this order. The first that fails makes the sample a failed one.
    pub prepare: Option<Vec<String>>,
    /// Once, at the end of every run that began `setup`, the last one first.
    pub cleanup: Option<Vec<String>>,
    /// How long each may take; ten minutes where it is absent.
    pub timeout: Option<DurationText>,
}
