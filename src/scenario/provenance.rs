//! Where each setting in force comes from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Where a setting comes from. Later ones win.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    BuiltIn,
    /// The file of defaults.
    Defaults(PathBuf),
    /// The scenario file.
    Scenario,
    /// The command line.
    CommandLine,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => formatter.write_str("built in"),
            Self::Defaults(path) => write!(formatter, "defaults ({})", path.display()),
            Self::Scenario => formatter.write_str("scenario"),
            Self::CommandLine => formatter.write_str("command line"),
        }
    }
}

/// The origin of each setting that more than the scenario can set, by its key, such as `build.rounds`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance(BTreeMap<String, Origin>);

impl Provenance {
    /// Where the setting comes from; a setting that was not noted comes from the scenario.
    #[must_use]
    pub fn of(&self, key: &str) -> &Origin {
        self.0.get(key).unwrap_or(&Origin::Scenario)
    }

    /// Notes the origin of a setting.
    pub fn note(&mut self, key: impl Into<String>, origin: Origin) {
        self.0.insert(key.into(), origin);
    }
}
