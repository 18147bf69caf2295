//! What the gates of a run decide, in words, for the terminal.

use std::fmt::Write as _;

use super::paragraph::paragraph;
use super::table::Terminal;
use super::verdict_text::{Than, row_text, whole};
use crate::analyze::{
    Decision, Found, GateOutcome, InstructionShift, Measured, Metric, NightHistory, NightVerdict, Outcome,
    Ruling, nights_missing, upper_limit, whole as nearest,
};
use crate::results::GateRecord;
use crate::unit::Nanos;

/// The rulings in words: first what they come to, then what is worse, what failed, what cannot be told, what was not judged and
/// why; what is as good as is asked where `all` is asked for. Ends in a line feed.
#[must_use]
pub fn gate_text(
    rulings: &[Ruling],
    outcome: GateOutcome,
    than: Than<'_>,
    all: bool,
    terminal: Terminal,
) -> String {
    let mut text = paragraph(&verdict(rulings, outcome), "", terminal);
    text.push('\n');
    for (title, decision) in [
        ("worse than allowed", Decision::Exceeded),
        ("out of the ordinary, for the first time", Decision::Suspected),
        ("out of the ordinary, as the machine was", Decision::Machine),
        ("failed", Decision::Failed),
        ("cannot tell", Decision::CannotTell),
        ("not judged", Decision::NotJudged),
        ("as allowed", Decision::Passed),
    ] {
        let mut of = rulings
            .iter()
            .filter(|ruling| ruling.decision() == decision)
            .peekable();
        if of.peek().is_none() || (decision == Decision::Passed && !all) {
            continue;
        }
        let _ = writeln!(text, "\n{title}");
        for ruling in of {
            let line = format!("  {}", ruling_text(ruling, than));
            let _ = writeln!(text, "{}", paragraph(&line, "    ", terminal));
            if let Found::Against(_, Some(shift)) = &ruling.finding {
                let line = format!("    {}", blamed(shift));
                let _ = writeln!(text, "{}", paragraph(&line, "      ", terminal));
            }
        }
    }
    text
}

/// What the rulings come to, in a sentence.
pub(super) fn verdict(rulings: &[Ruling], outcome: GateOutcome) -> String {
    let count = |wanted| {
        rulings
            .iter()
            .filter(|ruling| ruling.decision() == wanted)
            .count()
    };
    let all = rulings.len();
    let exceeded = count(Decision::Exceeded);
    match outcome {
        GateOutcome::Regressed if exceeded == 0 => format!(
            "not passed: {} of {all} cannot be told or are out of the ordinary",
            count(Decision::CannotTell) + count(Decision::Suspected) + count(Decision::Machine)
        ),
        GateOutcome::Regressed => format!(
            "not passed: {exceeded} of {all} {} worse than allowed",
            if exceeded == 1 { "is" } else { "are" }
        ),
        GateOutcome::Failed => format!("not passed: {} of {all} failed", count(Decision::Failed)),
        GateOutcome::NotJudged if rulings.is_empty() => "nothing was judged".to_owned(),
        GateOutcome::NotJudged => {
            format!("{} of {all} could not be judged", count(Decision::NotJudged))
        }
        GateOutcome::Passed => {
            let open = [
                (Decision::CannotTell, "cannot be told"),
                (Decision::Suspected, "out of the ordinary"),
                (Decision::Machine, "slower with the machine"),
            ];
            let told = open.map(|(decision, words)| match count(decision) {
                0 => String::new(),
                count => format!(", {count} {words}"),
            });
            let told = told.concat();
            format!(
                "passed: {} of {all} as good as is asked{told}",
                count(Decision::Passed)
            )
        }
    }
}

/// What one ruling says, in a sentence without a line feed.
pub(super) fn ruling_text(ruling: &Ruling, than: Than<'_>) -> String {
    match &ruling.finding {
        Found::Nothing => format!(
            "{} · {}: nothing was measured of it",
            ruling.variant, ruling.gate.metric
        ),
        Found::Against(row, _) => {
            let allowed = match &row.outcome {
                Outcome::Timed(judgement) if ruling.decision() == Decision::Exceeded => {
                    format!("; {:.1} % is allowed", judgement.band.delta() * 100.0)
                }
                _ => String::new(),
            };
            format!("{}{}{allowed}", row_text(row, than), instead(ruling, &row.metric))
        }
        Found::Night { history, .. } => format!(
            "{}{}",
            night_line(history, std::slice::from_ref(&ruling.gate)),
            instead(ruling, &history.metric)
        ),
        Found::NoBaseline => format!(
            "{} · {}: there is nothing to hold it against",
            ruling.variant, ruling.gate.metric
        ),
        Found::Budget {
            metric,
            step,
            at_most,
            measured,
        } => {
            let step = step
                .as_ref()
                .map_or_else(String::new, |step| format!(" after `{step}`"));
            let name = format!("{} · {metric}{step}", ruling.variant);
            format!(
                "{name} {}{}",
                budget(metric, *at_most, *measured, ruling.decision()),
                instead(ruling, metric)
            )
        }
    }
}

