//! Paths that stay inside a folder.

use std::borrow::Cow;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// A path below the scenario's folder, or below its context; with `/` between its parts on every system.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct RelativePath(pub PathBuf);

impl RelativePath {
    /// Why `path` is none, as a fragment that follows the path; `None` where it is one.
    pub(in crate::scenario) fn fault(path: &str) -> Option<&'static str> {
        if path.is_empty() {
            Some("is empty")
        } else if path.starts_with('/') {
            Some("is an absolute path")
        } else if path.split('/').any(|part| part == "..") {
            Some("leads upwards with `..`")
        } else if path.contains(['\\', '\0']) {
            Some("holds a backslash or a NUL")
        } else {
            None
        }
    }
}

impl JsonSchema for RelativePath {
    fn schema_name() -> Cow<'static, str> {
        "RelativePath".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "relative-path",
            "description": "A relative path that does not lead upwards: no leading `/`, no `..`.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_could_leave_the_folder() {
        for (path, fits) in [
            ("a", true),
            (".", true),
            ("a/b..c/.d", true),
            ("", false),
            ("/a", false),
            ("..", false),
            ("a/../b", false),
            ("a\\..\\b", false),
        ] {
            assert_eq!(RelativePath::fault(path).is_none(), fits, "{path:?}");
        }
    }
}
