//! Classes of characters in an expression, by Go's rules.

use super::error::PatternError;
use super::escape::parse_escape;

/// A set of characters as inclusive ranges of code points.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Class {
    negated: bool,
    ranges: Vec<(u32, u32)>,
}

impl Class {
    pub(super) fn contains(&self, char: char) -> bool {
        let point = u32::from(char);
        self.ranges
            .iter()
            .any(|(low, high)| (*low..=*high).contains(&point))
            != self.negated
    }

    /// Adds a named set, or everything but it.
    pub(super) fn add(&mut self, set: &[(char, char)], negated: bool) {
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

/// The set behind a letter after a backslash, if it is one of the Perl classes.
pub(super) fn perl_class(letter: char) -> Option<(&'static [(char, char)], bool)> {
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

/// Reads a class from its `[`; returns what follows its `]`.
pub(super) fn parse_class(text: &str) -> Result<(Class, &str), PatternError> {
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
