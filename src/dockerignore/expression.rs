//! The part of Go's regular expressions that a rewritten ignore pattern can hold.
//!
//! A pattern cannot bring in groups, alternatives or counted repeats, because the rewriting escapes
//! their characters. What is left is a flat list of items, read here with Go's rules for escapes and
//! classes and matched by a backtracking search that visits no state twice, so that no pattern takes
//! more than (items × characters) steps.

use super::character_class::{Class, parse_class, perl_class};
use super::error::PatternError;
use super::escape::parse_escape;

/// A compiled expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expression {
    items: Vec<Item>,
    /// How many items can be passed in more than one way.
    branches: usize,
    /// What every match ends in, tried before anything else. Empty when nothing is known.
    tail: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    Char(char),
    Class(Class),
    /// A class, any number of times.
    Run(Class),
    /// Any number of characters, slashes included; a line break ends the run.
    Anything,
    /// Go on here, or that many items further.
    Skip(usize),
    Start,
    End,
    WordEdge {
        wanted: bool,
    },
}

fn is_word(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_'
}

impl Expression {
    /// Reads a rewritten pattern, its `^` and `$` included.
    pub(super) fn parse(text: &str) -> Result<Self, PatternError> {
        let mut items = Vec::new();
        let mut rest = text;
        while let Some(char) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix("(.*/)?") {
                items.extend([Item::Skip(3), Item::Anything, Item::Char('/')]);
                rest = after;
            } else if let Some(after) = rest.strip_prefix(".*") {
                items.push(Item::Anything);
                rest = after;
            } else {
                rest = match char {
                    '^' => push(&mut items, Item::Start, &rest[1..]),
                    '$' => push(&mut items, Item::End, &rest[1..]),
                    '[' => {
                        let (class, after) = parse_class(rest)?;
                        match after.strip_prefix('*') {
                            Some(after) => push(&mut items, Item::Run(class), after),
                            None => push(&mut items, Item::Class(class), after),
                        }
                    }
                    '\\' => parse_backslash(&mut items, rest)?,
                    other => push(&mut items, Item::Char(other), &rest[other.len_utf8()..]),
                };
            }
        }
        let branches = items
            .iter()
            .filter(|item| matches!(item, Item::Run(_) | Item::Anything | Item::Skip(_)))
            .count();
        let tail = tail(&items);
        Ok(Self {
            items,
            branches,
            tail,
        })
    }

    /// Whether the expression is found in `text`.
    pub(super) fn matches(&self, text: &str) -> bool {
        if !text.ends_with(&self.tail) {
            return false;
        }
        // One or two branches are cheaper to try again than to remember.
        let columns = text.len() + 1;
        let mut visited = (self.branches > 2).then(Vec::new);
        let mut pending: Vec<(usize, usize)> = Vec::new();
        let mut state = Some((0, 0));
        while let Some((index, at)) = state {
            let Some(item) = self.items.get(index) else {
                return true;
            };
            let next = text[at..].chars().next();
            let branch = match item {
                Item::Run(class) => next.filter(|char| class.contains(*char)),
                Item::Anything => next.filter(|char| *char != '\n'),
                _ => None,
            };
            if matches!(item, Item::Run(_) | Item::Anything | Item::Skip(_))
                && let Some(visited) = &mut visited
            {
                if visited.is_empty() {
                    visited.resize(self.items.len() * columns, false);
                }
                if std::mem::replace(&mut visited[index * columns + at], true) {
                    state = pending.pop();
                    continue;
                }
            }
            if let Some(char) = branch {
                pending.push((index, at + char.len_utf8()));
            }
            let step = |passes: bool, width: usize| passes.then_some((index + 1, at + width));
            let width = next.map_or(0, char::len_utf8);
            state = match item {
                Item::Char(wanted) => step(next == Some(*wanted), width),
                Item::Class(class) => step(next.is_some_and(|char| class.contains(char)), width),
                Item::Run(_) | Item::Anything => step(true, 0),
                Item::Skip(count) => {
                    pending.push((index + count, at));
                    step(true, 0)
                }
                Item::Start => step(at == 0, 0),
                Item::End => step(next.is_none(), 0),
                Item::WordEdge { wanted } => {
                    let before = text[..at].chars().next_back().is_some_and(is_word);
                    step((before != next.is_some_and(is_word)) == *wanted, 0)
                }
            };
            if state.is_none() {
                state = pending.pop();
            }
        }
        false
    }
}

fn push<'a>(items: &mut Vec<Item>, item: Item, rest: &'a str) -> &'a str {
    items.push(item);
    rest
}

