//! One entry of `edit`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::RelativePath;

/// One change of the context: exactly one of `append`, `prepend`, `replace`, `write`, `touch` and `delete`, each
/// with the path that is changed. `{{nonce}}` in a text stands for a text unique to run, round, variant and step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EditTable {
    /// Adds `text` at the end of this file.
    pub append: Option<RelativePath>,
    /// Adds `text` at the start of this file.
    pub prepend: Option<RelativePath>,
    /// Replaces each `find` in this file by `with`.
    pub replace: Option<RelativePath>,
    /// Makes this file hold exactly `text`.
    pub write: Option<RelativePath>,
    /// Gives this file or folder a new modification time and leaves its bytes alone.
    pub touch: Option<RelativePath>,
    /// Removes this file, or this folder with everything below it.
    pub delete: Option<RelativePath>,
    /// The text of `append`, `prepend` and `write`.
    pub text: Option<String>,
    /// What `replace` looks for, byte for byte.
    pub find: Option<String>,
    /// What `replace` puts in its place.
    pub with: Option<String>,
    /// How often `find` must occur; once where it is absent.
    #[schemars(range(min = 1))]
    pub times: Option<u32>,
}
