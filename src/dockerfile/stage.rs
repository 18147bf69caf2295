//! One stage of a Dockerfile.

use super::{Instruction, Keyword};

/// A FROM and the instructions up to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Its index, from 0.
    pub index: usize,
    /// Its name in lower case, where it has one.
    pub name: Option<String>,
    /// What FROM names, as written: an image, an earlier stage, `scratch`, perhaps with variables.
    pub base: String,
    /// The FROM itself.
    pub from: Instruction,
    /// What follows it.
    pub instructions: Vec<Instruction>,
    /// The index of the earlier stage that FROM names.
    pub parent: Option<usize>,
}

impl Stage {
    /// The instructions that `BuildKit` numbers from 1 in this stage.
    ///
    /// FROM counts where it names an image: `scratch` and an earlier stage have nothing to resolve.
    pub fn numbered(&self) -> impl Iterator<Item = &Instruction> {
        let from = (self.base != "scratch" && self.parent.is_none()).then_some(&self.from);
        let rest = self
            .instructions
            .iter()
            .filter(|instruction| instruction.keyword.is_numbered());
        from.into_iter().chain(rest)
    }
}

/// One name that an ARG declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// The name.
    pub name: String,
    /// The default value, quotes taken off; variables in it are not expanded.
    pub default: Option<String>,
}

impl Argument {
    /// The names that an ARG declares; none for another instruction.
    #[must_use]
    pub fn of(instruction: &Instruction) -> Vec<Self> {
        if instruction.keyword != Keyword::Arg {
            return Vec::new();
        }
        words(instruction.arguments())
            .into_iter()
            .map(|word| match word.split_once('=') {
                Some((name, default)) => Self {
                    name: name.to_owned(),
                    default: Some(unquoted(default)),
                },
                None => Self {
                    name: word.to_owned(),
                    default: None,
                },
            })
            .collect()
    }
}

/// Splits at white space outside of quotes.
pub(super) fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match (quote, character) {
            (None, character) if character.is_whitespace() => {
                if let Some(start) = start.take() {
                    words.push(&text[start..at]);
                }
                continue;
            }
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (Some('\''), _) => {}
            (_, '\\') => escaped = true,
            _ => {}
        }
        start.get_or_insert(at);
    }
    if let Some(start) = start {
        words.push(&text[start..]);
    }
    words
}

/// A shell word without its quotes and escapes.
pub(super) fn unquoted(word: &str) -> String {
    let mut plain = String::with_capacity(word.len());
    let mut quote = None;
    let mut characters = word.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (Some('\''), _) => plain.push(character),
            (_, '\\') => plain.extend(characters.next()),
            _ => plain.push(character),
        }
    }
    plain
}
