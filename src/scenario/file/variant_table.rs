//! `[[variant]]`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::RelativePath;
use crate::scenario::BuilderKind;

/// One way to build the image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct VariantTable {
    /// Its name, unique in the scenario; part of image references.
    #[schemars(required)]
    pub name: Option<String>,
    /// The Dockerfile.
    #[schemars(required)]
    pub dockerfile: Option<RelativePath>,
    /// The ignore file that goes with it; without it, the context's own `.dockerignore` holds.
    pub ignore: Option<RelativePath>,
    /// Build arguments.
    pub args: Option<BTreeMap<String, String>>,
    /// The name of a base that is passed as the build argument `BASE`.
    pub base: Option<String>,
    /// The stage to build; the last where it is absent.
    pub target: Option<String>,
    /// Which of the engine's builders builds it; that of `[build]` where it is absent.
    pub builder: Option<BuilderKind>,
    /// Whether the others are compared with this one; the first variant where none says so.
    pub baseline: Option<bool>,
}
