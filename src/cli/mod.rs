//! The command line: one file per command. Commands wire edges to the ports of a run; only here do they meet.

mod args;
mod base_sources;
mod check;
mod clean;
mod compare;
mod completions;
mod context;
mod doctor;
mod elsewhere;
mod engine;
mod exit_code;
mod export;
mod failure;
mod gate;
mod grants;
mod held_against;
mod history;
mod holding;
mod interruption;
mod list;
mod load;
mod measurement;
mod plan;
mod problems;
mod read_file;
mod report;
mod resume;
mod run;
mod scenario_folder;
mod schema;
mod selftest;
mod show;
mod surroundings;
mod sweep;
mod terminal;
mod way_to;

use std::io::{self, Write};

use clap::Parser as _;

use args::{Command, CommandLine, ShowArgs};
pub use exit_code::ExitCode;
pub use failure::Failure;
use list::ListFormat;
use show::View;

/// Runs the program with the process's arguments; data goes to standard output, all else to standard error.
#[must_use]
pub fn main() -> ExitCode {
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(error) => {
            // Help and version come this way too, and are no error.
            let code = if error.use_stderr() {
                ExitCode::Usage
            } else {
                ExitCode::Done
            };
            // Nothing is left to do where even that cannot be printed.
            let _ = error.print();
            return code;
        }
    };
    let mut out = io::stdout().lock();
    let done = dispatch(line.command, &mut out).and_then(|code| match out.flush() {
        Ok(()) => Ok(code),
        Err(error) => Err(Failure::from(error)),
    });
    match done {
        Ok(code) => code,
        Err(failure) => {
            let _ = failure.render(&mut io::stderr().lock());
            failure.code()
        }
    }
}

fn dispatch(command: Command, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    match command {
        Command::Run(args) => run::run(&args, out),
        Command::Resume(args) => resume::resume(&args, out),
        Command::Check(args) => check::check(&args, out),
        Command::Plan(args) => plan::plan(&args, out),
        Command::Show(args) => show_scenario(&args, out),
        Command::List(args) => {
            let format = if args.json {
                ListFormat::Json
            } else {
                ListFormat::Text
            };
            list::list(&args.folder, &args.tag, format, out)
        }
        Command::Schema => {
            schema::schema(out)?;
            Ok(ExitCode::Done)
        }
        Command::Context(args) => context::context(&args, out),
        Command::Report(args) => report::report(&args, out),
        Command::Compare(args) => compare::compare(&args, out),
        Command::Gate(args) => gate::gate(&args, out),
        Command::Export(args) => export::export(&args, out),
        Command::History(args) => history::history(&args.command, out),
        Command::Clean(args) => clean::clean(&args, out),
        Command::Selftest(args) => selftest::selftest(&args, out),
        Command::Doctor(args) => doctor::doctor(&args, out),
        Command::Completions(args) => {
            completions::completions(args.shell, out)?;
            Ok(ExitCode::Done)
        }
    }
}

fn show_scenario(args: &ShowArgs, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let overrides = (&args.overrides).into();
    let loaded = load::load(&args.scenario, &overrides)?;
    if loaded.checked.runnable().is_none() {
        check::say_problems(&loaded)?;
        return Ok(ExitCode::Usage);
    }
    let view = if args.resolved {
        View::Resolved
    } else {
        View::Summary
    };
    show::show(&loaded.checked, view, out)?;
    Ok(ExitCode::Done)
}
