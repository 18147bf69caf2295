//! Scenarios with mistakes: what is said, and where. The folder is held in memory.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use proptest::prelude::*;
use seatrial::scenario::{
    BaseChoice, Checked, Overrides, Problem, ReadFailure, ScenarioFiles, ScenarioInput, Source, check,
    resolved_toml,
};

/// Files by path.
struct Folder(BTreeMap<String, String>);

impl ScenarioFiles for Folder {
    fn read(&self, path: &Path) -> Result<String, ReadFailure> {
        self.0
            .get(&*path.to_string_lossy())
            .cloned()
            .ok_or(ReadFailure::Missing)
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.0
            .keys()
            .any(|file| Path::new(file).starts_with(path) && Path::new(file) != path)
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        let below = self
            .0
            .keys()
            .filter_map(|file| Path::new(file).strip_prefix(folder).ok());
        let mut names: Vec<String> = below
            .filter_map(|rest| {
                Some(
                    rest.components()
                        .next()?
                        .as_os_str()
                        .to_string_lossy()
                        .into_owned(),
                )
            })
            .collect();
        names.dedup();
        names
    }
}

const DOCKERFILE: &str = "\
ARG ALPINE
FROM ${ALPINE} AS base
COPY app /app
FROM base
RUN install
COPY . .
";

fn folder() -> Folder {
    let files = [
        ("Dockerfile", DOCKERFILE),
        ("bad.Dockerfile", "FROM a\nRNU x\n"),
        ("unset.Dockerfile", "ARG ALPNE\nFROM ${ALPNE}\nFROM $OTHER\n"),
        ("bad.dockerignore", "docs\n!\n"),
        ("context/app/main.py", "print()\n"),
    ];
    Folder(
        files
            .map(|(path, text)| (path.to_owned(), text.to_owned()))
            .into(),
    )
}

fn checked(text: &str, defaults: Option<&str>, overrides: &Overrides) -> Checked {
    let source = |path: &str, text: &str| Source {
        path: path.into(),
        text: text.to_owned(),
    };
    let folder = folder();
    let input = ScenarioInput {
        name: "in-memory",
        source: source("s/scenario.toml", text),
        defaults: defaults.map(|text| source("seatrial.toml", text)),
        files: &folder,
    };
    check(&input, overrides)
}

const HEAD: &str = "schema = 1\ntitle = \"t\"\ncontext.path = \"context\"\nbase.alpine.image = \"alpine\"\n";
const VARIANT: &str = "[[variant]]\nname = \"plain\"\ndockerfile = \"Dockerfile\"\n";

/// A scenario without mistakes, and `rest` behind it.
fn with(rest: &str) -> String {
    format!("{HEAD}{VARIANT}{rest}")
}

/// One problem on one or two lines.
fn line(problem: &Problem) -> String {
    let mut line = problem.place.as_ref().map_or("command line".to_owned(), |place| {
        format!("{}:{}:{}", place.file.display(), place.line, place.column)
    });
    write!(line, ": {}", problem.message).unwrap();
    if let Some(label) = &problem.label {
        write!(line, " [{label}]").unwrap();
    }
    if let Some(hint) = &problem.hint {
        write!(line, "\n  hint: {hint}").unwrap();
    }
    line
}

/// The problems of each text, the text before them.
fn table<'text>(texts: impl IntoIterator<Item = &'text str>, whole: impl Fn(&str) -> String) -> String {
    let mut table = String::new();
    for text in texts {
        let checked = checked(&whole(text), None, &Overrides::default());
        assert!(!checked.problems.is_empty(), "no problem was found in:\n{text}");
        assert_eq!(checked.scenario, None);
        writeln!(table, "> {}", text.trim_end().replace('\n', " | ")).unwrap();
        for problem in &checked.problems {
            writeln!(table, "{}", line(problem)).unwrap();
        }
    }
    table
}

