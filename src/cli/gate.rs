//! `seatrial gate`: is a run as good as its scenario asks.

use std::io::{self, Write};
use std::path::Path;

use super::args::{FailOn, GateArgs, HistoryPlace};
use super::held_against::Read;
use super::history::nights_with;
use super::terminal::terminal;
use super::{ExitCode, Failure};
use crate::analyze::{Against, GateOutcome, NightHistory, Strictness, night_of, rulings};
use crate::report::export::junit;
use crate::report::{Than, gate_json, gate_text, paragraph, save};

/// The file in the run's folder that tells what was decided.
const VERDICT_FILE: &str = "verdict.json";

/// Decides by the gates of a run's scenario.
pub(super) fn gate(args: &GateArgs, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let candidate = Read::from(&args.run)?;
    let header = &candidate.run.header;
    let baseline = args.against.as_deref().map(Read::from).transpose()?;
    let table = baseline
        .as_ref()
        .map(|baseline| candidate.held_against(baseline))
        .transpose()?;
    let histories = args
        .history
        .as_ref()
        .map(|folder| {
            let place = HistoryPlace {
                history: folder.clone(),
                project: args.project.clone(),
            };
            let stored = nights_with(&place, night_of(&candidate.run, &candidate.analysis))?;
            let of_newest = NightHistory::of_newest(&stored.nights, &stored.acceptances, &header.gates);
            Ok::<_, Failure>(of_newest)
        })
        .transpose()?;
    let against = match (&baseline, &table, &histories) {
        (Some(baseline), Some(table), _) => Against::Run(&baseline.analysis, table),
        (.., Some(histories)) => Against::Nights(histories),
        _ => Against::Nothing,
    };
    let rulings = rulings(header, &candidate.analysis, against);
    let outcome = GateOutcome::of(
        &rulings,
        Strictness {
            doubt_fails: args.fail_on == FailOn::Inconclusive,
            suspicion_fails: matches!(args.fail_on, FailOn::Suspect | FailOn::Inconclusive),
            all_judged: args.strict,
        },
    );
    let code = exit_code(outcome, args);
    let json =
        gate_json(&rulings, outcome, code.number()).map_err(|error| Failure::new(ExitCode::Failed, error))?;
    save(&args.run, VERDICT_FILE, &json).map_err(|error| Failure::new(ExitCode::Failed, error))?;
    let than = baseline
        .as_ref()
        .map_or(Than::Variant, |baseline| Than::Run(&baseline.run.header.run_id));
    if let Some(path) = &args.junit {
        let xml = junit(header, &rulings, than).map_err(|error| Failure::new(ExitCode::Failed, error))?;
        let folder = path
            .parent()
            .filter(|folder| *folder != Path::new(""))
            .unwrap_or(Path::new("."));
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        save(folder, &name, &xml).map_err(|error| Failure::new(ExitCode::Failed, error))?;
    }
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

fn exit_code(outcome: GateOutcome, args: &GateArgs) -> ExitCode {
    match outcome {
        GateOutcome::Regressed if args.fail_on != FailOn::None => ExitCode::Regressed,
        GateOutcome::NotJudged if args.strict => ExitCode::NotJudged,
        GateOutcome::Failed => ExitCode::Failed,
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