/// How the newest night stands against those before it.
pub(super) fn night_line(history: &NightHistory, gates: &[GateRecord]) -> String {
    let step = history
        .step
        .as_ref()
        .map_or_else(String::new, |step| format!(" after `{step}`"));
    let name = format!("{} · {}{step}", history.variant, history.metric);
    let unit = history.metric.unit();
    let (newest, before) = history.newest();
    let Some(newest) = newest else {
        return match history.lost {
            0 => format!("{name}: repeats differ that should not, or there are none"),
            lost => format!("{name}: {lost} samples failed or do not count"),
        };
    };
    let value = whole(&unit.show(newest.value));
    if newest.judged.verdict == NightVerdict::WarmingUp {
        let missing = nights_missing(&history.metric, before.len());
        return format!(
            "{name} is {value}; {} before it, {missing} more needed",
            runs(before.len())
        );
    }
    let stands = match newest.judged.verdict {
        NightVerdict::Regressed => "worse than the runs before it",
        NightVerdict::SuspectedWorse => "worse than usual; another run confirms or clears it",
        NightVerdict::Improved if newest.judged.baseline.is_none() => "better than the runs before it",
        NightVerdict::Improved => "better than the runs before it; `history accept` makes it the baseline",
        NightVerdict::SuspectedBetter => "better than usual",
        NightVerdict::Usual | NightVerdict::WarmingUp => "as usual",
    };
    let usual = newest.judged.baseline.map(|baseline| {
        let limit = upper_limit(&newest.judged, &history.metric, gates);
        let limit = limit.map_or_else(String::new, |limit| {
            format!(", up to {} is usual", whole(&unit.show_rounded(limit)))
        });
        format!(
            " (median {} of {}{limit})",
            whole(&unit.show_rounded(baseline.middle)),
            runs(before.len())
        )
    });
    let usual = usual.unwrap_or_else(|| {
        let mut earlier = before.iter().rev();
        let last = earlier.find(|point| point.judged.verdict != NightVerdict::Regressed);
        last.map_or_else(String::new, |last| {
            format!(" ({} in {})", whole(&unit.show(last.value)), last.run_id)
        })
    });
    let since = open_since(history).map_or_else(String::new, |since| format!(", since {since}"));
    format!("{name} is {value}, {stands}{since}{usual}")
}

/// The first run of those that are worse in a row, up to the newest.
fn open_since(history: &NightHistory) -> Option<&str> {
    let worse = |verdict| matches!(verdict, NightVerdict::Regressed | NightVerdict::SuspectedWorse);
    let newest = history.newest().0?;
    if newest.judged.verdict != NightVerdict::Regressed {
        return None;
    }
    let points = history.points.iter().rev();
    points
        .take_while(|point| worse(point.judged.verdict))
        .last()
        .map(|point| point.run_id.as_str())
}

fn runs(count: usize) -> String {
    match count {
        1 => "one run".to_owned(),
        count => format!("{count} runs"),
    }
}

/// What is said where another metric decides than the gate's.
fn instead(ruling: &Ruling, metric: &Metric) -> String {
    if metric.to_string() == ruling.gate.metric {
        return String::new();
    }
    format!(" (in place of {}, which not every start has)", ruling.gate.metric)
}