#[test]
fn the_scenario_that_the_tables_add_to_has_no_mistake() {
    let checked = checked(&with(""), None, &Overrides::default());
    assert_eq!(checked.problems, []);
    let scenario = checked.scenario.unwrap();
    let steps: Vec<_> = scenario
        .build
        .steps
        .iter()
        .map(|step| step.name.as_str())
        .collect();
    assert_eq!(steps, ["cold", "unchanged"]);
    assert_eq!((scenario.build.rounds, scenario.build.warmups), (10, 1));
}

#[test]
fn mistakes_of_structure_say_what_was_read_and_what_was_expected() {
    let texts = [
        "a = \n",
        "[build]\nrounds = 1\nrounds = 2\n",
        "[buidl]\nrounds = 1\n",
        "[matrix]\nbuilder = [\"classic\"]\n",
        "[hooks]\nsetup = []\n",
        "[build]\nrounds = \"auto\"\n",
        "[build]\nrounds = 1.5\n",
        "[build]\nrounds = 0\n",
        "[build]\nrounds = 99999999999\n",
        "[build]\nrounds = 99999999999999999999999\n",
        "[build]\nwarmups = -1\n",
        "[build]\ntimeout = 10\n",
        "[build]\ntimeout = \"10 parsecs\"\n",
        "[build]\nstep = 1979-05-27\n",
        "[[build.step]]\nname = \"s\"\ncache = { layers = \"emtpy\" }\n",
        "[[build.step]]\nname = \"s\"\ncache = { layers = \"imported\" }\n",
        "[[build.step]]\nname = \"s\"\nexpect = \"cachd\"\n",
        "[[build.step]]\nname = \"s\"\nexpect = 1\n",
        "[[build.step]]\nname = \"s\"\nexpect = { rebuild = [] }\n",
        "[[build.step]]\ncache = {}\n",
        "[start]\nsamples = 1\n",
        "[start]\nready = { tcp = 8000 }\n",
        "[start]\nready = { http = \"/\", port = 0 }\n",
        "[start]\nready = { http = \"/\", port = 70000, status = [99] }\n",
        "[start]\nready = \"http\"\n",
        "[gate]\n\"image.size\" = \"5%\"\n",
    ];
    insta::assert_snapshot!(table(texts, with), @"");
}

#[test]
fn mistakes_of_meaning_say_what_may_help() {
    let texts = [
        "[[variant]]\nname = \"plain\"\ndockerfile = \"Dockerfile\"\n",
        "[[variant]]\nname = \"Other Name\"\ndockerfile = \"Dockerfil\"\n",
        "[[variant]]\nname = \"b\"\ndockerfile = \"bad.Dockerfile\"\nignore = \"bad.dockerignore\"\n",
        "[[variant]]\nname = \"b\"\ndockerfile = \"unset.Dockerfile\"\n",
        "[[variant]]\nname = \"b\"\ndockerfile = \"Dockerfile\"\ntarget = \"bas\"\n",
        "baseline = true\n[[variant]]\nname = \"b\"\ndockerfile = \"Dockerfile\"\nbaseline = true\n",
        "args = { TARGETARCH = \"x\", ALPINE = \"y\", BUILDKIT_CACHE_MOUNT_NS = \"z\", \"a b\" = \"\" }\n",
        "[base.Upper]\nimage = \"a\"\n[base.none]\n[base.two]\nballast = true\nimage = \"a\"\n",
        "[base.a]\nimport = []\n[base.b]\nimage = \"a b\"\n[base.c]\nimage = \"a\"\nfrom = \"imported\"\n",
        "[base.a-b]\nimage = \"a\"\n[base.a_b]\nimage = \"a\"\n",
        "[build]\nstep = []\n",
        "[[build.step]]\nname = \"s\"\n[[build.step]]\nname = \"s\"\n[[build.step]]\nname = \"a.b\"\n",
        "[[build.step]]\nname = \"s\"\nexpect = \"cached\"\ncache.layers = \"empty\"\n",
        "[gate]\n\"step.colt.time\" = { worse-by = \"5%\" }\n\"start.ready\" = { worse-by = \"5%\" }\n",
        "[gate]\n\"image.waste\" = { at-most = \"1\" }\n\"image.size\" = {}\n",
        "[gate]\n\"image.size\" = { worse-by = \"5ms\", at-least = \"5%\" }\n",
        "[start]\nready = { http = \"health\", port = 1, status = [] }\ncommand = []\nenv = { \"a=b\" = \"\" }\n",
    ];
    insta::assert_snapshot!(table(texts, with), @"");
}

