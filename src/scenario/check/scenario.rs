//! The whole check.

use super::checked::Checked;
use super::dockerfiles::Dockerfiles;
use super::findings::Findings;
use super::input::ScenarioInput;
use super::placed::Placed;
use super::reader::Reader;
use super::settings::Settings;
use super::variants::Common;
use super::{
    bases, classic, context, gates, hooks, ignore_files, matrix, mounts, needs, remote_cache, replay,
    selection, start, steps, variants,
};
use crate::scenario::file::{
    Cursor, DefaultsDocument, DefaultsTable, HooksTable, Read, ReplayTable, ScenarioDocument, StepTable,
    masked, read,
};
use crate::scenario::nearest::hint;
use crate::scenario::{
    Base, BuildSettings, BuilderKind, Hooks, Metric, Overrides, Place, Problem, Provenance, RemoteCache,
    Replay, Scenario, StartCache, StartSettings, Step, name,
};

/// Checks a scenario and resolves what is in force.
///
/// Everything that can be known from the files is checked, whatever else is wrong; edits are not tried on the
/// context here. A text that is no TOML ends the check of that file, because what could be recovered from it would
/// bring mistakes that nobody made.
#[must_use]
pub fn check(input: &ScenarioInput<'_>, overrides: &Overrides) -> Checked {
    let mut findings = Findings {
        source: &input.source,
        problems: Vec::new(),
    };
    let mut sources = vec![input.source.clone()];
    let defaults = read_defaults(input, &mut findings);
    sources.extend(input.defaults.clone());
    check_command_line(overrides, &mut findings);

    let Read {
        document,
        tree,
        problems,
        literals,
    } = read::<ScenarioDocument>(&input.source);
    findings.problems.extend(problems);
    if let Some(file) = sources.first_mut() {
        file.text = masked(&file.text, &literals);
    }
    let mut checked = Checked {
        scenario: None,
        provenance: Provenance::default(),
        problems: Vec::new(),
        sources: Vec::new(),
        draft: None,
        edits: Vec::new(),
        fills: Vec::new(),
        needs: Vec::new(),
    };
    if let Some(document) = document {
        let settings = Settings {
            overrides,
            defaults,
            defaults_path: defaults_path(input),
        };
        let mut resolver = Resolver {
            input,
            overrides,
            settings,
            at: Cursor::new(&tree),
            findings,
            checked,
        };
        let scenario = resolver.resolve(document);
        findings = resolver.findings;
        checked = resolver.checked;
        sources.append(&mut checked.sources);
        checked.scenario = findings.problems.is_empty().then(|| scenario.clone());
        checked.draft = Some(scenario);
    }
    checked.sources = sources;
    checked.problems = findings.problems;
    checked.problems.sort_by_key(|problem| {
        problem.place.as_ref().map(|place| {
            (
                place.file != input.source.path,
                place.file.clone(),
                place.span.start,
            )
        })
    });
    // Variants of a matrix share a table, and what is wrong with it is wrong with each of them.
    let mut unique: Vec<Problem> = Vec::new();
    for problem in std::mem::take(&mut checked.problems) {
        if !unique.contains(&problem) {
            unique.push(problem);
        }
    }
    checked.problems = unique;
    checked
}

/// The name of the defaults file for provenance: that of the file, not the way to it.
fn defaults_path(input: &ScenarioInput<'_>) -> std::path::PathBuf {
    let source = input.defaults.as_ref();
    source
        .and_then(|source| source.path.file_name())
        .map(Into::into)
        .unwrap_or_default()
}

fn read_defaults(input: &ScenarioInput<'_>, findings: &mut Findings<'_>) -> Option<DefaultsTable> {
    let read = read::<DefaultsDocument>(input.defaults.as_ref()?);
    findings.problems.extend(read.problems);
    read.document?.defaults
}

fn check_command_line(overrides: &Overrides, findings: &mut Findings<'_>) {
    for (flag, value) in [("--rounds", overrides.rounds), ("--starts", overrides.starts)] {
        if value == Some(0) {
            findings.of_command_line(format!("`{flag} 0`: expected at least 1"));
        }
    }
}

