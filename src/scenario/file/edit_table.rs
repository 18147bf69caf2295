//! One entry of `edit`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{DurationText, RelativePath};

/// One change of the context: exactly one of `append`, `prepend`, `replace`, `write`, `touch`, `delete`, `rename`,
/// `copy` and `chmod`, each with the path that is changed, `patch` and `run`. `{{nonce}}` in a text, a patch or a
/// command stands for a text unique to run, round, variant and step.
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
    /// Moves this file, link or folder to the path `to`.
    pub rename: Option<RelativePath>,
    /// Copies this file, link or folder to the path `to`, modes and times included.
    pub copy: Option<RelativePath>,
    /// Sets the permission bits of this file or folder to `mode`.
    pub chmod: Option<RelativePath>,
    /// Applies this unified diff, a file of the scenario's folder. Paths in it are relative to the context, behind the
    /// `a/` and `b/` that git writes.
    pub patch: Option<RelativePath>,
    /// Has `/bin/sh` run this command in the context. It can write there and in `$HOME`, which is also `$TMPDIR`.
    pub run: Option<String>,
    /// The text of `append`, `prepend` and `write`.
    pub text: Option<String>,
    /// What `replace` looks for, byte for byte.
    pub find: Option<String>,
    /// What `replace` puts in its place.
    pub with: Option<String>,
    /// How often `find` must occur; once where it is absent.
    #[schemars(range(min = 1))]
    pub times: Option<u32>,
    /// The new path of `rename` and of the copy that `copy` makes, at which nothing may be yet.
    pub to: Option<RelativePath>,
    /// The mode that `chmod` sets, in octal digits, such as `"0755"`.
    #[schemars(regex(pattern = "^[0-7]{3,4}$"))]
    pub mode: Option<String>,
    /// How long the command of `run` may take; one minute where it is absent.
    pub timeout: Option<DurationText>,
}
