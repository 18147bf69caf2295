//! `seatrial plan`: what a run would do, in order, without touching Docker.

use std::io::Write;

use jiff::Timestamp;
use serde_json::json;

use super::args::PlanArgs;
use super::check::say_problems;
use super::load::{Loaded, load};
use super::show::{replay_in_words, settings_of};
use super::{ExitCode, Failure};
use crate::run::{Part, Plan, StartWay, Turn};
use crate::scenario::{
    BaseState, BuildCacheState, ContextState, LayerState, MountState, Scenario, StartSettings, Variant,
};
use crate::store::latest_of;
use crate::unit::{ByteSize, Nanos};
use crate::workspace::{Visited, walk};

/// Prints the plan.
pub(super) fn plan(args: &PlanArgs, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let loaded = load(&args.scenario, &(&args.overrides).into())?;
    let Some(scenario) = loaded.checked.runnable() else {
        say_problems(&loaded)?;
        return Ok(ExitCode::Usage);
    };
    let plan = Plan::of(scenario, args.seed);
    let time = estimated_time(args, scenario, &plan)?;
    let disk = estimated_disk(&loaded, scenario);
    if args.json {
        let parts: Vec<_> = plan.parts.iter().map(part_json).collect();
        let value = json!({
            "schema": 1,
            "scenario": scenario.name,
            "seed": plan.seed,
            "builds": plan.builds(scenario),
            "starts": plan.starts(&[StartWay::Published]),
            "starts_inside": plan.starts(&[StartWay::Inside]),
            "estimated_time_ns": time.as_ref().map(|estimate| estimate.total),
            "estimated_scratch_bytes": disk,
            "variants": scenario.variants.iter().map(variant_json).collect::<Vec<_>>(),
            "steps": scenario.build.steps.iter().map(|step| &step.name).collect::<Vec<_>>(),
            "parts": parts,
        });
        writeln!(out, "{value:#}")?;
        return Ok(ExitCode::Done);
    }
    let builds = plan.builds(scenario);
    let starts = plan.starts(&[StartWay::Published]);
    writeln!(
        out,
        "{}: {builds} builds and {starts} starts, warm-ups included; seed {}",
        scenario.name, plan.seed
    )?;
    let sees_port = |start: &StartSettings| start.ready.is_seen_through_published_ports();
    if starts > 0 && scenario.start.as_ref().is_some_and(sees_port) {
        writeln!(
            out,
            "  as many starts again, where this machine permits looking from within"
        )?;
    }
    match &time {
        Some(estimate) => {
            let (total, started) = (estimate.total, &estimate.from_run);
            writeln!(out, "  time  about {total}, going by the run {started}")?;
        }
        None => writeln!(
            out,
            "  time  not known before a first run; no build may take longer than {}",
            { scenario.build.timeout }
        )?,
    }
    if let Some(disk) = disk {
        writeln!(
            out,
            "  disk  {disk} of scratch copies, besides images and the build cache"
        )?;
    }
    for base in &scenario.bases {
        writeln!(
            out,
            "  base {:<16} {} as ${{{}}}",
            base.name,
            base.source.word(),
            base.build_arg()
        )?;
    }
    writeln!(out, "\nvariants")?;
    for variant in &scenario.variants {
        writeln!(out, "  {:<20} {}", variant.name, settings_of(variant))?;
    }
    writeln!(out, "\nsteps of every turn")?;
    if let Some(replay) = &scenario.replay {
        writeln!(out, "  {}", replay_in_words(replay))?;
    }
    for (index, step) in scenario.build.steps.iter().enumerate() {
        let edits: Vec<_> = step.edits.iter().map(ToString::to_string).collect();
        writeln!(
            out,
            "  {}. {:<24} {}",
            index + 1,
            step.name,
            state_in_words(step.cache)
        )?;
        if !edits.is_empty() {
            writeln!(out, "     {}", edits.join(", "))?;
        }
    }
    writeln!(out, "\norder of turns")?;
    for (label, names) in rounds(&plan) {
        writeln!(out, "  {label:<18} {}", names.join(", "))?;
    }
    Ok(ExitCode::Done)
}

/// How long a run takes, going by an earlier one.
struct TimeEstimate {
    total: Nanos,
    from_run: String,
}

