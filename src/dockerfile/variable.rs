//! Variables in a FROM: `$NAME`, `${NAME}`, `${NAME:-word}`, `${NAME:+word}`.

/// A text with its variables replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expanded {
    /// The text; a variable without a value stands for nothing, as in a builder.
    pub text: String,
    /// Names that had no value and no `:-` word.
    pub unset: Vec<String>,
}

/// Replaces each variable of `text` by what `value_of` knows. A text that is no valid reference stays as it is.
pub fn expand(text: &str, value_of: &dyn Fn(&str) -> Option<String>) -> Expanded {
    let mut expanded = Expanded {
        text: String::with_capacity(text.len()),
        unset: Vec::new(),
    };
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        expanded.text.push_str(&rest[..dollar]);
        rest = &rest[dollar + 1..];
        let Some(reference) = Reference::at_start_of(rest) else {
            expanded.text.push('$');
            continue;
        };
        rest = &rest[reference.length..];
        let value = value_of(reference.name).filter(|value| !value.is_empty());
        match (value, reference.otherwise) {
            (Some(_), Some(Otherwise::IfSet(word))) | (None, Some(Otherwise::IfUnset(word))) => {
                expanded.text.push_str(word);
            }
            (Some(value), _) => expanded.text.push_str(&value),
            (None, Some(Otherwise::IfSet(_))) => {}
            (None, None) => expanded.unset.push(reference.name.to_owned()),
        }
    }
    expanded.text.push_str(rest);
    expanded
}

/// What stands for the variable instead of its value.
enum Otherwise<'text> {
    /// `:-word`.
    IfUnset(&'text str),
    /// `:+word`.
    IfSet(&'text str),
}

struct Reference<'text> {
    name: &'text str,
    otherwise: Option<Otherwise<'text>>,
    /// Bytes behind the dollar sign.
    length: usize,
}

impl<'text> Reference<'text> {
    fn at_start_of(text: &'text str) -> Option<Self> {
        let Some(braced) = text.strip_prefix('{') else {
            let length = name_length(text);
            return (length > 0).then(|| Self {
                name: &text[..length],
                otherwise: None,
                length,
            });
        };
        let inside = &braced[..braced.find('}')?];
        let (name, rest) = inside.split_at(name_length(inside));
        let otherwise = match rest.get(..2) {
            None if rest.is_empty() => None,
            Some(":-") => Some(Otherwise::IfUnset(&rest[2..])),
            Some(":+") => Some(Otherwise::IfSet(&rest[2..])),
            _ => return None,
        };
        (!name.is_empty()).then_some(Self {
            name,
            otherwise,
            length: inside.len() + 2,
        })
    }
}

/// How many bytes at the start of `text` make a name.
fn name_length(text: &str) -> usize {
    text.find(|character: char| !character.is_ascii_alphanumeric() && character != '_')
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_names_and_reports_those_without_a_value() {
        let value_of = |name: &str| (name == "PYTHON").then(|| "python:3.12".to_owned());
        for (text, expected, unset) in [
            ("debian:12", "debian:12", vec![]),
            ("$PYTHON", "python:3.12", vec![]),
            ("${PYTHON}-slim", "python:3.12-slim", vec![]),
            ("${BASE:-alpine}", "alpine", vec![]),
            ("${PYTHON:+set}", "set", vec![]),
            ("${BASE:+set}", "", vec![]),
            ("x${BASE}y$OTHER", "xy", vec!["BASE", "OTHER"]),
            ("a$", "a$", vec![]),
            ("a${", "a${", vec![]),
            ("a${B?c}", "a${B?c}", vec![]),
        ] {
            let expanded = expand(text, &value_of);
            assert_eq!(expanded.text, expected, "{text}");
            assert_eq!(expanded.unset, unset, "{text}");
        }
    }
}
