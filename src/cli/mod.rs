//! The command line: one file per command. Commands wire edges to the ports of a run; only here do they meet.

mod args;
mod check;
mod context;
mod exit_code;
mod failure;
mod list;
mod overrides;
mod problems;
mod scenario_folder;
mod schema;
mod show;

use std::io::{self, Write};

use clap::Parser as _;

use args::{Command, CommandLine};
pub use exit_code::ExitCode;
pub use failure::Failure;

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
        Command::Context(args) => context::context(&args, out),
        _ => Err(Failure::new(ExitCode::Usage, "not built yet")),
    }
}
