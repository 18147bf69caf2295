//! Why there is no test cargo to use.

use super::Architecture;

/// The ballast cannot be used here. Everything that does not need it works all the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BallastUnavailable {
    /// The program was not built into this executable.
    #[error("the built-in test cargo is not part of this executable: {reason}")]
    Embed {
        /// What the build script found.
        reason: String,
    },
    /// The daemon runs containers the program cannot run in.
    #[error("the built-in test cargo is a program for linux/{ours}, but the daemon runs {os}/{daemon}")]
    Run {
        /// The architecture the program was compiled for.
        ours: Architecture,
        /// The operating system of the daemon's containers.
        os: String,
        /// The architecture of the daemon.
        daemon: Architecture,
    },
}

impl BallastUnavailable {
    /// What a person can do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        let other_base = "use a base of another kind: `image` (pulled) or `import` (made by a command)";
        match self {
            Self::Embed { .. } => vec![other_base.to_owned()],
            Self::Run { os, daemon, .. } if os == "linux" => vec![
                format!("build seatrial for {daemon}, as on the daemon's own machine"),
                other_base.to_owned(),
            ],
            Self::Run { .. } => vec![
                "switch the daemon to Linux containers".to_owned(),
                other_base.to_owned(),
            ],
        }
    }
}