#[test]
fn mistakes_of_edits_point_at_the_edit() {
    let texts = [
        "{}",
        "{ append = \"a\" }",
        "{ append = \"a\", text = \"\", touch = \"b\" }",
        "{ touch = \"a\", text = \"x\" }",
        "{ replace = \"a\", with = \"b\" }",
        "{ replace = \"a\", find = \"\", with = \"b\", times = 0 }",
        "{ write = \"../a\", text = \"x\" }",
        "{ delete = \"\" }",
        "{ patch = \"edits/01.patch\" }",
        "{ apend = \"a\", text = \"x\" }",
        "3",
    ];
    let whole = |edit: &str| with(&format!("[[build.step]]\nname = \"s\"\nedit = [{edit}]\n"));
    insta::assert_snapshot!(table(texts, whole), @"");
}

#[test]
fn an_edit_that_the_second_round_finds_in_the_cache_is_a_mistake() {
    let texts = [
        "edit = [{ append = \"app/main.py\", text = \"x\" }]\nexpect = { rebuilt = [] }\n",
        "edit = [{ touch = \"app/main.py\" }]\nexpect = { rebuilt = [] }\n",
        "expect = { rebuilt = [\"COPY .\", \"COPY  ap\", \"COPY src /src\", \"\"] }\n",
    ];
    let whole = |step: &str| with(&format!("[[build.step]]\nname = \"s\"\n{step}"));
    insta::assert_snapshot!(table(texts, whole), @"");

    let accepted = [
        "edit = [{ append = \"a\", text = \"{{nonce}}\" }]\nexpect = { rebuilt = [\"copy   app /app\"] }\n",
        "cache.layers = \"empty\"\nexpect = { rebuilt = [\"RUN install\"] }\n",
        "edit = [{ append = \"a\", text = \"{{nonce}}\" }]\n[[build.step]]\nname = \"t\"\n\
         edit = [{ delete = \"b\" }]\nexpect = { rebuilt = [] }\n",
    ];
    for step in accepted {
        let checked = checked(&whole(step), None, &Overrides::default());
        assert_eq!(checked.problems, [], "{step}");
    }
}

#[test]
fn mistakes_above_the_tables_are_found() {
    let texts = [
        "",
        "schema = 2\ntitle = \"t\"\ncontext.path = \"contxt\"\nkeep = [\"plane\"]\n",
        "schema = 1\ntitle = \"t\"\ncontext = { path = \"/tmp\", fill = [{ path = \"../x\", files = 1, bytes = \"4 cups\" }] }\n",
        "schema = 1\ntitle = \"t\"\ncontext.path = \"context\"\nvariant = []\n",
        "schema = 1\ntitle = \"t\"\ncontext.path = \"context\"\nvariant = [3]\n",
    ];
    let whole = |head: &str| match head.contains("variant") || head.is_empty() {
        true => head.to_owned(),
        false => format!("{head}base.alpine.image = \"alpine\"\n{VARIANT}"),
    };
    insta::assert_snapshot!(table(texts, whole), @"");
}

#[test]
fn mistakes_in_defaults_are_shown_in_their_file() {
    let defaults = "[defaults.build]\nround = 3\ntimeout = \"ten\"\n[default]\n";
    let checked = checked(&with(""), Some(defaults), &Overrides::default());
    let problems: Vec<String> = checked.problems.iter().map(line).collect();
    insta::assert_snapshot!(problems.join("\n"), @"");
}

