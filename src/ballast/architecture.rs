//! The name of a processor architecture as images and daemons write it.

use std::env::consts;
use std::fmt;

/// An architecture under the name that image configurations use: `amd64`, `arm64`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Architecture(String);

/// The names by which kernels and compilers call what images call otherwise.
const ALIASES: &[(&str, &str)] = &[
    ("x86_64", "amd64"),
    ("aarch64", "arm64"),
    ("powerpc64", "ppc64le"),
    ("loongarch64", "loong64"),
];

impl Architecture {
    /// Takes a name as images, `uname -m` or the compiler write it; an unknown name stands for itself.
    ///
    /// ```
    /// use seatrial::ballast::Architecture;
    /// assert_eq!(Architecture::named("x86_64").as_str(), "amd64");
    /// assert_eq!(Architecture::named("arm64").as_str(), "arm64");
    /// ```
    #[must_use]
    pub fn named(name: &str) -> Self {
        let known = ALIASES.iter().find(|(alias, _)| *alias == name);
        Self(known.map_or(name, |(_, image_name)| image_name).to_owned())
    }

    /// The architecture this crate was compiled for.
    #[must_use]
    pub fn compiled_for() -> Self {
        Self::named(consts::ARCH)
    }

    /// The name that images use.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
