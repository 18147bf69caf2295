//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::run::{Limits, Pruning};
use crate::scenario::ProbeTier;
use crate::unit::Nanos;

/// Sea trials for container images: what each Dockerfile choice costs, measured on a real Docker daemon.
///
/// Start with `seatrial run scenarios/quickstart`, which needs nothing but a Docker daemon.
#[derive(Debug, Parser)]
#[command(name = "seatrial", version, max_term_width = 80, after_help = EXIT_CODES)]
pub(super) struct CommandLine {
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Shown below `--help`; `exit_code.rs` holds the numbers, and a test holds this to it.
const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    something that was measured failed, or the disk is full
  2    wrong usage, or a scenario with mistakes
  3    something is worse than a gate allows; of `gate` alone
  4    not everything could be judged; of `gate --strict` alone
  5    no usable Docker daemon
  130  interrupted; what was measured is kept";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Measure scenarios: build every variant through every step, start it, report.
    ///
    /// Writes a folder under `reports/` as it goes and ends with a verdict sentence, a table, and the paths of the
    /// charts. Sources are copied and never edited in place; images, containers and build records of the run are
    /// removed when it ends.
    Run(RunArgs),
    /// Go on where a stopped run ended, with the same plan in the same order.
    ///
    /// A round that was stopped in the middle is begun again; what was measured before stays. What the stopped run left in
    /// the daemon is removed first. The scenario, its sources and the daemon must be as they were.
    Resume(ResumeArgs),
    /// Validate scenarios: every mistake at once, with file, line and column.
    ///
    /// Edits are tried on a copy. The Docker daemon is never changed, and only asked where a scenario needs what not every
    /// engine has; where none answers, that is said and is no mistake.
    Check(CheckArgs),
    /// Print what a run would do, in order, without touching Docker.
    Plan(PlanArgs),
    /// Print a scenario.
    Show(ShowArgs),
    /// List the scenarios below a folder.
    List(ListArgs),
    /// Print the JSON Schema of scenario files.
    Schema,
    /// Tell what a build context holds, what each ignore rule drops, and which paths are heaviest.
    Context(ContextArgs),
    /// Write tables, charts and the page again from the samples of a run.
    Report(ReportArgs),
    /// Tell whether one is better: two runs, or the variants of one.
    ///
    /// Everything that was measured of both sides is judged: `worse` or `better` where the whole interval of the ratio is beyond
    /// what matters, with as many rows as there are taken into account; no material change where it is all within; else it cannot
    /// be told. Bytes and counts are compared as they are. Times of different machines, builders or image stores are not.
    Compare(CompareArgs),
    /// Decide whether a run is as good as its scenario's `[gate]` asks, for scripts and CI.
    ///
    /// What a gate allows to be worse is held against another run, and a budget (`at-most`) against what was measured. Ends with
    /// exit code 3 where something is worse than is allowed, and is sure to be: what cannot be told from noise is said, and passes.
    /// What was decided is also written to `verdict.json` in the run's folder.
    Gate(GateArgs),
    /// Print a run in a form that another program reads.
    Export(ExportArgs),
    /// Keep runs over time: add them, tell how the newest stands, accept a change.
    ///
    /// A history is a folder with one file a run, which is written once and never changed, so that any number of machines add to
    /// it, and it may lie in a repository, a cache or a bucket.
    History(HistoryArgs),
    /// Remove what killed runs left behind.
    Clean(CleanArgs),
    /// Tell what of this machine and its daemon spoils measurements, and what to do about it.
    ///
    /// Looks at the machine for half a second, asks the daemon, and builds a tiny image in turns with the docker command,
    /// where there is one, to tell what this program itself costs. What that leaves in the daemon is removed, but for records
    /// of the build cache where others would lose theirs (see `--prune-anyway` of `run`).
    Doctor(DoctorArgs),
    /// Tell how well starts are timed on this machine, against servers that know their own instants.
    ///
    /// Starts small servers in every way that is permitted here, holds what was seen against what they say themselves, and
    /// prints how far off each way is and whether it keeps what is claimed of it. The outcome is stored in the folder of
    /// reports. Ends with exit code 1 where the best way misses a claim.
    Selftest(SelftestArgs),
    /// Print what a shell needs to complete commands and options.
    Completions(CompletionsArgs),
}

/// Where base images that a scenario can both pull and import come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum BasesFrom {
    /// From a registry, by reference.
    Pulled,
    /// From the scenario's recipe, a command that prints a root file system.
    Imported,
}

/// How a start is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ProbeBy {
    /// From within the container's network, and by the kernel's own record of programs and sockets.
    Trace,
    /// From within the container's network, which is there before the container.
    Netns,
    /// From there as well, by a container of seatrial's own: needs nothing but the engine.
    Sidecar,
    /// By the container's own address, once the start call has returned.
    Ip,
    /// By the published port alone.
    Published,
}

