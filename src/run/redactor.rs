//! Taking secrets out of everything that is kept or shown.
//!
//! A build prints what it likes, and what it prints is kept where it fails. So every record and every message goes
//! through here, whatever its fields are, and what is a secret in it is replaced.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::digest::Digest;

/// Stands where a secret stood.
const MARK: &str = "[secret]";

/// The shortest line of a secret that is looked for, in bytes: a shorter one is found in every text.
const SHORTEST_LINE: usize = 4;

/// The shortest word of a secret that is looked for by itself, in bytes.
const SHORTEST_WORD: usize = 8;

/// Takes secrets out of texts: whole, by the line, and by the word, since a build may print any part of a file.
#[derive(Clone, Default)]
pub struct Redactor {
    /// What is looked for, the longest first.
    pieces: Vec<String>,
}

impl Redactor {
    /// Looks for these secrets.
    #[must_use]
    pub fn new<'secret>(secrets: impl IntoIterator<Item = &'secret [u8]>) -> Self {
        let mut pieces = Vec::new();
        for secret in secrets {
            let text = String::from_utf8_lossy(secret);
            pieces.push(text.trim().to_owned());
            for line in text.lines() {
                let words = line
                    .split(|character: char| character.is_whitespace() || "\"'=:,;@".contains(character))
                    .filter(|word| word.len() >= SHORTEST_WORD);
                pieces.extend(words.map(str::to_owned));
                let line = line.trim();
                if line.len() >= SHORTEST_LINE {
                    pieces.push(line.to_owned());
                }
            }
        }
        pieces.retain(|piece| !piece.is_empty());
        pieces.sort_unstable_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        pieces.dedup();
        Self { pieces }
    }

    /// The text without secrets. One that is cut off at the text's end is found by its beginning.
    #[must_use]
    pub fn text<'text>(&self, text: &'text str) -> Cow<'text, str> {
        // First, since a shorter secret may begin a longer one.
        let mut clean = match self.cut_off(text) {
            Some(cut) => Cow::Owned(format!("{}{MARK}", &text[..cut])),
            None => Cow::Borrowed(text),
        };
        for piece in &self.pieces {
            if clean.contains(piece.as_str()) {
                clean = Cow::Owned(clean.replace(piece.as_str(), MARK));
            }
        }
        clean
    }

    /// Where the longest beginning of a secret begins with which the text ends.
    fn cut_off(&self, text: &str) -> Option<usize> {
        let beginnings = self.pieces.iter().filter_map(|piece| {
            let longest = piece.len().min(text.len());
            (SHORTEST_WORD.min(piece.len())..=longest)
                .rev()
                .filter(|length| piece.is_char_boundary(*length))
                .find(|length| text.ends_with(&piece[..*length]))
                .map(|length| text.len() - length)
        });
        beginnings.min()
    }

    /// The value with every text in it clean.
    ///
    /// # Panics
    ///
    /// Never for what can be stored in a journal and read back.
    #[must_use]
    pub fn value<T: Serialize + DeserializeOwned>(&self, value: T) -> T {
        if self.pieces.is_empty() {
            return value;
        }
        let mut json = serde_json::to_value(&value).expect("invariant: what is stored can be serialised");
        if !self.clean(&mut json, Words::Cleaned) {
            return value;
        }
        if let Ok(clean) = serde_json::from_value(json) {
            return clean;
        }
        // A secret that is one of our own words, such as `failed`, cannot be told from it.
        let mut json = serde_json::to_value(&value).expect("invariant: what is stored can be serialised");
        self.clean(&mut json, Words::Kept);
        serde_json::from_value(json).expect("invariant: only texts were changed")
    }

    /// Cleans every text below, and says whether any was changed. Names of fields are ours.
    fn clean(&self, value: &mut Value, words: Words) -> bool {
        match value {
            Value::String(text) if is_digest(text) || (words == Words::Kept && is_word(text)) => false,
            Value::String(text) => {
                let Cow::Owned(clean) = self.text(text) else {
                    return false;
                };
                *text = clean;
                true
            }
            // Each of them, not only up to the first that changes.
            Value::Array(items) => {
                let changed = items
                    .iter_mut()
                    .filter_map(|item| self.clean(item, words).then_some(()));
                changed.count() > 0
            }
            Value::Object(fields) => {
                let changed = fields
                    .values_mut()
                    .filter_map(|field| self.clean(field, words).then_some(()));
                changed.count() > 0
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    /// The error with the texts of its causes clean; the same where there is nothing to take out.
    #[must_use]
    pub fn error(&self, error: Box<dyn Error + Send + Sync>) -> Box<dyn Error + Send + Sync> {
        let mut texts = Vec::new();
        let mut cause: Option<&dyn Error> = Some(error.as_ref());
        let mut changed = false;
        while let Some(error) = cause {
            let text = error.to_string();
            let clean = self.text(&text).into_owned();
            changed |= clean != text;
            texts.push(clean);
            cause = error.source();
        }
        if !changed {
            return error;
        }
        let mut clean: Option<Box<dyn Error + Send + Sync>> = None;
        for text in texts.into_iter().rev() {
            clean = Some(Box::new(Redacted { text, cause: clean }));
        }
        clean.unwrap_or(error)
    }
}

/// What becomes of texts that may be words of our own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Words {
    Cleaned,
    Kept,
}

/// Whether a text may stand for a value of one of our types.
fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Whether a text is a digest, which tells nothing of what it is made of.
fn is_digest(text: &str) -> bool {
    text.parse::<Digest>().is_ok()
}

impl fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Redactor").finish_non_exhaustive()
    }
}

