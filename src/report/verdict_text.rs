//! A table of verdicts in words, for the terminal.

use std::fmt::Write as _;

use super::paragraph::paragraph;
use super::table::Terminal;
use crate::analyze::{Difference, MIN_SAMPLES, Metric, Outcome, Verdict, VerdictRow, VerdictTable};

/// What is behind "than": the other variant of a run, or the other run.
#[derive(Clone, Copy, Debug)]
pub enum Than<'a> {
    /// Each row names its own baseline.
    Variant,
    /// The earlier run, by this name.
    Run(&'a str),
}

/// A table of verdicts in words: first how many there are of each kind, then what got worse, what got better, what cannot be
/// told, what was not judged and why; what is the same where `all` is asked for. Ends in a line feed.
#[must_use]
pub fn verdict_text(table: &VerdictTable, than: Than<'_>, all: bool, terminal: Terminal) -> String {
    let told = Told::all(&table.rows);
    let mut text = paragraph(&counts(&told), "", terminal);
    text.push('\n');
    let mut section = |title: &str, belongs: &dyn Fn(&Told<'_>) -> bool| {
        let mut told = told.iter().filter(|told| belongs(told)).peekable();
        if told.peek().is_none() {
            return;
        }
        let _ = writeln!(text, "\n{title}");
        for told in told {
            let row = format!("  {}", told.line(than));
            let _ = writeln!(text, "{}", paragraph(&row, "    ", terminal));
        }
    };
    let of = |verdict| move |told: &Told<'_>| told.verdict() == Some(verdict);
    section("worse", &of(Verdict::Regressed));
    section("better", &of(Verdict::Improved));
    section("cannot tell", &of(Verdict::Inconclusive));
    section("worse, as far as a gate allows", &|told| {
        told.row.is_allowed_change()
    });
    if all {
        section("no material change", &|told| {
            told.verdict() == Some(Verdict::Same) && !told.row.is_allowed_change()
        });
    }
    section("not judged", &|told| told.verdict().is_none());
    text
}

/// What changed besides, a line each; empty where nothing did. Ends in a line feed.
#[must_use]
pub fn changes_text(changes: &[Difference], terminal: Terminal) -> String {
    let lines = changes.iter().map(|change| {
        let sentence = format!(
            "changed besides: {}, {} before and {} now",
            change.field, change.baseline, change.candidate
        );
        paragraph(&sentence, "  ", terminal) + "\n"
    });
    lines.collect()
}

/// How many there are of each kind, in words.
fn counts(told: &[Told<'_>]) -> String {
    let parts: Vec<String> = [
        (Some(Verdict::Regressed), "worse"),
        (Some(Verdict::Improved), "better"),
        (Some(Verdict::Inconclusive), "that cannot be told"),
        (Some(Verdict::Same), "without a material change"),
        (None, "not judged"),
    ]
    .into_iter()
    .map(|(verdict, words)| {
        (
            told.iter().filter(|told| told.verdict() == verdict).count(),
            words,
        )
    })
    .filter(|(count, _)| *count > 0)
    .map(|(count, words)| format!("{count} {words}"))
    .collect();
    if parts.is_empty() {
        return "nothing was measured of both".to_owned();
    }
    format!("{} metrics: {}", told.len(), parts.join(", "))
}

/// A row, and the steps after which the same is to be said of the same metric.
struct Told<'a> {
    row: &'a VerdictRow,
    steps: Vec<&'a str>,
}