#[test]
fn the_command_line_wins_over_the_scenario_and_it_over_defaults() {
    let text = with("[build]\nrounds = 5\n[start]\nready = { http = \"/\", port = 1 }\n");
    let defaults = "[defaults.build]\nrounds = 3\nwarmups = 2\n[defaults.start]\nsamples = 7\n";
    let quick = Overrides {
        quick: true,
        ..Overrides::default()
    };
    let explicit = Overrides {
        rounds: Some(8),
        starts: Some(9),
        ..Overrides::default()
    };
    for (overrides, rounds, warmups, samples, origins) in [
        (
            &Overrides::default(),
            5,
            2,
            7,
            ["scenario", "defaults (seatrial.toml)", "defaults (seatrial.toml)"],
        ),
        (&quick, 1, 0, 1, ["command line", "command line", "command line"]),
        (
            &explicit,
            8,
            2,
            9,
            ["command line", "defaults (seatrial.toml)", "command line"],
        ),
    ] {
        let checked = checked(&text, Some(defaults), overrides);
        let scenario = checked.scenario.unwrap();
        let found = (
            scenario.build.rounds,
            scenario.build.warmups,
            scenario.start.unwrap().samples,
        );
        assert_eq!(found, (rounds, warmups, samples), "{overrides:?}");
        let found = ["build.rounds", "build.warmups", "start.samples"]
            .map(|key| checked.provenance.of(key).to_string());
        assert_eq!(found, origins, "{overrides:?}");
    }
}

#[test]
fn filters_narrow_and_list_what_exists_where_they_match_nothing() {
    let text = with(
        "[[variant]]\nname = \"other\"\ndockerfile = \"Dockerfile\"\n\
         [[build.step]]\nname = \"one\"\n[[build.step]]\nname = \"two\"\n[[build.step]]\nname = \"three\"\n\
         [gate]\n\"step.three.time\" = { worse-by = \"5%\" }\n\"step.one.time\" = { worse-by = \"5%\" }\n",
    );
    let overrides = Overrides {
        variants: vec!["other".to_owned()],
        steps: vec!["two".to_owned()],
        ..Overrides::default()
    };
    let scenario = checked(&text, None, &overrides).scenario.unwrap();
    let steps: Vec<_> = scenario
        .build
        .steps
        .iter()
        .map(|step| step.name.as_str())
        .collect();
    assert_eq!(steps, ["one", "two"]);
    assert_eq!(scenario.variants.len(), 1);
    assert_eq!(scenario.baseline().name, "other");
    let gates: Vec<_> = scenario.gates.iter().map(|gate| gate.metric.as_str()).collect();
    assert_eq!(gates, ["step.one.time"]);

    let overrides = Overrides {
        variants: vec!["othre".to_owned()],
        steps: vec!["nothing like it".to_owned()],
        rounds: Some(0),
        bases: Some(BaseChoice::Imported),
        ..Overrides::default()
    };
    let problems: Vec<String> = checked(&text, None, &overrides)
        .problems
        .iter()
        .map(line)
        .collect();
    insta::assert_snapshot!(problems.join("\n"), @"");
}

#[test]
fn a_base_with_two_sources_is_chosen_by_key_or_flag() {
    let both = |from: &str| {
        let text = format!("{VARIANT}[base.alpine]\nimage = \"a\"\nimport = [\"b\"]\n{from}");
        format!(
            "{}{text}",
            HEAD.lines()
                .take(3)
                .map(|line| format!("{line}\n"))
                .collect::<String>()
        )
    };
    for (from, flag, image) in [
        ("", None, true),
        ("from = \"imported\"\n", None, false),
        ("from = \"imported\"\n", Some(BaseChoice::Pulled), true),
        ("", Some(BaseChoice::Imported), false),
    ] {
        let overrides = Overrides {
            bases: flag,
            ..Overrides::default()
        };
        let checked = checked(&both(from), None, &overrides);
        assert_eq!(checked.problems, [], "{from:?} {flag:?}");
        let source = &checked.scenario.unwrap().bases[0].source;
        let is_image = matches!(source, seatrial::scenario::BaseSource::Pulled { .. });
        assert_eq!(is_image, image, "{from:?} {flag:?}");
    }
}

