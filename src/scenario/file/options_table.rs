//! Values of a variant's build options.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// The value of a build argument, or the environment variable that holds it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ArgumentValue {
    /// The value itself.
    Text(String),
    /// Where the value is found.
    Env(EnvArgumentTable),
}

/// An environment variable that holds the value of a build argument.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EnvArgumentTable {
    /// The environment variable.
    #[schemars(required)]
    pub env: Option<String>,
    /// Whether its value is kept out of everything that is stored and shown.
    pub secret: Option<bool>,
}

/// Where a secret comes from: exactly one of `env` and `file`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SecretTable {
    /// The environment variable that holds it.
    pub env: Option<String>,
    /// The file that holds it; relative to the scenario's folder, or beginning with `~/`.
    pub file: Option<PathBuf>,
}

/// An agent that `RUN --mount=type=ssh` reaches: the id `default` for the one of `SSH_AUTH_SOCK`, or several by id.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum SshValue {
    /// The id under which the agent of `SSH_AUTH_SOCK` is reached.
    Id(String),
    /// Agents by id.
    Agents(BTreeMap<String, AgentTable>),
}

/// An ssh agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AgentTable {
    /// The environment variable that names its socket.
    #[schemars(required)]
    pub env: Option<String>,
}

/// The path of a folder that is only read; with `/` between its parts on every system.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct FolderPath(pub PathBuf);

impl FolderPath {
    /// Why `path` is none, as a fragment that follows the path; `None` where it is one.
    pub(super) fn fault(path: &str) -> Option<&'static str> {
        if path.is_empty() {
            Some("is empty")
        } else if path.starts_with('/') {
            Some("is an absolute path")
        } else if path.contains(['\\', '\0']) {
            Some("holds a backslash or a NUL")
        } else {
            None
        }
    }
}

impl JsonSchema for FolderPath {
    fn schema_name() -> Cow<'static, str> {
        "FolderPath".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "folder-path",
            "description": "A relative path, which may lead upwards: no leading `/`.",
        })
    }
}