impl<'a> Told<'a> {
    fn all(rows: &'a [VerdictRow]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for row in rows {
            let same = |told: &&mut Self| {
                row.step.is_some()
                    && (&told.row.candidate, &told.row.metric) == (&row.candidate, &row.metric)
                    && told.row.outcome == row.outcome
            };
            match all.iter_mut().find(same) {
                Some(told) => told.steps.extend(row.step.as_deref()),
                None => all.push(Self {
                    row,
                    steps: row.step.as_deref().into_iter().collect(),
                }),
            }
        }
        all
    }

    fn verdict(&self) -> Option<Verdict> {
        self.row.outcome.verdict()
    }

    fn line(&self, than: Than<'_>) -> String {
        let row = self.row;
        let steps = match self.steps.as_slice() {
            [] => String::new(),
            [step] => format!(" after `{step}`"),
            [first, others @ ..] => format!(" after `{first}` and {} more", others.len()),
        };
        let name = format!("{} · {}{steps}", row.candidate, row.metric);
        let other = match than {
            Than::Variant => row.baseline.as_str(),
            Than::Run(run) => run,
        };
        match &row.outcome {
            Outcome::Timed(judgement) => {
                let finding = judgement.finding(row.metric.words());
                if matches!(judgement.verdict(), Some(Verdict::Regressed | Verdict::Improved)) {
                    let evidence = whole(&judgement.evidence()).replace(",\u{a0}", ", ");
                    return format!("{name} is {finding} than {other} ({evidence})");
                }
                // What the section is called is not said again, and the finding tells of its evidence itself.
                let finding = finding
                    .split_once(": ")
                    .map_or(finding.as_str(), |(_, rest)| rest);
                format!("{name} against {other}: {finding}")
            }
            Outcome::Exact {
                baseline, candidate, ..
            } => {
                format!("{name} is {}", exact(&row.metric, *baseline, *candidate, other))
            }
            Outcome::Unstable { variant, low, high } => {
                let unit = row.metric.unit().name();
                format!("{name}: expected one value of {variant}, saw {low} to {high} {unit}")
            }
            Outcome::Failed {
                variant,
                of_baseline,
                lost,
                attempted,
            } => {
                let whose = match than {
                    Than::Run(run) if *of_baseline => run,
                    _ => variant,
                };
                format!("{name}: {lost} of {attempted} samples of {whose} failed or do not count")
            }
            Outcome::Insufficient { baseline, candidate } => format!(
                "{name}: n {baseline}/{candidate}, at least {MIN_SAMPLES} samples on each side are needed"
            ),
            Outcome::NotComparable(difference) => format!(
                "{name}: not comparable, {} is {} and {}",
                difference.field, difference.baseline, difference.candidate
            ),
            Outcome::NoRatio(error) => format!("{name}: {error}"),
            Outcome::Missing => format!("{name}: only {other} has it"),
            Outcome::New => format!("{name}: {other} does not have it"),
        }
    }
}

/// What is to be said of one row, without a line feed.
pub(super) fn row_text(row: &VerdictRow, than: Than<'_>) -> String {
    let told = Told {
        row,
        steps: row.step.as_deref().into_iter().collect(),
    };
    told.line(than)
}

/// How two exact values differ: `12 more than slim (3 and 15)`.
fn exact(metric: &Metric, baseline: u64, candidate: u64, other: &str) -> String {
    let unit = metric.unit();
    if baseline == candidate {
        return format!("{} on both sides", whole(&unit.show(candidate)));
    }
    let words = metric.words();
    let word = if candidate > baseline {
        words.higher
    } else {
        words.lower
    };
    let by = whole(&unit.show(candidate.abs_diff(baseline)));
    let share = if baseline == 0 {
        String::new()
    } else {
        format!(
            ", {:.1} %",
            candidate.abs_diff(baseline) as f64 / baseline as f64 * 100.0
        )
    };
    format!(
        "{by} {word} than {other} ({} instead of {}{share})",
        whole(&unit.show(candidate)),
        whole(&unit.show(baseline))
    )
}

