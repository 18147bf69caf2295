//! A scenario in force, written as a scenario file, with the origin of each setting behind it.

use std::fmt::{Display, Write as _};
use std::path::Path;

use serde::Serialize;

use super::{
    Base, BaseSource, BuildCacheState, Companion, CompanionImage, ContainerLimits, ContainerMount,
    ContainerOptions, DEFAULT_METHOD, Edit, EngineReadiness, Expectation, Gate, Hooks, HttpReadiness,
    NetworkReadiness, Origin, Provenance, Readiness, RemoteCache, Replay, Scenario, SecretSource, StartCache,
    StartSettings, StatusPattern, Step, Variant,
};
use crate::unit::{ByteSize, Nanos};

/// The scenario as TOML. Reading it again gives the same scenario, where no `--quick` or filter narrowed it.
#[must_use]
pub fn resolved_toml(scenario: &Scenario, provenance: &Provenance) -> String {
    let mut page = Page {
        text: String::new(),
        provenance,
    };
    page.set("schema", super::SCENARIO_SCHEMA);
    page.set("title", quoted(&scenario.title));
    if let Some(question) = &scenario.question {
        page.set("question", quoted(question));
    }
    for (key, names) in [("tags", &scenario.tags), ("keep", &scenario.keep)] {
        if !names.is_empty() {
            page.set(key, list(names));
        }
    }
    page.context(scenario);
    for base in &scenario.bases {
        page.base(base);
    }
    for variant in &scenario.variants {
        page.variant(variant, scenario);
    }
    page.header("[build]");
    let build = &scenario.build;
    page.set_from("rounds", build.rounds, "build.rounds");
    page.set_from("warmups", build.warmups, "build.warmups");
    page.set_from("timeout", duration(build.timeout), "build.timeout");
    if let Some(cache) = &build.remote_cache {
        page.remote_cache(cache);
    }
    if let Some(replay) = &scenario.replay {
        page.replay(replay, &build.steps);
    } else {
        for step in &build.steps {
            page.step(step);
        }
    }
    if let Some(start) = &scenario.start {
        page.start(start);
    }
    if !scenario.hooks.is_empty() {
        page.hooks(&scenario.hooks);
    }
    if !scenario.gates.is_empty() {
        page.header("[gate]");
        for gate in &scenario.gates {
            page.gate(gate);
        }
    }
    page.text
}

struct Page<'settings> {
    text: String,
    provenance: &'settings Provenance,
}

