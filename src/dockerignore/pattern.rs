//! One cleaned pattern, ready to match paths.

use super::error::PatternError;
use super::expression::Expression;
use super::glob::check_as_upstream;
use super::rewrite::{Rewritten, rewrite};
use super::warning::PatternWarning;

/// How paths are compared with a pattern. The forms other than an expression are kept because their
/// outcomes differ from what the expression would give, not because they are faster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    Exact(String),
    Prefix(String),
    /// What a path ends in. With a leading slash the path may also be the rest itself.
    Suffix(String),
    Expression(Expression),
}

impl Pattern {
    /// Reads a cleaned pattern without its `!`.
    pub(super) fn parse(pattern: &str) -> Result<Self, PatternError> {
        check_as_upstream(pattern)?;
        Ok(match rewrite(pattern) {
            Rewritten::Exact => Self::Exact(pattern.to_owned()),
            Rewritten::Prefix => Self::Prefix(pattern[..pattern.len() - 2].to_owned()),
            Rewritten::Suffix => Self::Suffix(pattern[2..].to_owned()),
            Rewritten::Expression(text) => Self::Expression(Expression::parse(&text)?),
        })
    }

    pub(super) fn matches(&self, path: &str) -> bool {
        match self {
            Self::Exact(whole) => path == whole,
            Self::Prefix(prefix) => path.starts_with(prefix.as_str()),
            Self::Suffix(suffix) => {
                path.ends_with(suffix.as_str()) || suffix.strip_prefix('/').is_some_and(|rest| rest == path)
            }
            Self::Expression(expression) => expression.matches(path),
        }
    }

    /// What is surprising about the pattern this was read from.
    pub(super) fn warnings(&self, pattern: &str) -> Vec<PatternWarning> {
        let mut warnings = Vec::new();
        if matches!(pattern, "." | "/" | "..") || pattern.starts_with("../") || pattern.starts_with('/') {
            warnings.push(PatternWarning::MatchesNothing);
        }
        if pattern.starts_with("**") && !pattern[2..].starts_with('/') && pattern.len() > 2 {
            warnings.push(PatternWarning::BareSuffix);
        }
        if matches!(self, Self::Expression(_)) {
            warnings.extend(expression_warnings(pattern));
        }
        warnings
    }
}

/// Whether what follows a brace are the counts of a repetition.
fn has_counts(after: impl Iterator<Item = char>) -> bool {
    let inside: String = after.take_while(|char| *char != '}').collect();
    inside.starts_with(|char: char| char.is_ascii_digit())
        && inside.chars().all(|char| char.is_ascii_digit() || char == ',')
}

fn expression_warnings(pattern: &str) -> Vec<PatternWarning> {
    let mut found = Vec::new();
    let mut chars = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(char) = chars.next() {
        let warning = match char {
            '\\' => chars
                .next()
                .filter(char::is_ascii_alphanumeric)
                .map(|_| PatternWarning::EscapedLetter),
            '[' if in_class => (chars.peek() == Some(&':')).then_some(PatternWarning::NamedClass),
            '[' => {
                in_class = true;
                // The negation of a class is no anchor.
                chars.next_if_eq(&'^');
                match chars.peek() {
                    Some('!') => Some(PatternWarning::BangInClass),
                    _ => None,
                }
            }
            ']' => {
                in_class = false;
                None
            }
            '^' if !in_class => Some(PatternWarning::Anchor),
            '|' if !in_class => Some(PatternWarning::Alternatives),
            '{' if !in_class && has_counts(chars.clone()) => Some(PatternWarning::Repetition),
            '*' | '?' if in_class => Some(PatternWarning::WildcardInClass),
            _ => None,
        };
        if let Some(warning) = warning
            && !found.contains(&warning)
        {
            found.push(warning);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warns_of_what_a_pattern_does_unexpectedly() {
        use PatternWarning::{
            Alternatives, Anchor, BangInClass, BareSuffix, EscapedLetter, MatchesNothing, NamedClass,
            Repetition, WildcardInClass,
        };
        for (pattern, warnings) in [
            ("*.log", vec![]),
            ("a^b", vec![]),
            ("a[^2]", vec![]),
            (r"\!c", vec![]),
            ("**/foo", vec![]),
            (r"\d1", vec![EscapedLetter]),
            ("a^*", vec![Anchor]),
            ("[a*]", vec![WildcardInClass]),
            ("a|b", vec![]),
            ("a|*", vec![Alternatives]),
            ("a{1,2}*", vec![Repetition]),
            ("a{x}*", vec![]),
            ("b[!2]", vec![BangInClass]),
            ("[[:alpha:]]", vec![NamedClass]),
            ("**foo", vec![BareSuffix]),
            ("../x", vec![MatchesNothing]),
            (".", vec![MatchesNothing]),
        ] {
            assert_eq!(
                Pattern::parse(pattern).unwrap().warnings(pattern),
                warnings,
                "{pattern}"
            );
        }
    }
}
