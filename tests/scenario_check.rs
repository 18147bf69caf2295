//! Scenarios with mistakes: what is said, and where. The folder is held in memory.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use proptest::prelude::*;
use seatrial::scenario::{
    BaseChoice, BaseSource, Checked, Commit, CommitRange, CompanionImage, History, HistoryFault, Overrides,
    Problem, ReadFailure, ScenarioFiles, ScenarioInput, Source, Surroundings, check, resolved_toml,
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

impl Surroundings for Folder {
    fn variable(&self, name: &str) -> Option<Vec<u8>> {
        let value = match name {
            "TOKEN" | "SSH_AUTH_SOCK" => "/agent.sock",
            "DEAF_SOCK" => "/deaf.sock",
            "SHORT" => "abc",
            _ => return None,
        };
        Some(value.as_bytes().to_vec())
    }

    fn secret_file(&self, path: &Path) -> Result<Vec<u8>, ReadFailure> {
        self.read(path).map(String::into_bytes)
    }

    fn listens(&self, socket: &Path) -> bool {
        socket == Path::new("/agent.sock")
    }

    fn is_folder(&self, path: &Path) -> bool {
        path == Path::new("../assets") || ScenarioFiles::is_folder(self, path)
    }

    fn history(&self, repo: &Path, range: &CommitRange, path: &Path) -> Result<History, HistoryFault> {
        if repo != Path::new("../repository") {
            return Err(HistoryFault::OpenRepository {
                repo: repo.to_owned(),
                said: "not a git repository".to_owned(),
            });
        }
        let commit = |hash: char, subject: &str| Commit {
            hash: hash.to_string().repeat(40),
            tree: hash.to_string().repeat(40),
            subject: subject.to_owned(),
            authored_unix_s: 1,
        };
        match (range.from.as_str(), path.to_str()) {
            ("HEAD~2", Some("." | "app")) => Ok(History {
                base: commit('a', "Begin"),
                commits: vec![commit('b', "Fix `x`"), commit('c', "")],
            }),
            ("HEAD~2", _) => Err(HistoryFault::FindFolder {
                commit: "b".repeat(40),
                path: path.to_owned(),
            }),
            ("HEAD", _) => Err(HistoryFault::FindAny {
                range: range.to_string(),
            }),
            (from, _) => Err(HistoryFault::FindCommit {
                revision: from.to_owned(),
                shallow: from == "HEAD~9",
            }),
        }
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

const PATCH: &str = "--- a/app/main.py\n+++ b/app/main.py\n@@ -1 +1 @@\n-print()\n+print({{nonce}})\n";

fn folder() -> Folder {
    let files = [
        ("Dockerfile", DOCKERFILE),
        ("bad.Dockerfile", "FROM a\nRNU x\n"),
        ("unset.Dockerfile", "ARG ALPNE\nFROM ${ALPNE}\nFROM $OTHER\n"),
        ("late.Dockerfile", "ARG BASE=x\nFROM ${BASE}\n"),
        (
            "mounts.Dockerfile",
            "FROM a\nRUN --mount=type=cache,target=/c \\\n  make\nCOPY --link a b\nRUN <<EOF\nx\nEOF\n",
        ),
        ("bad.dockerignore", "docs\n!\n"),
        ("ruled.Dockerfile", "FROM a\n"),
        ("ruled.Dockerfile.dockerignore", "[b-a]\n"),
        ("context/app/main.py", "print()\n"),
        ("edits/01.patch", PATCH),
        ("edits/short.patch", "--- a/x\n+++ b/x\n@@ -1,2 +1 @@\n-a\n+b\n"),
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
        surroundings: &folder,
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
    write!(line, ": {}", problem.message).expect("a string takes everything");
    if let Some(label) = &problem.label {
        write!(line, " [{label}]").expect("a string takes everything");
    }
    if let Some(hint) = &problem.hint {
        write!(line, "\n  hint: {hint}").expect("a string takes everything");
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
        writeln!(table, "> {}", text.trim_end().replace('\n', " | ")).expect("a string takes everything");
        for problem in &checked.problems {
            writeln!(table, "{}", line(problem)).expect("a string takes everything");
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
fn mistakes_of_hooks_say_what_was_read_and_what_was_expected() {
    let texts = [
        "[hooks]\nsetup = \"make\"\n",
        "[hooks]\ncleanup = [\"make\", \" \"]\n",
    ];
    insta::assert_snapshot!(table(texts, with), @r#"
    > [hooks] | setup = "make"
    s/scenario.toml:9:9: `hooks.setup` is the string "make", expected an array [expected an array]
    > [hooks] | cleanup = ["make", " "]
    s/scenario.toml:9:20: a command of `cleanup` is empty
    "#);
}

#[test]
fn mistakes_of_structure_say_what_was_read_and_what_was_expected() {
    let texts = [
        "a = \n",
        "[build]\nrounds = 1\nrounds = 2\n",
        "[buidl]\nrounds = 1\n",
        "[matrix]\nplatform = [\"arm64\"]\n",
        "[matrix]\nbulider = [\"classic\"]\n",
        "[matrix]\nbuilder = [\"clasic\"]\n",
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
        "[base.a]\nimage = \"a\"\n[[build.step]]\nname = \"s\"\ncache = { base = \"absent\" }\n",
        "[[build.step]]\nname = \"s\"\nexpect = \"cachd\"\n",
        "[[build.step]]\nname = \"s\"\nexpect = 1\n",
        "[[build.step]]\nname = \"s\"\nexpect = { rebuild = [] }\n",
        "[[build.step]]\ncache = {}\n",
        "[start]\nsamples = 1\n",
        "[start]\nready = { tpc = 8000 }\n",
        "[start]\nready = { http = \"/\", port = 0 }\n",
        "[start]\nready = { http = \"/\", port = 70000, status = [99] }\n",
        "[start]\nready = \"http\"\n",
        "[gate]\n\"image.size\" = \"5%\"\n",
    ];
    insta::assert_snapshot!(table(texts, with), @r#"
    > a =
    s/scenario.toml:8:5: not valid TOML: string values must be quoted, expected literal string
    > [build] | rounds = 1 | rounds = 2
    s/scenario.toml:10:1: not valid TOML: duplicate key
    > [buidl] | rounds = 1
    s/scenario.toml:8:2: unknown key `buidl` [unknown key]
      hint: did you mean `build`?
    > [matrix] | platform = ["arm64"]
    s/scenario.toml:9:13: "arm64" is no platform [expected a system and an architecture, such as `linux/arm64`]
    > [matrix] | bulider = ["classic"]
    s/scenario.toml:9:1: unknown key `bulider` in `matrix` [unknown key]
      hint: did you mean `builder`?
    > [matrix] | builder = ["clasic"]
    s/scenario.toml:9:12: `matrix.builder` is the string "clasic", expected one of `buildkit`, `classic` [expected one of `buildkit`, `classic`]
      hint: did you mean `classic`?
    > [build] | rounds = "auto"
    s/scenario.toml:9:10: `build.rounds` = "auto" is not supported by this version
    > [build] | rounds = 1.5
    s/scenario.toml:9:10: `build.rounds` is the number 1.5, expected a whole number [expected a whole number]
    > [build] | rounds = 0
    s/scenario.toml:9:10: `build.rounds` is 0, expected at least 1 [expected at least 1]
    > [build] | rounds = 99999999999
    s/scenario.toml:9:10: `build.rounds` is 99999999999, expected at most 4294967295 [expected at most 4294967295]
    > [build] | rounds = 99999999999999999999999
    s/scenario.toml:9:10: `build.rounds` is the number 99999999999999999999999, expected a whole number [expected a whole number]
      hint: the number does not fit into 64 bits
    > [build] | warmups = -1
    s/scenario.toml:9:11: `build.warmups` is -1, expected at least 0 [expected at least 0]
    > [build] | timeout = 10
    s/scenario.toml:9:11: `build.timeout` is the number 10, expected a duration in quotes, such as `"10m"` [expected a duration in quotes, such as `"10m"`]
    > [build] | timeout = "10 parsecs"
    s/scenario.toml:9:11: `build.timeout`: `10 parsecs` is not valid, expected a duration with its unit, such as `20ms`, `1.5s`, `10m` [expected a number with its unit]
    > [build] | step = 1979-05-27
    s/scenario.toml:9:8: `build.step` is the date 1979-05-27, expected an array [expected an array]
    > [[build.step]] | name = "s" | cache = { layers = "emtpy" }
    s/scenario.toml:10:20: `build.step.cache.layers` is the string "emtpy", expected one of `empty`, `primed`, `imported` [expected one of `empty`, `primed`, `imported`]
      hint: did you mean `empty`?
    > [base.a] | image = "a" | [[build.step]] | name = "s" | cache = { base = "absent" }
    s/scenario.toml:12:9: the step `s` wants the layers of the build before and the base absent, and they lie on the base
      hint: add `layers = "empty"`, or `layers = "imported"`
    > [[build.step]] | name = "s" | expect = "cachd"
    s/scenario.toml:10:10: `build.step.expect` is the string "cachd", expected `cached` or a table with `rebuilt` [expected `cached` or a table with `rebuilt`]
      hint: did you mean `cached`?
    > [[build.step]] | name = "s" | expect = 1
    s/scenario.toml:10:10: `build.step.expect` is the number 1, expected `cached` or a table with `rebuilt` [expected `cached` or a table with `rebuilt`]
    > [[build.step]] | name = "s" | expect = { rebuild = [] }
    s/scenario.toml:10:12: unknown key `rebuild` in `build.step.expect` [unknown key]
      hint: did you mean `rebuilt`?
    > [[build.step]] | cache = {}
    s/scenario.toml:8:1: `build.step` lacks the key `name`
      hint: `name`: its name, unique in the scenario; metrics are named after it
    > [start] | samples = 1
    s/scenario.toml:8:1: `start` lacks the key `ready`
      hint: `ready`: what counts as started
    > [start] | ready = { tpc = 8000 }
    s/scenario.toml:9:11: unknown key `tpc` in `start.ready` [unknown key]
      hint: did you mean `tcp`?
    > [start] | ready = { http = "/", port = 0 }
    s/scenario.toml:9:30: `start.ready.port` is 0, expected at least 1 [expected at least 1]
    > [start] | ready = { http = "/", port = 70000, status = [99] }
    s/scenario.toml:9:30: `start.ready.port` is 70000, expected at most 65535 [expected at most 65535]
    s/scenario.toml:9:47: `start.ready.status` is 99, expected at least 100 [expected at least 100]
    > [start] | ready = "http"
    s/scenario.toml:9:9: `start.ready` is the string "http", expected a table [expected a table]
    > [gate] | "image.size" = "5%"
    s/scenario.toml:9:16: `gate.image.size` is the string "5%", expected a table [expected a table]
    "#);
}

#[test]
fn what_a_container_cannot_be_started_with_is_a_mistake() {
    let ready = "ready = { http = \"/\", port = 80 }";
    let texts = [
        "entrypoint = []",
        "user = \"a b\"",
        "user = \"a:b:c\"",
        "network = \"none\"",
        "network = \"host\"",
        "mounts = { \"data\" = { tmpfs = \"1MiB\" } }",
        "mounts = { \"/data\" = {} }",
        "mounts = { \"/data\" = { bind = \"app\", tmpfs = \"1MiB\" } }",
        "mounts = { \"/data\" = { bind = \"no-such\" } }",
        "limits = { memory = \"1MiB\" }",
        "limits = { cpus = 0 }",
        "limits = { cpus = 1.00001 }",
        "limits = { cpus = \"two\" }",
        "limits = { processes = 0 }",
        "limits = { cpu = 1 }",
        "burst = [0, 2, 2, 300]",
        "burst = \"many\"",
    ];
    let texts = texts.map(|text| format!("[start]\n{ready}\n{text}\n"));
    insta::assert_snapshot!(table(texts.iter().map(String::as_str), with), @r#"
    > [start] | ready = { http = "/", port = 80 } | entrypoint = []
    s/scenario.toml:10:14: `entrypoint` is empty
      hint: leave it out to run the image's own entrypoint
    > [start] | ready = { http = "/", port = 80 } | user = "a b"
    s/scenario.toml:10:8: "a b" is no user [expected a name or a number, such as `app` or `1000:1000`]
    > [start] | ready = { http = "/", port = 80 } | user = "a:b:c"
    s/scenario.toml:10:8: "a:b:c" is no user [expected a name or a number, such as `app` or `1000:1000`]
    > [start] | ready = { http = "/", port = 80 } | network = "none"
    s/scenario.toml:10:11: a start cannot be measured on the network "none"
      hint: nothing reaches a container that has no network; leave it out, or name one that `docker network ls` shows
    > [start] | ready = { http = "/", port = 80 } | network = "host"
    s/scenario.toml:10:11: a start cannot be measured on the network "host"
      hint: on the host's network no port is published; leave it out, or name one that `docker network ls` shows
    > [start] | ready = { http = "/", port = 80 } | mounts = { "data" = { tmpfs = "1MiB" } }
    s/scenario.toml:10:12: nothing can be mounted at "data" [expected an absolute path in the container below `/`]
    > [start] | ready = { http = "/", port = 80 } | mounts = { "/data" = {} }
    s/scenario.toml:10:22: nothing would be mounted at `/data`
      hint: give exactly one: `bind = "folder"` or `tmpfs = "64MiB"`
    > [start] | ready = { http = "/", port = 80 } | mounts = { "/data" = { bind = "app", tmpfs = "1MiB" } }
    s/scenario.toml:10:22: two things would be mounted at `/data`
      hint: give exactly one: `bind = "folder"` or `tmpfs = "64MiB"`
    > [start] | ready = { http = "/", port = 80 } | mounts = { "/data" = { bind = "no-such" } }
    s/scenario.toml:10:31: `no-such` is no folder of the scenario [no such folder]
    > [start] | ready = { http = "/", port = 80 } | limits = { memory = "1MiB" }
    s/scenario.toml:10:21: a container cannot be limited to 1.00 MiB of memory [expected at least 6.00 MiB]
    > [start] | ready = { http = "/", port = 80 } | limits = { cpus = 0 }
    s/scenario.toml:10:19: `start.limits.cpus`: `0` is not valid, expected a number of processors above 0 with at most three decimals, such as `1.5` [expected a number of processors]
    > [start] | ready = { http = "/", port = 80 } | limits = { cpus = 1.00001 }
    s/scenario.toml:10:19: `start.limits.cpus`: `1.00001` is not valid, expected a number of processors above 0 with at most three decimals, such as `1.5` [expected a number of processors]
    > [start] | ready = { http = "/", port = 80 } | limits = { cpus = "two" }
    s/scenario.toml:10:19: `start.limits.cpus` is the string "two", expected a number of processors, such as `1.5` [expected a number of processors, such as `1.5`]
    > [start] | ready = { http = "/", port = 80 } | limits = { processes = 0 }
    s/scenario.toml:10:24: `start.limits.processes` is 0, expected at least 1 [expected at least 1]
    > [start] | ready = { http = "/", port = 80 } | limits = { cpu = 1 }
    s/scenario.toml:10:12: unknown key `cpu` in `start.limits` [unknown key]
      hint: did you mean `cpus`?
    > [start] | ready = { http = "/", port = 80 } | burst = [0, 2, 2, 300]
    s/scenario.toml:10:10: a burst cannot be of 0 containers [expected 1 to 256]
    s/scenario.toml:10:16: 2 is named twice [expected each number once]
    s/scenario.toml:10:19: a burst cannot be of 300 containers [expected 1 to 256]
    > [start] | ready = { http = "/", port = 80 } | burst = "many"
    s/scenario.toml:10:9: `start.burst` is the string "many", expected an array [expected an array]
    "#);
}

#[test]
fn mistakes_of_companions_name_what_would_fit() {
    let start = "[start]\nready = { http = \"/\", port = 80 }\n";
    let ready = "ready = { tcp = 5432 }";
    let one = |keys: &str| format!("[[start.companion]]\n{keys}\n");
    let texts = [
        one("image = \"db\""),
        one(&format!("name = \"Data_Base\"\n{ready}")),
        one(&format!(
            "name = \"db\"\nimage = \"db\"\nbase = \"alpine\"\n{ready}"
        )),
        one(&format!("name = \"db\"\nbase = \"alpin\"\n{ready}")),
        one(&format!(
            "name = \"db\"\nimage = \"d b\"\nport = 0\nnetwork = \"n\"\n{ready}"
        )),
        one("name = \"db\"\nimage = \"db\"\nready = { exit = [0] }"),
        one("name = \"db\"\nimage = \"db\"\nready = { http = \"/\", tcp = 80 }"),
        one("name = \"db\"\nimage = \"db\"\nready = {}"),
        one(&format!(
            "name = \"db\"\nimage = \"db\"\n{ready}\nlimits = {{ memory = \"1MiB\" }}\nmounts = {{ \"/d\" = {{ bind = \"no-such\" }} }}"
        )),
        one(&format!("name = \"db\"\nimage = \"db\"\n{ready}"))
            + &one(&format!("name = \"db\"\nimage = \"other\"\n{ready}")),
        // The address of one that is not there, of one that stands behind it, and of itself.
        "env = { URL = \"http://{{companion.weihgts}}/\" }\ncommand = [\"a\", \"{{companion.x\"]\n"
            .to_owned()
            + &one(&format!(
                "name = \"weights\"\nimage = \"db\"\n{ready}\nentrypoint = [\"{{{{companion.db}}}}\"]"
            ))
            + &one(&format!(
                "name = \"db\"\nimage = \"db\"\n{ready}\nenv = {{ A = \"{{{{companion.db}}}}\" }}"
            )),
        "env = { URL = \"{{companion.db}}\" }\n".to_owned(),
        "env = { URL = \"{{companion.db}}\" }\n".to_owned()
            + &one("name = \"db\"\nimage = \"db\"\nready = { log = \"up\" }"),
        // No companion is told its own address.
        one("name = \"db\"\nimage = \"db\"\nport = 1\nready = { exec = [\"/ask\", \"{{companion.db}}\"] }"),
    ];
    let texts = texts.map(|text| format!("{start}{text}"));
    insta::assert_snapshot!(table(texts.iter().map(String::as_str), with), @r#"
    > [start] | ready = { http = "/", port = 80 } | [[start.companion]] | image = "db"
    s/scenario.toml:10:1: `start.companion` lacks the key `name`
      hint: `name`: its name: `{{companion.NAME}}` in `env`, `command`, `entrypoint` and `ready.exec` stands for its address and port
    s/scenario.toml:10:1: `start.companion` lacks the key `ready`
      hint: `ready`: what counts as ready; not `exit`
    > [start] | ready = { http = "/", port = 80 } | [[start.companion]] | name = "Data_Base" | ready = { tcp = 5432 }
    s/scenario.toml:10:1: the companion `Data_Base` has no image
      hint: give exactly one of `image`, which the engine has, and `base`, a base of the scenario
    s/scenario.toml:11:8: a companion cannot be named "Data_Base", expected at most 63 lower-case letters, digits and `-`, with no `-` at either end [part of a container's name]
    > [start] | ready = { http = "/", port = 80 } | [[start.companion]] | name = "db" | image = "db" | base = "alpine" | ready = { tcp = 5432 }
    s/scenario.toml:13:1: the companion `db` has both `image` and `base` [expected one of them]
    > [start] | ready = { http = "/", port = 80 } | [[start.companion]] | name = "db" | base = "alpin" | ready = { tcp = 5432 }
    s/scenario.toml:12:8: the scenario has no base `alpin`
      hint: did you mean `alpine`?
    > [start] | ready = { http = "/", port = 80 } | [[start.companion]] | name = "db" | image = "d b" | port = 0 | network = "n" | ready = { tcp = 5432 }
    s/scenario.toml:12:9: "d b" is no image reference [expected a reference such as `python:3.12-slim`]
    s/scenario.toml:13:8: `start.companion.port` is 0, expected at least 1 [expected at least 1]
    s/scenario.toml:14:1: unknown key `network` in `start.companion` [unknown key]
      hint: the keys here are: `base`, `command`, `entrypoint`, `env`, `image`, `limits`, `mounts`, `name`, `port`, `ready`, `timeout`, `user`
    > [start] | ready = { http = "/", port = 80 } | [[start.companion]] | name = "db" | image = "db" | ready = { exit = [0] }
    s/scenario.toml:13:11: the companion `db` would be ready once it has ended, when it serves nobody
      hint: give one of `http`, `tcp`, `log`, `health` and `exec`; what runs once is for `setup` of `[hooks]`
    > [start] | ready = { http = "/", port = 80 } | [[start.companion]] | name = "db" | image = "db" | ready = { http = "/", tcp = 80 }
    s/scenario.toml:13:23: `start.companion.ready` says both `http` and `tcp` [expected one of them]
    > [start] | ready = { http = "/", port = 80 } | [[start.companion]] | name = "db" | image = "db" | ready = {}
    s/scenario.toml:13:9: `start.companion.ready` does not say what counts as started
      hint: give exactly one of `http`, `tcp`, `log`, `health`, `exec` and `exit`, such as `ready = { http = "/health", port = 8000 }`
    > [start] | ready = { http = "/", port = 80 } | [[start.companion]] | name = "db" | image = "db" | ready = { tcp = 5432 } | limits = { memory = "1MiB" } | mounts = { "/d" = { bind = "no-such" } }
    s/scenario.toml:14:21: a container cannot be limited to 1.00 MiB of memory [expected at least 6.00 MiB]
    s/scenario.toml:15:28: `no-such` is no folder of the scenario [no such folder]
    > [start] | ready = { http = "/", port = 80 } | [[start.companion]] | name = "db" | image = "db" | ready = { tcp = 5432 } | [[start.companion]] | name = "db" | image = "other" | ready = { tcp = 5432 }
    s/scenario.toml:15:8: two companions are named `db` [the first one stands in line 11]
    > [start] | ready = { http = "/", port = 80 } | env = { URL = "http://{{companion.weihgts}}/" } | command = ["a", "{{companion.x"] | [[start.companion]] | name = "weights" | image = "db" | ready = { tcp = 5432 } | entrypoint = ["{{companion.db}}"] | [[start.companion]] | name = "db" | image = "db" | ready = { tcp = 5432 } | env = { A = "{{companion.db}}" }
    s/scenario.toml:10:15: there is no companion `weihgts` to take the address of
      hint: did you mean `weights`?
    s/scenario.toml:11:17: the name of a companion has no end [expected `{{companion.NAME}}`]
    s/scenario.toml:16:15: there is no companion `db` to take the address of
      hint: a companion is a table `[[start.companion]]`; each may use those before it
    s/scenario.toml:21:13: there is no companion `db` to take the address of
      hint: there are: `weights`
    > [start] | ready = { http = "/", port = 80 } | env = { URL = "{{companion.db}}" }
    s/scenario.toml:10:15: there is no companion `db` to take the address of
      hint: a companion is a table `[[start.companion]]`; each may use those before it
    > [start] | ready = { http = "/", port = 80 } | env = { URL = "{{companion.db}}" } | [[start.companion]] | name = "db" | image = "db" | ready = { log = "up" }
    s/scenario.toml:10:15: the companion `db` has no port to take the address of
      hint: readiness by `log` names none: give the companion a `port`
    > [start] | ready = { http = "/", port = 80 } | [[start.companion]] | name = "db" | image = "db" | port = 1 | ready = { exec = ["/ask", "{{companion.db}}"] }
    s/scenario.toml:14:27: there is no companion `db` to take the address of
      hint: a companion is a table `[[start.companion]]`; each may use those before it
    "#);
}

#[test]
fn a_companion_on_a_base_that_may_be_missing_is_a_mistake() {
    let text = with(
        "[base.maybe]\nimage = \"x\"\noptional = true\n[start]\nready = { tcp = 1 }\n\
         [[start.companion]]\nname = \"db\"\nbase = \"maybe\"\nready = { tcp = 1 }\n",
    );
    let problems = checked(&text, None, &Overrides::default()).problems;
    insta::assert_snapshot!(problems.iter().map(line).collect::<Vec<_>>().join("\n"), @"
    s/scenario.toml:15:8: the companion `db` is made of the base `maybe`, which is optional
      hint: every start needs its companions: give it a base that is always there
    ");
}

#[test]
fn companions_are_resolved_with_the_port_and_the_patience_that_they_do_not_name() {
    let text = with(
        "[start]\nready = { tcp = 1 }\ntimeout = \"9s\"\nnetwork = \"tide\"\n\
         env = { A = \"{{companion.db}} {{companion.files}}\" }\n\
         [[start.companion]]\nname = \"db\"\nimage = \"db:1\"\nport = 5432\ntimeout = \"2m\"\nready = { log = \"up\", times = 2 }\n\
         [[start.companion]]\nname = \"files\"\nbase = \"alpine\"\nready = { http = \"/\", port = 9000 }\n\
         command = [\"{{companion.db}}\"]\nuser = \"1\"\nlimits = { memory = \"64MiB\" }\n",
    );
    let checked = checked(&text, None, &Overrides::default());
    assert_eq!(checked.problems, []);
    let start = checked.scenario.unwrap().start.unwrap();
    let [db, files] = start.companions.as_slice() else {
        panic!("{:?}", start.companions);
    };
    assert_eq!(db.image, CompanionImage::Present("db:1".to_owned()));
    assert_eq!(files.image, CompanionImage::Base("alpine".to_owned()));
    assert_eq!((db.port, files.port), (Some(5432), Some(9000)));
    let patience = [db, files].map(|companion| companion.timeout.to_string());
    assert_eq!(patience, ["2 min 00 s", "9.00 s"]);
    assert_eq!(
        files.container.command.as_deref(),
        Some(&["{{companion.db}}".to_owned()][..])
    );
    // What the start says of its own container is not the companions'.
    assert_eq!((db.container.env.len(), &db.container.network), (0, &None));
}

#[test]
fn mistakes_of_remote_caches_name_what_there_is() {
    let texts = [
        "[[build.step]]\nname = \"s\"\ncache = { layers = \"imported\" }\n",
        "[build.remote-cache]\ntype = \"gha\"\n",
        "[build.remote-cache]\ntype = \"lokal\"\n",
        "[build.remote-cache]\ntype = \"local\"\nrepository = \"r\"\n[[build.step]]\nname = \"s\"\nexport-cache = true\n",
        "[build.remote-cache]\ntype = \"registry\"\n[[build.step]]\nname = \"s\"\nexport-cache = true\n",
    ];
    insta::assert_snapshot!(table(texts, with), @r#"
    > [[build.step]] | name = "s" | cache = { layers = "imported" }
    s/scenario.toml:10:9: the step `s` imports layers, and the scenario has no remote cache
      hint: add `[build.remote-cache]` with `type`, and with `repository` unless that is `local`
    > [build.remote-cache] | type = "gha"
    s/scenario.toml:9:8: `build.remote-cache.type` is the string "gha", expected one of `inline`, `registry`, `local` [expected one of `inline`, `registry`, `local`]
      hint: the cache of GitHub Actions can only be reached from within its service, so it cannot be measured here; `registry` and `local` are the nearest to it
    > [build.remote-cache] | type = "lokal"
    s/scenario.toml:9:8: `build.remote-cache.type` is the string "lokal", expected one of `inline`, `registry`, `local` [expected one of `inline`, `registry`, `local`]
      hint: did you mean `local`?
    > [build.remote-cache] | type = "local" | repository = "r" | [[build.step]] | name = "s" | export-cache = true
    s/scenario.toml:10:14: a local cache has no `repository`
      hint: it lies in a folder of the run's own, which goes with the run
    > [build.remote-cache] | type = "registry" | [[build.step]] | name = "s" | export-cache = true
    s/scenario.toml:8:1: the remote cache names no `repository`
      hint: name one that may be pushed to, such as `127.0.0.1:5000/team/cache`
    "#);
}

#[test]
fn mistakes_of_meaning_say_what_may_help() {
    let texts = [
        "[[variant]]\nname = \"plain\"\ndockerfile = \"Dockerfile\"\n",
        "[[variant]]\nname = \"Other Name\"\ndockerfile = \"Dockerfil\"\n",
        "[[variant]]\nname = \"b\"\ndockerfile = \"bad.Dockerfile\"\nignore = \"bad.dockerignore\"\n",
        "[[variant]]\nname = \"b\"\ndockerfile = \"ruled.Dockerfile\"\n",
        "[[variant]]\nname = \"b\"\ndockerfile = \"unset.Dockerfile\"\n",
        "[[variant]]\nname = \"b\"\ndockerfile = \"Dockerfile\"\ntarget = \"bas\"\n",
        "baseline = true\n[[variant]]\nname = \"b\"\ndockerfile = \"Dockerfile\"\nbaseline = true\n",
        "args = { TARGETARCH = \"x\", ALPINE = \"y\", BUILDKIT_CACHE_MOUNT_NS = \"z\", \"a b\" = \"\" }\n",
        "[base.Upper]\nimage = \"a\"\n[base.none]\n[base.two]\nballast = true\nimage = \"a\"\n",
        "[base.a]\nimport = []\n[base.b]\nimage = \"a b\"\n[base.c]\nimage = \"a\"\nfrom = \"imported\"\n",
        "[base.a-b]\nimage = \"a\"\n[base.a_b]\nimage = \"a\"\n",
        "base = \"o\"\n[base.o]\nimage = \"a\"\noptional = true\n",
        "[build]\nstep = []\n",
        "[[build.step]]\nname = \"s\"\n[[build.step]]\nname = \"s\"\n[[build.step]]\nname = \"a.b\"\n",
        "[[build.step]]\nname = \"s\"\nexpect = \"cached\"\ncache.layers = \"empty\"\n",
        "[gate]\n\"step.colt.time\" = { worse-by = \"5%\" }\n\"start.ready\" = { worse-by = \"5%\" }\n",
        "[gate]\n\"image.waste\" = { at-most = \"1\" }\n\"image.size\" = {}\n",
        "[gate]\n\"image.size\" = { worse-by = \"5ms\", at-least = \"5%\" }\n",
        "[start]\nready = { http = \"health\", port = 1, status = [] }\ncommand = []\nenv = { \"a=b\" = \"\" }\n",
    ];
    insta::assert_snapshot!(table(texts, with), @r#"
    > [[variant]] | name = "plain" | dockerfile = "Dockerfile"
    s/scenario.toml:9:8: two variants are named `plain` [the first one stands in line 6]
    > [[variant]] | name = "Other Name" | dockerfile = "Dockerfil"
    s/scenario.toml:9:8: a variant cannot be named "Other Name", expected at most 64 lower-case letters and digits, with single `.`, `_` or `-` between them [part of an image reference]
    s/scenario.toml:10:14: cannot read `Dockerfil`: there is no such file [no such file]
      hint: did you mean `Dockerfile`?
    > [[variant]] | name = "b" | dockerfile = "bad.Dockerfile" | ignore = "bad.dockerignore"
    s/bad.Dockerfile:2:1: unknown instruction `RNU`
      hint: did you mean `RUN`?
    s/bad.dockerignore:2:1: line 2 of the ignore file is a lone `!`, expected a pattern after it
      hint: name what the `!` brings back, or remove the line
    > [[variant]] | name = "b" | dockerfile = "ruled.Dockerfile"
    s/ruled.Dockerfile.dockerignore:1:1: line 1 of the ignore file, pattern `[b-a]`, is malformed: the range `b-a` in a class is empty
      hint: put the lower character first
    > [[variant]] | name = "b" | dockerfile = "unset.Dockerfile"
    s/unset.Dockerfile:2:1: FROM names `ALPNE`, which nothing sets [in the variant `b`]
      hint: did you mean `ALPINE`?
    s/unset.Dockerfile:3:1: FROM names `OTHER`, which nothing sets [in the variant `b`]
      hint: declare it before the first FROM: `ARG OTHER`
    > [[variant]] | name = "b" | dockerfile = "Dockerfile" | target = "bas"
    s/scenario.toml:11:10: `Dockerfile` has no stage `bas`
      hint: did you mean `base`?
    > baseline = true | [[variant]] | name = "b" | dockerfile = "Dockerfile" | baseline = true
    s/scenario.toml:12:1: `plain` and `b` are both the baseline
      hint: leave `baseline = true` with the one that the others are compared with
    > args = { TARGETARCH = "x", ALPINE = "y", BUILDKIT_CACHE_MOUNT_NS = "z", "a b" = "" }
    s/scenario.toml:8:10: the build argument `TARGETARCH` is reserved: the builder sets it
    s/scenario.toml:8:28: the build argument `ALPINE` is already set by `[base.alpine]`
      hint: rename the base or the argument
    s/scenario.toml:8:42: the build argument `BUILDKIT_CACHE_MOUNT_NS` is reserved: seatrial sets it, to keep the cache mounts of a run apart from yours
    s/scenario.toml:8:73: "a b" is no name of a build argument [expected letters, digits and `_`, not beginning with a digit]
    > [base.Upper] | image = "a" | [base.none] | [base.two] | ballast = true | image = "a"
    s/scenario.toml:8:7: a base cannot be named "Upper", expected at most 64 lower-case letters, digits, `-` and `_`, beginning with a letter [part of a build argument's name]
    s/scenario.toml:10:1: the base `none` has no source
      hint: give exactly one source: `image`, `import` or `ballast = true`
    s/scenario.toml:13:1: the base `two` is ballast and has `image` too
      hint: give exactly one source: `image`, `import` or `ballast = true`
    > [base.a] | import = [] | [base.b] | image = "a b" | [base.c] | image = "a" | from = "imported"
    s/scenario.toml:9:10: `import` names no program [expected a program and its arguments]
    s/scenario.toml:11:9: "a b" is no image reference [expected a reference such as `python:3.12-slim`]
    s/scenario.toml:14:8: the base `c` is to be imported, and has no `import`
    > [base.a-b] | image = "a" | [base.a_b] | image = "a"
    s/scenario.toml:10:7: the bases `a-b` and `a_b` are both passed as `A_B`
    > base = "o" | [base.o] | image = "a" | optional = true
    s/scenario.toml:8:1: the baseline `plain` chooses the base `o`, which is optional
      hint: the others are compared with the baseline: give it a base that is always there
    > [build] | step = []
    s/scenario.toml:9:8: the scenario has no step
      hint: leave `step` out to get a cold build and an unchanged one
    > [[build.step]] | name = "s" | [[build.step]] | name = "s" | [[build.step]] | name = "a.b"
    s/scenario.toml:11:8: two steps are named `s` [the first one stands in line 9]
    s/scenario.toml:13:8: a step cannot be named "a.b", expected at most 64 letters, digits, spaces, `-`, `_` and `+`, with no space at either end [part of a metric's key]
    > [[build.step]] | name = "s" | expect = "cached" | cache.layers = "empty"
    s/scenario.toml:10:10: the step `s` expects hits from empty layers
      hint: expect nothing, or set `cache = { layers = "primed" }`
    > [gate] | "step.colt.time" = { worse-by = "5%" } | "start.ready" = { worse-by = "5%" }
    s/scenario.toml:9:1: `step.colt.time` is no metric of this scenario
      hint: did you mean `step.cold.time`?
    s/scenario.toml:10:1: `start.ready` is no metric of this scenario
      hint: its metrics are: `step.cold.time`, `step.cold.rebuilt`, `step.cold.sent`, `step.unchanged.time`, `step.unchanged.rebuilt`, `step.unchanged.sent`, `context.size`, `context.files`, `image.size`, `image.layers`
    > [gate] | "image.waste" = { at-most = "1" } | "image.size" = {}
    s/scenario.toml:9:1: the metric `image.waste` is not supported by this version
      hint: did you mean `image.size`?
    s/scenario.toml:10:16: the gate on `image.size` allows anything
      hint: give `worse-by`, `at-most` or both
    > [gate] | "image.size" = { worse-by = "5ms", at-least = "5%" }
    s/scenario.toml:9:29: `worse-by` of `image.size` is "5ms", expected a percentage such as `5%`, `0`, or a size such as `10MiB` [expected a percentage such as `5%`, `0`, or a size such as `10MiB`]
    s/scenario.toml:9:47: `at-least` of `image.size` is "5%", expected a size such as `10MiB` [expected a size such as `10MiB`]
    > [start] | ready = { http = "health", port = 1, status = [] } | command = [] | env = { "a=b" = "" }
    s/scenario.toml:9:18: "health" is no path to ask for [expected a path that begins with `/`]
      hint: did you mean "/health"?
    s/scenario.toml:9:47: `status` accepts no status code
      hint: leave it out to accept 200
    s/scenario.toml:10:11: `command` is empty
      hint: leave it out to run the image's own command
    s/scenario.toml:11:9: "a=b" is no name of an environment variable
    "#);
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
        "{ patch = \"edits/02.patch\" }",
        "{ patch = \"edits/short.patch\" }, { patch = \"edits/short.patch\" }",
        "{ patch = \"../x.patch\" }",
        "{ rename = \"a\" }",
        "{ copy = \"a\", to = \"/b\" }",
        "{ chmod = \"a\", mode = \"u+x\" }",
        "{ chmod = \"a\", mode = 755 }",
        "{ run = \" \" }",
        "{ run = \"make\", timeout = \"0s\" }",
        "{ run = \"make\", timeout = \"soon\", to = \"a\" }",
        "{ apend = \"a\", text = \"x\" }",
        "3",
    ];
    let whole = |edit: &str| with(&format!("[[build.step]]\nname = \"s\"\nedit = [{edit}]\n"));
    insta::assert_snapshot!(table(texts, whole), @r#"
    > {}
    s/scenario.toml:10:9: the edit says nothing to do
      hint: expected one of `append`, `prepend`, `replace`, `write`, `touch`, `delete`, `rename`, `copy`, `chmod`, `patch`, `run`
    > { append = "a" }
    s/scenario.toml:10:9: the edit `append` lacks the key `text` [`text` is missing]
    > { append = "a", text = "", touch = "b" }
    s/scenario.toml:10:9: the edit is both `append` and `touch`
      hint: an edit does one thing; write two edits
    > { touch = "a", text = "x" }
    s/scenario.toml:10:24: `touch` takes no `text`
    > { replace = "a", with = "b" }
    s/scenario.toml:10:9: the edit `replace` lacks the key `find` [`find` is missing]
    > { replace = "a", find = "", with = "b", times = 0 }
    s/scenario.toml:10:33: `find` is empty, expected a text that occurs in the file
    s/scenario.toml:10:57: `build.step.edit.times` is 0, expected at least 1 [expected at least 1]
    > { write = "../a", text = "x" }
    s/scenario.toml:10:19: `build.step.edit.write`: the path "../a" leads upwards with `..` [expected a path inside the context]
      hint: paths of edits and fills are relative to the context and never leave it
    > { delete = "" }
    s/scenario.toml:10:20: `build.step.edit.delete`: the path "" is empty [expected a path inside the context]
      hint: paths of edits and fills are relative to the context and never leave it
    > { patch = "edits/02.patch" }
    s/scenario.toml:10:19: cannot read `edits/02.patch`: there is no such file [no such file]
      hint: did you mean `01.patch`?
    > { patch = "edits/short.patch" }, { patch = "edits/short.patch" }
    s/edits/short.patch:3:1: the hunk ends early: its header promises 1 old and 0 new lines more
    > { patch = "../x.patch" }
    s/scenario.toml:10:19: `build.step.edit.patch`: the path "../x.patch" leads upwards with `..` [expected a path inside the scenario's folder]
      hint: paths are relative to the scenario's folder and never leave it
    > { rename = "a" }
    s/scenario.toml:10:9: the edit `rename` lacks the key `to` [`to` is missing]
    > { copy = "a", to = "/b" }
    s/scenario.toml:10:28: `build.step.edit.to`: the path "/b" is an absolute path [expected a path inside the context]
      hint: paths of edits and fills are relative to the context and never leave it
    > { chmod = "a", mode = "u+x" }
    s/scenario.toml:10:31: `mode` is no file mode, expected three or four octal digits, such as 0755
    > { chmod = "a", mode = 755 }
    s/scenario.toml:10:31: `build.step.edit.mode` is the number 755, expected a string [expected a string]
    > { run = " " }
    s/scenario.toml:10:17: `run` is empty, expected a command
    > { run = "make", timeout = "0s" }
    s/scenario.toml:10:35: `timeout` is zero, which no command meets
    > { run = "make", timeout = "soon", to = "a" }
    s/scenario.toml:10:35: `build.step.edit.timeout`: `soon` is not valid, expected a duration with its unit, such as `20ms`, `1.5s`, `10m` [expected a number with its unit]
    s/scenario.toml:10:43: `run` takes no `to`
    > { apend = "a", text = "x" }
    s/scenario.toml:10:11: unknown key `apend` in `build.step.edit` [unknown key]
      hint: did you mean `append`?
    > 3
    s/scenario.toml:10:9: `build.step.edit` is the number 3, expected a table [expected a table]
    "#);
}

#[test]
fn an_edit_that_the_second_round_finds_in_the_cache_is_a_mistake() {
    let texts = [
        "edit = [{ append = \"app/main.py\", text = \"x\" }]\nexpect = { rebuilt = [] }\n",
        "edit = [{ touch = \"app/main.py\" }]\nexpect = { rebuilt = [] }\n",
        "edit = [{ run = \"make\" }]\nexpect = { rebuilt = [] }\n",
        "edit = [{ rename = \"app/main.py\", to = \"b\" }]\nexpect = { rebuilt = [] }\n",
        "expect = { rebuilt = [\"COPY .\", \"COPY  ap\", \"COPY src /src\", \"\"] }\n",
    ];
    let whole = |step: &str| with(&format!("[[build.step]]\nname = \"s\"\n{step}"));
    insta::assert_snapshot!(table(texts, whole), @r#"
    > edit = [{ append = "app/main.py", text = "x" }] | expect = { rebuilt = [] }
    s/scenario.toml:11:10: the step `s` expects to rebuild, and no edit of it has `{{nonce}}` [would be met in the first round only]
      hint: the second round finds the first one's result in the cache, which looks like a huge speed-up; put `{{nonce}}` into the text
    > edit = [{ touch = "app/main.py" }] | expect = { rebuilt = [] }
    s/scenario.toml:11:10: the step `s` expects to rebuild, and no edit of it has `{{nonce}}` [would be met in the first round only]
      hint: nothing that the cache can see changes; add an edit with `{{nonce}}` in its text
    > edit = [{ run = "make" }] | expect = { rebuilt = [] }
    s/scenario.toml:11:10: the step `s` expects to rebuild, and no edit of it has `{{nonce}}` [would be met in the first round only]
      hint: the second round finds the first one's result in the cache, which looks like a huge speed-up; put `{{nonce}}` into the text
    > edit = [{ rename = "app/main.py", to = "b" }] | expect = { rebuilt = [] }
    s/scenario.toml:11:10: the step `s` expects to rebuild, and no edit of it has `{{nonce}}` [would be met in the first round only]
      hint: the second round finds the first one's result in the cache, which looks like a huge speed-up; add an edit with `{{nonce}}` in its text
    > expect = { rebuilt = ["COPY .", "COPY  ap", "COPY src /src", ""] }
    s/scenario.toml:10:10: the step `s` expects to rebuild, and no edit of it has `{{nonce}}` [would be met in the first round only]
      hint: nothing that the cache can see changes; add an edit with `{{nonce}}` in its text
    s/scenario.toml:10:45: no Dockerfile of the scenario has `COPY src /src` [matches no instruction]
    s/scenario.toml:10:62: an empty text matches every instruction
    "#);

    let accepted = [
        "edit = [{ append = \"a\", text = \"{{nonce}}\" }]\nexpect = { rebuilt = [\"copy   app /app\"] }\n",
        "edit = [{ patch = \"edits/01.patch\" }]\nexpect = { rebuilt = [] }\n",
        "edit = [{ run = \"echo $SEATRIAL_NONCE > app/x\" }]\nexpect = { rebuilt = [] }\n",
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
    let whole = |head: &str| {
        if head.contains("variant") || head.is_empty() {
            head.to_owned()
        } else {
            format!("{head}base.alpine.image = \"alpine\"\n{VARIANT}")
        }
    };
    insta::assert_snapshot!(table(texts, whole), @r#"
    > 
    s/scenario.toml:1:1: the file lacks the key `schema`
      hint: `schema`: the version of this format
    s/scenario.toml:1:1: the file lacks the key `title`
      hint: `title`: one line for people: what is compared
    s/scenario.toml:1:1: the file lacks the key `variant`
      hint: `variant`: what is compared; at least one
    s/scenario.toml:1:1: the file lacks the key `context`
      hint: `context`: where the build context comes from
    > schema = 2 | title = "t" | context.path = "contxt" | keep = ["plane"]
    s/scenario.toml:1:10: `schema` is 2, expected 1 [expected 1]
    s/scenario.toml:3:16: the context `contxt` is no folder [no such folder]
      hint: did you mean `context`?
    s/scenario.toml:4:9: `keep` names `plane`, which is neither a variant nor a base
      hint: did you mean `plain`?
    > schema = 1 | title = "t" | context = { path = "/tmp", fill = [{ path = "../x", files = 1, bytes = "4 cups" }] }
    s/scenario.toml:3:20: `context.path`: the path "/tmp" is an absolute path [expected a path inside the scenario's folder]
      hint: paths are relative to the scenario's folder and never leave it
    s/scenario.toml:3:45: `context.fill.path`: the path "../x" leads upwards with `..` [expected a path inside the context]
      hint: paths of edits and fills are relative to the context and never leave it
    s/scenario.toml:3:72: `context.fill.bytes`: `4 cups` is not valid, expected a size with its unit, such as `512B`, `20KiB`, `40MB` [expected a number with its unit]
    > schema = 1 | title = "t" | context.path = "context" | variant = []
    s/scenario.toml:4:11: the scenario has no variant
      hint: a variant is a table `[[variant]]` with `name` and `dockerfile`
    > schema = 1 | title = "t" | context.path = "context" | variant = [3]
    s/scenario.toml:4:12: `variant` is the number 3, expected a table [expected a table]
    "#);
}

#[test]
fn mistakes_in_defaults_are_shown_in_their_file() {
    let defaults = "[defaults.build]\nround = 3\ntimeout = \"ten\"\n[default]\n";
    let checked = checked(&with(""), Some(defaults), &Overrides::default());
    let problems: Vec<String> = checked.problems.iter().map(line).collect();
    insta::assert_snapshot!(problems.join("\n"), @"
    seatrial.toml:2:1: unknown key `round` in `defaults.build` [unknown key]
      hint: did you mean `rounds`?
    seatrial.toml:3:11: `defaults.build.timeout`: `ten` is not valid, expected a duration with its unit, such as `20ms`, `1.5s`, `10m` [expected a number with its unit]
    seatrial.toml:4:2: unknown key `default` [unknown key]
      hint: did you mean `defaults`?
    ");
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
    insta::assert_snapshot!(problems.join("\n"), @"
    command line: `--rounds 0`: expected at least 1
    command line: `--bases imported`: the base `alpine` has no `import`
    command line: `--step nothing like it` matches no step
      hint: the steps are: `one`, `two`, `three`
    command line: `--variant othre` matches no variant
      hint: did you mean `other`? the variants are: `plain`, `other`
    ");
}

#[test]
fn a_base_with_two_sources_is_chosen_by_key_or_flag() {
    let (before_base, _) = HEAD.split_once("base.").expect("it has a base");
    let both =
        |from: &str| format!("{before_base}{VARIANT}[base.alpine]\nimage = \"a\"\nimport = [\"b\"]\n{from}");
    let (image, command) = ("a".to_owned(), vec!["b".to_owned()]);
    let pulled = BaseSource::Pulled { image: image.clone() };
    let imported = BaseSource::Imported {
        command: command.clone(),
    };
    let either = BaseSource::PulledOrImported { image, command };
    for (from, flag, expected) in [
        ("", None, &either),
        ("from = \"imported\"\n", None, &imported),
        ("from = \"imported\"\n", Some(BaseChoice::Pulled), &pulled),
        ("", Some(BaseChoice::Imported), &imported),
    ] {
        let overrides = Overrides {
            bases: flag,
            ..Overrides::default()
        };
        let checked = checked(&both(from), None, &overrides);
        assert_eq!(checked.problems, [], "{from:?} {flag:?}");
        let found = &checked.scenario.unwrap().bases[0].source;
        assert_eq!(found, expected, "{from:?} {flag:?}");
    }
}

#[test]
fn edits_know_where_they_stand() {
    let text = with("[[build.step]]\nname = \"s\"\nedit = [{ touch = \"a\" }, { delete = \"b\" }]\n");
    let checked = checked(&text, None, &Overrides::default());
    let place = checked.span_of_edit(0, 1).unwrap();
    assert_eq!(&text[place.span.clone()], "{ delete = \"b\" }");
    assert_eq!((place.line, place.column), (10, 26));
    assert_eq!(checked.span_of_edit(0, 2), None);
    assert_eq!(checked.span_of_edit(1, 0), None);
}

#[test]
fn what_is_in_force_reads_back_as_the_same_scenario() {
    let text = with(
        "args = { \"A\" = \"q\\\"uote\\n\" }\ntarget = \"base\"\n[build]\ntimeout = \"1.5s\"\n[[build.step]]\nname = \"s\"\n\
         edit = [{ replace = \"a b\", find = \"x\\\\\", with = \"\\u00e9{{nonce}}\", times = 2 }, \
         { rename = \"a\", to = \"b\" }, { copy = \"a\", to = \"b\" }, { chmod = \"a\", mode = \"755\" }, \
         { patch = \"edits/01.patch\" }, { run = \"make\" }]\n\
         expect = { rebuilt = [\"RUN install\"] }\n\
         [start]\nready = { http = \"/\", port = 1, body-contains = \"\\u0001\" }\ncommand = [\"a\"]\n\
         entrypoint = [\"/e\"]\nuser = \"1:2\"\nnetwork = \"n\"\nmounts = { \"/d\" = { tmpfs = \"1MiB\" } }\n\
         limits = { cpus = 1.5, memory = \"64MiB\", processes = 9 }\nenv = { U = \"{{companion.b}}\" }\n\
         [[start.companion]]\nname = \"a\"\nimage = \"i:1\"\nready = { health = true, every = \"1s\" }\nport = 7\n\
         mounts = { \"/d\" = { tmpfs = \"1MiB\" } }\nlimits = { processes = 9 }\n\
         [[start.companion]]\nname = \"b\"\nbase = \"alpine\"\nready = { http = \"/\", port = 1, status = [\"2xx\"] }\n\
         timeout = \"3m\"\nenv = { T = \"{{companion.a}}\" }\n\
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
        "[[start.companion]]",
        "image = \"{{companion.db}}\"",
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
        "limits = { cpus = 1e400, memory = \"1B\" }",
        "mounts = { \"\" = {}, \"/a\" = { tmpfs = 1 } }",
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
            prop_assert!(!problem.message.starts_with("what is left"), "{}", problem.message);
            let place = problem.place.as_ref().expect("no flag was given");
            let text = checked.text_of(&place.file).expect("what is shown was kept");
            prop_assert!(text.get(place.span.clone()).is_some(), "{:?}", place);
        }
    }
}

#[test]
fn a_matrix_crosses_its_axes_with_the_variants_and_names_each_combination() {
    let text = with(
        "[[variant]]\nname = \"late\"\ndockerfile = \"late.Dockerfile\"\nbaseline = true\nargs = { MODE = \"a\" }\n\
         [base.\"slim-one\"]\nimage = \"alpine:slim\"\n\
         [matrix]\nbuilder = [\"buildkit\", \"classic\"]\nargs.PYTHON = [\"3.11\", \"3.12/x\"]\n\
         exclude = [{ variant = \"plain\", builder = \"classic\" }, { args = { PYTHON = \"3.11\" }, variant = \"late\", builder = \"classic\" }]\n\
         include = [{ variant = \"plain\", base = \"slim-one\", target = \"base\", platform = \"linux/arm64\", builder = \"classic\" }]\n",
    );
    let checked = checked(&text, None, &Overrides::default());
    assert_eq!(checked.problems, []);
    let resolved = resolved_toml(checked.scenario.as_ref().unwrap(), &checked.provenance);
    let (_, variants) = resolved.split_once("[[variant]]\n").unwrap();
    let (variants, _) = variants.split_once("[build]").unwrap();
    insta::assert_snapshot!(variants, @r#"
    name = "plain-buildkit-3.11"  # scenario
    dockerfile = "Dockerfile"  # scenario
    args = { "PYTHON" = "3.11" }  # scenario
    builder = "buildkit"  # scenario

    [[variant]]
    name = "plain-buildkit-3.12-x"  # scenario
    dockerfile = "Dockerfile"  # scenario
    args = { "PYTHON" = "3.12/x" }  # scenario
    builder = "buildkit"  # scenario

    [[variant]]
    name = "late-buildkit-3.11"  # scenario
    dockerfile = "late.Dockerfile"  # scenario
    args = { "MODE" = "a", "PYTHON" = "3.11" }  # scenario
    builder = "buildkit"  # scenario
    baseline = true  # scenario

    [[variant]]
    name = "late-buildkit-3.12-x"  # scenario
    dockerfile = "late.Dockerfile"  # scenario
    args = { "MODE" = "a", "PYTHON" = "3.12/x" }  # scenario
    builder = "buildkit"  # scenario

    [[variant]]
    name = "late-classic-3.12-x"  # scenario
    dockerfile = "late.Dockerfile"  # scenario
    args = { "MODE" = "a", "PYTHON" = "3.12/x" }  # scenario
    builder = "classic"  # scenario

    [[variant]]
    name = "plain-classic-slim-one-base-linux-arm64"  # scenario
    dockerfile = "Dockerfile"  # scenario
    base = "slim-one"  # scenario
    target = "base"  # scenario
    builder = "classic"  # scenario
    platform = "linux/arm64"  # scenario
    "#);
}

#[test]
fn the_builder_of_a_variant_wins_over_that_of_the_build_and_that_over_the_defaults() {
    let defaults = "[defaults.build]\nbuilder = \"classic\"\n";
    let of_variant = "[[variant]]\nname = \"own\"\ndockerfile = \"Dockerfile\"\nbuilder = \"classic\"\n";
    for (text, defaults, expected) in [
        ("", None, ["buildkit", "built in"]),
        ("", Some(defaults), ["classic", "defaults (seatrial.toml)"]),
        (
            "[build]\nbuilder = \"buildkit\"\n",
            Some(defaults),
            ["buildkit", "scenario"],
        ),
        (
            "[matrix]\nbuilder = [\"classic\"]\n",
            None,
            ["classic", "scenario"],
        ),
    ] {
        let checked = checked(&with(text), defaults, &Overrides::default());
        assert_eq!(checked.problems, [], "{text}");
        let variant = &checked.scenario.as_ref().unwrap().variants[0];
        let origin = checked
            .provenance
            .of(&format!("variant.{}.builder", variant.name));
        assert_eq!(
            [variant.builder.as_str(), &origin.to_string()],
            expected,
            "{text}"
        );
    }
    let text = format!("{}[build]\nbuilder = \"buildkit\"\n", with(of_variant));
    let checked = checked(&text, Some(defaults), &Overrides::default());
    let builders: Vec<_> = checked
        .scenario
        .unwrap()
        .variants
        .iter()
        .map(|variant| variant.builder.as_str())
        .collect();
    assert_eq!(builders, ["buildkit", "classic"]);
}

#[test]
fn mistakes_of_a_matrix_name_the_value_and_what_would_fit() {
    let texts = [
        "[matrix]\nbuilder = []\n",
        "[matrix]\nbuilder = [\"classic\", \"classic\"]\n",
        "[matrix]\nbase = [\"alpin\"]\n",
        "[matrix]\ntarget = [\"base\", \"bsae\"]\n",
        "[matrix]\nargs = { \"1A\" = [\"x\"], TARGETARCH = [\"x\"] }\n",
        "[matrix]\nargs = { A = [\"x y\", \"x/y\"] }\n",
        "[[variant]]\nname = \"set\"\ndockerfile = \"Dockerfile\"\nbuilder = \"classic\"\nargs = { A = \"1\" }\n\
         [matrix]\nbuilder = [\"buildkit\"]\nargs = { A = [\"2\"] }\n",
        "[[variant]]\nname = \"set\"\ndockerfile = \"Dockerfile\"\nbase = \"alpine\"\nargs = { BASE = \"1\" }\n",
        "[matrix]\nbuilder = [\"classic\"]\nexclude = [{ variant = \"plian\" }, { builder = \"buildkit\" }]\n",
        "[matrix]\nbuilder = [\"classic\"]\nexclude = [{ builder = \"classic\" }]\n",
        "[matrix]\nbuilder = [\"classic\"]\ninclude = [{ builder = \"classic\" }, { variant = \"plain\", builder = \"classic\" }]\n",
        "[matrix]\nexclude = [{ plattform = \"x\" }]\n",
        "[matrix.args]\nA = [\"1\", \"2\", \"3\", \"4\"]\nB = [\"1\", \"2\", \"3\", \"4\"]\nC = [\"1\", \"2\", \"3\", \"4\", \"5\"]\n",
        "[[variant]]\nname = \"mounts\"\ndockerfile = \"mounts.Dockerfile\"\n[matrix]\nbuilder = [\"classic\", \"buildkit\"]\n",
    ];
    insta::assert_snapshot!(table(texts, with), @r#"
    > [matrix] | builder = []
    s/scenario.toml:9:11: the axis `builder` has no value
      hint: leave the axis out, or give it a value
    > [matrix] | builder = ["classic", "classic"]
    s/scenario.toml:9:23: the axis `builder` has the value `classic` twice
    > [matrix] | base = ["alpin"]
    s/scenario.toml:9:9: the scenario has no base `alpin`
      hint: did you mean `alpine`?
    > [matrix] | target = ["base", "bsae"]
    s/scenario.toml:9:19: `Dockerfile` has no stage `bsae`
      hint: did you mean `base`?
    > [matrix] | args = { "1A" = ["x"], TARGETARCH = ["x"] }
    s/scenario.toml:9:10: "1A" is no name of a build argument [expected letters, digits and `_`, not beginning with a digit]
    s/scenario.toml:9:24: the build argument `TARGETARCH` is reserved: the builder sets it
    > [matrix] | args = { A = ["x y", "x/y"] }
    s/scenario.toml:8:2: the matrix makes two variants named `plain-x-y`
      hint: names are made of the variant's and the values', other characters than `a-z0-9._` as `-`; rename a variant, or leave one combination out by `exclude`
    > [[variant]] | name = "set" | dockerfile = "Dockerfile" | builder = "classic" | args = { A = "1" } | [matrix] | builder = ["buildkit"] | args = { A = ["2"] }
    s/scenario.toml:11:1: `builder` is an axis of the matrix and set here too
      hint: leave it out here, or take the axis out of the matrix
    s/scenario.toml:12:10: `args.A` is an axis of the matrix and set here too
      hint: leave it out here, or take the axis out of the matrix
    > [[variant]] | name = "set" | dockerfile = "Dockerfile" | base = "alpine" | args = { BASE = "1" }
    s/scenario.toml:11:8: `base` passes the build argument `BASE`, and `args` sets it too
      hint: rename the other one, or leave `base` out
    > [matrix] | builder = ["classic"] | exclude = [{ variant = "plian" }, { builder = "buildkit" }]
    s/scenario.toml:10:24: the scenario has no variant `plian`
      hint: did you mean `plain`?
    s/scenario.toml:10:35: this `exclude` leaves out no combination of the matrix
      hint: its values must be on the axes, and no earlier `exclude` may have left the combination out
    > [matrix] | builder = ["classic"] | exclude = [{ builder = "classic" }]
    s/scenario.toml:8:2: the matrix leaves no variant
      hint: exclude less
    > [matrix] | builder = ["classic"] | include = [{ builder = "classic" }, { variant = "plain", builder = "classic" }]
    s/scenario.toml:8:2: the matrix makes two variants named `plain-classic`
      hint: names are made of the variant's and the values', other characters than `a-z0-9._` as `-`; rename a variant, or leave one combination out by `exclude`
    s/scenario.toml:10:12: `matrix.include` lacks the key `variant`
      hint: `variant`: the name of a `[[variant]]`
    > [matrix] | exclude = [{ plattform = "x" }]
    s/scenario.toml:9:14: unknown key `plattform` in `matrix.exclude` [unknown key]
      hint: did you mean `platform`?
    > [matrix.args] | A = ["1", "2", "3", "4"] | B = ["1", "2", "3", "4"] | C = ["1", "2", "3", "4", "5"]
    s/scenario.toml:8:2: the matrix makes 1 × 4 × 4 × 5 variants, expected at most 64
      hint: take values from its axes, or add single combinations by `include`
    > [[variant]] | name = "mounts" | dockerfile = "mounts.Dockerfile" | [matrix] | builder = ["classic", "buildkit"]
    s/mounts.Dockerfile:2:1: the classic builder knows no `RUN --mount`, and the variant `mounts-classic` is built by it
      hint: give the variant `builder = "buildkit"`, or a Dockerfile of its own
    s/mounts.Dockerfile:4:1: the classic builder knows no `COPY --link`, and the variant `mounts-classic` is built by it
      hint: give the variant `builder = "buildkit"`, or a Dockerfile of its own
    s/mounts.Dockerfile:5:1: the classic builder knows no here-documents, and the variant `mounts-classic` is built by it
      hint: give the variant `builder = "buildkit"`, or a Dockerfile of its own
    "#);
}

/// The problems of variants that differ in their options.
fn problems_of_options<'text>(options: impl IntoIterator<Item = &'text str>) -> String {
    table(options, with)
}

#[test]
fn options_of_a_build_are_checked_where_they_stand() {
    insta::assert_snapshot!(problems_of_options([
        "secrets = { a = { env = \"MISSING\" } }\n",
        "secrets = { a = { file = \"missing.txt\" }, b = {}, c = { env = \"TOKEN\", file = \"x\" } }\n",
        "secrets = { a = { env = \"SHORT\" } }\n",
        "args = { A = { env = \"MISSING\" }, B = { env = \"TOKEN\", secret = 1 } }\n",
        "args = { A = {} }\n",
        "ssh = \"a b\"\n",
        "ssh = { deploy = { env = \"DEAF_SOCK\" } }\n",
        "contexts = { assets = \"../asset\", \"Big\" = \"../assets\", c = \"/abs\" }\n",
        "platform = \"linux\"\n",
        "network = \"bridge\"\n",
        "shm-size = \"64 lumps\"\n",
        "add-hosts = { a = \"10.0.0\", b = \"host-gatewy\" }\n",
        "builder = \"classic\"\nsecrets = { a = { env = \"TOKEN\" } }\nssh = \"default\"\ncontexts = { a = \"../assets\" }\n",
    ]), @r##"
    > secrets = { a = { env = "MISSING" } }
    s/scenario.toml:8:25: the environment has no `MISSING` for the secret `a`
      hint: set the variable for this command, or take the option out
    > secrets = { a = { file = "missing.txt" }, b = {}, c = { env = "TOKEN", file = "x" } }
    s/scenario.toml:8:26: cannot read `missing.txt` for the secret `a`: there is no such file
      hint: the path is relative to the scenario's folder, or begins with `~/`
    s/scenario.toml:8:47: the secret `b` has no source
      hint: give exactly one: `env = "NAME"` or `file = "path"`
    s/scenario.toml:8:55: the secret `c` has two sources
      hint: give exactly one: `env = "NAME"` or `file = "path"`
    > secrets = { a = { env = "SHORT" } }
    s/scenario.toml:8:25: the secret `a` has 3 bytes, expected at least 4: a shorter one cannot be kept out of what is recorded
    > args = { A = { env = "MISSING" }, B = { env = "TOKEN", secret = 1 } }
    s/scenario.toml:8:22: the environment has no `MISSING` for the build argument `A`
      hint: set the variable for this command, or take the option out
    s/scenario.toml:8:65: `variant.args.B.secret` is the number 1, expected `true` or `false` [expected `true` or `false`]
    > args = { A = {} }
    s/scenario.toml:8:14: `variant.args.A` lacks the key `env`
      hint: `env`: the environment variable
    > ssh = "a b"
    s/scenario.toml:8:7: an ssh agent cannot have the id "a b", expected a word such as `default`
    > ssh = { deploy = { env = "DEAF_SOCK" } }
    s/scenario.toml:8:26: the ssh agent `deploy` does not answer at `/deaf.sock`, which `DEAF_SOCK` names
      hint: start one with `eval $(ssh-agent)` and give it a key with `ssh-add`
    > contexts = { assets = "../asset", "Big" = "../assets", c = "/abs" }
    s/scenario.toml:8:23: the context `assets` names `../asset`, which is no folder [no such folder]
    s/scenario.toml:8:35: a context cannot be named "Big", expected at most 64 lower-case letters and digits, with single `.`, `_` or `-` between them
    s/scenario.toml:8:60: `variant.contexts.c`: the path "/abs" is an absolute path [expected a relative path]
      hint: paths are relative to the scenario's folder
    > platform = "linux"
    s/scenario.toml:8:12: "linux" is no platform [expected a system and an architecture, such as `linux/arm64`]
    > network = "bridge"
    s/scenario.toml:8:11: `variant.network` is the string "bridge", expected one of `default`, `none`, `host` [expected one of `default`, `none`, `host`]
      hint: the words here are: `default`, `none`, `host`
    > shm-size = "64 lumps"
    s/scenario.toml:8:12: `variant.shm-size`: `64 lumps` is not valid, expected a size with its unit, such as `512B`, `20KiB`, `40MB` [expected a number with its unit]
    > add-hosts = { a = "10.0.0", b = "host-gatewy" }
    s/scenario.toml:8:19: "10.0.0" is no address for the host `a` [expected an IP address or `host-gateway`]
    s/scenario.toml:8:33: "host-gatewy" is no address for the host `b` [expected an IP address or `host-gateway`]
      hint: did you mean `host-gateway`?
    > builder = "classic" | secrets = { a = { env = "TOKEN" } } | ssh = "default" | contexts = { a = "../assets" }
    s/scenario.toml:9:1: the classic builder has no `secrets`, and the variant `plain` is built by it
      hint: give the variant `builder = "buildkit"`
    s/scenario.toml:10:1: the classic builder has no `ssh`, and the variant `plain` is built by it
      hint: give the variant `builder = "buildkit"`
    s/scenario.toml:11:1: the classic builder has no `contexts`, and the variant `plain` is built by it
      hint: give the variant `builder = "buildkit"`
    "##);
}

#[test]
fn a_secret_in_the_scenario_is_refused_and_no_part_of_it_is_shown() {
    for text in [
        "secrets = { pip = \"hunter2\" }\n",
        "secrets = \"hunter2\"\n",
        "secrets = [\"hunter2\"]\n",
        "secrets = { pip = [\"hunter2\"] }\n",
        "secrets = { pip = { value = \"hunter2\" } }\n",
        "secrets = { pip = { env = \"hunter-2\" } }\n",
        "secrets = { pip = { env = { x = \"hunter2\" } } }\n",
        "secrets = { pip = { file = { x = \"hunter2\" } } }\nnonsense = 1\n",
        "secrets = { pip = \"hunter2\", other = 1 }; nonsense\n",
        "secrets = { pip = \"hunter2 }\n",
        "secrets = { pip = '''hunter2\nhunter2''' }\n",
        "[variant.secrets]\npip = \"hunter2\"\n",
        "[variant.secrets.pip]\nvalue = \"hunter2\"\n",
        "args = { PIP = { env = \"hunter-2\", secret = true } }\n",
    ] {
        let checked = checked(&with(text), None, &Overrides::default());
        assert!(!checked.problems.is_empty(), "no problem was found in:\n{text}");
        let shown = format!("{:?}{:?}", checked.problems, checked.sources);
        assert!(!shown.contains("hunter"), "{text}: {shown}");
        assert!(checked.problems[0].place.is_some(), "{text}");
    }
}

#[test]
fn remote_caches_of_every_type_are_resolved_with_what_they_have() {
    for (cache, mode, needs_engine) in [
        ("type = \"inline\"\nrepository = \"r\"\n", None, false),
        ("type = \"registry\"\nrepository = \"r\"\n", Some("max"), true),
        ("type = \"local\"\n", Some("max"), true),
        ("type = \"local\"\nmode = \"min\"\n", Some("min"), true),
    ] {
        let step = "[[build.step]]\nname = \"s\"\nexport-cache = true\n";
        let text = with(&format!("[build.remote-cache]\n{cache}{step}"));
        let checked = checked(&text, None, &Overrides::default());
        assert_eq!(checked.problems, [], "{cache}");
        assert_eq!(checked.depends_on_engine(), needs_engine, "{cache}");
        let resolved = resolved_toml(checked.scenario.as_ref().unwrap(), &checked.provenance);
        let shown = resolved.lines().find_map(|line| line.strip_prefix("mode = "));
        let expected = mode.map(|mode| format!("\"{mode}\""));
        let shown = shown.and_then(|shown| shown.split_whitespace().next());
        assert_eq!(shown, expected.as_deref(), "{resolved}");
        let again = self::checked(&resolved, None, &Overrides::default());
        assert_eq!(again.problems, [], "{resolved}");
        assert_eq!(again.scenario, checked.scenario);
    }
}

#[test]
fn options_of_a_build_are_resolved_and_shown_without_their_values() {
    let text = with(
        "args = { PLAIN = \"1\", CODE = { env = \"TOKEN\", secret = true } }\n\
         secrets = { a = { env = \"TOKEN\" }, b = { file = \"context/app/main.py\" } }\n\
         ssh = \"default\"\ncontexts = { assets = \"../assets\" }\nplatform = \"linux/arm64\"\n\
         network = \"none\"\nshm-size = \"64MiB\"\nadd-hosts = { db = \"host-gateway\", six = \"2001:db8::1\" }\n",
    );
    let checked = checked(&text, None, &Overrides::default());
    assert_eq!(checked.problems, []);
    assert!(checked.depends_on_engine());
    let shown = resolved_toml(checked.scenario.as_ref().unwrap(), &checked.provenance);
    assert!(!shown.contains("agent.sock"), "{shown}");
    let again = self::checked(&shown, None, &Overrides::default());
    assert_eq!(again.problems, [], "{shown}");
    assert_eq!(again.scenario, checked.scenario);
}

#[test]
fn options_of_every_variant_come_from_the_defaults_unless_the_variant_says_otherwise() {
    let text = with("network = \"host\"\n[matrix]\nbuilder = [\"buildkit\"]\n");
    let defaults =
        "[defaults.variant]\nnetwork = \"none\"\nplatform = \"linux/amd64\"\nshm-size = \"1MiB\"\n";
    let checked = checked(&text, Some(defaults), &Overrides::default());
    assert_eq!(checked.problems, []);
    let shown = resolved_toml(checked.scenario.as_ref().unwrap(), &checked.provenance);
    for line in [
        "network = \"host\"  # scenario",
        "platform = \"linux/amd64\"  # defaults (seatrial.toml)",
        "shm-size = \"1MiB\"  # defaults (seatrial.toml)",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}\n{shown}");
    }
}

/// A scenario with a replay of two commits.
fn replaying(rest: &str) -> String {
    format!("schema = 1\ntitle = \"t\"\nbase.alpine.image = \"alpine\"\n{VARIANT}{rest}")
}

#[test]
fn the_commits_of_a_replay_are_the_steps() {
    let text = replaying("[replay]\nrepo = \"../repository\"\nrange = \"HEAD~2..HEAD\"\npath = \"./app/\"\n");
    let checked = checked(&text, None, &Overrides::default());
    assert_eq!(checked.problems, []);
    let scenario = checked.scenario.unwrap();
    let steps: Vec<_> = scenario
        .build
        .steps
        .iter()
        .map(|step| step.name.as_str())
        .collect();
    assert_eq!(steps, ["base", "bbbbbbbb Fix x", "cccccccc"]);
    let resolved = resolved_toml(&scenario, &checked.provenance);
    let replay = &resolved[resolved.find("\n[replay]").unwrap()..];
    insta::assert_snapshot!(replay, @r#"

    [replay]
    repo = "../repository"  # scenario
    range = "HEAD~2..HEAD"  # scenario
    path = "app"  # scenario
    # begins after aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; the steps are:
    # base: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    # bbbbbbbb Fix x: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
    # cccccccc: cccccccccccccccccccccccccccccccccccccccc
    "#);
    assert!(
        !resolved.contains("[context]") && !resolved.contains("build.step"),
        "{resolved}"
    );
    let again = self::checked(&resolved, None, &Overrides::default());
    assert_eq!(again.scenario.unwrap(), scenario);
}

#[test]
fn mistakes_of_a_replay_are_found() {
    let replays = [
        "[replay]\n",
        "[replay]\nrepo = \"../repository\"\nrange = \"HEAD\"\n",
        "[replay]\nrepo = \"/abs\"\nrange = \"HEAD~2..HEAD\"\n",
        "[replay]\nrepo = \"../other\"\nrange = \"HEAD~2..HEAD\"\n",
        "[replay]\nrepo = \"../repository\"\nrange = \"HEAD..HEAD\"\n",
        "[replay]\nrepo = \"../repository\"\nrange = \"HEAD~9..HEAD\"\n",
        "[replay]\nrepo = \"../repository\"\nrange = \"HEAD~2..HEAD\"\npath = \"lib\"\n",
        "[replay]\nrepo = \"../repository\"\nrange = \"HEAD~2..HEAD\"\npath = \"../app\"\n",
        "[replay]\nrepo = \"../repository\"\nrange = \"HEAD~2..HEAD\"\n[context]\npath = \"context\"\n",
        "[replay]\nrepo = \"../repository\"\nrange = \"HEAD~2..HEAD\"\n[[build.step]]\nname = \"cold\"\n",
        "[replay]\nrepo = \"../repository\"\nrnage = \"HEAD~2..HEAD\"\n",
        "[context]\nfill = []\n",
    ];
    insta::assert_snapshot!(table(replays, replaying), @r#"
    > [replay]
    s/scenario.toml:7:1: `replay` lacks the key `repo`
      hint: `repo`: the top folder of the repository, relative to the scenario's folder. It is only read
    s/scenario.toml:7:1: `replay` lacks the key `range`
      hint: `range`: the commits, as `FROM..TO`: those of TO by first parents that FROM does not have, such as `HEAD~50..HEAD`
    > [replay] | repo = "../repository" | range = "HEAD"
    s/scenario.toml:9:9: `replay.range` is "HEAD", expected `FROM..TO` [expected two revisions]
      hint: the commits of TO that FROM does not have, as in `HEAD~50..HEAD` or `v1.2..main`
    > [replay] | repo = "/abs" | range = "HEAD~2..HEAD"
    s/scenario.toml:8:8: `replay.repo`: the path "/abs" is an absolute path [expected a relative path]
      hint: paths are relative to the scenario's folder
    > [replay] | repo = "../other" | range = "HEAD~2..HEAD"
    s/scenario.toml:8:8: `../other` is not a repository that git reads: not a git repository
      hint: `repo` is the top folder of a repository, relative to the scenario's folder
    > [replay] | repo = "../repository" | range = "HEAD..HEAD"
    s/scenario.toml:9:9: the range `HEAD..HEAD` holds no commit
      hint: it is `FROM..TO`, where TO is the newer commit
    > [replay] | repo = "../repository" | range = "HEAD~9..HEAD"
    s/scenario.toml:9:9: the repository has no commit `HEAD~9`
      hint: the repository is shallow: it holds the newest commits alone; `git fetch --unshallow` gets the rest
    > [replay] | repo = "../repository" | range = "HEAD~2..HEAD" | path = "lib"
    s/scenario.toml:10:8: the commit `bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb` has no folder `lib`
      hint: every commit of the range and the one before it must have it
    > [replay] | repo = "../repository" | range = "HEAD~2..HEAD" | path = "../app"
    s/scenario.toml:10:8: `replay.path`: the path "../app" leads upwards with `..` [expected a path inside the repository]
      hint: the path is relative to the top folder of the repository and never leaves it
    > [replay] | repo = "../repository" | range = "HEAD~2..HEAD" | [context] | path = "context"
    s/scenario.toml:11:1: `context.path` and `[replay]` are both given
      hint: a replay brings the context: the folder `replay.path` of each commit
    > [replay] | repo = "../repository" | range = "HEAD~2..HEAD" | [[build.step]] | name = "cold"
    s/scenario.toml:10:9: `[[build.step]]` and `[replay]` are both given
      hint: the commits of a replay are the steps
    > [replay] | repo = "../repository" | rnage = "HEAD~2..HEAD"
    s/scenario.toml:9:1: unknown key `rnage` in `replay` [unknown key]
      hint: did you mean `range`?
    > [context] | fill = []
    s/scenario.toml:7:1: `context` lacks the key `path`
      hint: `path`: the folder that is copied to a scratch directory; never edited in place
    "#);
}

#[test]
fn mistakes_of_readiness_and_of_states_to_start_in_say_what_there_is() {
    let texts = [
        "[start]\nready = {}\n",
        "[start]\nready = { http = \"/\" }\n",
        "[start]\nready = { http = \"/\", tcp = 80, port = 80 }\n",
        "[start]\nready = { log = \"\", port = 80, every = \"1s\" }\n",
        "[start]\nready = { health = false }\n",
        "[start]\nready = { exec = [], every = \"1ms\" }\n",
        "[start]\nready = { exit = [] }\n",
        "[start]\nready = { http = \"/\", port = 80, method = \"HEAD\", headers = { \"a b\" = \"\" }, body-contains = \"x\" }\n",
        "[start]\nready = { http = \"/\", port = 80, status = [\"2x\"] }\n",
        "[start]\nready = { tcp = 80 }\ncache = []\n",
        "[start]\nready = { tcp = 80 }\ncache = [\"warm\", \"cold\", \"cold-pull\"]\n",
        "[start]\nready = { tcp = 80 }\npull = { profile = \"lan\" }\n",
        "[start]\nready = { tcp = 80 }\ncache = [\"cold-pull\"]\npull = {}\n",
        "[start]\nready = { tcp = 80 }\ncache = [\"cold-pull\"]\npull = { profile = \"wan\", bandwidth = \"0bit/s\", latency = 3 }\n",
        "[start]\nready = { tcp = 80 }\ncache = [\"cold-pull\"]\n[gate]\n\"start.pull\" = { at-most = \"1MiB\" }\n\"pull.byte\" = { at-most = \"1MiB\" }\n",
        "[start]\nready = { tcp = 80 }\ncache = [\"restart\", \"restart\"]\n",
        "[start]\nready = { tcp = 80 }\ncache = [\"warm\"]\n[gate]\n\"start.app.cold-pages\" = { at-most = \"1s\" }\n",
    ];
    insta::assert_snapshot!(table(texts, with), @r#"
    > [start] | ready = {}
    s/scenario.toml:9:9: `start.ready` does not say what counts as started
      hint: give exactly one of `http`, `tcp`, `log`, `health`, `exec` and `exit`, such as `ready = { http = "/health", port = 8000 }`
    > [start] | ready = { http = "/" }
    s/scenario.toml:9:9: `start.ready` lacks the key `port`
      hint: `port`: the port that the application listens on inside the container
    > [start] | ready = { http = "/", tcp = 80, port = 80 }
    s/scenario.toml:9:23: `start.ready` says both `http` and `tcp` [expected one of them]
    > [start] | ready = { log = "", port = 80, every = "1s" }
    s/scenario.toml:9:17: `log` is empty, which every line holds
      hint: give a part of the line that is printed last, such as `log = "Listening on"`
    s/scenario.toml:9:21: `port` has no meaning with `log` [belongs to `http`]
    s/scenario.toml:9:32: `every` has no meaning with `log` [belongs to `health` and `exec`]
    > [start] | ready = { health = false }
    s/scenario.toml:9:20: `health = false` says nothing about readiness
      hint: give `health = true`, or another kind of readiness
    > [start] | ready = { exec = [], every = "1ms" }
    s/scenario.toml:9:18: `exec` is empty
      hint: give a command of the image, such as `exec = ["pg_isready"]`
    s/scenario.toml:9:30: commands 1.00 ms apart would slow down what is measured [expected at least 50.0 ms]
    > [start] | ready = { exit = [] }
    s/scenario.toml:9:18: `exit` accepts no exit code
      hint: a container that has done its work ends with 0: `exit = [0]`
    > [start] | ready = { http = "/", port = 80, method = "HEAD", headers = { "a b" = "" }, body-contains = "x" }
    s/scenario.toml:9:63: "a b" is no name of a header field
    s/scenario.toml:9:77: the response to `HEAD` has no body [would never be found]
    > [start] | ready = { http = "/", port = 80, status = ["2x"] }
    s/scenario.toml:9:44: `start.ready.status` is the string "2x", expected one of `2xx`, `3xx`, `4xx`, `5xx` or a whole number [expected one of `2xx`, `3xx`, `4xx`, `5xx` or a whole number]
      hint: did you mean `2xx`?
    > [start] | ready = { tcp = 80 } | cache = []
    s/scenario.toml:10:9: `cache` names no state to start in
      hint: leave it out to start warm images
    > [start] | ready = { tcp = 80 } | cache = ["warm", "cold", "cold-pull"]
    s/scenario.toml:10:18: `start.cache` is the string "cold", expected one of `warm`, `cold-pages`, `restart`, `cold-pull` [expected one of `warm`, `cold-pages`, `restart`, `cold-pull`]
      hint: the words here are: `warm`, `cold-pages`, `restart`, `cold-pull`
    > [start] | ready = { tcp = 80 } | pull = { profile = "lan" }
    s/scenario.toml:10:1: `pull` says how images are pulled, and no start is from one
      hint: name `cold-pull` in `cache`, or leave it out
    > [start] | ready = { tcp = 80 } | cache = ["cold-pull"] | pull = {}
    s/scenario.toml:11:1: `pull` has neither a `profile` nor a `bandwidth`, a `latency` or a `jitter`
      hint: leave it out to pull as fast as this machine can
    > [start] | ready = { tcp = 80 } | cache = ["cold-pull"] | pull = { profile = "wan", bandwidth = "0bit/s", latency = 3 }
    s/scenario.toml:11:20: `start.pull.profile` is the string "wan", expected one of `lan`, `cloud`, `office`, `edge` [expected one of `lan`, `cloud`, `office`, `edge`]
      hint: did you mean `lan`?
    s/scenario.toml:11:39: `start.pull.bandwidth`: `0bit/s` is not valid, expected a bandwidth above 0 with its unit, such as `25Mbit/s`, `1Gbit/s`, `3MB/s` [expected a number with its unit]
    s/scenario.toml:11:59: `start.pull.latency` is the number 3, expected a duration in quotes, such as `"10m"` [expected a duration in quotes, such as `"10m"`]
    > [start] | ready = { tcp = 80 } | cache = ["cold-pull"] | [gate] | "start.pull" = { at-most = "1MiB" } | "pull.byte" = { at-most = "1MiB" }
    s/scenario.toml:12:28: `at-most` of `start.pull` is "1MiB", expected a duration such as `10ms` [expected a duration such as `10ms`]
    s/scenario.toml:13:1: `pull.byte` is no metric of this scenario
      hint: did you mean `pull.bytes`?
    > [start] | ready = { tcp = 80 } | cache = ["restart", "restart"]
    s/scenario.toml:10:21: `restart` is named twice [expected each state once]
    > [start] | ready = { tcp = 80 } | cache = ["warm"] | [gate] | "start.app.cold-pages" = { at-most = "1s" }
    s/scenario.toml:12:1: `start.app.cold-pages` is no metric of this scenario
      hint: its metrics are: `step.cold.time`, `step.cold.rebuilt`, `step.cold.sent`, `step.unchanged.time`, `step.unchanged.rebuilt`, `step.unchanged.sent`, `context.size`, `context.files`, `image.size`, `image.layers`, `start.client`, `start.ready`, `start.app`, `start.runtime`, `start.cpu`, `start.memory`, `start.majflt`, `start.read`, `start.disk`
    "#);
}