impl Page<'_> {
    fn header(&mut self, header: &str) {
        self.line(&format!("\n{header}"));
    }

    fn set(&mut self, key: &str, value: impl Display) {
        self.set_with(key, value, &Origin::Scenario);
    }

    fn set_from(&mut self, key: &str, value: impl Display, setting: &str) {
        let origin = self.provenance.of(setting).clone();
        self.set_with(key, value, &origin);
    }

    fn set_with(&mut self, key: &str, value: impl Display, origin: &Origin) {
        self.line(&format!("{key} = {value}  # {origin}"));
    }

    fn line(&mut self, line: &str) {
        writeln!(self.text, "{line}").expect("invariant: writing to a string does not fail");
    }

    fn context(&mut self, scenario: &Scenario) {
        let replays = scenario.replay.is_some();
        if replays && scenario.context.fill.is_empty() {
            return;
        }
        self.header("[context]");
        if !replays {
            self.set("path", path(&scenario.context.path));
        }
        let fills: Vec<String> = scenario
            .context
            .fill
            .iter()
            .map(|fill| {
                let bytes = size(fill.bytes);
                let (path, files, seed) = (path(&fill.path), fill.files, fill.seed);
                format!("{{ path = {path}, files = {files}, bytes = {bytes}, seed = {seed} }}")
            })
            .collect();
        if !fills.is_empty() {
            self.set("fill", format!("[{}]", fills.join(", ")));
        }
    }

    fn base(&mut self, base: &Base) {
        self.header(&format!("[base.{}]", base.name));
        let setting = format!("base.{}.from", base.name);
        let sources = match &base.source {
            BaseSource::Pulled { image } => vec![("image", quoted(image))],
            BaseSource::Imported { command } => vec![("import", list(command))],
            BaseSource::PulledOrImported { image, command } => {
                vec![("image", quoted(image)), ("import", list(command))]
            }
            BaseSource::Ballast => vec![("ballast", "true".to_owned())],
        };
        let chooser = self.provenance.of(&setting).clone();
        for (key, value) in sources {
            self.set(key, value);
        }
        if base.optional {
            self.set("optional", "true".to_owned());
        }
        // The values are the scenario's; which of two sources is used may have been decided elsewhere.
        if chooser != Origin::Scenario {
            self.line(&format!("# source chosen by: {chooser}"));
        }
    }

    fn variant(&mut self, variant: &Variant, scenario: &Scenario) {
        self.header("[[variant]]");
        self.set("name", quoted(&variant.name));
        self.set("dockerfile", path(&variant.dockerfile));
        if let Some(ignore) = &variant.ignore {
            self.set("ignore", path(ignore));
        }
        self.arguments(variant);
        if let Some(base) = &variant.base {
            self.set("base", quoted(base));
        }
        if let Some(target) = &variant.target {
            self.set("target", quoted(target));
        }
        let setting = format!("variant.{}.builder", variant.name);
        self.set_from("builder", quoted(variant.builder.as_str()), &setting);
        self.options(variant);
        // The first variant is the baseline where none says so.
        if variant.baseline {
            self.set("baseline", true);
        } else if std::ptr::eq(scenario.baseline(), variant) {
            self.line(&format!("# the baseline  # {}", Origin::BuiltIn));
        }
    }

    fn arguments(&mut self, variant: &Variant) {
        let texts = variant
            .args
            .iter()
            .map(|(name, value)| format!("{} = {}", quoted(name), quoted(value)));
        let from_env = variant.options.env_args.iter().map(|(name, source)| {
            let secret = if source.secret { ", secret = true" } else { "" };
            format!("{} = {{ env = {}{secret} }}", quoted(name), quoted(&source.env))
        });
        let all: Vec<String> = texts.chain(from_env).collect();
        if !all.is_empty() {
            self.set("args", format!("{{ {} }}", all.join(", ")));
        }
    }

    fn options(&mut self, variant: &Variant) {
        let options = &variant.options;
        let setting = |key: &str| format!("variant.{}.{key}", variant.name);
        let tables = [
            entries("contexts", &options.contexts, |folder| path(folder)),
            entries("secrets", &options.secrets, |source| match source {
                SecretSource::Env(name) => format!("{{ env = {} }}", quoted(name)),
                SecretSource::File(file) => format!("{{ file = {} }}", path(file)),
            }),
            entries("ssh", &options.ssh, |env| format!("{{ env = {} }}", quoted(env))),
            entries("add-hosts", &options.add_hosts, |address| quoted(address)),
        ];
        for (key, value) in tables.into_iter().flatten() {
            self.set(key, value);
        }
        if let Some(platform) = &options.platform {
            self.set_from("platform", quoted(platform), &setting("platform"));
        }
        if let Some(network) = options.network {
            self.set_from("network", quoted(network.as_str()), &setting("network"));
        }
        if let Some(bytes) = options.shm_size {
            self.set_from("shm-size", size(bytes), &setting("shm-size"));
        }
    }

    fn remote_cache(&mut self, cache: &RemoteCache) {
        self.header("[build.remote-cache]");
        self.set("type", quoted(cache.type_name()));
        if let Some(repository) = cache.repository() {
            self.set("repository", quoted(repository));
        }
        if !matches!(cache, RemoteCache::Inline { .. }) {
            self.set("mode", quoted(cache.mode().name()));
        }
    }

    fn replay(&mut self, replay: &Replay, steps: &[Step]) {
        self.header("[replay]");
        self.set("repo", path(&replay.repo));
        self.set("range", quoted(&replay.range.to_string()));
        self.set_from("path", path(&replay.path), "replay.path");
        self.line(&format!("# begins after {}; the steps are:", replay.base.hash));
        for step in steps {
            let hash = step.commit.as_ref().map(|commit| commit.hash.as_str());
            self.line(&format!("# {}: {}", step.name, hash.unwrap_or(&replay.base.hash)));
        }
    }

    fn step(&mut self, step: &Step) {
        self.header("[[build.step]]");
        self.set_from("name", quoted(&step.name), "build.step");
        let setting = format!("build.step.{}.cache", step.name);
        self.set_from("cache", cache(step.cache), &setting);
        if step.export_cache {
            self.set("export-cache", true);
        }
        if !step.edits.is_empty() {
            let edits: Vec<String> = step.edits.iter().map(edit).collect();
            self.set("edit", format!("[{}]", edits.join(", ")));
        }
        match &step.expect {
            None => {}
            Some(Expectation::Cached) => self.set_from("expect", quoted("cached"), "build.step"),
            Some(Expectation::Rebuilt(instructions)) => {
                self.set("expect", format!("{{ rebuilt = {} }}", list(instructions)));
            }
        }
    }

    fn hooks(&mut self, hooks: &Hooks) {
        self.header("[hooks]");
        for (key, commands) in [
            ("setup", &hooks.setup),
            ("prepare", &hooks.prepare),
            ("cleanup", &hooks.cleanup),
        ] {
            self.set(key, list(commands));
        }
        self.set("timeout", duration(hooks.timeout));
    }

    fn start(&mut self, start: &StartSettings) {
        self.header("[start]");
        self.set_from("samples", start.samples, "start.samples");
        self.set_from("warmups", start.warmups, "start.warmups");
        self.set_from("timeout", duration(start.timeout), "start.timeout");
        if start.caches != [StartCache::Warm] {
            let caches: Vec<String> = start.caches.iter().map(ToString::to_string).collect();
            self.set("cache", list(&caches));
        }
        if !start.bursts.is_empty() {
            let bursts: Vec<String> = start.bursts.iter().map(ToString::to_string).collect();
            self.set("burst", format!("[{}]", bursts.join(", ")));
        }
        self.container(&start.container);
        if !start.pull.is_none() {
            self.header("[start.pull]");
            if let Some(bandwidth) = start.pull.bandwidth {
                self.set("bandwidth", quoted(&bandwidth.to_string()));
            }
            if let Some(latency) = start.pull.latency {
                self.set("latency", duration(latency));
            }
            if let Some(jitter) = start.pull.jitter {
                self.set("jitter", duration(jitter));
            }
        }
        self.header("[start.ready]");
        self.ready(&start.ready, "start.ready");
        for companion in &start.companions {
            self.companion(companion);
        }
    }

    fn companion(&mut self, companion: &Companion) {
        self.header("[[start.companion]]");
        self.set("name", quoted(&companion.name));
        match &companion.image {
            CompanionImage::Present(reference) => self.set("image", quoted(reference)),
            CompanionImage::Base(name) => self.set("base", quoted(name)),
        }
        if let Some(port) = companion.port {
            self.set("port", port);
        }
        let setting = format!("start.companion.{}", companion.name);
        self.set_from(
            "timeout",
            duration(companion.timeout),
            &format!("{setting}.timeout"),
        );
        self.container(&companion.container);
        self.header("[start.companion.ready]");
        self.ready(&companion.ready, &format!("{setting}.ready"));
    }

    fn ready(&mut self, ready: &Readiness, setting: &str) {
        match ready {
            Readiness::Network(NetworkReadiness::Http(http)) => self.http(http, setting),
            Readiness::Network(NetworkReadiness::Tcp(port)) => self.set("tcp", port),
            Readiness::Engine(EngineReadiness::Log(log)) => {
                self.set("log", quoted(&log.contains));
                self.set("times", log.times);
                if let Some(stream) = log.stream {
                    self.set("stream", quoted(stream.as_str()));
                }
            }
            Readiness::Engine(EngineReadiness::Health { every }) => {
                self.set("health", true);
                if let Some(every) = every {
                    self.set("every", duration(*every));
                }
            }
            Readiness::Engine(EngineReadiness::Exec { command, every }) => {
                self.set("exec", list(command));
                self.set("every", duration(*every));
            }
            Readiness::Engine(EngineReadiness::Exit(codes)) => {
                let codes: Vec<String> = codes.iter().map(ToString::to_string).collect();
                self.set("exit", format!("[{}]", codes.join(", ")));
            }
        }
    }

    fn http(&mut self, http: &HttpReadiness, setting: &str) {
        self.set("http", quoted(&http.path));
        self.set("port", http.port);
        if http.method != DEFAULT_METHOD {
            self.set("method", quoted(&http.method));
        }
        let status = http.status.iter().map(|pattern| match pattern {
            StatusPattern::Code(code) => code.to_string(),
            StatusPattern::Class(class) => quoted(class.as_str()),
        });
        let status: Vec<String> = status.collect();
        let status = format!("[{}]", status.join(", "));
        self.set_from("status", status, &format!("{setting}.status"));
        if !http.headers.is_empty() {
            self.set("headers", table(&http.headers));
        }
        if let Some(body) = &http.body_contains {
            self.set("body-contains", quoted(body));
        }
    }

    fn container(&mut self, container: &ContainerOptions) {
        for (key, words) in [
            ("entrypoint", &container.entrypoint),
            ("command", &container.command),
        ] {
            if let Some(words) = words {
                self.set(key, list(words));
            }
        }
        if !container.env.is_empty() {
            self.set("env", table(&container.env));
        }
        for (key, text) in [("user", &container.user), ("network", &container.network)] {
            if let Some(text) = text {
                self.set(key, quoted(text));
            }
        }
        if !container.mounts.is_empty() {
            let mounts = container.mounts.iter().map(|(target, mount)| match mount {
                ContainerMount::Bind(source) => format!("{} = {{ bind = {} }}", quoted(target), path(source)),
                ContainerMount::Tmpfs(size) => {
                    format!(
                        "{} = {{ tmpfs = {} }}",
                        quoted(target),
                        quoted(&format!("{}B", size.0))
                    )
                }
            });
            let mounts: Vec<String> = mounts.collect();
            self.set("mounts", format!("{{ {} }}", mounts.join(", ")));
        }
        if !container.limits.is_empty() {
            let ContainerLimits {
                cpus,
                memory,
                processes,
            } = container.limits;
            let limits = [
                cpus.map(|cpus| format!("cpus = {cpus}")),
                memory.map(|memory| format!("memory = {}", quoted(&format!("{}B", memory.0)))),
                processes.map(|processes| format!("processes = {processes}")),
            ];
            let limits: Vec<String> = limits.into_iter().flatten().collect();
            self.set("limits", format!("{{ {} }}", limits.join(", ")));
        }
    }

    fn gate(&mut self, gate: &Gate) {
        let bounds: Vec<String> = [
            ("worse-by", &gate.worse_by),
            ("at-least", &gate.at_least),
            ("at-most", &gate.at_most),
        ]
        .into_iter()
        .filter_map(|(key, bound)| bound.as_ref().map(|bound| format!("{key} = {}", quoted(bound))))
        .collect();
        self.set(&quoted(&gate.metric), format!("{{ {} }}", bounds.join(", ")));
    }
}

