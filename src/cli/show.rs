//! `seatrial show`: a scenario in words, or every setting in force with its origin.

use std::io::{self, Write};
use std::path::Path;

use crate::scenario::{
    BaseSource, BuildOptions, BuilderKind, Checked, CompanionImage, Edit, Expectation, HookKind, Replay,
    Scenario, Step, Variant, resolved_toml,
};

/// How to show a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// What it is about, for people.
    Summary,
    /// Every setting in force as TOML, with its origin.
    Resolved,
}

/// Writes a scenario that was checked without a mistake; nothing for another.
///
/// # Errors
///
/// Where `out` cannot be written.
pub(super) fn show(checked: &Checked, view: View, out: &mut dyn Write) -> io::Result<()> {
    let Some(scenario) = &checked.scenario else {
        return Ok(());
    };
    match view {
        View::Summary => summary(scenario, out),
        View::Resolved => out.write_all(resolved_toml(scenario, &checked.provenance).as_bytes()),
    }
}

fn summary(scenario: &Scenario, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}: {}", scenario.name, scenario.title)?;
    if let Some(question) = &scenario.question {
        writeln!(out, "{question}")?;
    }
    if !scenario.tags.is_empty() {
        writeln!(out, "tags: {}", scenario.tags.join(", "))?;
    }
    writeln!(out, "\nvariants")?;
    for variant in &scenario.variants {
        let baseline = if std::ptr::eq(scenario.baseline(), variant) {
            ", the baseline"
        } else {
            ""
        };
        writeln!(out, "  {}: {}{baseline}", variant.name, settings_of(variant))?;
    }
    if !scenario.bases.is_empty() {
        writeln!(out, "\nbases")?;
    }
    for base in &scenario.bases {
        let source = match &base.source {
            BaseSource::Pulled { image } => format!("pulled, {image}"),
            BaseSource::Imported { command } => format!("imported, {}", command.join(" ")),
            BaseSource::PulledOrImported { image, command } => {
                format!("pulled, {image}, or imported, {}", command.join(" "))
            }
            BaseSource::Ballast => "the built-in test cargo".to_owned(),
        };
        writeln!(out, "  {} as {}: {source}", base.name, base.build_arg())?;
    }
    let build = &scenario.build;
    writeln!(
        out,
        "\nsteps of {} after {}, each build at most {}",
        counted(build.rounds, "round"),
        counted(build.warmups, "warm-up"),
        build.timeout
    )?;
    if let Some(replay) = &scenario.replay {
        writeln!(out, "  {}", replay_in_words(replay))?;
    }
    for step in &build.steps {
        writeln!(out, "  {}", step_line(step))?;
    }
    if let Some(start) = &scenario.start {
        writeln!(
            out,
            "\nstart\n  {} after {}, {} within {}",
            counted(start.samples, "start"),
            counted(start.warmups, "warm-up"),
            start.ready,
            start.timeout
        )?;
    }
    if let Some(start) = scenario.start.as_ref().filter(|start| !start.bursts.is_empty()) {
        let bursts: Vec<String> = start.bursts.iter().map(ToString::to_string).collect();
        writeln!(out, "  and as often, at once: {}", bursts.join(", "))?;
    }
    for companion in scenario.start.iter().flat_map(|start| &start.companions) {
        let of = match &companion.image {
            CompanionImage::Present(reference) => format!("image {reference}"),
            CompanionImage::Base(name) => format!("base {name}"),
        };
        let (name, ready, timeout) = (&companion.name, &companion.ready, companion.timeout);
        writeln!(out, "  companion {name}, {of}: {ready} within {timeout}")?;
    }
    for (kind, commands) in [
        (HookKind::Setup, &scenario.hooks.setup),
        (HookKind::Prepare, &scenario.hooks.prepare),
        (HookKind::Cleanup, &scenario.hooks.cleanup),
    ] {
        for command in commands {
            writeln!(out, "\n{kind} hook: {command}")?;
        }
    }
    if !scenario.gates.is_empty() {
        let metrics: Vec<&str> = scenario.gates.iter().map(|gate| gate.metric.as_str()).collect();
        writeln!(out, "\ngates on {}", metrics.join(", "))?;
    }
    Ok(())
}

/// What a variant is built of, in one line.
pub(super) fn settings_of(variant: &Variant) -> String {
    let mut parts = vec![variant.dockerfile.display().to_string()];
    if variant.builder != BuilderKind::default() {
        parts.push(format!("{} builder", variant.builder));
    }
    parts.extend(variant.base.iter().map(|base| format!("base {base}")));
    parts.extend(variant.target.iter().map(|target| format!("target {target}")));
    parts.extend(variant.args.iter().map(|(name, value)| format!("{name}={value}")));
    parts.extend(options_of(&variant.options));
    parts.join(", ")
}

/// The build options of a variant, each in a few words; never a value from the environment.
fn options_of(options: &BuildOptions) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for (name, source) in &options.env_args {
        let secret = if source.secret { ", secret" } else { "" };
        parts.push(format!("{name} from ${}{secret}", source.env));
    }
    for (name, folder) in &options.contexts {
        parts.push(format!("context {name} of {}", folder.display()));
    }
    for (id, source) in &options.secrets {
        parts.push(format!("secret {id} from {source}"));
    }
    for (id, env) in &options.ssh {
        parts.push(format!("ssh agent {id} at ${env}"));
    }
    parts.extend(options.platform.clone());
    parts.extend(
        options
            .network
            .map(|network| format!("network {}", network.as_str())),
    );
    parts.extend(options.shm_size.map(|size| format!("shm {size}")));
    for (host, address) in &options.add_hosts {
        parts.push(format!("host {host} at {address}"));
    }
    parts
}

