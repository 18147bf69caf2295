//! `seatrial check`: every mistake of a scenario at once. Docker is asked only for what not every engine has, and never
//! changed.

use std::io::{self, Write};

use super::args::{CheckArgs, DaemonArgs};
use super::elsewhere::{FromAfar, from_afar};
use super::engine::{connect, hold_against, is_elsewhere, runtime};
use super::load::{Loaded, load};
use super::problems::{ProblemStyle, write_problems};
use super::{ExitCode, Failure};
use crate::scenario::{Overrides, Scenario, StartCache};

/// Checks scenarios; says `ok` on standard output, and every mistake on standard error.
pub(super) fn check(args: &CheckArgs, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let mut code = ExitCode::Done;
    for path in &args.scenarios {
        let mut loaded = load(path, &Overrides::default())?;
        hold_against_engine(&mut loaded, &args.daemon)?;
        if loaded.checked.problems.is_empty() {
            let from_afar = loaded.checked.runnable().and_then(from_afar);
            if let Some(FromAfar { warning, .. }) = from_afar.filter(|_| is_elsewhere(&args.daemon)) {
                writeln!(io::stderr().lock(), "warning: {warning}")?;
            }
            let is_root = rustix::process::geteuid().is_root();
            let scenario = loaded.checked.runnable();
            if let Some(warning) = scenario.and_then(|scenario| without_root(scenario, is_root)) {
                writeln!(io::stderr().lock(), "warning: {warning}")?;
            }
            writeln!(out, "{}: ok{}", path.display(), expansion(&loaded))?;
        } else {
            say_problems(&loaded)?;
            code = ExitCode::Usage;
        }
    }
    Ok(code)
}

/// Asks the engine, where a scenario needs what not every engine has. Where none answers, that is said and is no mistake.
fn hold_against_engine(loaded: &mut Loaded, daemon: &DaemonArgs) -> Result<(), Failure> {
    if !loaded.checked.depends_on_engine() {
        return Ok(());
    }
    let asked = runtime()?.block_on(async {
        let engine = connect(daemon).await?;
        hold_against(loaded, &engine).await
    });
    if asked.is_err() {
        let path = loaded.folder.path().display();
        writeln!(
            io::stderr().lock(),
            "note: {path} asks for what not every engine has, and no engine answers: that was not checked"
        )?;
    }
    Ok(())
}

/// What a user without root cannot have of a scenario.
fn without_root(scenario: &Scenario, is_root: bool) -> Option<&'static str> {
    let caches = scenario.start.as_ref().map(|start| start.caches.as_slice());
    let asks = caches.is_some_and(|caches| caches.contains(&StartCache::ColdPages));
    (asks && !is_root).then_some(
        "starts from `cold-pages` do not count for this user: putting an image's files out of memory is for root on the \
         daemon's machine",
    )
}

/// What the matrix of a scenario makes of its variants; nothing where it has none.
fn expansion(loaded: &Loaded) -> String {
    let Some(scenario) = loaded
        .checked
        .scenario
        .as_ref()
        .filter(|scenario| scenario.has_matrix)
    else {
        return String::new();
    };
    let names: Vec<&str> = scenario
        .variants
        .iter()
        .map(|variant| variant.name.as_str())
        .collect();
    format!(
        ", the matrix makes {} variants: {}",
        names.len(),
        names.join(", ")
    )
}

/// Writes every mistake of a scenario to standard error, and how many there are.
pub(super) fn say_problems(loaded: &Loaded) -> io::Result<()> {
    let mut errors = io::stderr().lock();
    write_problems(&loaded.checked, ProblemStyle::of_stderr(), &mut errors)?;
    let count = loaded.checked.problems.len();
    let noun = if count == 1 { "mistake" } else { "mistakes" };
    writeln!(errors, "{}: {count} {noun}", loaded.folder.path().display())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn who_is_not_root_is_told_what_that_costs_and_nobody_else_is() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        for (name, is_root, expected) in [
            ("restart", false, true),
            ("restart", true, false),
            ("quickstart", false, false),
        ] {
            let loaded = load(&root.join(name), &Overrides::default()).unwrap();
            let scenario = loaded.checked.runnable().unwrap();
            assert_eq!(
                without_root(scenario, is_root).is_some(),
                expected,
                "{name}, {is_root}"
            );
        }
    }
}
