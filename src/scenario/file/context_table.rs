//! `[context]`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{FolderPath, RelativePath, SizeText};

/// Where the build context comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ContextTable {
    /// The folder that is copied to a scratch directory; never edited in place. Required unless a replay brings the
    /// context.
    pub path: Option<RelativePath>,
    /// Files made up in the copy, for bulk that is not worth committing.
    pub fill: Option<Vec<FillTable>>,
    /// Folders that every variant's Dockerfile reads as named contexts, by name; relative to the scenario's folder.
    pub named: Option<BTreeMap<String, FolderPath>>,
}

/// Deterministic bulk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FillTable {
    /// The folder inside the context that receives the files.
    #[schemars(required)]
    pub path: Option<RelativePath>,
    /// How many files.
    #[schemars(required, range(min = 1))]
    pub files: Option<u32>,
    /// How many bytes they hold together.
    #[schemars(required)]
    pub bytes: Option<SizeText>,
    /// Decides the bytes: the same seed gives the same files; 0 where it is absent.
    pub seed: Option<u64>,
}
