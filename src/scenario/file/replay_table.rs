//! `[replay]`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{FolderPath, RelativePath};

/// A repository whose commits are the steps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReplayTable {
    /// The top folder of the repository, relative to the scenario's folder. It is only read.
    #[schemars(required)]
    pub repo: Option<FolderPath>,
    /// The commits, as `FROM..TO`: those of TO by first parents that FROM does not have, such as `HEAD~50..HEAD`.
    #[schemars(required)]
    pub range: Option<String>,
    /// The folder of the repository that is the build context; all of it where this is absent.
    pub path: Option<RelativePath>,
}
