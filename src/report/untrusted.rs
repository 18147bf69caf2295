//! Text that somebody else wrote: names, log tails, commit subjects.
//!
//! Every exporter takes such text through here first and then escapes it for its own format. What is removed has no
//! place in any of them: terminal sequences, control characters, characters that XML forbids, and marks that reorder
//! what follows them.

/// How much of a quoted log is shown, in bytes.
const QUOTE_LIMIT: usize = 2_000;

/// The text on one line, without anything that acts instead of being read.
pub(super) fn plain_line(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in without_sequences(text).chars() {
        match character {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' if !plain.is_empty() && !plain.ends_with(' ') => {
                plain.push(' ');
            }
            '\u{2028}' | '\u{2029}' => {}
            character if is_readable(character) => plain.push(character),
            _ => {}
        }
    }
    plain.truncate(plain.trim_end().len());
    plain
}

/// The end of a log, a line each, cut to what a report should quote.
pub(super) fn plain_tail(lines: &[String]) -> String {
    let mut kept: Vec<String> = Vec::new();
    let mut size = 0;
    let mut cut = false;
    for line in lines.iter().rev() {
        let line = plain_line(line);
        size += line.len() + 1;
        if size > QUOTE_LIMIT {
            cut = true;
            if kept.is_empty() {
                let mut end = QUOTE_LIMIT;
                while !line.is_char_boundary(end) {
                    end -= 1;
                }
                kept.push(line[..end].to_owned());
            }
            break;
        }
        kept.push(line);
    }
    if cut {
        kept.push("… (earlier lines are in the journal)".to_owned());
    }
    kept.reverse();
    kept.join("\n")
}

/// Whether a character only shows itself.
const fn is_readable(character: char) -> bool {
    !matches!(
        character,
        // Controls of both ranges.
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        // Marks that reorder or hide what follows.
        | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        // Private use: charts mark notes with it.
        | '\u{e000}'..='\u{f8ff}'
        // Not characters in XML.
        | '\u{fffe}' | '\u{ffff}'
    )
}

/// Removes escape sequences of terminals: CSI, OSC with its text, and two-character ones.
fn without_sequences(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\u{1b}' => match rest.next() {
                Some('[') => skip_control_sequence(&mut rest),
                Some(']' | 'P' | 'X' | '^' | '_') => skip_string(&mut rest),
                _ => {}
            },
            '\u{9b}' => skip_control_sequence(&mut rest),
            other => out.push(other),
        }
    }
    out
}

fn skip_control_sequence(rest: &mut impl Iterator<Item = char>) {
    for character in rest {
        if matches!(character, '@'..='~') {
            break;
        }
    }
}

/// Skips to the end of a string sequence, but never beyond its line: a log may be cut within one.
fn skip_string(rest: &mut std::iter::Peekable<impl Iterator<Item = char>>) {
    while let Some(character) = rest.peek() {
        match character {
            '\n' => return,
            '\u{7}' | '\u{9c}' => {
                rest.next();
                return;
            }
            '\u{1b}' => {
                rest.next();
                rest.next();
                return;
            }
            _ => {
                rest.next();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_or_a_parser_is_removed() {
        for (text, plain) in [
            ("plain", "plain"),
            ("\u{1b}[1;31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}after", "after"),
            ("\u{1b}]8;;http://example\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{9b}31mred", "red"),
            ("a\r\n\tb\n", "a b"),
            ("bell\u{7} null\0 next\u{85}", "bell null next"),
            ("\u{202e}gnp.exe", "gnp.exe"),
            ("\u{fffe}\u{e000}1\u{e001}", "1"),
            ("<script>", "<script>"),
            ("\u{1b}", ""),
        ] {
            assert_eq!(plain_line(text), plain, "{text:?}");
        }
    }

    #[test]
    fn a_long_log_keeps_its_end() {
        let lines: Vec<String> = (0..500).map(|line| format!("line {line}")).collect();
        let tail = plain_tail(&lines);
        assert!(tail.len() < QUOTE_LIMIT + 60, "{}", tail.len());
        assert!(tail.starts_with("… (earlier"), "{tail}");
        assert!(tail.ends_with("line 499"), "{tail}");
    }

    #[test]
    fn one_endless_line_is_cut_between_characters() {
        let tail = plain_tail(&["é".repeat(5_000)]);
        assert!(tail.len() < QUOTE_LIMIT + 60, "{}", tail.len());
    }
}