#[test]
fn edits_know_where_they_stand() {
    let text = with("[[build.step]]\nname = \"s\"\nedit = [{ touch = \"a\" }, { delete = \"b\" }]\n");
    let checked = checked(&text, None, &Overrides::default());
    let place = checked.span_of_edit(0, 1).unwrap();
    assert_eq!(&text[place.span.clone()], "{ delete = \"b\" }");
    assert_eq!((place.line, place.column), (10, 28));
    assert_eq!(checked.span_of_edit(0, 2), None);
    assert_eq!(checked.span_of_edit(1, 0), None);
}

#[test]
fn what_is_in_force_reads_back_as_the_same_scenario() {
    let text = with(
        "args = { \"A\" = \"q\\\"uote\\n\" }\ntarget = \"base\"\n[build]\ntimeout = \"1.5s\"\n[[build.step]]\nname = \"s\"\n\
         edit = [{ replace = \"a b\", find = \"x\\\\\", with = \"\\u00e9{{nonce}}\", times = 2 }]\n\
         expect = { rebuilt = [\"RUN install\"] }\n\
         [start]\nready = { http = \"/\", port = 1, body-contains = \"\\u0001\" }\ncommand = [\"a\"]\n\
         [gate]\n\"start.ready\" = { worse-by = \"5%\" }\n\"context.size\" = { at-most = \"0\" }\n",
    );
    let first = checked(
        &text,
        Some("[defaults.start]\nsamples = 2\n"),
        &Overrides::default(),
    );
    assert_eq!(first.problems, []);
    let scenario = first.scenario.unwrap();
    let written = resolved_toml(&scenario, &first.provenance);
    let second = checked(&written, None, &Overrides::default());
    assert_eq!(second.problems, [], "{written}");
    assert_eq!(second.scenario.unwrap(), scenario, "{written}");
}

/// Lines that a scenario is made of, right and wrong ones.
fn lines() -> Vec<&'static str> {
    vec![
        "schema = 1",
        "title = \"t\"",
        "context.path = \"context\"",
        "[context]",
        "path = \"..\"",
        "[base.alpine]",
        "image = \"a\"",
        "ballast = true",
        "import = []",
        "[[variant]]",
        "name = \"a\"",
        "name = 3",
        "variant = 1",
        "dockerfile = \"Dockerfile\"",
        "dockerfile = \"bad.Dockerfile\"",
        "[build]",
        "[[build.step]]",
        "[build.step]",
        "rounds = 0",
        "step = [1, {}, []]",
        "edit = [{}, 1, { append = 1 }, { append = \"a\", text = \"é\" }]",
        "expect = { rebuilt = [\"x\", 1] }",
        "expect = { cached = 1 }",
        "expect = \"cached\"",
        "[start]",
        "timeout = \"é\"",
        "ready = { http = \"x\", port = 99999 }",
        "[gate]",
        "\"a.b\" = { worse-by = \"%\" }",
        "gate = 1",
        "[base]",
        "alpine = 1",
        "args = { A = 1, B = \"\" }",
        "target = \"9\"",
        "keep = [\"é\", 1]",
        "tags = {}",
        "é = 1",
        "\"\" = 1",
        "inf = nan",
        "ignore = \"bad.dockerignore\"",
        "x = 1e400",
    ]
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "(?s).{0,300}") {
        let checked = checked(&text, Some(&text), &Overrides::default());
        prop_assert!(checked.scenario.is_none());
        prop_assert!(!checked.problems.is_empty());
    }

    #[test]
    fn lines_of_scenarios_in_any_order_never_panic(
        lines in prop::collection::vec(prop::sample::select(lines()), 0..25),
    ) {
        let checked = checked(&lines.join("\n"), None, &Overrides::default());
        prop_assert_eq!(checked.scenario.is_some(), checked.problems.is_empty());
        for problem in &checked.problems {
            let place = problem.place.as_ref().expect("no flag was given");
            let text = checked.text_of(&place.file).expect("what is shown was kept");
            prop_assert!(text.get(place.span.clone()).is_some(), "{:?}", place);
        }
    }
}
