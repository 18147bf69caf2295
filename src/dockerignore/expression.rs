//! The part of Go's regular expressions that a rewritten ignore pattern can hold.
//!
//! A pattern cannot bring in groups, because the rewriting escapes their characters; alternatives and counted repeats
//! it can, by an oversight. What is left are flat lists of items, read here with Go's rules for escapes and classes
//! and matched by a backtracking search that visits no state twice, so that no pattern takes more than
//! (items × characters) steps at each place where a match may begin.

use super::character_class::{Class, parse_class, perl_class};
use super::error::PatternError;
use super::escape::parse_escape;

/// A compiled expression: it is found where one of its alternatives is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expression {
    alternatives: Vec<Alternative>,
}

/// What stands between two `|`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Alternative {
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
        let mut alternatives = Vec::new();
        let mut reader = Reader::default();
        let mut rest = text;
        while let Some(char) = rest.chars().next() {
            rest = if char == '|' {
                alternatives.push(std::mem::take(&mut reader).finish());
                &rest[1..]
            } else {
                reader.read(char, rest)?
            };
        }
        alternatives.push(reader.finish());
        Ok(Self { alternatives })
    }

    /// Whether the expression is found in `text`.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.alternatives
            .iter()
            .any(|alternative| alternative.is_in(text))
    }
}

/// Reads the items of one alternative.
#[derive(Debug, Default)]
struct Reader {
    items: Vec<Item>,
    /// Where the last thing that could be repeated begins, and whether it is a repetition already.
    last: Option<(usize, bool)>,
}

impl Reader {
    /// Reads what begins with `char`; returns what follows.
    fn read<'a>(&mut self, char: char, text: &'a str) -> Result<&'a str, PatternError> {
        let start = self.items.len();
        if char == '{'
            && let Some((least, most, rest)) = parse_counts(text)
        {
            self.repeat(least, most)?;
            return Ok(rest);
        }
        let mut repeats = true;
        let rest = if let Some(rest) = text.strip_prefix("(.*/)?") {
            self.items
                .extend([Item::Skip(3), Item::Anything, Item::Char('/')]);
            rest
        } else if let Some(rest) = text.strip_prefix(".*") {
            push(&mut self.items, Item::Anything, rest)
        } else {
            repeats = false;
            match char {
                '^' => push(&mut self.items, Item::Start, &text[1..]),
                '$' => push(&mut self.items, Item::End, &text[1..]),
                '[' => {
                    let (class, rest) = parse_class(text)?;
                    if let Some(rest) = rest.strip_prefix('*') {
                        repeats = true;
                        push(&mut self.items, Item::Run(class), rest)
                    } else {
                        push(&mut self.items, Item::Class(class), rest)
                    }
                }
                '\\' => parse_backslash(&mut self.items, text)?,
                other => push(&mut self.items, Item::Char(other), &text[other.len_utf8()..]),
            }
        };
        // Of several characters between `\Q` and `\E` the last one is repeated.
        let is_literal = text.starts_with("\\Q");
        let begins = if is_literal {
            self.items.len().saturating_sub(1)
        } else {
            start
        };
        if self.items.len() > start {
            self.last = Some((begins, repeats));
        } else if let Some((_, repeats)) = &mut self.last {
            *repeats = false;
        }
        Ok(rest)
    }

    /// Repeats the last thing; without a `most`, any number of times.
    fn repeat(&mut self, least: usize, most: Option<usize>) -> Result<(), PatternError> {
        const MOST: usize = 1000;
        if least > MOST || most.is_some_and(|most| most > MOST || most < least) {
            return Err(PatternError::Repetition);
        }
        let Some((start, false)) = self.last else {
            return Err(PatternError::Repetition);
        };
        let unit = self.items.split_off(start);
        for _ in 0..least {
            self.items.extend(unit.iter().cloned());
        }
        match most {
            Some(most) => {
                for _ in least..most {
                    self.items.push(Item::Skip(unit.len() + 1));
                    self.items.extend(unit.iter().cloned());
                }
            }
            None => self.items.extend(any_number_of(unit)),
        }
        self.last = Some((start, true));
        Ok(())
    }

    fn finish(self) -> Alternative {
        let is_branch = |item: &&Item| matches!(item, Item::Run(_) | Item::Anything | Item::Skip(_));
        Alternative {
            branches: self.items.iter().filter(is_branch).count(),
            tail: tail(&self.items),
            items: self.items,
        }
    }
}

