//! `seatrial history`: the runs of a project over time.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::args::{
    HistoryAcceptArgs, HistoryAddArgs, HistoryCommand, HistoryCsvArgs, HistoryPlace, HistoryShowArgs,
};
use super::held_against::Read;
use super::terminal::terminal;
use super::{ExitCode, Failure};
use crate::analyze::{NightHistory, night_of};
use crate::report::export::otava;
use crate::report::{history_text, nights_text, paragraph};
use crate::results::{Acceptance, GateRecord, NIGHT_SCHEMA, Night, NightSeries};
use crate::store::{AddNight, NightStore, StoredNights};

/// Adds to a history, tells what is in it, or accepts a change.
pub(super) fn history(command: &HistoryCommand, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    match command {
        HistoryCommand::Add(args) => add(args, out),
        HistoryCommand::List(place) => {
            let stored = read(place)?;
            write!(out, "{}", nights_text(&stored.nights))?;
            Ok(ExitCode::Done)
        }
        HistoryCommand::Show(args) => show(args, out),
        HistoryCommand::Csv(args) => csv(args, out),
        HistoryCommand::Accept(args) => accept(args, out),
    }
}

fn add(args: &HistoryAddArgs, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let store = store(&args.place);
    for folder in &args.runs {
        let read = Read::from(folder)?;
        if read.run.header.quick {
            let text = format!("{} is a quick run, which is not for comparison", folder.display());
            return Err(Failure::new(ExitCode::Usage, text));
        }
        match store.add(&night_of(&read.run, &read.analysis)) {
            Ok(path) => writeln!(out, "{}", path.display())?,
            // Who adds a run twice has what was wanted.
            Err(AddNight::IsThere { path, same: true }) => {
                writeln!(out, "{} (already there)", path.display())?;
            }
            Err(error) => return Err(Failure::new(ExitCode::Failed, error)),
        }
    }
    Ok(ExitCode::Done)
}

fn show(args: &HistoryShowArgs, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let stored = read(&args.place)?;
    let mut scenarios: Vec<&String> = stored.nights.iter().map(|night| &night.header.scenario).collect();
    scenarios.sort_unstable();
    scenarios.dedup();
    let wanted = |scenario: &&String| args.scenario.as_ref().is_none_or(|wanted| wanted == *scenario);
    for scenario in scenarios.into_iter().filter(wanted) {
        let of_it = stored
            .nights
            .iter()
            .filter(|night| night.header.scenario == *scenario);
        let nights: Vec<Night> = of_it.cloned().collect();
        let Some(newest) = nights.last() else { continue };
        let gates = &newest.header.gates;
        let mut histories = NightHistory::of_newest(&nights, &stored.acceptances, gates);
        histories.retain(|history| is_wanted(history, gates, args));
        let title = format!(
            "{scenario}, machine {}, {} runs",
            newest.machine_key,
            nights.len()
        );
        write!(out, "{}", history_text(&title, &histories, gates, terminal()))?;
    }
    Ok(ExitCode::Done)
}

/// Whether a series is to be shown: what was asked for by name, else what has a gate, else everything.
fn is_wanted(history: &NightHistory, gates: &[GateRecord], args: &HistoryShowArgs) -> bool {
    let key = history.metric.to_string();
    let of_variant = args
        .variant
        .as_ref()
        .is_none_or(|wanted| *wanted == history.variant);
    let of_metric = match &args.metric {
        Some(wanted) => *wanted == key,
        None => args.all || gates.is_empty() || gates.iter().any(|gate| gate.metric == key),
    };
    of_variant && of_metric
}

fn csv(args: &HistoryCsvArgs, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let mut stored = read(&args.place)?;
    stored
        .nights
        .retain(|night| night.header.scenario == args.scenario);
    let histories = NightHistory::of_newest(&stored.nights, &stored.acceptances, &[]);
    let wanted = histories.iter().find(|history| {
        let of_step = args.step.is_none() || args.step == history.step;
        history.variant == args.variant && history.metric.to_string() == args.metric && of_step
    });
    let Some(wanted) = wanted else {
        let text = format!(
            "the newest run of the scenario `{}` measured no `{}` of `{}`; `seatrial history show --all` tells what it did",
            args.scenario, args.metric, args.variant
        );
        return Err(Failure::new(ExitCode::Usage, text));
    };
    let text = otava(wanted, &stored.nights).map_err(|error| Failure::new(ExitCode::Failed, error))?;
    out.write_all(text.as_bytes())?;
    Ok(ExitCode::Done)
}

