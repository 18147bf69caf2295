//! Lines that GitHub Actions shows beside a job: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>.

use crate::analyze::{Decision, Ruling, Strictness};
use crate::report::gate_text::ruling_text;
use crate::report::untrusted::plain_line;
use crate::report::verdict_text::Than;

/// A line for each ruling that somebody should look at: an error where it keeps the run from passing, else a warning where it is out of
/// the ordinary for the first time, and a notice where it was not judged.
#[must_use]
pub fn annotations(scenario: &str, rulings: &[Ruling], strictness: Strictness, than: Than<'_>) -> String {
    let lines = rulings.iter().filter_map(|ruling| {
        let command = match ruling.decision() {
            decision if strictness.fails(decision) => "error",
            Decision::Suspected | Decision::Machine => "warning",
            Decision::NotJudged => "notice",
            _ => return None,
        };
        let title = property(&format!("{scenario}: {}", ruling.gate.metric));
        let text = plain_line(&ruling_text(ruling, than)).replace('\u{a0}', " ");
        Some(format!("::{command} title={title}::{}\n", data(&text)))
    });
    lines.collect::<Vec<_>>().concat()
}

/// What stands behind the command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property of the command.
fn property(text: &str) -> String {
    data(&plain_line(text)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::{Found, Measured, Metric};
    use crate::results::GateRecord;

    #[test]
    fn names_of_whoever_start_no_command_of_their_own() {
        let ruling = |value| Ruling {
            gate: GateRecord {
                metric: "image.size, 50%\n::error::x".to_owned(),
                worse_by: None,
                at_least: None,
                at_most: Some(1),
            },
            variant: "slim\r\n::add-mask::y".to_owned(),
            finding: Found::Budget {
                metric: Metric::ImageLayers,
                step: None,
                at_most: 5,
                measured: Measured::Value(value),
            },
        };
        assert_eq!(
            annotations(
                "a:b",
                &[ruling(7), ruling(3)],
                Strictness::default(),
                Than::Variant
            ),
            "::error title=a%3Ab%3A image.size%2C 50%25 %3A%3Aerror%3A%3Ax::slim ::add-mask::y · image.layers is 7, \
             over its budget of 5 (in place of image.size, 50%25 ::error::x, which not every start has)\n"
        );
    }
}
