//! Sentences on the terminal.

use textwrap::{Options, WordSeparator, WordSplitter};

use super::table::Terminal;
use super::untrusted::plain_line;

/// Lines longer than this are tiresome to read, however wide the terminal is.
const MEASURE: u16 = 100;

/// Breaks a sentence into lines between words; all but the first begin with `indent`. Ends without a line feed. A word
/// that is longer than a line, such as a path, stays whole, and so does a number with its `%`.
#[must_use]
pub fn paragraph(text: &str, indent: &str, terminal: Terminal) -> String {
    let options = Options::new(usize::from(terminal.columns.min(MEASURE)))
        .subsequent_indent(indent)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation);
    let whole = plain_line(text).replace(" %", "\u{a0}%");
    textwrap::fill(&whole, options).replace('\u{a0}', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_between_words_and_nowhere_else() {
        let terminal = Terminal {
            columns: 20,
            styled: false,
        };
        assert_eq!(
            paragraph(
                "warning: a-long-path/which-does-not-fit is (2.10× to 2.14×)",
                "  ",
                terminal
            ),
            "warning:\n  a-long-path/which-does-not-fit\n  is (2.10× to\n  2.14×)"
        );
    }

    #[test]
    fn no_text_reaches_the_terminal_as_a_command() {
        let shown = paragraph("step \u{1b}[31m\nred", "", Terminal::PIPE);
        assert!(!shown.contains(['\u{1b}', '\n']), "{shown:?}");
    }
}
