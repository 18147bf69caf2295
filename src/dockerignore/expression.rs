//! The part of Go's regular expressions that a rewritten ignore pattern can hold.
//!
//! A pattern cannot bring in groups, alternatives or counted repeats, because the rewriting escapes
//! their characters. What is left is a flat list of items, read here with Go's rules for escapes and
//! classes and matched by a backtracking search that visits no state twice, so that no pattern takes
//! more than (items × characters) steps.

use super::error::PatternError;

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

/// A set of characters as inclusive ranges of code points.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Class {
    negated: bool,
    ranges: Vec<(u32, u32)>,
}

impl Class {
    fn contains(&self, char: char) -> bool {
        let point = u32::from(char);
        self.ranges
            .iter()
            .any(|(low, high)| (*low..=*high).contains(&point))
            != self.negated
    }

    /// Adds a named set, or everything but it.
    fn add(&mut self, set: &[(char, char)], negated: bool) {
        let points = set.iter().map(|(low, high)| (u32::from(*low), u32::from(*high)));
        if !negated {
            self.ranges.extend(points);
            return;
        }
        // The named sets are written in rising order, so what lies between two ranges is the rest.
        let mut from = 0;
        for (low, high) in points {
            if low > from {
                self.ranges.push((from, low - 1));
            }
            from = high + 1;
        }
        self.ranges.push((from, u32::from(char::MAX)));
    }
}

const DIGIT: &[(char, char)] = &[('0', '9')];
const SPACE: &[(char, char)] = &[('\t', '\n'), ('\x0c', '\r'), (' ', ' ')];
const WORD: &[(char, char)] = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];

fn is_word(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_'
}

/// The set behind a letter after a backslash, if it is one of the Perl classes.
fn perl_class(letter: char) -> Option<(&'static [(char, char)], bool)> {
    let set = match letter.to_ascii_lowercase() {
        'd' => DIGIT,
        's' => SPACE,
        'w' => WORD,
        _ => return None,
    };
    Some((set, letter.is_ascii_uppercase()))
}

fn posix_class(name: &str) -> Option<&'static [(char, char)]> {
    Some(match name {
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\x7f')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\x1f'), ('\x7f', '\x7f')],
        "digit" => DIGIT,
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => WORD,
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    })
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

/// Reads an escape that stands for one character.
fn parse_escape(text: &str) -> Result<(char, &str), PatternError> {
    let body = &text[1..];
    let letter = body.chars().next().ok_or(PatternError::TrailingBackslash)?;
    let rest = &body[letter.len_utf8()..];
    let unknown = PatternError::Escape { escaped: letter };
    match letter {
        'p' | 'P' => Err(PatternError::UnicodeClass),
        'a' => Ok(('\x07', rest)),
        'f' => Ok(('\x0c', rest)),
        'n' => Ok(('\n', rest)),
        'r' => Ok(('\r', rest)),
        't' => Ok(('\t', rest)),
        'v' => Ok(('\x0b', rest)),
        'x' => {
            let digits = rest
                .get(..2)
                .filter(|pair| pair.bytes().all(|byte| byte.is_ascii_hexdigit()));
            let code = digits
                .and_then(|pair| u8::from_str_radix(pair, 16).ok())
                .ok_or(unknown)?;
            Ok((char::from(code), &rest[2..]))
        }
        '0'..='7' => {
            let more = rest
                .bytes()
                .take(2)
                .take_while(|byte| (b'0'..=b'7').contains(byte))
                .count();
            if letter != '0' && more == 0 {
                return Err(unknown);
            }
            let code = u32::from_str_radix(&body[..=more], 8)
                .ok()
                .and_then(char::from_u32);
            Ok((code.ok_or(unknown)?, &rest[more..]))
        }
        other if other.is_ascii() && !other.is_ascii_alphanumeric() => Ok((other, rest)),
        _ => Err(unknown),
    }
}

/// Reads a class from its `[`; returns what follows its `]`.
fn parse_class(text: &str) -> Result<(Class, &str), PatternError> {
    let mut class = Class::default();
    let mut rest = &text[1..];
    if let Some(after) = rest.strip_prefix('^') {
        class.negated = true;
        rest = after;
    }
    let mut first = true;
    while first || !rest.starts_with(']') {
        first = false;
        if let Some((inside, after)) = rest.strip_prefix("[:").and_then(|inside| inside.split_once(":]")) {
            let (name, negated) = inside
                .strip_prefix('^')
                .map_or((inside, false), |name| (name, true));
            let set = posix_class(name).ok_or_else(|| PatternError::NamedClass {
                name: format!("[:{inside}:]"),
            })?;
            class.add(set, negated);
            rest = after;
            continue;
        }
        let escaped = rest.strip_prefix('\\').and_then(|after| after.chars().next());
        if let Some((set, negated)) = escaped.and_then(perl_class) {
            class.add(set, negated);
            rest = &rest[2..];
            continue;
        }
        let (low, after) = parse_class_char(rest)?;
        rest = after;
        let mut high = low;
        if let Some(after) = rest.strip_prefix('-')
            && !after.is_empty()
            && !after.starts_with(']')
        {
            (high, rest) = parse_class_char(after)?;
            if high < low {
                return Err(PatternError::Range { low, high });
            }
        }
        class.ranges.push((u32::from(low), u32::from(high)));
    }
    Ok((class, &rest[1..]))
}

fn parse_class_char(text: &str) -> Result<(char, &str), PatternError> {
    let char = text.chars().next().ok_or(PatternError::Class)?;
    if char == '\\' {
        parse_escape(text)
    } else {
        Ok((char, &text[char.len_utf8()..]))
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
