//! Patterns that are accepted and do something else than they seem to say.

use serde::{Deserialize, Serialize};

/// A surprise in one pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PatternWarning {
    /// `\d` and the like become a class, an anchor or a control character.
    #[error("a backslash before a letter or digit makes it a class or a control character, not that letter")]
    EscapedLetter,
    /// `^` outside a class in a pattern with wildcards is an anchor.
    #[error("`^` beside a wildcard is an anchor: the pattern matches nothing unless the `^` comes first")]
    Anchor,
    /// `*` or `?` within `[...]` does not stand for itself.
    #[error("`*` or `?` inside `[...]` does not stand for itself and closes the class early")]
    WildcardInClass,
    /// `[!x]` is not a negation.
    #[error("`[!...]` contains the `!`, only `[^...]` negates")]
    BangInClass,
    /// `[[:alpha:]]` is a named class.
    #[error("`[:name:]` inside a class stands for a set of characters")]
    NamedClass,
    /// `a|b*` is two patterns, of which each is anchored at one end only.
    #[error(
        "`|` beside a wildcard separates alternatives that match in the middle of paths; write `\\|` for itself"
    )]
    Alternatives,
    /// `a{2}*` repeats the `a`.
    #[error("`{{…}}` beside a wildcard repeats what stands before it; write `\\{{` for itself")]
    Repetition,
    /// `**foo` matches `barfoo` too.
    #[error("`**` directly before a name matches every path that ends in it; write `**/` before a name")]
    BareSuffix,
    /// `.`, `/` and `../x` match no path of a context.
    #[error("the pattern matches nothing: everything is relative to the context root")]
    MatchesNothing,
    /// The line is not UTF-8.
    #[error("the line is not UTF-8; the bytes that are not were replaced")]
    NotUtf8,
}

/// A surprise in an ignore file, with its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IgnoreWarning {
    /// Line number, from 1.
    pub line: usize,
    /// The line as written, blanks around it removed.
    pub text: String,
    /// What is surprising about it.
    pub warning: PatternWarning,
}
