//! Shell patterns as Go's `path.Match` reads them: the syntax check of every ignore pattern, and the
//! wildcards of COPY and ADD sources.

use super::error::PatternError;

/// Whether a name holds an unescaped wildcard.
#[must_use]
pub fn has_wildcards(name: &str) -> bool {
    let mut chars = name.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => {
                chars.next();
            }
            '*' | '?' | '[' => return true,
            _ => {}
        }
    }
    false
}

/// The syntax check of an ignore pattern: what Go's `filepath.Match` says when it is asked whether the pattern matches
/// `.`, which looks at the pattern only up to the first part that does not.
pub(super) fn check_as_upstream(pattern: &str) -> Result<(), PatternError> {
    let mut rest = pattern;
    // What is left of the `.` to match.
    let mut name = ".";
    while !rest.is_empty() {
        let stars = rest.trim_start_matches('*');
        let star = stars.len() < rest.len();
        let (chunk, after) = stars.split_at(chunk_end(stars));
        rest = after;
        if star && chunk.is_empty() {
            break;
        }
        let parsed = Glob::parse(chunk)?;
        let remainder = |name: &'static str| match (parsed.tokens.as_slice(), name) {
            ([], name) => Some(name),
            ([token], ".") if token.accepts('.') => Some(""),
            _ => None,
        };
        let fits = |left: &&str| left.is_empty() || !rest.is_empty();
        let skipped = || remainder("").filter(|_| star && name == ".");
        match remainder(name).filter(fits).or_else(skipped) {
            Some(left) => name = left,
            None => break,
        }
    }
    Ok(())
}

/// Where the next `*` outside of brackets stands, brackets being looked for as upstream does.
fn chunk_end(pattern: &str) -> usize {
    let (mut in_class, mut escaped) = (false, false);
    for (at, char) in pattern.char_indices() {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            '*' if !in_class => return at,
            _ => {}
        }
    }
    pattern.len()
}

/// A parsed shell pattern: `*` and `?` stop at `/`, `[...]` is a class (negated by `^`), `\` escapes.
///
/// ```
/// use seatrial::dockerignore::Glob;
/// let glob = Glob::parse("src/*.[ch]")?;
/// assert!(glob.matches("src/a.c"));
/// assert!(!glob.matches("src/x/a.c"));
/// # Ok::<(), seatrial::dockerignore::PatternError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    tokens: Vec<Token>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Star,
    Any,
    Char(char),
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Glob {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// When a class is empty or not closed, or a backslash ends the pattern.
    pub fn parse(pattern: &str) -> Result<Self, PatternError> {
        let mut chars = pattern.chars().peekable();
        let mut tokens = Vec::new();
        while let Some(char) = chars.next() {
            tokens.push(match char {
                '*' => Token::Star,
                '?' => Token::Any,
                '\\' => Token::Char(chars.next().ok_or(PatternError::TrailingBackslash)?),
                '[' => {
                    let negated = chars.next_if_eq(&'^').is_some();
                    let mut ranges = Vec::new();
                    while ranges.is_empty() || chars.next_if_eq(&']').is_none() {
                        let low = class_char(&mut chars)?;
                        let high = if chars.next_if_eq(&'-').is_some() {
                            class_char(&mut chars)?
                        } else {
                            low
                        };
                        ranges.push((low, high));
                    }
                    Token::Class { negated, ranges }
                }
                other => Token::Char(other),
            });
        }
        Ok(Self { tokens })
    }

    /// Whether the whole name matches.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let (mut token, mut rest) = (0, name);
        // The last `*` passed, and the text from which its run may still grow. A later `*` makes
        // every earlier one as short as it can be, so only one place to return to is needed.
        let mut star: Option<(usize, &str)> = None;
        loop {
            let next = rest.chars().next();
            let fits = match (self.tokens.get(token), next) {
                (Some(Token::Star), _) => {
                    token += 1;
                    star = Some((token, rest));
                    continue;
                }
                (None, None) => return true,
                (Some(wanted), Some(char)) => wanted.accepts(char),
                _ => false,
            };
            if fits {
                token += 1;
                rest = &rest[next.map_or(0, char::len_utf8)..];
                continue;
            }
            let Some((after, from)) = star else { return false };
            match from.chars().next() {
                Some(char) if char != '/' => {
                    rest = &from[char.len_utf8()..];
                    star = Some((after, rest));
                    token = after;
                }
                _ => return false,
            }
        }
    }
}

impl Token {
    /// Whether a token that stands for exactly one character accepts it.
    fn accepts(&self, char: char) -> bool {
        match self {
            Self::Star => false,
            Self::Any => char != '/',
            Self::Char(wanted) => *wanted == char,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&char)) != *negated
            }
        }
    }
}

fn class_char(chars: &mut impl Iterator<Item = char>) -> Result<char, PatternError> {
    match chars.next() {
        None | Some('-' | ']') => Err(PatternError::Class),
        Some('\\') => chars.next().ok_or(PatternError::Class),
        Some(other) => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_whole_names_without_crossing_a_slash() {
        for (pattern, name, matched) in [
            ("*", "abc", true),
            ("*", "a/b", false),
            ("*", "", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbY/c", false),
            ("*/x", "a/x", true),
            ("a?c", "aéc", true),
            ("a?c", "a/c", false),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("[!2]", "!", true),
            (r"\*", "*", true),
            (r"\*", "a", false),
            (r"[\]]", "]", true),
            ("a", "ab", false),
            ("", "", true),
        ] {
            let glob = Glob::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            assert_eq!(glob.matches(name), matched, "{pattern} on {name}");
        }
    }

    #[test]
    fn refuses_classes_that_are_not_whole() {
        for pattern in [
            "[", "[]", "[]a]", "[^", "[a", "[a-", "[a-]", "[-a]", "[a\\", "x*[", "[^]*]",
        ] {
            assert_eq!(Glob::parse(pattern), Err(PatternError::Class), "{pattern}");
        }
        assert_eq!(Glob::parse("a\\"), Err(PatternError::TrailingBackslash));
    }

    #[test]
    fn a_syntax_error_behind_a_part_that_does_not_match_goes_unseen() {
        for (pattern, refused) in [
            ("xa/[", true),
            ("x*a/[", false),
            ("*x/[", true),
            (".*x/[", true),
            ("?*x/[", true),
            ("**/[", true),
            ("x/**]]/[]a]", false),
            ("x/[]a]", true),
            ("x\\", true),
            ("*\\", true),
            ("x*\\", false),
            ("[*]x*[", false),
            ("a", false),
        ] {
            assert_eq!(check_as_upstream(pattern).is_err(), refused, "{pattern}");
        }
    }

    #[test]
    fn knows_a_wildcard_from_an_escaped_one() {
        for (name, wild) in [
            ("a*", true),
            (r"a\*", false),
            (r"a\\*", true),
            ("a]", false),
            ("[a]", true),
        ] {
            assert_eq!(has_wildcards(name), wild, "{name}");
        }
    }
}