/// Walks the document.
struct Resolver<'input> {
    input: &'input ScenarioInput<'input>,
    overrides: &'input Overrides,
    settings: Settings<'input>,
    at: Cursor<'input>,
    findings: Findings<'input>,
    checked: Checked,
}

impl Resolver<'_> {
    fn resolve(&mut self, document: ScenarioDocument) -> Scenario {
        self.check_name();
        replay::check_place(document.context.as_ref(), &self.at, &mut self.findings);
        let context = context::context(
            document.context.unwrap_or_default(),
            &self.at.key("context"),
            self.input,
            &mut self.findings,
        );
        let bases = bases::bases(
            document.base.unwrap_or_default(),
            &self.at.key("base"),
            self.overrides,
            &mut self.checked.provenance,
            &mut self.findings,
        );
        let build = document.build.unwrap_or_default();
        let builder = self.settings.builder(&build, &mut self.checked.provenance);
        let defaults = self.settings.variant();
        let placed = variants::variants(
            document.variant.unwrap_or_default(),
            &self.at,
            &bases,
            &Common {
                builder: builder.0,
                origin: &builder.1,
                named: &context.named,
                defaults: &defaults,
                input: self.input,
            },
            &mut self.checked.provenance,
            &mut self.findings,
        );
        let has_matrix = document.matrix.is_some();
        let placed = matrix::expand(
            document.matrix,
            &self.at.key("matrix"),
            placed,
            &bases,
            &mut self.checked.provenance,
            &mut self.findings,
        );
        variants::check_chosen_bases(&placed, &bases, &mut self.findings);
        let keep = document.keep.unwrap_or_default();
        self.check_keep(&keep, &placed, &bases);

        let counts = self.settings.build(&build, &mut self.checked.provenance);
        let mut reader = Reader {
            input: self.input,
            sources: Vec::new(),
        };
        let (replay, steps) = self.steps(document.replay, build.step, &mut reader);
        let at_cache = self.at.key("build").key("remote-cache");
        let remote_cache = build
            .remote_cache
            .and_then(|table| remote_cache::remote_cache(table, &at_cache, &mut self.findings));
        self.check_builds(&placed, &bases, &steps.steps, remote_cache.as_ref(), &mut reader);
        // That of a replay lies in each commit, where the run reads it.
        let context_folder = Some(context.path.as_path()).filter(|_| !self.at.has("replay"));
        ignore_files::check(&placed, context_folder, &mut reader, &mut self.findings);
        self.checked.sources = reader.sources;

        let start = document.start.map(|table| self.start(table, &bases));
        let starts = self.start_caches(start.as_ref());
        let bursts = start.as_ref().map_or(&[][..], |start| &start.bursts);
        let is_classic = |placed: &Placed<'_>| placed.variant.builder == BuilderKind::Classic;
        let classic = placed.iter().any(is_classic);
        let gates = gates::gates(
            document.gate.unwrap_or_default(),
            &self.at.key("gate"),
            &Metric::all(&names(&steps), classic, &starts, bursts),
            &mut self.findings,
        );
        let steps = selection::steps(steps, self.overrides, &mut self.findings);
        let cache = remote_cache.as_ref();
        let (at, findings) = (&self.at, &self.findings);
        self.checked.needs = needs::needs(&placed, &steps.steps, cache, &starts, at, findings);
        let gates = selection::gates(gates, &Metric::all(&names(&steps), classic, &starts, bursts));
        let variants = placed.into_iter().map(|placed| placed.variant).collect();
        let variants = selection::variants(variants, self.overrides, &mut self.findings);
        self.checked.edits = steps.edits;
        self.checked.fills = self.fill_places(context.fill.len());
        Scenario {
            name: self.input.name.to_owned(),
            title: document.title.unwrap_or_default(),
            question: document.question,
            tags: document.tags.unwrap_or_default(),
            keep,
            context,
            bases,
            variants,
            has_matrix,
            replay,
            build: BuildSettings {
                rounds: counts.rounds,
                warmups: counts.warmups,
                timeout: counts.timeout,
                remote_cache,
                steps: steps.steps,
            },
            start,
            hooks: self.hooks(document.hooks.unwrap_or_default()),
            gates,
        }
    }

    /// The steps, and the repository whose commits they are.
    fn steps(
        &mut self,
        replay: Option<ReplayTable>,
        tables: Option<Vec<StepTable>>,
        reader: &mut Reader<'_>,
    ) -> (Option<Replay>, steps::Steps) {
        let at_replay = self.at.key("replay");
        let provenance = &mut self.checked.provenance;
        let replayed = replay
            .and_then(|table| replay::replay(table, &at_replay, self.input, provenance, &mut self.findings));
        match (replayed, tables) {
            (Some((replay, steps)), _) => (Some(replay), steps),
            (None, Some(tables)) => {
                let at_steps = self.at.key("build").key("step");
                let provenance = &mut self.checked.provenance;
                let steps = steps::steps(tables, &at_steps, provenance, reader, &mut self.findings);
                (None, steps)
            }
            (None, None) => (None, steps::built_in(&mut self.checked.provenance)),
        }
    }

    /// What the steps ask of bases, caches, Dockerfiles and builders, each held against the other.
    fn check_builds(
        &mut self,
        placed: &[Placed<'_>],
        bases: &[Base],
        steps: &[Step],
        remote_cache: Option<&RemoteCache>,
        reader: &mut Reader<'_>,
    ) {
        let at_build = self.at.key("build");
        let at_steps = at_build.key("step");
        remote_cache::check_uses(remote_cache, steps, &at_build, &mut self.findings);
        bases::check_absent(bases, steps, &at_steps, &mut self.findings);
        bases::check_baseline(placed, bases, &mut self.findings);
        let dockerfiles = Dockerfiles::load(placed, bases, reader, &mut self.findings);
        dockerfiles.check_expectations(steps, &at_steps, &mut self.findings);
        mounts::check(placed, &dockerfiles, reader, &mut self.findings);
        classic::check_states(placed, steps, &at_steps, &mut self.findings);
        classic::check(placed, &dockerfiles, reader, &mut self.findings);
    }

    /// The states that images are started in, as far as the file can be read: where it cannot, no key of a gate is a mistake
    /// for that.
    fn start_caches(&self, start: Option<&StartSettings>) -> Vec<StartCache> {
        match start {
            Some(start) => start.caches.clone(),
            None if self.at.has("start") => StartCache::ALL.to_vec(),
            None => Vec::new(),
        }
    }

    /// Where the fills of the context are.
    fn fill_places(&self, count: usize) -> Vec<Place> {
        let at = self.at.key("context").key("fill");
        (0..count)
            .map(|index| Place::new(&self.input.source, at.index(index).key("path").span()))
            .collect()
    }

    fn hooks(&mut self, table: HooksTable) -> Hooks {
        hooks::hooks(table, &self.at.key("hooks"), &mut self.findings)
    }

    fn start(&mut self, table: crate::scenario::file::StartTable, bases: &[Base]) -> StartSettings {
        let counts = self.settings.start(&table, &mut self.checked.provenance);
        start::start(
            table,
            counts,
            &self.at.key("start"),
            bases,
            self.input,
            &mut self.checked.provenance,
            &mut self.findings,
        )
    }

    /// The folder's name becomes part of image references and of the run's folder.
    fn check_name(&mut self) {
        if let Err(expected) = name::check_reference(self.input.name) {
            let message = format!(
                "the scenario's folder cannot be named {:?}, expected {expected}",
                self.input.name
            );
            let place = Place::new(&self.input.source, 0..0);
            self.findings.add(Problem::at(place, message));
        }
    }

    fn check_keep(&mut self, keep: &[String], variants: &[Placed<'_>], bases: &[Base]) {
        let names: Vec<&str> = variants
            .iter()
            .map(|placed| placed.variant.name.as_str())
            .chain(bases.iter().map(|base| base.name.as_str()))
            .filter(|name| !name.is_empty())
            .collect();
        for (index, name) in keep.iter().enumerate() {
            if !names.contains(&name.as_str()) {
                let at = self.at.key("keep").index(index);
                let message = format!("`keep` names `{name}`, which is neither a variant nor a base");
                let problem = self.findings.at(&at, message);
                problem.hint = hint(name, "there are", &names);
            }
        }
    }
}

fn names(steps: &steps::Steps) -> Vec<&str> {
    steps.steps.iter().map(|step| step.name.as_str()).collect()
}
