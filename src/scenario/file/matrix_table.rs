//! `[matrix]`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::scenario::BuilderKind;

/// Axes that are crossed with the variants: each combination is a variant of its own, named after its values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MatrixTable {
    /// Builders.
    pub builder: Option<Vec<BuilderKind>>,
    /// Names of bases; each is passed as the build argument `BASE`.
    pub base: Option<Vec<String>>,
    /// Stages to build.
    pub target: Option<Vec<String>>,
    /// Platforms to build for.
    pub platform: Option<Vec<String>>,
    /// Values of build arguments, by name; each argument is an axis.
    pub args: Option<BTreeMap<String, Vec<String>>>,
    /// Combinations to leave out: those that have every value of one of these tables.
    pub exclude: Option<Vec<ExcludeTable>>,
    /// Combinations to add, each a variant with values that need not be on the axes.
    pub include: Option<Vec<IncludeTable>>,
}

/// Combinations of a matrix to leave out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExcludeTable {
    /// The name of a `[[variant]]`.
    pub variant: Option<String>,
    /// A value of the axis `builder`.
    pub builder: Option<BuilderKind>,
    /// A value of the axis `base`.
    pub base: Option<String>,
    /// A value of the axis `target`.
    pub target: Option<String>,
    /// A value of the axis `platform`.
    pub platform: Option<String>,
    /// Values of axes that are build arguments.
    pub args: Option<BTreeMap<String, String>>,
}

/// A combination to add to those of a matrix.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct IncludeTable {
    /// The name of a `[[variant]]`.
    #[schemars(required)]
    pub variant: Option<String>,
    /// The builder.
    pub builder: Option<BuilderKind>,
    /// The name of a base, passed as the build argument `BASE`.
    pub base: Option<String>,
    /// The stage to build.
    pub target: Option<String>,
    /// The platform to build for.
    pub platform: Option<String>,
    /// Build arguments.
    pub args: Option<BTreeMap<String, String>>,
}