impl From<ProbeBy> for ProbeTier {
    fn from(by: ProbeBy) -> Self {
        match by {
            ProbeBy::Trace => Self::Trace,
            ProbeBy::Netns => Self::Netns,
            ProbeBy::Sidecar => Self::Sidecar,
            ProbeBy::Ip => Self::Ip,
            ProbeBy::Published => Self::Published,
        }
    }
}

/// What the command line lays over the scenario.
#[derive(Debug, Args)]
pub(super) struct OverrideArgs {
    /// Measure only this variant; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Vec<String>,
    /// End each round after this step; may be given several times, the last in order counts.
    #[arg(long, value_name = "NAME")]
    pub(super) step: Vec<String>,
    /// Measured rounds of builds.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) rounds: Option<u32>,
    /// Measured starts per variant.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) starts: Option<u32>,
    /// One round and one start without warm-ups, to see that everything works; not for comparison.
    #[arg(long, conflicts_with_all = ["rounds", "starts"])]
    pub(super) quick: bool,
    /// Where bases come from that the scenario can both pull and import.
    #[arg(long, value_name = "WHERE")]
    pub(super) bases: Option<BasesFrom>,
    /// How starts are looked at, in place of the best way that this machine permits; an error where it does not.
    #[arg(long, value_name = "HOW")]
    pub(super) probe: Option<ProbeBy>,
}

/// When a run ends before its plan is complete.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct LimitArgs {
    /// Begin no further round that would end later than this after the beginning, such as `10m`; the first round of
    /// builds and of starts is always measured. Builds use at most three quarters where starts follow.
    #[arg(long, value_name = "DURATION")]
    pub(super) time_budget: Option<Nanos>,
    /// End at the first sample that failed or does not count, instead of going on with the others.
    #[arg(long)]
    pub(super) fail_fast: bool,
}

impl From<&LimitArgs> for Limits {
    fn from(args: &LimitArgs) -> Self {
        Self {
            time_budget: args.time_budget,
            fail_fast: args.fail_fast,
        }
    }
}

/// What happens to own records of the build cache where removing them costs others their cache.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct PruningArgs {
    /// Remove own records of the build cache even where the engine then forgets what others built on local images. With
    /// the containerd image store it does; without this the records are left there as long as others have layers cached.
    #[arg(long)]
    pub(super) prune_anyway: bool,
}

impl From<&PruningArgs> for Pruning {
    fn from(args: &PruningArgs) -> Self {
        if args.prune_anyway {
            Self::Anyway
        } else {
            Self::Sparing
        }
    }
}

/// Which daemon. The order is the docker command's: these options, then `DOCKER_HOST`, `DOCKER_CONTEXT`, and the current
/// context of `docker context use`.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Daemon")]
pub(super) struct DaemonArgs {
    /// The daemon's address: `unix:///PATH`, `tcp://HOST:PORT` or `ssh://USER@HOST`. Without it and `--context`,
    /// `DOCKER_HOST`, `DOCKER_CONTEXT` and the docker command's current context count, in this order.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "context")]
    pub(super) host: Option<String>,
    /// The docker context that names the daemon.
    #[arg(long, value_name = "NAME")]
    pub(super) context: Option<String>,
}

/// How it is measured, whether a run begins or goes on.
#[derive(Debug, Args)]
pub(super) struct MeasuringArgs {
    #[command(flatten)]
    pub(super) limits: LimitArgs,
    #[command(flatten)]
    pub(super) pruning: PruningArgs,
    /// Where another run holds the daemon, wait until it has ended instead of giving up.
    #[arg(long)]
    pub(super) wait: bool,
    /// Print the summary as JSON on standard output instead of the table.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) daemon: DaemonArgs,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Scenario folders, each with a `scenario.toml`.
    #[arg(required = true, value_name = "SCENARIO")]
    pub(super) scenarios: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) daemon: DaemonArgs,
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Scenario folders, each with a `scenario.toml`.
    #[arg(required = true, value_name = "SCENARIO")]
    pub(super) scenarios: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) overrides: OverrideArgs,
    /// Decides the order of variants within rounds; the same seed gives the same order.
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Where run folders are made.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub(super) reports: PathBuf,
    #[command(flatten)]
    pub(super) measuring: MeasuringArgs,
}

#[derive(Debug, Args)]
pub(super) struct SelftestArgs {
    /// How many starts of servers that wait before they listen each way is tried on, beside two thirds as many of others; of
    /// fewer than 300 no 99th percentile is claimed.
    #[arg(short, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=3000))]
    pub(super) n: u32,
    /// Try this way alone.
    #[arg(long, value_name = "HOW")]
    pub(super) probe: Option<ProbeBy>,
    /// Where run folders are made, and the outcome is stored.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub(super) reports: PathBuf,
    /// Where another run holds the daemon, wait until it has ended instead of giving up.
    #[arg(long)]
    pub(super) wait: bool,
    /// Print the outcome as JSON.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) daemon: DaemonArgs,
}