/// An error of which only clean texts are left.
#[derive(Debug)]
struct Redacted {
    text: String,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl fmt::Display for Redacted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Error for Redacted {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause
            .as_ref()
            .map(|cause| cause.as_ref() as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_whole_by_the_line_by_the_word_and_cut_off() {
        let npmrc = "//registry.example/:_authToken=npm_0123456789\nab\n";
        let redactor = Redactor::new([
            b"hunter2".as_slice(),
            b"hunter2-longer".as_slice(),
            npmrc.as_bytes(),
        ]);
        for (text, clean) in [
            ("nothing here", "nothing here"),
            ("a hunter2 b hunter2", "a [secret] b [secret]"),
            ("x=hunter2-longer.", "x=[secret]."),
            ("token npm_0123456789!", "token [secret]!"),
            ("+ //registry.example/:_authToken=npm_0123456789", "+ [secret]"),
            ("ab stays", "ab stays"),
            ("a line that was cut: npm_01234", "a line that was cut: [secret]"),
            ("hunter", "hunter"),
            ("hunter2-longe", "[secret]"),
        ] {
            assert_eq!(redactor.text(text), clean, "{text}");
        }
    }

    #[test]
    fn every_text_of_a_record_is_clean_and_its_numbers_stay() {
        let redactor = Redactor::new([b"hunter2".as_slice()]);
        let record = (
            7_u64,
            vec![Some("say hunter2".to_owned()), None],
            "plain".to_owned(),
        );
        let clean = redactor.value(record.clone());
        assert_eq!(
            clean,
            (7, vec![Some("say [secret]".to_owned()), None], "plain".to_owned())
        );
        assert_eq!(Redactor::default().value(record.clone()), record);
        assert!(!format!("{redactor:?}").contains("hunter2"));
    }

    #[test]
    fn a_secret_that_is_a_word_of_our_own_breaks_no_record() {
        let redactor = Redactor::new([b"failed".as_slice(), b"sha256".as_slice()]);
        let outcome = crate::results::Status::Failed {
            reason: "it failed".to_owned(),
        };
        let record = (outcome, Digest::of("x"));
        let reason = crate::results::Status::Failed {
            reason: "it [secret]".to_owned(),
        };
        assert_eq!(redactor.value(record), (reason, Digest::of("x")));
    }

    #[test]
    fn the_causes_of_an_error_are_clean() {
        #[derive(Debug, thiserror::Error)]
        #[error("the command failed")]
        struct Outer(#[source] std::io::Error);

        let redactor = Redactor::new([b"hunter2".as_slice()]);
        let error = redactor.error(Box::new(Outer(std::io::Error::other("it said hunter2"))));
        assert_eq!(error.to_string(), "the command failed");
        assert_eq!(error.source().unwrap().to_string(), "it said [secret]");
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}
