//! What the program's exit tells.

/// Why the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExitCode {
    /// Done.
    Done,
    /// Something that was measured failed, or a file could not be written.
    Failed,
    /// Wrong usage, or a scenario with mistakes.
    Usage,
    /// Something is worse than a gate allows.
    Regressed,
    /// Not everything that was to be judged could be, and that was asked for.
    NotJudged,
    /// No usable Docker daemon: absent, refused, or held by another run.
    NoDaemon,
    /// Interrupted; what was measured is kept.
    Interrupted,
}

impl ExitCode {
    /// The number that a shell sees.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Regressed => 3,
            Self::NotJudged => 4,
            Self::NoDaemon => 5,
            Self::Interrupted => 130,
        }
    }
}
