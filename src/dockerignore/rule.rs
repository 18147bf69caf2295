//! One line of an ignore file.

use super::clean::clean;
use super::error::IgnoreError;
use super::pattern::Pattern;
use super::warning::PatternWarning;

/// A line of an ignore file that can decide about a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    line: usize,
    text: String,
    cleaned: String,
    negated: bool,
    pattern: Pattern,
    not_utf8: bool,
}

impl Rule {
    /// Reads a pattern as the clients hand it on: with its `!`, blanks and path not yet cleaned.
    /// Returns nothing for a pattern that is empty.
    pub(super) fn parse(line: usize, text: &str, pattern: &str) -> Result<Option<Self>, IgnoreError> {
        let trimmed = pattern.trim();
        if trimmed.is_empty() {
            return Ok(None);
        }
        // Cleaned with the `!` still on it, as upstream does: `!./x` stays as it is and matches nothing.
        let whole = clean(trimmed);
        let (negated, cleaned) = match whole.strip_prefix('!') {
            Some("") => return Err(IgnoreError::LoneNegation { line }),
            Some(rest) => (true, rest),
            None => (false, whole.as_str()),
        };
        let parsed = Pattern::parse(cleaned).map_err(|cause| IgnoreError::Malformed {
            line,
            pattern: text.to_owned(),
            cause,
        })?;
        Ok(Some(Self {
            line,
            text: text.to_owned(),
            cleaned: cleaned.to_owned(),
            negated,
            pattern: parsed,
            not_utf8: text.contains(char::REPLACEMENT_CHARACTER),
        }))
    }

    /// Line number, from 1; for patterns given as a list, the position in it.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The line as it was written, blanks around it removed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the line is an exception, which brings paths back.
    #[must_use]
    pub fn is_negated(&self) -> bool {
        self.negated
    }

    /// The pattern after path cleaning, without its `!`.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.cleaned
    }

    /// The pattern as it is handed to a builder, `!` included.
    #[must_use]
    pub fn to_exclude_pattern(&self) -> String {
        format!("{}{}", if self.negated { "!" } else { "" }, self.cleaned)
    }

    /// Whether the pattern matches this very path; parents are not looked at.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        self.pattern.matches(path)
    }

    /// What the line does unexpectedly.
    #[must_use]
    pub fn warnings(&self) -> Vec<PatternWarning> {
        let mut warnings = self.pattern.warnings(&self.cleaned);
        if self.not_utf8 {
            warnings.push(PatternWarning::NotUtf8);
        }
        warnings
    }

    /// The pattern without a trailing `/**` and then `/*`: what lies below it starts with this.
    pub(super) fn base(&self) -> &str {
        let base = self.cleaned.strip_suffix("/**").unwrap_or(&self.cleaned);
        base.strip_suffix("/*").unwrap_or(base)
    }

    /// Whether the pattern, a trailing glob apart, is a plain path.
    pub(super) fn is_plain_prefix(&self) -> bool {
        !self.base().contains(['*', '[', ']', '?', '^', '\\'])
    }
}
