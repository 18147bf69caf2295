//! From a pattern to the text of a regular expression, as moby/patternmatcher writes it.
//!
//! Upstream compiles that text with Go's `regexp`. The quirks of ignore patterns are the places where
//! the rewriting does not see what it writes into, such as a `*` inside a class, so the text is
//! produced here as well and read by `expression`.

/// How a pattern is matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rewritten {
    /// The path is equal to the pattern.
    Exact,
    /// The path starts with the pattern without its trailing `**`.
    Prefix,
    /// The path ends in the pattern without its leading `**`.
    Suffix,
    /// The path matches this expression.
    Expression(String),
}

/// Rewrites a cleaned pattern.
pub(super) fn rewrite(pattern: &str) -> Rewritten {
    let mut kind = Rewritten::Exact;
    let mut text = String::from("^");
    let mut needs_expression = false;
    let mut chars = pattern.chars().peekable();
    let mut first = true;
    while let Some(char) = chars.next() {
        match char {
            '*' if chars.next_if_eq(&'*').is_some() => {
                chars.next_if_eq(&'/');
                let at_end = chars.peek().is_none();
                if !at_end {
                    text.push_str("(.*/)?");
                    needs_expression = true;
                } else if !needs_expression && kind == Rewritten::Exact {
                    kind = Rewritten::Prefix;
                } else {
                    text.push_str(".*");
                    needs_expression = true;
                }
                if first {
                    kind = Rewritten::Suffix;
                    needs_expression = false;
                }
            }
            '*' => {
                text.push_str("[^/]*");
                needs_expression = true;
            }
            '?' => {
                text.push_str("[^/]");
                needs_expression = true;
            }
            // Upstream means to escape `|`, `{` and `}` as well, and its table has no room for them.
            '.' | '+' | '(' | ')' | '$' => {
                text.push('\\');
                text.push(char);
            }
            '\\' => {
                text.push('\\');
                if let Some(escaped) = chars.next() {
                    text.push(escaped);
                    needs_expression = true;
                }
            }
            '[' | ']' => {
                text.push(char);
                needs_expression = true;
            }
            other => text.push(other),
        }
        first = false;
    }
    if needs_expression {
        text.push('$');
        Rewritten::Expression(text)
    } else {
        kind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chooses_the_form_upstream_chooses() {
        let expression = |text: &str| Rewritten::Expression(text.to_owned());
        for (pattern, rewritten) in [
            ("a^b.c", Rewritten::Exact),
            ("x/**", Rewritten::Prefix),
            ("x**", Rewritten::Prefix),
            ("**", Rewritten::Suffix),
            ("**foo", Rewritten::Suffix),
            ("**/foo.c", Rewritten::Suffix),
            ("**/*.log", expression(r"^(.*/)?[^/]*\.log$")),
            ("x/**/a", expression("^x/(.*/)?a$")),
            ("**/a/**", expression("^(.*/)?a/.*$")),
            ("?a]", expression("^[^/]a]$")),
            ("[a*b]", expression("^[a[^/]*b]$")),
            (r"\!c", expression(r"^\!c$")),
            ("****", expression("^(.*/)?.*$")),
            ("***", expression("^(.*/)?[^/]*$")),
            ("a|b{2}", Rewritten::Exact),
            ("a|b{2}?", expression("^a|b{2}[^/]$")),
        ] {
            assert_eq!(rewrite(pattern), rewritten, "{pattern}");
        }
    }
}