#[derive(Debug, Args)]
pub(super) struct ResumeArgs {
    /// The run's folder.
    #[arg(value_name = "DIR")]
    pub(super) run: PathBuf,
    #[command(flatten)]
    pub(super) measuring: MeasuringArgs,
}

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// The scenario's folder.
    #[arg(value_name = "SCENARIO")]
    pub(super) scenario: PathBuf,
    #[command(flatten)]
    pub(super) overrides: OverrideArgs,
    /// Decides the order of variants within rounds; `run` with the same seed does the same.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) seed: u64,
    /// Where run folders are; an earlier run of the scenario tells how long another takes.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub(super) reports: PathBuf,
    /// Print the plan as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The scenario's folder.
    #[arg(value_name = "SCENARIO")]
    pub(super) scenario: PathBuf,
    #[command(flatten)]
    pub(super) overrides: OverrideArgs,
    /// Print every setting that is in force, and where it comes from.
    #[arg(long)]
    pub(super) resolved: bool,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// The folder that is searched.
    #[arg(value_name = "DIR", default_value = "scenarios")]
    pub(super) folder: PathBuf,
    /// Only scenarios with this tag; may be given several times.
    #[arg(long, value_name = "TAG")]
    pub(super) tag: Vec<String>,
    /// Print as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ContextArgs {
    /// The folder of the build context.
    #[arg(value_name = "DIR")]
    pub(super) folder: PathBuf,
    /// The Dockerfile whose own ignore file counts where it exists: `<Dockerfile>.dockerignore`.
    #[arg(long, short = 'f', value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// Print the kept paths, one a line.
    #[arg(long)]
    pub(super) list: bool,
    /// With --list: end each path with a NUL byte instead of a line feed.
    #[arg(short = '0', requires = "list")]
    pub(super) null: bool,
    /// Say for each of these paths whether it is kept, and which rule decided.
    #[arg(long, value_name = "PATH", conflicts_with = "list")]
    pub(super) explain: Vec<String>,
    /// How many of the heaviest paths are shown.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(super) heaviest: usize,
}

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// Run folders.
    #[arg(required = true, value_name = "DIR")]
    pub(super) runs: Vec<PathBuf>,
    /// Print the summary as JSON on standard output instead of the table.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// The run folder that is held against; alone, its variants are held against its baseline.
    #[arg(value_name = "BASELINE")]
    pub(super) baseline: PathBuf,
    /// The run folder that is judged.
    #[arg(value_name = "CANDIDATE")]
    pub(super) candidate: Option<PathBuf>,
    /// Tell what did not change as well.
    #[arg(long)]
    pub(super) all: bool,
    /// Print the rows as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// What makes a gate fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// What is sure to be worse than is allowed.
    Regression,
    /// That, and what is out of the ordinary for the first time.
    Suspect,
    /// That, and what cannot be told.
    Inconclusive,
    /// Nothing: it is only said.
    None,
}

