//! What the command line sets in place of a scenario.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ProbeTier;

/// Settings of the command line. They win over the scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overrides {
    /// `--rounds`: measured rounds.
    pub rounds: Option<u32>,
    /// `--starts`: measured starts per variant.
    pub starts: Option<u32>,
    /// `--quick`: one round and at most [`Overrides::QUICK_STARTS`] starts, without warm-ups.
    pub quick: bool,
    /// `--bases`: the source of every base that is not ballast.
    pub bases: Option<BaseChoice>,
    /// `--probe`: how readiness is looked for; absent, the best way that is permitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<ProbeTier>,
    /// `--variant`: only these variants; empty takes all.
    pub variants: Vec<String>,
    /// `--step`: only the steps up to the last of these, because edits stack; empty takes all.
    pub steps: Vec<String>,
}

impl Overrides {
    /// How many starts `--quick` makes at most.
    pub const QUICK_STARTS: u32 = 1;
}

/// Which source of a base to use where it has both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BaseChoice {
    /// The image of `image`, pulled by name.
    Pulled,
    /// The root file system that the command of `import` prints.
    Imported,
}

impl BaseChoice {
    /// The word for it in the scenario and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pulled => "pulled",
            Self::Imported => "imported",
        }
    }

    /// The key of a base that gives this source.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Pulled => "image",
            Self::Imported => "import",
        }
    }
}
