//! Build arguments that a run took from the environment.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// How many digits of a secret value's digest are kept: enough to tell two runs apart, too few to try values against.
const DIGITS_OF_SECRET: usize = 4;

/// A build argument whose value came from the environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvArgumentRecord {
    /// The build argument.
    pub name: String,
    /// The environment variable.
    pub env: String,
    /// The value; absent where it is secret.
    pub value: Option<String>,
    /// The digest of the value in hex digits; of a secret one only the first four.
    pub digest: String,
}

impl EnvArgumentRecord {
    /// Records a value, or of a secret one only that it is the same or another.
    #[must_use]
    pub fn of(name: &str, env: &str, value: &[u8], is_secret: bool) -> Self {
        let mut digest = Digest::of(value).hex();
        if is_secret {
            digest.truncate(DIGITS_OF_SECRET);
        }
        Self {
            name: name.to_owned(),
            env: env.to_owned(),
            value: (!is_secret).then(|| String::from_utf8_lossy(value).into_owned()),
            digest,
        }
    }
}
