//! Our builds reuse what the docker command's reuse, instruction by instruction.
//!
//! Both share the daemon's cache, so each edits a tree of its own: the trees differ in `side.txt` alone, which every
//! stage copies first, so that all keys behind it differ and neither side is answered with the other's results. What
//! each side finds cached then follows from its own earlier builds. That both make the very same keys is the
//! business of the second test, where one side builds and the other must find everything.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use crate::daemon::{at_once, daemon, unique};
use crate::fixture_tree::{age, odd_tree, set_mode, write_files};
use crate::side_by_side::{Builders, Cached};

const DOCKERFILE: &str = r#"ARG BALLAST
FROM ${BALLAST} AS build
COPY side.txt /side.txt
WORKDIR /src
COPY requirements.txt ./
RUN ["/ballast", "work", "--input", "requirements.txt", "--output", "/packages", "--files", "2", "--bytes", "1KiB"]
ENV MODE=trial
COPY app/*.py app/
RUN ["/ballast", "work", "--input", "app", "--output", "/made", "--files", "1", "--bytes", "64B"]

FROM ${BALLAST}
COPY side.txt /side-of-the-service.txt
ENV MODE=serve
WORKDIR /srv
COPY --from=build /packages /packages
COPY --from=build /made /made
COPY config.toml docs/*.md /srv/
COPY . .
CMD ["/ballast", "serve"]
"#;

/// The instructions of the first stage that depend on the source, and what follows from them in the second.
const AFTER_SOURCE: [&str; 5] = [
    "build 6/7",
    "build 7/7",
    "stage-1 5/7",
    "stage-1 6/7",
    "stage-1 7/7",
];

/// One change of a tree, and the instructions that must run again, by position; worked out by hand.
struct Edit {
    name: &'static str,
    apply: fn(&Path),
    runs: &'static [&'static str],
}

const EDITS: [Edit; 13] = [
    Edit {
        name: "nothing was built before",
        apply: |_| {},
        runs: &[
            "build 2/7",
            "build 3/7",
            "build 4/7",
            "build 5/7",
            "build 6/7",
            "build 7/7",
            "stage-1 2/7",
            "stage-1 3/7",
            "stage-1 4/7",
            "stage-1 5/7",
            "stage-1 6/7",
            "stage-1 7/7",
        ],
    },
    Edit {
        name: "nothing",
        apply: |_| {},
        runs: &[],
    },
    Edit {
        name: "source",
        apply: |tree| append(&tree.join("app/main.py"), "# edited\n"),
        runs: &AFTER_SOURCE,
    },
    Edit {
        name: "touch",
        apply: |tree| age(&tree.join("app/main.py"), 1_000),
        runs: &[],
    },
    Edit {
        name: "ignored file",
        apply: |tree| append(&tree.join("trace.log"), "more\n"),
        runs: &[],
    },
    Edit {
        name: "file that a negated rule keeps",
        apply: |tree| append(&tree.join("kept.log"), "more\n"),
        runs: &["stage-1 7/7"],
    },
    Edit {
        name: "mode",
        apply: |tree| set_mode(&tree.join("config.toml"), 0o755),
        runs: &["stage-1 6/7", "stage-1 7/7"],
    },
    Edit {
        name: "comment in the Dockerfile, which `COPY . .` copies",
        apply: |tree| append(&tree.join("Dockerfile"), "# a comment\n"),
        runs: &["stage-1 7/7"],
    },
    Edit {
        name: "new file that a glob takes",
        apply: |tree| write_files(tree, &[("docs/two.md", "two")]),
        runs: &["stage-1 6/7", "stage-1 7/7"],
    },
    Edit {
        name: "new source, then gone again",
        apply: |tree| {
            write_files(tree, &[("app/new.py", "new")]);
            fs::remove_file(tree.join("app/new.py")).unwrap();
        },
        runs: &[],
    },
    Edit {
        name: "back to an earlier tree",
        apply: |tree| fs::remove_file(tree.join("docs/two.md")).unwrap(),
        runs: &[],
    },
    Edit {
        name: "requirement",
        apply: |tree| append(&tree.join("requirements.txt"), "more==1\n"),
        runs: &[
            "build 4/7",
            "build 5/7",
            "build 6/7",
            "build 7/7",
            "stage-1 4/7",
            "stage-1 5/7",
            "stage-1 6/7",
            "stage-1 7/7",
        ],
    },
    Edit {
        name: "arguments of a RUN",
        apply: |tree| {
            let path = tree.join("Dockerfile");
            let text = fs::read_to_string(&path).unwrap();
            fs::write(path, text.replace("1KiB", "2KiB")).unwrap();
        },
        runs: &[
            "build 5/7",
            "build 6/7",
            "build 7/7",
            "stage-1 4/7",
            "stage-1 5/7",
            "stage-1 6/7",
            "stage-1 7/7",
        ],
    },
];

fn append(path: &Path, text: &str) {
    fs::File::options()
        .append(true)
        .open(path)
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
}

fn tree(folder: &Path, side: &str) {
    write_files(
        folder,
        &[
            ("Dockerfile", DOCKERFILE),
            (".dockerignore", "*.log\n!kept.log\n"),
            ("side.txt", side),
            ("requirements.txt", "tide==1.0\n"),
            ("app/main.py", "print('tide')\n"),
            ("app/data.txt", "no source\n"),
            ("config.toml", "port = 8000\n"),
            ("docs/one.md", "one\n"),
            ("kept.log", "kept\n"),
            ("trace.log", "trace\n"),
        ],
    );
}

fn that_ran(cached: &Cached) -> Vec<&str> {
    let ran = cached.iter().filter(|(_, cached)| !**cached);
    ran.map(|(name, _)| name[1..].split(']').next().unwrap())
        .collect()
}

#[test]
fn edit_by_edit_the_same_instructions_run_as_with_the_docker_command() {
    let Some(_daemon) = daemon() else { return };
    let token = unique("flags");
    let builders = Builders::new(&token);
    let folder = tempfile::tempdir().unwrap();
    let sides = ["command", "ours"].map(|side| folder.path().join(side));
    for side in &sides {
        tree(side, &format!("{token} {}", side.display()));
    }
    for edit in &EDITS {
        for side in &sides {
            (edit.apply)(side);
        }
        let (ours, command) = at_once(|| builders.ours(&sides[1]), || builders.docker_command(&sides[0]));
        assert_eq!(ours, command, "{}", edit.name);
        assert_eq!(command.len(), 12, "{command:?}");
        assert_eq!(that_ran(&ours), edit.runs, "{}", edit.name);
    }
}

#[test]
fn what_one_side_built_the_other_finds_in_the_cache_whatever_the_tree_holds() {
    let Some(_daemon) = daemon() else { return };
    let token = unique("keys");
    let builders = Builders::new(&token);
    let folder = tempfile::tempdir().unwrap();
    let build = |builders: &Builders, side: &str, tree: &Path| match side {
        "command" => builders.docker_command(tree),
        _ => builders.ours(tree),
    };
    for (first, second) in [("command", "ours"), ("ours", "command")] {
        let tree = folder.path().join(first);
        odd_tree(&tree, &format!("{token} {first} first"));
        let before = build(&builders, first, &tree);
        assert!(before.values().all(|cached| !cached), "{first}: {before:?}");
        let found = build(&builders, second, &tree);
        assert_eq!(that_ran(&found), [""; 0], "built by {first}, then by {second}");
        assert_eq!(
            found.keys().collect::<Vec<_>>(),
            before.keys().collect::<Vec<_>>()
        );
    }
}