/// How a value stands against its budget: `is 80.0 MiB, over its budget of 60.0 MiB`.
fn budget(metric: &Metric, at_most: u64, measured: Measured, decision: Decision) -> String {
    let show = |value: u64| whole(&metric.unit().show(value));
    let stands = match decision {
        Decision::Exceeded => "over",
        Decision::CannotTell => "on both sides of",
        _ => "within",
    };
    match measured {
        Measured::Value(value) => format!("is {}, {stands} its budget of {}", show(value), show(at_most)),
        Measured::Between {
            median,
            low,
            high,
            level,
        } => format!(
            "is {}, {} to {} ({:.1} % CI of the median), {stands} its budget of {}",
            show(nearest(median)),
            show(nearest(low)),
            show(nearest(high)),
            level * 100.0,
            show(at_most)
        ),
        Measured::Unstable(low, high) => format!(
            "is {} to {} where it should not vary, {stands} its budget of {}",
            show(low),
            show(high),
            show(at_most)
        ),
        Measured::Few(samples) => format!(
            "has {samples} samples, which give no interval of the median; its budget is {}",
            show(at_most)
        ),
        Measured::Lost(lost, attempted) => {
            format!("has {lost} of {attempted} samples that failed or do not count")
        }
    }
}

/// The instruction that made a build slower.
fn blamed(shift: &InstructionShift) -> String {
    let show = |nanos: f64| whole(&Nanos(nearest(nanos)).to_string());
    let place = shift
        .line
        .map_or_else(String::new, |line| format!(" (line {line})"));
    let before = match shift.before {
        None => "which was not there before".to_owned(),
        Some(0.0) => "before from the cache".to_owned(),
        Some(before) => format!("{} before", show(before)),
    };
    format!(
        "most of it in `{}`{place}: {} now, {before}",
        shift.name,
        show(shift.after)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::specimen::{Specimen, image, instruction};
    use crate::analyze::{Against, Analysis, Strictness, VerdictTable, rulings};
    use crate::results::Run;
    use crate::scenario::Allowance;

    const USUAL: [u64; 10] = [4120, 3980, 4050, 4390, 4010, 4090, 3950, 4170, 4030, 4240];
    const SLOW: [u64; 10] = [4510, 4400, 4630, 4350, 4480, 4590, 4720, 4440, 4550, 4310];

    fn run(times: &[u64], mib: u64) -> Run {
        let mut specimen = Specimen::new(&["slim"], &["cold"]);
        for millis in times {
            let build = specimen.build("slim", "cold", *millis);
            build.image = Some(image(mib, &[]));
            build.instructions = vec![
                instruction("RUN apt-get update", 2, false, 400),
                instruction("RUN pip install", 3, false, millis - 500),
            ];
        }
        let gate = |metric: &str, worse_by, at_most| GateRecord {
            metric: metric.to_owned(),
            worse_by,
            at_least: None,
            at_most,
        };
        specimen.header().gates = vec![
            gate("step.cold.time", Some(Allowance::Share(0.05)), None),
            gate("image.size", Some(Allowance::Share(0.5)), Some(60 << 20)),
            gate("start.app", None, None),
            gate("step.cold.time", None, Some(4_300_000_000)),
        ];
        specimen.run()
    }

    #[test]
    fn what_is_worse_comes_first_with_the_instruction_that_did_it() {
        let (before, after) = (run(&USUAL, 60), run(&SLOW, 80));
        let (baseline, candidate) = (Analysis::of(&before), Analysis::of(&after));
        let table = VerdictTable::between(&baseline.series, &candidate.series, None, &after.header.gates);
        let rulings = rulings(&after.header, &candidate, Against::Run(&baseline, &table));
        let outcome = GateOutcome::of(&rulings, Strictness::default());
        let text = gate_text(&rulings, outcome, Than::Run("yesterday"), true, Terminal::PIPE);
        insta::assert_snapshot!(text, @"
        not passed: 3 of 5 are worse than allowed

        worse than allowed
          slim · step.cold.time is 6.5 % to 13.2 % slower than yesterday (95.7 % CI,
            n 10/10); 5.0 % is allowed
            most of it in `RUN pip install` (line 3): 4.00 s now, 3.57 s before
          slim · image.size after `cold` is 80.0 MiB, over its budget of 60.0 MiB
          slim · step.cold.time is 4.50 s, 4.35 s to 4.63 s (97.9 % CI of the median),
            over its budget of 4.30 s

        not judged
          slim · start.app: nothing was measured of it

        as allowed
          slim · image.size after `cold` is 20.0 MiB larger than yesterday (80.0 MiB
            instead of 60.0 MiB, 33.3 %)
        ");
    }

    #[test]
    fn nothing_to_judge_is_said() {
        let text = gate_text(&[], GateOutcome::NotJudged, Than::Variant, true, Terminal::PIPE);
        assert_eq!(text, "nothing was judged\n");
    }
}