fn edit(edit: &Edit) -> String {
    let rest = match edit {
        Edit::Append { path: at, text }
        | Edit::Prepend { path: at, text }
        | Edit::Write { path: at, text } => {
            format!("{}, text = {}", path(at), quoted(text))
        }
        Edit::Replace {
            path: at,
            find,
            with,
            times,
        } => format!(
            "{}, find = {}, with = {}, times = {times}",
            path(at),
            quoted(find),
            quoted(with)
        ),
        Edit::Touch { path: at } | Edit::Delete { path: at } | Edit::Patch { file: at, .. } => path(at),
        Edit::Rename { path: at, to } | Edit::Copy { path: at, to } => {
            format!("{}, to = {}", path(at), path(to))
        }
        Edit::Chmod { path: at, mode } => format!("{}, mode = {}", path(at), quoted(&mode.to_string())),
        Edit::Run { command, timeout } => {
            format!("{}, timeout = {}", quoted(command), duration(*timeout))
        }
    };
    format!("{{ {} = {rest} }}", edit.kind())
}

fn cache(state: BuildCacheState) -> String {
    let words = [
        ("layers", word(&state.layers)),
        ("mounts", word(&state.mounts)),
        ("context", word(&state.context)),
        ("base", word(&state.base)),
    ];
    let words = words.map(|(key, word)| format!("{key} = {}", quoted(&word)));
    format!("{{ {} }}", words.join(", "))
}

