//! What makes an ignore file fail the build.

/// A line of an ignore file that no docker client accepts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IgnoreError {
    /// A `!` with nothing behind it.
    #[error("line {line} of the ignore file is a lone `!`, expected a pattern after it")]
    LoneNegation {
        /// Line number, from 1; for patterns given as a list, the position in it.
        line: usize,
    },
    /// A pattern whose syntax is refused.
    #[error("line {line} of the ignore file, pattern `{pattern}`, is malformed")]
    Malformed {
        /// Line number, from 1; for patterns given as a list, the position in it.
        line: usize,
        /// The pattern as it was written.
        pattern: String,
        /// What is wrong with it.
        #[source]
        cause: PatternError,
    },
}

impl IgnoreError {
    /// The line, from 1, that was refused.
    #[must_use]
    pub fn line(&self) -> usize {
        match self {
            Self::LoneNegation { line } | Self::Malformed { line, .. } => *line,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::LoneNegation { .. } => {
                vec!["name what the `!` brings back, or remove the line".to_owned()]
            }
            Self::Malformed { cause, .. } => cause.hints(),
        }
    }
}

/// What is wrong with one pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// A `[` without its `]`, or a class that is empty or has half a range.
    #[error("a `[` opens a class that is empty, incomplete or never closed")]
    Class,
    /// A backslash with nothing behind it.
    #[error("the pattern ends in a backslash, which escapes nothing")]
    TrailingBackslash,
    /// A range such as `z-a`.
    #[error("the range `{low}-{high}` in a class is empty")]
    Range {
        /// The character the range starts at.
        low: char,
        /// The character the range ends at.
        high: char,
    },
    /// A backslash before a letter or digit for which the clients know no meaning.
    #[error("a backslash before `{escaped}` is not known")]
    Escape {
        /// The character behind the backslash.
        escaped: char,
    },
    /// `{2}` after nothing that can be repeated, or with counts that are too large or in the wrong order.
    #[error("`{{…}}` beside a wildcard repeats what stands before it, which cannot be done here")]
    Repetition,
    /// `[:name:]` with a name that is not one of the POSIX classes.
    #[error("`{name}` is not a character class")]
    NamedClass {
        /// The class as written, brackets and colons included.
        name: String,
    },
    /// `\p` or `\P`, which a docker client reads as a Unicode class.
    #[error("a backslash before `p` starts a Unicode class, which is not supported here")]
    UnicodeClass,
}

impl PatternError {
    /// What to do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Repetition => "write `\\{` for a brace that stands for itself",
            Self::Class => "write `[[]` or `\\[` for a bracket that stands for itself",
            Self::TrailingBackslash => "write `\\\\` for a backslash that stands for itself",
            Self::Range { .. } => "put the lower character first",
            Self::Escape { .. } | Self::UnicodeClass => {
                "remove the backslash: only `*`, `?`, `[`, `\\` and a leading `!` or `#` need one"
            }
            Self::NamedClass { .. } => "spell the characters out, such as `[a-z]`",
        };
        vec![hint.to_owned()]
    }
}
