//! `seatrial gate`: is a run as good as its scenario asks.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::args::{FailOn, GateArgs, HistoryPlace};
use super::held_against::{Read, Rows};
use super::history::{read, up_to};
use super::terminal::terminal;
use super::{ExitCode, Failure};
use crate::analyze::{
    Against, Control, Decision, GateOutcome, NightHistory, Ruling, Strictness, night_of, rulings,
};
use crate::report::export::{annotations, junit};
use crate::report::{Than, gate_json, gate_markdown, gate_text, paragraph, save};
use crate::results::{GateRecord, Night, RunHeader};

/// The file in the run's folder that tells what was decided.
const VERDICT_FILE: &str = "verdict.json";

/// Decides by the gates of a run's scenario.
pub(super) fn gate(args: &GateArgs, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let candidate = Read::from(&args.run)?;
    let header = &candidate.run.header;
    let baseline = args.against.as_deref().map(Read::from).transpose()?;
    let table = baseline
        .as_ref()
        .map(|baseline| candidate.held_against(baseline, Rows::Gated))
        .transpose()?;
    let nights = args
        .history
        .as_ref()
        .map(|folder| {
            let place = HistoryPlace {
                history: folder.clone(),
                project: args.project.clone(),
            };
            let night = night_of(&candidate.run, &candidate.analysis);
            let control = args.control.as_deref();
            judged_nights(&place, night, control, &header.gates)
        })
        .transpose()?;
    let against = match (&baseline, &table, &nights) {
        (Some(baseline), Some(table), _) => Against::Run(&baseline.analysis, table),
        (.., Some((histories, control))) => Against::Nights(histories, control.as_ref()),
        _ => Against::Nothing,
    };
    let rulings = rulings(header, &candidate.analysis, against);
    let strictness = Strictness {
        doubt_fails: args.fail_on == FailOn::Inconclusive,
        suspicion_fails: matches!(args.fail_on, FailOn::Suspect | FailOn::Inconclusive),
        all_judged: args.strict,
    };
    let outcome = GateOutcome::of(&rulings, strictness);
    let code = exit_code(outcome, &rulings, args);
    let json =
        gate_json(&rulings, outcome, code.number()).map_err(|error| Failure::new(ExitCode::Failed, error))?;
    save(&args.run, VERDICT_FILE, &json).map_err(|error| Failure::new(ExitCode::Failed, error))?;
    let than = baseline
        .as_ref()
        .map_or(Than::Variant, |baseline| Than::Run(&baseline.run.header.run_id));
    if let Some(path) = &args.junit {
        let xml = junit(header, &rulings, strictness, than)
            .map_err(|error| Failure::new(ExitCode::Failed, error))?;
        let folder = path
            .parent()
            .filter(|folder| *folder != Path::new(""))
            .unwrap_or(Path::new("."));
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        save(folder, &name, &xml).map_err(|error| Failure::new(ExitCode::Failed, error))?;
    }
    for_github(header, &rulings, outcome, strictness, than)?;
    if args.json {
        out.write_all(json.as_bytes())?;
        return Ok(code);
    }
    write!(
        out,
        "{}",
        gate_text(&rulings, outcome, than, args.all, terminal())
    )?;
    if let Some(hint) = hint(header.gates.is_empty(), matches!(against, Against::Nothing)) {
        writeln!(
            io::stderr().lock(),
            "{}",
            paragraph(&format!("hint: {hint}"), "  ", terminal())
        )?;
    }
    Ok(code)
}

/// The nights up to a run's, and what the control series says of that one; who asked for one is told where there is none.
fn judged_nights(
    place: &HistoryPlace,
    night: Night,
    control: Option<&str>,
    gates: &[GateRecord],
) -> Result<(Vec<NightHistory>, Option<Control>), Failure> {
    let all = read(place)?;
    let told = control.map(|control| {
        let told = Control::of(&all.nights, &all.acceptances, control, &night);
        (control, told)
    });
    let sentence = match &told {
        Some((control, None)) => Some(format!(
            "warning: the history has no run of the control `{control}` within twelve hours of this one"
        )),
        Some((control, Some(told))) if told.moved() => Some(format!(
            "the machine was slower than usual: {} of the control `{control}` in {}",
            told.worse.join(", "),
            told.run_id
        )),
        _ => None,
    };
    if let Some(sentence) = sentence {
        writeln!(io::stderr().lock(), "{}", paragraph(&sentence, "  ", terminal()))?;
    }
    let stored = up_to(all, night);
    let histories = NightHistory::of_newest(&stored.nights, &stored.acceptances, gates);
    Ok((histories, told.and_then(|(_, told)| told)))
}

/// Tells GitHub Actions, where this is a job of it: annotations, and a part of the step's summary.
fn for_github(
    header: &RunHeader,
    rulings: &[Ruling],
    outcome: GateOutcome,
    strictness: Strictness,
    than: Than<'_>,
) -> Result<(), Failure> {
    if std::env::var_os("GITHUB_ACTIONS").is_none_or(|value| value != "true") {
        return Ok(());
    }
    let annotations = annotations(&header.scenario, rulings, strictness, than);
    io::stderr().lock().write_all(annotations.as_bytes())?;
    let Some(summary) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let mut file = File::options().append(true).create(true).open(summary)?;
    file.write_all(gate_markdown(header, rulings, outcome, than).as_bytes())?;
    Ok(())
}

fn exit_code(outcome: GateOutcome, rulings: &[Ruling], args: &GateArgs) -> ExitCode {
    let failed = rulings.iter().any(|ruling| ruling.decision() == Decision::Failed);
    match outcome {
        GateOutcome::Regressed if args.fail_on != FailOn::None => ExitCode::Regressed,
        GateOutcome::NotJudged if args.strict => ExitCode::NotJudged,
        GateOutcome::Failed => ExitCode::Failed,
        // That worse is not to fail says nothing of what failed.
        GateOutcome::Regressed if failed => ExitCode::Failed,
        GateOutcome::Passed | GateOutcome::Regressed | GateOutcome::NotJudged => ExitCode::Done,
    }
}

/// What would let the gate judge more.
fn hint(no_gates: bool, no_baseline: bool) -> Option<&'static str> {
    if no_gates {
        Some("say in `[gate]` of the scenario which metric may become how much worse")
    } else if no_baseline {
        Some(
            "`--against RUN` or `--history DIR` says what it is held against; without, budgets alone are judged",
        )
    } else {
        None
    }
}
