//! `seatrial check`: every mistake of a scenario at once, without touching Docker. A daemon is asked only whether it
//! can be brought into states that not every daemon knows.

use std::io::{self, Write};

use super::args::{CheckArgs, DaemonArgs};
use super::engine::{NO_STARTS_ELSEWHERE, connect, is_elsewhere, runtime};
use super::load::{Loaded, load};
use super::problems::{ProblemStyle, write_problems};
use super::{ExitCode, Failure};
use crate::run::{Unreachable, depends_on_daemon, unreachable};
use crate::scenario::{Overrides, Scenario};

/// Checks scenarios; says `ok` on standard output, and every mistake on standard error.
pub(super) fn check(args: &CheckArgs, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let mut code = ExitCode::Done;
    for path in &args.scenarios {
        let loaded = load(path, &Overrides::default())?;
        if loaded.checked.problems.is_empty() {
            if let Some(found) = loaded
                .checked
                .runnable()
                .and_then(|scenario| unreachable_here(scenario, &args.daemon))
            {
                writeln!(
                    io::stderr().lock(),
                    "error: {}\n  hint: {}",
                    found.message,
                    found.hint
                )?;
                code = ExitCode::Usage;
                continue;
            }
            let starts = loaded
                .checked
                .runnable()
                .is_some_and(|scenario| scenario.start.is_some());
            if starts && is_elsewhere(&args.daemon) {
                writeln!(io::stderr().lock(), "warning: {NO_STARTS_ELSEWHERE}")?;
            }
            writeln!(out, "{}: ok", path.display())?;
        } else {
            say_problems(&loaded)?;
            code = ExitCode::Usage;
        }
    }
    Ok(code)
}

/// The first state of a scenario that the daemon of this machine does not reach. A scenario whose states any daemon
/// reaches is checked without one, and so is any other where none answers.
fn unreachable_here(scenario: &Scenario, daemon: &DaemonArgs) -> Option<Unreachable> {
    if !depends_on_daemon(scenario) {
        return None;
    }
    let environment = runtime().ok()?.block_on(async {
        let engine = connect(daemon).await.ok()?;
        engine.environment().await.ok()
    })?;
    unreachable(scenario, &environment).into_iter().next()
}

/// Writes every mistake of a scenario to standard error, and how many there are.
pub(super) fn say_problems(loaded: &Loaded) -> io::Result<()> {
    let mut errors = io::stderr().lock();
    write_problems(&loaded.checked, ProblemStyle::of_stderr(), &mut errors)?;
    let count = loaded.checked.problems.len();
    let noun = if count == 1 { "mistake" } else { "mistakes" };
    writeln!(errors, "{}: {count} {noun}", loaded.folder.path().display())
}