#[derive(Debug, Args)]
pub(super) struct GateArgs {
    /// The run folder that is judged.
    #[arg(value_name = "RUN")]
    pub(super) run: PathBuf,
    /// The run folder that it is held against. Without it and `--history`, budgets alone are judged.
    #[arg(long, value_name = "RUN", conflicts_with = "history")]
    pub(super) against: Option<PathBuf>,
    /// The history whose earlier runs it is held against: worse is what is out of the ordinary in two runs in a row.
    #[arg(long, value_name = "DIR")]
    pub(super) history: Option<PathBuf>,
    /// The project within the history; else the name of the folder that holds the repository.
    #[arg(long, value_name = "NAME", requires = "history")]
    pub(super) project: Option<String>,
    /// The scenario in that history that changes with the machine alone: where it was slower too that night, it is the machine's night.
    #[arg(long, value_name = "SCENARIO", requires = "history")]
    pub(super) control: Option<String>,
    /// What ends with exit code 3.
    #[arg(long, value_name = "WHAT", default_value = "regression")]
    pub(super) fail_on: FailOn,
    /// End with exit code 4 where not every gate could be judged.
    #[arg(long)]
    pub(super) strict: bool,
    /// Tell what passed as well.
    #[arg(long)]
    pub(super) all: bool,
    /// Write the rulings there as JUnit's XML too.
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// Print the rulings as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// A form that another program reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ExportFormat {
    /// Every sample, one a row; as `samples.csv`.
    Csv,
    /// Medians as gauges, for Prometheus and GitLab.
    Openmetrics,
    /// Medians with intervals, for Bencher.
    Bencher,
    /// Medians, for github-action-benchmark (`customSmallerIsBetter`).
    GithubBenchmark,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The form.
    #[arg(value_name = "FORMAT")]
    pub(super) format: ExportFormat,
    /// The run folder.
    #[arg(value_name = "RUN")]
    pub(super) run: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct HistoryArgs {
    #[command(subcommand)]
    pub(super) command: HistoryCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum HistoryCommand {
    /// Add runs.
    Add(HistoryAddArgs),
    /// List the runs, a line each.
    List(HistoryPlace),
    /// Tell how the newest run of each scenario stands against those before it, and where its level changed.
    Show(HistoryShowArgs),
    /// Print one series as CSV, for Apache Otava: `time,commit,<metric>`.
    Csv(HistoryCsvArgs),
    /// Let a run be the first of those that later ones are held against, with the reason.
    ///
    /// What it is for is a change that is wanted, such as a larger base for a fix. It is one more file, to be committed as others.
    Accept(HistoryAcceptArgs),
}

/// Where a history is.
#[derive(Clone, Debug, Args)]
pub(super) struct HistoryPlace {
    /// The folder of the history.
    #[arg(long, value_name = "DIR", default_value = "history")]
    pub(super) history: PathBuf,
    /// The project within it; else the name of the folder that holds the repository.
    #[arg(long, value_name = "NAME")]
    pub(super) project: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct HistoryAddArgs {
    /// Run folders.
    #[arg(required = true, value_name = "RUN")]
    pub(super) runs: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) place: HistoryPlace,
}

#[derive(Debug, Args)]
pub(super) struct HistoryShowArgs {
    /// The name of the scenario; without it, each has its turn.
    #[arg(value_name = "SCENARIO")]
    pub(super) scenario: Option<String>,
    /// Only this variant.
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Option<String>,
    /// Only this metric, by key; without it, those with a gate.
    #[arg(long, value_name = "KEY")]
    pub(super) metric: Option<String>,
    /// Tell of metrics without a gate as well.
    #[arg(long)]
    pub(super) all: bool,
    #[command(flatten)]
    pub(super) place: HistoryPlace,
}

#[derive(Debug, Args)]
pub(super) struct HistoryCsvArgs {
    /// The name of the scenario.
    #[arg(value_name = "SCENARIO")]
    pub(super) scenario: String,
    /// The variant.
    #[arg(long, value_name = "NAME")]
    pub(super) variant: String,
    /// The metric, by key.
    #[arg(long, value_name = "KEY")]
    pub(super) metric: String,
    /// The step, of a metric whose key names none; else the first.
    #[arg(long, value_name = "NAME")]
    pub(super) step: Option<String>,
    #[command(flatten)]
    pub(super) place: HistoryPlace,
}

#[derive(Debug, Args)]
pub(super) struct HistoryAcceptArgs {
    /// The name of the scenario.
    #[arg(value_name = "SCENARIO")]
    pub(super) scenario: String,
    /// Only of this variant.
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Option<String>,
    /// Only of this metric, by key.
    #[arg(long, value_name = "KEY")]
    pub(super) metric: Option<String>,
    /// The id of the run from which on it counts; else the newest.
    #[arg(long, value_name = "RUN")]
    pub(super) run: Option<String>,
    /// Why.
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(super) reason: String,
    /// Who; else who works here.
    #[arg(long, value_name = "NAME")]
    pub(super) author: Option<String>,
    #[command(flatten)]
    pub(super) place: HistoryPlace,
}

#[derive(Debug, Args)]
pub(super) struct CleanArgs {
    /// Where run folders are.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub(super) reports: PathBuf,
    /// Only say what would be removed.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Remove root file systems of imported bases that are kept on disk as well.
    #[arg(long)]
    pub(super) bases: bool,
    #[command(flatten)]
    pub(super) pruning: PruningArgs,
    #[command(flatten)]
    pub(super) daemon: DaemonArgs,
}

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Print as JSON.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) daemon: DaemonArgs,
}

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell.
    #[arg(value_name = "SHELL")]
    pub(super) shell: Shell,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ExitCode;

    #[test]
    fn the_help_lists_the_exit_codes_of_the_program() {
        use ExitCode::{Done, Failed, Interrupted, NoDaemon, NotJudged, Regressed, Usage};
        let all = [Done, Failed, Usage, Regressed, NotJudged, NoDaemon, Interrupted];
        for code in all {
            // A code that is missing above does not compile here.
            match code {
                Done | Failed | Usage | Regressed | NotJudged | NoDaemon | Interrupted => {}
            }
        }
        let listed: Vec<u8> = EXIT_CODES
            .lines()
            .skip(1)
            .map(|line| line.split_whitespace().next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(listed, all.map(ExitCode::number));
    }
}