fn accept(args: &HistoryAcceptArgs, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let stored = read(&args.place)?;
    let of_scenario = |night: &&Night| night.header.scenario == args.scenario;
    let from = match &args.run {
        Some(run) => stored
            .nights
            .iter()
            .find(|night| night.header.run_id == *run && of_scenario(night)),
        None => stored.nights.iter().rfind(of_scenario),
    };
    let mut machines: Vec<&String> = stored
        .nights
        .iter()
        .filter(of_scenario)
        .map(|night| &night.machine_key)
        .collect();
    machines.sort_unstable();
    machines.dedup();
    if args.run.is_none() && machines.len() > 1 {
        let text = format!(
            "the history has runs of `{}` on {} machines; `--run` says of which a run is accepted",
            args.scenario,
            machines.len()
        );
        return Err(Failure::new(ExitCode::Usage, text));
    }
    let Some(from) = from else {
        let run = args
            .run
            .as_ref()
            .map_or_else(|| "no run".to_owned(), |run| format!("no run `{run}`"));
        let text = format!(
            "the history has {run} of the scenario `{}`; `seatrial history list` tells what there is",
            args.scenario
        );
        return Err(Failure::new(ExitCode::Usage, text));
    };
    let is_about = |series: &NightSeries| {
        args.variant
            .as_ref()
            .is_none_or(|variant| *variant == series.variant)
            && args.metric.as_ref().is_none_or(|metric| *metric == series.metric)
    };
    if !from.series.iter().any(is_about) {
        let text = format!(
            "the run {} measured no such metric or variant; `seatrial history show {} --all` tells what it did",
            from.header.run_id, args.scenario
        );
        return Err(Failure::new(ExitCode::Usage, text));
    }
    let acceptance = Acceptance {
        schema: NIGHT_SCHEMA,
        scenario: args.scenario.clone(),
        variant: args.variant.clone(),
        metric: args.metric.clone(),
        from_run: from.header.run_id.clone(),
        reason: args.reason.clone(),
        author: args.author.clone().unwrap_or_else(author),
        accepted_utc: Timestamp::now().to_string(),
    };
    let path = store(&args.place).accept(&acceptance);
    let path = path.map_err(|error| Failure::new(ExitCode::Failed, error))?;
    writeln!(out, "{}", path.display())?;
    Ok(ExitCode::Done)
}

/// The nights of the project with a run as the newest: its own and those that began before it.
pub(super) fn up_to(mut stored: StoredNights, newest: Night) -> StoredNights {
    let began = |night: &Night| night.header.started_utc.parse::<Timestamp>().ok();
    let this = began(&newest);
    stored
        .nights
        .retain(|night| night.header.run_id != newest.header.run_id && began(night) <= this);
    stored.nights.push(newest);
    stored
}

/// Reads a history; what is left out of it is told on standard error.
pub(super) fn read(place: &HistoryPlace) -> Result<StoredNights, Failure> {
    let stored = store(place).read();
    let stored = stored.map_err(|error| Failure::new(ExitCode::Failed, error))?;
    for reason in &stored.left_out {
        let warning = format!("warning: left out of the history: {reason}");
        writeln!(io::stderr().lock(), "{}", paragraph(&warning, "  ", terminal()))?;
    }
    Ok(stored)
}

fn store(place: &HistoryPlace) -> NightStore {
    let project = place.project.clone().unwrap_or_else(project);
    NightStore::of(&place.history, &project)
}

/// The name of the folder that holds the repository, else of the current one.
fn project() -> String {
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let top = here.ancestors().find(|above| above.join(".git").exists());
    let name = |folder: &Path| Some(folder.file_name()?.to_string_lossy().into_owned());
    name(top.unwrap_or(&here)).unwrap_or_else(|| "project".to_owned())
}

/// Who works here, as the system says.
fn author() -> String {
    ["USER", "LOGNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|name| !name.is_empty()))
        .unwrap_or_else(|| "unknown".to_owned())
}