/// What any number of repetitions of one thing comes to: what has no width, or takes any number of characters already,
/// takes no more by it.
fn any_number_of(mut unit: Vec<Item>) -> Vec<Item> {
    match unit.as_slice() {
        [Item::Char(char)] => {
            let mut class = Class::default();
            class.add(&[(*char, *char)], false);
            vec![Item::Run(class)]
        }
        [Item::Class(class)] => vec![Item::Run(class.clone())],
        [Item::Start | Item::End | Item::WordEdge { .. }] => Vec::new(),
        _ => std::mem::take(&mut unit),
    }
}

/// Reads `{2}`, `{2,}` or `{2,3}`: the counts, and what follows. Anything else is a brace that stands for itself.
fn parse_counts(text: &str) -> Option<(usize, Option<usize>, &str)> {
    let (counts, rest) = text.strip_prefix('{')?.split_once('}')?;
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let has_zeros = text.len() > 1 && text.starts_with('0');
        // What is too large for the type is too large anyway.
        (is_number && !has_zeros).then(|| text.parse().unwrap_or(usize::MAX))
    };
    match counts.split_once(',') {
        None => {
            let count = number(counts)?;
            Some((count, Some(count), rest))
        }
        Some((least, "")) => Some((number(least)?, None, rest)),
        Some((least, most)) => Some((number(least)?, Some(number(most)?), rest)),
    }
}

impl Alternative {
    fn is_in(&self, text: &str) -> bool {
        if !text.ends_with(&self.tail) {
            return false;
        }
        // All but the first alternative lack the `^`.
        if self.items.first() == Some(&Item::Start) {
            return self.is_at(text, 0);
        }
        let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        starts.into_iter().any(|start| self.is_at(text, start))
    }

    fn is_at(&self, text: &str, start: usize) -> bool {
        // One or two branches are cheaper to try again than to remember.
        let columns = text.len() + 1;
        let mut visited = (self.branches > 2).then(Vec::new);
        let mut pending: Vec<(usize, usize)> = Vec::new();
        let mut state = Some((0, start));
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
            ("^a|b[^/]$", "ax/y", true),
            ("^a|b[^/]$", "x/bc", true),
            ("^a|b[^/]$", "x/bcd", false),
            ("^x]|$", "anything", true),
            ("^a||b$", "x", true),
            (r"^a\|b$", "a|b", true),
            ("^[a|]$", "|", true),
            ("^a{2,3}[^/]$", "aab", true),
            ("^a{2,3}[^/]$", "aaaab", false),
            ("^a{2}b$", "ab", false),
            ("^a{0,1}b$", "b", true),
            ("^[ab]{2,}$", "abab", true),
            ("^[ab]{2,}$", "a", false),
            ("^^{2}a{1}$", "a", true),
            ("^a{,2}$", "a{,2}", true),
            ("^a{02}$", "a{02}", true),
            ("^a{$", "a{", true),
            ("^a}$", "a}", true),
            (r"^\Qab\E{2}$", "abb", true),
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
            ("^a{2}{3}$", PatternError::Repetition),
            ("^[^/]*{3}$", PatternError::Repetition),
            ("^a|{3}$", PatternError::Repetition),
            ("^a{3,2}$", PatternError::Repetition),
            ("^a{1001}$", PatternError::Repetition),
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