/// Which commits are the steps, in one line.
pub(super) fn replay_in_words(replay: &Replay) -> String {
    let whole = replay.path == Path::new(".");
    let folder = if whole {
        String::new()
    } else {
        format!(", the folder {} of it", replay.path.display())
    };
    format!(
        "the commits {} of {}{folder}, by first parents; one that changes nothing that a build can see is not built \
         and counts as free",
        replay.range,
        replay.repo.display()
    )
}

fn counted(count: u32, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

fn step_line(step: &Step) -> String {
    let mut line = step.name.clone();
    let edits: Vec<String> = step.edits.iter().map(Edit::to_string).collect();
    if !edits.is_empty() {
        line.push_str(": ");
        line.push_str(&edits.join(", "));
    }
    match &step.expect {
        None => {}
        Some(Expectation::Cached) => line.push_str("; all cached"),
        Some(Expectation::Rebuilt(instructions)) if instructions.is_empty() => {
            line.push_str("; something rebuilt");
        }
        Some(Expectation::Rebuilt(instructions)) => {
            line.push_str("; rebuilt: ");
            line.push_str(&instructions.join(", "));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::cli::scenario_folder::ScenarioFolder;
    use crate::scenario::Overrides;

    fn shown(view: View, overrides: &Overrides) -> String {
        let checked = ScenarioFolder::at(Path::new("tests/fixtures/scenarios/small"))
            .check(overrides)
            .unwrap();
        assert_eq!(checked.problems, []);
        let mut out = Vec::new();
        show(&checked, view, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_summary_says_what_is_measured() {
        insta::assert_snapshot!(shown(View::Summary, &Overrides::default()), @"
        small: A small scenario: one edit, two orders
        Does the check read everything?
        tags: cache, small

        variants
          plain: plain.Dockerfile, the baseline
          ordered: ordered.Dockerfile, EXTRA=1

        bases
          alpine as ALPINE: pulled, alpine:3.20, or imported, sh base.sh

        steps of 4 rounds after 0 warm-ups, each build at most 90.0 s
          cold
          edit source: append app/main.sh, replace app/main.sh; rebuilt: COPY . /app
          touch only: touch app/main.sh; all cached

        start
          6 starts after 1 warm-up, ready at /health on port 8000 within 60.0 s

        gates on step.edit source.time, image.size
        ");
    }

    #[test]
    fn each_setting_in_force_names_its_origin() {
        let overrides = Overrides {
            rounds: Some(3),
            ..Overrides::default()
        };
        insta::assert_snapshot!(shown(View::Resolved, &overrides), @r##"
        schema = 1  # scenario
        title = "A small scenario: one edit, two orders"  # scenario
        question = "Does the check read everything?"  # scenario
        tags = ["cache", "small"]  # scenario
        keep = ["ordered"]  # scenario

        [context]
        path = "context"  # scenario
        fill = [{ path = "bulk", files = 3, bytes = "4KiB", seed = 1 }]  # scenario

        [base.alpine]
        image = "alpine:3.20"  # scenario
        import = ["sh", "base.sh"]  # scenario
        # source chosen by: built in

        [[variant]]
        name = "plain"  # scenario
        dockerfile = "plain.Dockerfile"  # scenario
        builder = "buildkit"  # built in
        # the baseline  # built in

        [[variant]]
        name = "ordered"  # scenario
        dockerfile = "ordered.Dockerfile"  # scenario
        ignore = "ordered.dockerignore"  # scenario
        args = { "EXTRA" = "1" }  # scenario
        builder = "buildkit"  # built in

        [build]
        rounds = 3  # command line
        warmups = 0  # scenario
        timeout = "90s"  # defaults (seatrial.toml)

        [[build.step]]
        name = "cold"  # scenario
        cache = { layers = "empty", mounts = "empty", context = "kept", base = "present" }  # scenario

        [[build.step]]
        name = "edit source"  # scenario
        cache = { layers = "primed", mounts = "kept", context = "kept", base = "present" }  # built in
        edit = [{ append = "app/main.sh", text = "# {{nonce}}\n" }, { replace = "app/main.sh", find = "hello", with = "good day", times = 1 }]  # scenario
        expect = { rebuilt = ["COPY . /app"] }  # scenario

        [[build.step]]
        name = "touch only"  # scenario
        cache = { layers = "primed", mounts = "kept", context = "kept", base = "present" }  # built in
        edit = [{ touch = "app/main.sh" }]  # scenario
        expect = "cached"  # scenario

        [start]
        samples = 6  # defaults (seatrial.toml)
        warmups = 1  # built in
        timeout = "1m"  # built in
        env = { "GREETING" = "a \"quoted\" word" }  # scenario

        [start.ready]
        http = "/health"  # scenario
        port = 8000  # scenario
        status = [200]  # built in
        body-contains = "ok"  # scenario

        [gate]
        "step.edit source.time" = { worse-by = "5%", at-least = "10ms" }  # scenario
        "image.size" = { at-most = "10MiB" }  # scenario
        "##);
    }
}
