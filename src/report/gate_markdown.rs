//! What the gates of a run decide, in Markdown, for a step summary or a comment.

use std::fmt::Write as _;

use super::gate_text::{ruling_text, verdict};
use super::markdown::{LIMIT, cell, comment_safe};
use super::verdict_text::Than;
use crate::analyze::{Decision, GateOutcome, Ruling};
use crate::results::RunHeader;

/// Room for titles, and for saying what was left out.
const AROUND: usize = 500;

/// The rulings: what they come to, then those that somebody should look at, then the others, folded. The last line is a comment by
/// which a workflow finds what it wrote before. What would be too long for a comment is cut, and says so.
#[must_use]
pub fn gate_markdown(header: &RunHeader, rulings: &[Ruling], outcome: GateOutcome, than: Than<'_>) -> String {
    let marker = format!("<!-- seatrial-gate:{} -->\n", comment_safe(&header.scenario));
    let mut text = format!(
        "## {}\n\n**{}**\n\n",
        cell(&header.title),
        cell(&verdict(rulings, outcome))
    );
    let mut omitted = 0_usize;
    for decision in [
        Decision::Exceeded,
        Decision::Failed,
        Decision::Suspected,
        Decision::Machine,
        Decision::CannotTell,
        Decision::NotJudged,
        Decision::Passed,
    ] {
        let folded = decision == Decision::Passed;
        let of: Vec<&Ruling> = rulings
            .iter()
            .filter(|ruling| ruling.decision() == decision)
            .collect();
        if of.is_empty() {
            continue;
        }
        if folded {
            let _ = write!(text, "<details><summary>{} as allowed</summary>\n\n", of.len());
        } else {
            let _ = write!(text, "{}\n\n", title(decision));
        }
        for ruling in of {
            let line = format!("* {}\n", cell(&ruling_text(ruling, than)));
            if text.len() + line.len() + marker.len() + AROUND <= LIMIT {
                text.push_str(&line);
            } else {
                omitted += 1;
            }
        }
        text.push_str(if folded { "\n</details>\n\n" } else { "\n" });
    }
    if omitted > 0 {
        let _ = writeln!(
            text,
            "_Truncated, {omitted} rows omitted; all of it is in verdict.json._\n"
        );
    }
    text + &marker
}

const fn title(decision: Decision) -> &'static str {
    match decision {
        Decision::Exceeded => "**Worse than allowed**",
        Decision::Failed => "**Failed**",
        Decision::Suspected => "**Out of the ordinary, for the first time**",
        Decision::Machine => "Out of the ordinary, as the machine was",
        Decision::CannotTell => "Cannot tell",
        Decision::NotJudged => "Not judged",
        Decision::Passed => "As allowed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::specimen::Specimen;
    use crate::analyze::{Found, Measured, Metric, Strictness};
    use crate::results::GateRecord;

    fn ruling(variant: &str, value: u64) -> Ruling {
        Ruling {
            gate: GateRecord {
                metric: "image.layers".to_owned(),
                worse_by: None,
                at_least: None,
                at_most: Some(5),
            },
            variant: variant.to_owned(),
            finding: Found::Budget {
                metric: Metric::ImageLayers,
                step: None,
                at_most: 5,
                measured: Measured::Value(value),
            },
        }
    }

    fn told(rulings: &[Ruling]) -> String {
        let header = Specimen::new(&["slim"], &["cold"]).run().header;
        let outcome = GateOutcome::of(rulings, Strictness::default());
        gate_markdown(&header, rulings, outcome, Than::Variant)
    }

    #[test]
    fn what_is_worse_stands_before_what_is_not_and_names_are_inert() {
        insta::assert_snapshot!(told(&[ruling("good", 4), ruling("<script>|*bad*", 7)]), @r"
        ## A specimen with made-up values

        **not passed: 1 of 2 is worse than allowed**

        **Worse than allowed**

        * &lt;script&gt;\|\*bad\* · image.layers is 7, over its budget of 5

        <details><summary>1 as allowed</summary>

        * good · image.layers is 4, within its budget of 5

        </details>

        <!-- seatrial-gate:specimen -->
        ");
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        let many: Vec<Ruling> = (0..2_000)
            .map(|number| ruling(&format!("variant-{number}"), 7))
            .collect();
        let text = told(&many);
        assert!(text.len() <= LIMIT, "{}", text.len());
        let told = text.lines().filter(|line| line.starts_with("* ")).count();
        assert!(told > 500, "{told}");
        assert!(text.contains(&format!("{} rows omitted", 2_000 - told)), "{told}");
        assert!(text.ends_with("-->\n"));
    }
}