/// The word of a state in the file, which is its serialised form.
fn word(state: &impl Serialize) -> String {
    match serde_json::to_value(state) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// A basic string on one line.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

fn path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
}

fn table(entries: &std::collections::BTreeMap<String, String>) -> String {
    let entries: Vec<String> = entries
        .iter()
        .map(|(key, value)| format!("{} = {}", quoted(key), quoted(value)))
        .collect();
    format!("{{ {} }}", entries.join(", "))
}

/// A key with an inline table, where there is anything in it.
fn entries<'key, T>(
    key: &'key str,
    table: &std::collections::BTreeMap<String, T>,
    show: impl Fn(&T) -> String,
) -> Option<(&'key str, String)> {
    let entries: Vec<String> = table
        .iter()
        .map(|(name, value)| format!("{} = {}", quoted(name), show(value)))
        .collect();
    (!entries.is_empty()).then(|| (key, format!("{{ {} }}", entries.join(", "))))
}

/// The duration in the largest unit that shows it exactly.
fn duration(nanos: Nanos) -> String {
    let units = [
        ("h", 3_600_000_000_000),
        ("m", 60_000_000_000),
        ("s", 1_000_000_000),
        ("ms", 1_000_000),
        ("us", 1_000),
    ];
    quoted(&in_largest_unit(nanos.0, &units, "ns"))
}

