//! How wide a text will be, without a font to ask.
//!
//! Widths are those of a wide sans-serif face, so that a text fits in whatever face a viewer has.

/// The width of a text in pixels at a font size.
pub(super) fn width(text: &str, size: i32) -> i32 {
    let ems: f64 = text.chars().map(em).sum();
    super::canvas::px((ems * f64::from(size)).ceil())
}

/// The width of a character in parts of the font size.
fn em(character: char) -> f64 {
    match character {
        'i' | 'j' | 'l' | '\'' | '|' => 0.29,
        '.' | ',' | ':' | ';' | ' ' | '\u{a0}' | '!' => 0.33,
        'f' | 't' | 'r' | 'I' | '(' | ')' | '[' | ']' | '/' | '-' => 0.41,
        'm' | 'M' | '%' | '@' => 0.96,
        'w' | 'W' | '×' | '…' => 0.9,
        'A'..='Z' => 0.72,
        ' '..='~' | '–' | '·' => 0.62,
        // Combining marks stand on their base.
        '\u{300}'..='\u{36f}' => 0.0,
        // Latin, Greek and Cyrillic beyond ASCII.
        '\u{a0}'..='\u{52f}' => 0.68,
        _ => 1.1,
    }
}

/// Cuts a text to a width, ending in an ellipsis where something was cut.
pub(super) fn truncate(text: &str, size: i32, max: i32) -> String {
    if width(text, size) <= max {
        return text.to_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        kept.push(character);
        if width(&kept, size) + width("…", size) > max {
            kept.pop();
            break;
        }
    }
    kept.truncate(kept.trim_end().len());
    kept.push('…');
    kept
}

/// Breaks a text into lines of at most a width, between words where that is possible.
pub(super) fn wrap(text: &str, size: i32, max: i32) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let mut word = word.to_owned();
        let longer = if line.is_empty() {
            word.clone()
        } else {
            format!("{line} {word}")
        };
        if width(&longer, size) <= max {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        // A word wider than a line is broken between characters.
        while width(&word, size) > max {
            let mut head = String::new();
            for character in word.chars() {
                head.push(character);
                if width(&head, size) > max && head.chars().count() > 1 {
                    head.pop();
                    break;
                }
            }
            if head.len() == word.len() {
                break;
            }
            word.drain(..head.len());
            lines.push(head);
        }
        line = word;
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_long_text_ends_in_an_ellipsis_within_its_width() {
        let cut = truncate("a rather long name of an instruction", 12, 120);
        assert!(cut.ends_with('…') && width(&cut, 12) <= 120, "{cut}");
        assert_eq!(truncate("short", 12, 120), "short");
    }

    #[test]
    fn a_word_wider_than_a_line_is_broken() {
        let lines = wrap(&"x".repeat(100), 12, 120);
        assert!(lines.len() > 4, "{lines:?}");
        assert_eq!(lines.concat(), "x".repeat(100));
    }

    proptest! {
        #[test]
        fn wrapping_loses_nothing_and_keeps_to_the_width(words in prop::collection::vec("[a-zé漢]{1,30}", 1..20)) {
            let text = words.join(" ");
            let lines = wrap(&text, 12, 90);
            prop_assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
            for line in &lines {
                prop_assert!(width(line, 12) <= 90, "{}", line);
            }
        }
    }
}