/// The time of the newest complete run of this scenario, scaled to the number of samples that are planned.
fn estimated_time(
    args: &PlanArgs,
    scenario: &Scenario,
    plan: &Plan,
) -> Result<Option<TimeEstimate>, Failure> {
    let earlier = latest_of(&args.reports, &scenario.name);
    let earlier = earlier.map_err(|error| Failure::new(ExitCode::Failed, error))?;
    Ok(earlier.and_then(|run| {
        let looks_inside = run.starts.iter().any(|start| start.tier.is_inside());
        let start = scenario.start.as_ref();
        let through_port = start.is_none_or(|start| start.ready.is_seen_through_published_ports());
        let ways = StartWay::of(looks_inside, through_port);
        let planned = (plan.builds(scenario) + plan.starts(ways)) as u64;
        let began: Timestamp = run.header.started_utc.parse().ok()?;
        let ended: Timestamp = run.end.as_ref()?.finished_utc.parse().ok()?;
        let took = u64::try_from(ended.as_nanosecond() - began.as_nanosecond()).ok()?;
        let samples = (run.builds.len() + run.starts.len()) as u64;
        let total = Nanos(took.checked_div(samples)?.saturating_mul(planned));
        Some(TimeEstimate {
            total,
            from_run: run.header.run_id,
        })
    }))
}

/// Bytes of the scratch copies: one per variant. Absent where the context cannot be walked, as that of a replay, which
/// lies in a repository.
fn estimated_disk(loaded: &Loaded, scenario: &Scenario) -> Option<ByteSize> {
    if scenario.replay.is_some() {
        return None;
    }
    let context = loaded.folder.path().join(&scenario.context.path);
    let walked = walk(&context, |_, _| Visited {
        keep: true,
        enter: true,
    })
    .ok()?;
    let filled: ByteSize = scenario.context.fill.iter().map(|fill| fill.bytes).sum();
    let copy = walked.total_size() + filled;
    Some(ByteSize(copy.0.saturating_mul(scenario.variants.len() as u64)))
}

/// The turns of each round, in order.
fn rounds(plan: &Plan) -> Vec<(String, Vec<String>)> {
    let mut rounds: Vec<(String, Vec<String>)> = Vec::new();
    for part in &plan.parts {
        let (what, turn, name) = match part {
            Part::Builds(turn) => ("build", turn, turn.variant.clone()),
            Part::Start(turn, cell) => {
                let way = (cell.way != StartWay::Published).then(|| cell.way.as_str());
                let cache = (!cell.cache.is_usual()).then(|| cell.cache.as_str());
                let special: Vec<&str> = cache.into_iter().chain(way).collect();
                let name = match special[..] {
                    [] => turn.variant.clone(),
                    _ => format!("{} ({})", turn.variant, special.join(", ")),
                };
                ("start", turn, name)
            }
            Part::Burst(turn, containers) => ("burst", turn, format!("{} × {containers}", turn.variant)),
        };
        let kind = if turn.warmup { "warm-up" } else { "round" };
        let label = format!("{what} {kind} {}", turn.round);
        match rounds.last_mut() {
            Some((last, names)) if *last == label => names.push(name),
            _ => rounds.push((label, vec![name])),
        }
    }
    rounds
}

fn variant_json(variant: &Variant) -> serde_json::Value {
    json!({
        "name": variant.name,
        "dockerfile": variant.dockerfile.display().to_string(),
        "builder": variant.builder,
        "base": variant.base,
        "target": variant.target,
        "args": variant.args,
        "options": variant.options,
    })
}

fn part_json(part: &Part) -> serde_json::Value {
    let (
        kind,
        Turn {
            variant,
            round,
            warmup,
        },
        cell,
    ) = match part {
        Part::Builds(turn) => ("builds", turn, None),
        Part::Start(turn, cell) => ("start", turn, Some(cell)),
        Part::Burst(turn, _) => ("burst", turn, None),
    };
    let containers = match part {
        Part::Burst(_, containers) => Some(containers),
        Part::Builds(_) | Part::Start(..) => None,
    };
    json!({
        "kind": kind,
        "variant": variant,
        "round": round,
        "warmup": warmup,
        "way": cell.map(|cell| cell.way.as_str()),
        "cache": cell.map(|cell| cell.cache.as_str()),
        "containers": containers,
    })
}

fn state_in_words(cache: BuildCacheState) -> String {
    let layers = match cache.layers {
        LayerState::Empty => "layers empty",
        LayerState::Primed => "layers primed",
        LayerState::Imported => "layers imported",
    };
    let mounts = match cache.mounts {
        MountState::Empty => ", mounts empty",
        MountState::Kept => "",
    };
    let context = match cache.context {
        ContextState::Absent => ", context absent",
        ContextState::Kept => "",
    };
    let base = match cache.base {
        BaseState::Absent => ", base absent",
        BaseState::Present => "",
    };
    format!("{layers}{mounts}{context}{base}")
}
