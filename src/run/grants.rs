//! What builds are given that nothing else may show: secrets, agents, and values of the environment.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::Redactor;

/// A value that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Keeps a value.
    #[must_use]
    pub const fn new(value: Vec<u8>) -> Self {
        Self(value)
    }

    /// The value, for whoever it is meant for.
    #[must_use]
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }

    /// The value as a text, likewise; what is no text in it is replaced.
    #[must_use]
    pub fn reveal_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

/// What the builds of one variant are given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildGrants {
    /// Build arguments whose values come from the environment, by name.
    pub args: BTreeMap<String, Secret>,
    /// Secrets, by id.
    pub secrets: BTreeMap<String, Secret>,
    /// Sockets of ssh agents, by id.
    pub agents: BTreeMap<String, PathBuf>,
}

/// What the builds of a run are given, and what is kept out of its records for it.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    by_variant: BTreeMap<String, Arc<BuildGrants>>,
    /// Takes secrets out of texts.
    pub redactor: Redactor,
}

impl Grants {
    /// The grants of each variant by its name; `redactor` knows what of them is secret.
    #[must_use]
    pub fn new(by_variant: BTreeMap<String, Arc<BuildGrants>>, redactor: Redactor) -> Self {
        Self { by_variant, redactor }
    }

    /// What a variant's builds are given.
    #[must_use]
    pub fn of(&self, variant: &str) -> Arc<BuildGrants> {
        self.by_variant.get(variant).cloned().unwrap_or_default()
    }
}
