//! The runs of a project over time, in words, for the terminal.

use std::fmt::Write as _;

use super::gate_text::night_line;
use super::paragraph::paragraph;
use super::table::Terminal;
use super::untrusted::plain_line;
use crate::analyze::{NightHistory, changes_of};
use crate::results::{GateRecord, Night};

/// So many characters of a commit's name are shown.
const SHORT: usize = 12;

/// A line for each run, oldest first: when it began, its machine, how it was measured, its commit, and its id.
#[must_use]
pub fn nights_text(nights: &[Night]) -> String {
    if nights.is_empty() {
        return "no run was added yet; `seatrial history add RUN` adds one\n".to_owned();
    }
    let mut text = format!(
        "{:<20}  {:<12}  {:<12}  {:<12}  run\n",
        "began", "machine", "protocol", "commit"
    );
    for night in nights {
        let header = &night.header;
        let commit = header.commit.as_ref().map_or("-".to_owned(), |commit| {
            let short: String = commit.sha.chars().take(SHORT).collect();
            short
        });
        let began: String = header.started_utc.chars().take(19).collect();
        let line = format!(
            "{:<20}  {:<12}  {:<12}  {:<12}  {}",
            format!("{began}Z"),
            night.machine_key,
            night.protocol_key,
            commit,
            header.run_id
        );
        let _ = writeln!(text, "{}", plain_line(&line));
    }
    text
}

/// A paragraph for each series: how its newest run stands, and where its level changed. Below the title; ends in a line feed.
#[must_use]
pub fn history_text(
    title: &str,
    histories: &[NightHistory],
    gates: &[GateRecord],
    terminal: Terminal,
) -> String {
    let mut text = paragraph(title, "", terminal);
    text.push('\n');
    for history in histories {
        let line = format!("  {}", night_line(history, gates));
        let _ = writeln!(text, "{}", paragraph(&line, "    ", terminal));
        for change in changes_of(history, gates) {
            let percent = (change.ratio.0 - 1.0) * 100.0;
            let words = history.metric.words();
            let word = if percent > 0.0 { words.higher } else { words.lower };
            let line = format!(
                "    from {} on: {:.1} % {word} than before",
                history.points[change.index].run_id,
                percent.abs()
            );
            let _ = writeln!(text, "{}", paragraph(&line, "      ", terminal));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::specimen::{Specimen, image};
    use crate::analyze::{Analysis, night_of};
    use crate::scenario::Allowance;

    fn nights(times: &[u64]) -> Vec<Night> {
        let of_each = times.iter().enumerate().map(|(number, millis)| {
            let mut specimen = Specimen::new(&["slim"], &["cold"]);
            for more in 0..5 {
                specimen.build("slim", "cold", millis + more).image = Some(image(80, &[]));
            }
            specimen.header().run_id = format!("run-{number}");
            specimen.header().started_utc = format!("2026-03-{:02}T02:00:00.5Z", number + 1);
            let run = specimen.run();
            night_of(&run, &Analysis::of(&run))
        });
        of_each.collect()
    }

    const GATE: &str = "step.cold.time";

    fn told(times: &[u64]) -> String {
        let nights = nights(times);
        let gates = [GateRecord {
            metric: GATE.to_owned(),
            worse_by: Some(Allowance::Share(0.05)),
            at_least: None,
            at_most: None,
        }];
        let mut histories = NightHistory::of_newest(&nights, &[], &gates);
        histories.retain(|history| {
            history.metric.to_string() == GATE || history.metric.to_string() == "image.size"
        });
        history_text("quickstart", &histories, &gates, Terminal::PIPE)
    }

    #[test]
    fn a_run_is_told_by_those_before_it() {
        let usual = [4_000, 4_010, 3_990, 4_020, 4_000, 4_005, 3_995, 4_000, 4_010];
        insta::assert_snapshot!(told(&usual[..3]), @"
        quickstart
          slim · step.cold.time is 3.99 s; 2 runs before it, 6 more needed
          slim · image.size after `cold` is 80.0 MiB, as usual (80.0 MiB in run-1)
        ");
        insta::assert_snapshot!(told(&usual), @"
        quickstart
          slim · step.cold.time is 4.01 s, as usual (median 4.00 s of 8 runs, up to
            4.20 s is usual)
          slim · image.size after `cold` is 80.0 MiB, as usual (80.0 MiB in run-7)
        ");
        let slower = [&usual[..], &[4_600, 4_610, 4_590, 4_600]].concat();
        insta::assert_snapshot!(told(&slower[..10]), @"
        quickstart
          slim · step.cold.time is 4.60 s, worse than usual; another run confirms or
            clears it (median 4.00 s of 9 runs, up to 4.20 s is usual)
          slim · image.size after `cold` is 80.0 MiB, as usual (80.0 MiB in run-8)
        ");
        insta::assert_snapshot!(told(&slower), @"
        quickstart
          slim · step.cold.time is 4.60 s, worse than the runs before it, since run-9
            (median 4.00 s of 12 runs, up to 4.20 s is usual)
          slim · image.size after `cold` is 80.0 MiB, as usual (80.0 MiB in run-11)
        ");
    }

    #[test]
    fn runs_are_listed_a_line_each() {
        insta::assert_snapshot!(nights_text(&nights(&[4_000, 4_010])), @"
        began                 machine       protocol      commit        run
        2026-03-01T02:00:00Z  67583fdc69d6  c7b5c596fa3a  -             run-0
        2026-03-02T02:00:00Z  67583fdc69d6  c7b5c596fa3a  -             run-1
        ");
        assert!(nights_text(&[]).contains("history add"));
    }
}
