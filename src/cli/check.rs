//! `seatrial check`: every mistake of a scenario at once, without touching Docker.

use std::io::{self, Write};

use super::args::ScenarioArgs;
use super::load::{Loaded, load};
use super::problems::{ProblemStyle, write_problems};
use super::{ExitCode, Failure};
use crate::scenario::Overrides;

/// Checks scenarios; says `ok` on standard output, and every mistake on standard error.
pub(super) fn check(args: &ScenarioArgs, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let mut code = ExitCode::Done;
    for path in &args.scenarios {
        let loaded = load(path, &Overrides::default())?;
        if loaded.checked.problems.is_empty() {
            writeln!(out, "{}: ok", path.display())?;
        } else {
            say_problems(&loaded)?;
            code = ExitCode::Usage;
        }
    }
    Ok(code)
}

/// Writes every mistake of a scenario to standard error, and how many there are.
pub(super) fn say_problems(loaded: &Loaded) -> io::Result<()> {
    let mut errors = io::stderr().lock();
    write_problems(&loaded.checked, ProblemStyle::of_stderr(), &mut errors)?;
    let count = loaded.checked.problems.len();
    let noun = if count == 1 { "mistake" } else { "mistakes" };
    writeln!(errors, "{}: {count} {noun}", loaded.folder.path().display())
}
