//! The house: which module may use which, and which stay pure. See the crate's documentation for the picture.

use std::fs;
use std::path::{Path, PathBuf};

/// Modules from the bottom up, in groups. A module uses only groups before its own, and modules before itself in its
/// own group; edges use none of their own group.
const LAYERS: [(Kind, &[&str]); 6] = [
    (Kind::Pure, &["unit", "digest", "causes"]),
    (
        Kind::Pure,
        &[
            "dockerfile",
            "dockerignore",
            "context",
            "image",
            "scenario",
            "stats",
            "results",
        ],
    ),
    (Kind::Pure, &["predict", "audit", "analyze"]),
    (Kind::Application, &["run"]),
    (
        Kind::Edge,
        &[
            "docker",
            "probe",
            "host",
            "workspace",
            "registry",
            "ballast",
            "store",
            "report",
            "console",
        ],
    ),
    (Kind::Application, &["cli"]),
];

/// What a pure module may not touch: files, sockets, clocks, other programs, tasks.
const IMPURE: [&str; 9] = [
    "std::fs",
    "std::net",
    "std::process",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio",
    "bollard",
    "rustix",
    "tempfile",
];

/// Files of `run` that belong to its pure half.
const PURE_PARTS_OF_RUN: [&str; 4] = [
    "src/run/plan.rs",
    "src/run/expectation.rs",
    "src/run/pace.rs",
    "src/run/earlier.rs",
];

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Pure,
    Application,
    Edge,
}

/// A module's place: its group, and its position in the group.
fn place(module: &str) -> Option<(Kind, usize, usize)> {
    LAYERS.iter().enumerate().find_map(|(group, (kind, modules))| {
        let position = modules.iter().position(|name| *name == module)?;
        Some((*kind, group, position))
    })
}

fn may_use(module: &str, used: &str) -> bool {
    if module == used {
        return true;
    }
    let (Some((kind, group, position)), Some((_, used_group, used_position))) = (place(module), place(used))
    else {
        return false;
    };
    used_group < group || (used_group == group && kind != Kind::Edge && used_position < position)
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("a listed entry can be read").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The source files of the library with the module that each belongs to.
fn library() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    files
        .into_iter()
        .filter_map(|path| {
            let inside = path
                .strip_prefix(root.join("src"))
                .expect("it was found there")
                .to_owned();
            let first = inside.components().next()?.as_os_str().to_str()?.to_owned();
            // A program of its own, compiled by the build script.
            if inside.starts_with("ballast/program") || first == "lib.rs" || first == "main.rs" {
                return None;
            }
            let module = first.trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).expect("a source file is text");
            let path = path.strip_prefix(root).expect("it was found there").to_owned();
            Some((module, path, text))
        })
        .collect()
}

/// Every `crate::<module>` in a line of code.
fn used_modules(line: &str) -> Vec<&str> {
    let code = line.split("//").next().unwrap_or_default();
    code.match_indices("crate::")
        .map(|(at, found)| {
            let rest = &code[at + found.len()..];
            let end = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            &rest[..end]
        })
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn every_module_has_its_place_in_the_house() {
    for (module, path, _) in library() {
        assert!(place(&module).is_some(), "{} is in no layer", path.display());
    }
}

#[test]
fn modules_use_only_what_stands_above_them() {
    let mut broken = Vec::new();
    for (module, path, text) in library() {
        for (number, line) in text.lines().enumerate() {
            for used in used_modules(line) {
                if !may_use(&module, used) {
                    broken.push(format!("{}:{}: {module} uses {used}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn pure_modules_touch_nothing_outside() {
    let mut broken = Vec::new();
    for (module, path, text) in library() {
        let pure_part = PURE_PARTS_OF_RUN.iter().any(|part| path == Path::new(part));
        if !pure_part && place(&module).is_none_or(|(kind, ..)| kind != Kind::Pure) {
            continue;
        }
        // What only tests use is no part of the module.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for name in IMPURE {
                if code.contains(&format!("{name}::")) || code.contains(&format!("{name};")) {
                    broken.push(format!("{}:{}: uses {name}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn the_rule_tells_allowed_from_forbidden_uses() {
    for (user, used, allowed) in [
        ("results", "scenario", true),
        ("scenario", "results", false),
        ("context", "dockerignore", true),
        ("docker", "run", true),
        ("run", "docker", false),
        ("docker", "workspace", false),
        ("store", "docker", false),
        ("cli", "docker", true),
        ("unit", "digest", false),
        ("digest", "unit", true),
        ("stats", "nowhere", false),
    ] {
        assert_eq!(may_use(user, used), allowed, "{user} uses {used}");
    }
    assert_eq!(used_modules("use crate::unit::Nanos; // crate::run"), ["unit"]);
    assert_eq!(
        used_modules("fn a(b: crate::digest::Digest, c: crate::stats::X)"),
        ["digest", "stats"]
    );
}