/// A text that no line ends within, such as a number and its unit.
pub(super) fn whole(text: &str) -> String {
    text.replace(' ', "\u{a0}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::Analysis;
    use crate::analyze::specimen::{Specimen, image};

    const USUAL: [u64; 10] = [4120, 3980, 4050, 4390, 4010, 4090, 3950, 4170, 4030, 4240];
    const SLOW: [u64; 10] = [4510, 4400, 4630, 4350, 4480, 4590, 4720, 4440, 4550, 4310];

    fn specimen(sides: &[(&str, &[u64], u64)]) -> Specimen {
        let names: Vec<&str> = sides.iter().map(|(name, ..)| *name).collect();
        let mut specimen = Specimen::new(&names, &["cold"]);
        for (variant, times, mib) in sides {
            for millis in *times {
                specimen.build(variant, "cold", *millis).image = Some(image(*mib, &[]));
            }
        }
        specimen
    }

    #[test]
    fn what_got_worse_comes_first_and_what_was_not_judged_says_why() {
        let run = specimen(&[
            ("slim", &USUAL, 80),
            ("alpine", &SLOW, 60),
            ("new", &USUAL[..3], 80),
        ])
        .run();
        let table = VerdictTable::within(&Analysis::of(&run).series, "slim", &[]);
        insta::assert_snapshot!(verdict_text(&table, Than::Variant, false, Terminal::PIPE), @r#"
        14 metrics: 1 worse, 1 better, 11 without a material change, 1 not judged

        worse
          alpine · step.cold.time is 6.5 % to 13.2 % slower than slim (95.7 % CI,
            n 10/10)

        better
          alpine · image.size after `cold` is 20.0 MiB smaller than slim (60.0 MiB
            instead of 80.0 MiB, 25.0 %)

        not judged
          new · step.cold.time: n 10/3, at least 4 samples on each side are needed
        "#);
    }

    #[test]
    fn runs_are_named_and_everything_is_told_where_asked_for() {
        let before = specimen(&[("slim", &USUAL, 80)]).run();
        let after = specimen(&[("slim", &SLOW, 80)]).run();
        let (before, after) = (Analysis::of(&before), Analysis::of(&after));
        let table = VerdictTable::between(&before.series, &after.series, None, &[]);
        insta::assert_snapshot!(verdict_text(&table, Than::Run("the run of 3 February"), true, Terminal::PIPE), @r#"
        7 metrics: 1 worse, 6 without a material change

        worse
          slim · step.cold.time is 6.5 % to 13.2 % slower than the run of 3 February
            (95.7 % CI, n 10/10)

        no material change
          slim · step.cold.rebuilt is 2 on both sides
          slim · step.cold.sent is 4.00 KiB on both sides
          slim · context.size after `cold` is 1.00 MiB on both sides
          slim · context.files after `cold` is 20 on both sides
          slim · image.size after `cold` is 80.0 MiB on both sides
          slim · image.layers after `cold` is 1 on both sides
        "#);
    }

    #[test]
    fn what_is_to_be_said_of_several_steps_is_said_once() {
        let mut specimen = Specimen::new(&["a", "b"], &["cold", "edit", "touch"]);
        for step in ["cold", "edit", "touch"] {
            for (variant, mib) in [("a", 80), ("b", 60)] {
                specimen.build(variant, step, 4_000).image = Some(image(mib, &[]));
            }
        }
        let table = VerdictTable::within(&Analysis::of(&specimen.run()).series, "a", &[]);
        let text = verdict_text(&table, Than::Variant, false, Terminal::PIPE);
        let sizes: Vec<_> = text.lines().filter(|line| line.contains("image.size")).collect();
        assert_eq!(
            sizes,
            ["  b · image.size after `cold` and 2 more is 20.0 MiB smaller than a (60.0 MiB"]
        );
        assert!(text.contains(" 1 better, "), "{text}");
    }

    #[test]
    fn sides_without_anything_in_common_say_so() {
        let empty = VerdictTable { rows: Vec::new() };
        assert_eq!(
            verdict_text(&empty, Than::Variant, true, Terminal::PIPE),
            "nothing was measured of both\n"
        );
    }
}
