//! `ballast`: the test cargo of seatrial, a static program that does on request what a real image does.
//!
//! `ballast work` stands for the install step of a Dockerfile, `ballast serve` for the service that the
//! image starts, and `ballast watch` looks for the instant at which such a service becomes ready. It is compiled by the build script of the crate, uses the standard library alone, and
//! is no part of the library. Exit codes: 0 done, 1 the work failed, 2 the command line was not understood.

mod ask;
mod cache;
mod clock;
mod connection;
mod content;
mod crash;
mod duration;
mod flags;
mod hex;
mod kernel;
mod request;
mod serve;
mod signal;
mod size;
mod timeline;
mod unit;
mod watch;
#[expect(unused_imports, reason = "the library uses more of it")]
#[path = "../../probe/watching/mod.rs"]
mod watching;
mod work;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::flags::Flags;

const HELP: &str = "\
ballast: the test cargo of seatrial

usage: ballast serve [flags]     answer HTTP requests
       ballast work  [flags]     do what an install step does
       ballast ask   [flags]     ask a service whether it is ready
       ballast watch [flags]     look for when a service becomes ready
       ballast SUBCOMMAND --help

Exit codes: 0 done, 1 the work failed, 2 the command line was not understood.
";

/// Why a subcommand ended before its end.
enum Failure {
    /// The command line was not understood.
    Usage(String),
    /// The work itself failed.
    Work(String),
}

fn main() -> ExitCode {
    // The first thing of all: a probe compares what it saw with this instant.
    let started = clock::monotonic();

    let mut arguments = env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned());
    let subcommand = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let asks_help = rest.iter().any(|argument| argument == "--help");

    let help = match subcommand.as_str() {
        "--help" | "help" => Some(HELP),
        "serve" if asks_help => Some(serve::HELP),
        "ask" if asks_help => Some(ask::HELP),
        "watch" if asks_help => Some(watch::HELP),
        "work" if asks_help => Some(work::HELP),
        _ => None,
    };
    if let Some(help) = help {
        say(help);
        return ExitCode::SUCCESS;
    }

    let outcome = match subcommand.as_str() {
        "serve" => Flags::parse(&rest, serve::FLAGS)
            .and_then(|flags| serve::Options::from_flags(&flags))
            .map_err(Failure::Usage)
            .and_then(|options| serve::serve(options, started).map_err(Failure::Work)),
        "work" => Flags::parse(&rest, work::FLAGS)
            .and_then(|flags| work::Options::from_flags(&flags))
            .map_err(Failure::Usage)
            .and_then(|options| work::work(&options).map_err(Failure::Work)),
        "ask" => Flags::parse(&rest, ask::FLAGS)
            .map_err(Failure::Usage)
            .and_then(|flags| ask::ask(&flags).map_err(Failure::Work)),
        "watch" => Flags::parse(&rest, watch::FLAGS)
            .and_then(|flags| watch::Options::from_flags(&flags))
            .map_err(Failure::Usage)
            .and_then(|options| watch::watch(&options).map_err(Failure::Work)),
        "" => Err(Failure::Usage(
            "no subcommand, expected `serve`, `work`, `ask` or `watch`".to_owned(),
        )),
        other => Err(Failure::Usage(format!(
            "unknown subcommand `{other}`, expected `serve`, `work`, `ask` or `watch`"
        ))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Work(text)) => {
            complain(&text);
            ExitCode::from(1)
        }
        Err(Failure::Usage(text)) => {
            complain(&text);
            complain("see `ballast --help`");
            ExitCode::from(2)
        }
    }
}

/// Prints to stdout. A reader that went away is no reason to stop: the work is the exit code.
fn say(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes());
    let _ = stdout.flush();
}

fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "ballast: {text}");
}
