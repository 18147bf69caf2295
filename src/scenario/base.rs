//! The images that variants build on.

use serde::Serialize;

use crate::digest::Digest;

/// A base image, passed to every build as a build argument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Base {
    /// Its name in the scenario.
    pub name: String,
    /// How to get it.
    pub source: BaseSource,
    /// Whether a run goes on without it where it cannot be had, and leaves out the variants that choose it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

impl Base {
    /// The build argument through which a Dockerfile names this base: the name in upper case, with `_` for `-`.
    #[must_use]
    pub fn build_arg(&self) -> String {
        self.name.to_uppercase().replace('-', "_")
    }
}

/// How to get a base image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BaseSource {
    /// Pulled by reference, and recorded by digest.
    Pulled {
        /// The reference as a Dockerfile would write it.
        image: String,
    },
    /// A command, run in the scenario's folder, that prints a root file system as a tar on its standard output.
    Imported {
        /// The program and its arguments.
        command: Vec<String>,
    },
    /// Pulled, or imported where no registry answers.
    PulledOrImported {
        /// The reference as a Dockerfile would write it.
        image: String,
        /// The program and its arguments.
        command: Vec<String>,
    },
    /// The built-in test cargo.
    Ballast,
}

impl BaseSource {
    /// The word for this kind of source.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Pulled { .. } => "pulled",
            Self::Imported { .. } => "imported",
            Self::PulledOrImported { .. } => "pulled or imported",
            Self::Ballast => "ballast",
        }
    }

    /// The tag of an imported base: made of the recipe, and of the bytes of the script in the scenario's folder
    /// that it calls, so that a changed recipe is another image.
    #[must_use]
    pub fn recipe_digest(command: &[String], script: &[u8]) -> Digest {
        let mut recipe = Vec::new();
        for argument in command {
            recipe.extend_from_slice(argument.as_bytes());
            recipe.push(0);
        }
        recipe.extend_from_slice(script);
        Digest::of(recipe)
    }
}