/// The size in the largest binary unit that shows it exactly.
fn size(bytes: ByteSize) -> String {
    let units = [
        ("TiB", 1 << 40),
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("KiB", 1 << 10),
    ];
    quoted(&in_largest_unit(bytes.0, &units, "B"))
}

fn in_largest_unit(value: u64, units: &[(&str, u64)], smallest: &str) -> String {
    units
        .iter()
        .find(|(_, factor)| value > 0 && value.is_multiple_of(*factor))
        .map_or_else(
            || format!("{value}{smallest}"),
            |(unit, factor)| format!("{}{unit}", value / factor),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_shown_exactly_in_the_largest_unit() {
        for (nanos, expected) in [
            (0, "\"0ns\""),
            (600_000_000_000, "\"10m\""),
            (90_000_000_000, "\"90s\""),
            (1_500_000_000, "\"1500ms\""),
            (1, "\"1ns\""),
        ] {
            assert_eq!(duration(Nanos(nanos)), expected, "{nanos}");
        }
        for (bytes, expected) in [
            (0, "\"0B\""),
            (41_943_040, "\"40MiB\""),
            (1_000_000, "\"1000000B\""),
        ] {
            assert_eq!(size(ByteSize(bytes)), expected, "{bytes}");
        }
    }

    #[test]
    fn strings_stay_on_one_line() {
        assert_eq!(quoted("a\"b\\c\nd\te\u{1}é"), r#""a\"b\\c\nd\te\u0001é""#);
    }
}
