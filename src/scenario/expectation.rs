//! What a step is expected to reuse.

use serde::Serialize;

/// What a build must look like for its sample to be valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expectation {
    /// Every instruction comes from the cache.
    Cached,
    /// Each of these instructions runs. A text matches an instruction that begins with it, after white
    /// space was folded; an empty list is met by any instruction that runs.
    Rebuilt(Vec<String>),
}