/// The plain characters before the final end, as far back as no item can be skipped into them.
fn tail(items: &[Item]) -> String {
    let Some((Item::End, before)) = items.split_last() else {
        return String::new();
    };
    let landing = items
        .iter()
        .enumerate()
        .filter_map(|(index, item)| match item {
            Item::Skip(count) => Some(index + count),
            _ => None,
        })
        .max()
        .unwrap_or(0);
    let mut chars: Vec<char> = before
        .iter()
        .enumerate()
        .rev()
        .map_while(|(index, item)| match item {
            Item::Char(char) if index >= landing => Some(*char),
            _ => None,
        })
        .collect();
    chars.reverse();
    chars.into_iter().collect()
}

/// Reads what a backslash outside a class introduces; returns what follows.
fn parse_backslash<'a>(items: &mut Vec<Item>, text: &'a str) -> Result<&'a str, PatternError> {
    let letter = text[1..].chars().next().ok_or(PatternError::TrailingBackslash)?;
    if let Some((set, negated)) = perl_class(letter) {
        let mut class = Class::default();
        class.add(set, negated);
        return Ok(push(items, Item::Class(class), &text[2..]));
    }
    match letter {
        'A' => Ok(push(items, Item::Start, &text[2..])),
        'z' => Ok(push(items, Item::End, &text[2..])),
        'b' | 'B' => Ok(push(
            items,
            Item::WordEdge {
                wanted: letter == 'b',
            },
            &text[2..],
        )),
        'Q' => {
            // Everything up to `\E` stands for itself, the rewritten parts included.
            let (literal, rest) = text[2..].split_once("\\E").unwrap_or((&text[2..], ""));
            items.extend(literal.chars().map(Item::Char));
            Ok(rest)
        }
        _ => {
            let (char, rest) = parse_escape(text)?;
            Ok(push(items, Item::Char(char), rest))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_what_the_expression_says() {
        for (text, path, matched) in [
            (r"^(.*/)?[^/]*\.log$", "a.log", true),
            (r"^(.*/)?[^/]*\.log$", "x/y/a.log", true),
            (r"^(.*/)?[^/]*\.log$", "x/y/a.logs", false),
            ("^x/(.*/)?a$", "x/a", true),
            ("^x/(.*/)?a$", "x/y/z/a", true),
            ("^x/(.*/)?a$", "x/ya", false),
            ("^[^/]*^b$", "ab", false),
            ("^^a[^/]*$", "ab", true),
            ("^[a[^/]*b]$", "aa[b]", true),
            (r"^\d1$", "d1", false),
            (r"^\d1$", "71", true),
            (r"^\Q[^/]*$", "[^/]*$ and more", true),
            (r"^\Qa.b\E[^/]$", "a.bc", true),
            (r"^\x41\102\w$", "ABc", true),
            ("^[[:alpha:]][^[:digit:]]$", "ab", true),
            ("^[[:alpha:]][^[:digit:]]$", "a1", false),
            (r"^[\D]$", "5", false),
            (r"^[^/]*\b-[^/]*$", "a-b", true),
            (r"^[^/]*\b-[^/]*$", "--b", false),
            ("^.*$", "a\nb", false),
            ("^[^/]$", "é", true),
        ] {
            let expression = Expression::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(expression.matches(path), matched, "{text} on {path:?}");
        }
    }

    #[test]
    fn refuses_what_go_refuses() {
        for (text, error) in [
            (r"^a\.l\og$", PatternError::Escape { escaped: 'o' }),
            (r"^\1$", PatternError::Escape { escaped: '1' }),
            (r"^\8$", PatternError::Escape { escaped: '8' }),
            (r"^\C$", PatternError::Escape { escaped: 'C' }),
            (r"^\é$", PatternError::Escape { escaped: 'é' }),
            (r"^\xg1$", PatternError::Escape { escaped: 'x' }),
            (r"^\pL$", PatternError::UnicodeClass),
            ("^[z-a]$", PatternError::Range { low: 'z', high: 'a' }),
            (
                "^[[:nope:]]$",
                PatternError::NamedClass {
                    name: "[:nope:]".to_owned(),
                },
            ),
            ("^[a$", PatternError::Class),
        ] {
            assert_eq!(Expression::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_pattern_with_many_wildcards_does_not_take_forever() {
        // By plain backtracking this would take longer than anyone waits.
        let expression = Expression::parse(&format!("^{}b$", "[^/]*a".repeat(30))).unwrap();
        assert!(!expression.matches(&format!("{}cb", "a".repeat(200))));
    }
}
